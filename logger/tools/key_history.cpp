#include "logger/tools/key_history.hpp"

#include <algorithm>

#include "common/app/chat/chat.hpp"
#include "common/app/due.hpp"
#include "common/app/lives.hpp"
#include "common/app/operation_keys.hpp"
#include "common/app/quota.hpp"
#include "common/app/reduced.hpp"
#include "common/app/transaction.hpp"
#include "common/app/validate.hpp"
#include "common/transfer/rows.hpp"

namespace parley::logger::tools {
namespace {

/// Refusing is left to judge(): the application here does not know the other rows. More than any log can write.
constexpr std::uint64_t no_quota = std::uint64_t{1} << 50;

std::string word_of(const app::Outcome& outcome) { return std::string(text(outcome.reply.word)); }

/// What an operation is to write to a key, if it is; the value where the command tells it.
struct Target {
  std::string_view operation;
  std::optional<BytesView> value;
};

bool writes(const app::TransactionItem& item, BytesView key) {
  if (std::holds_alternative<app::Get>(item)) return false;
  return std::visit([key](const auto& each) { return each.key == key; }, item);
}

bool writes(const app::Transaction& transaction, BytesView key) {
  const auto parts = app::decode_transaction(transaction.parts);
  const auto does = [key](const app::TransactionItem& item) { return writes(item, key); };
  return parts && (std::ranges::any_of(parts->then, does) || std::ranges::any_of(parts->otherwise, does));
}

bool gives_lease(const app::Transaction& transaction) {
  const auto parts = app::decode_transaction(transaction.parts);
  const auto does = [](const app::TransactionItem& item) {
    const auto* set = std::get_if<app::SetExpiring>(&item);
    return set != nullptr && set->lease.value != 0;
  };
  return parts && (std::ranges::any_of(parts->then, does) || std::ranges::any_of(parts->otherwise, does));
}

bool names_others(const app::Operation& operation, BytesView key) {
  bool does = false;
  app::visit_keys(operation, [&](BytesView each) { does = does || each != key; });
  return does;
}

std::optional<Target> target_of(const app::Operation& operation, BytesView key) {
  std::optional<Target> target;
  if (const auto* transaction = std::get_if<app::Transaction>(&operation)) {
    if (writes(*transaction, key)) target = Target{"txn", {}};
    return target;
  }
  app::visit_keys(operation, [&](BytesView each) {
    if (each == key) target.emplace();
  });
  if (!target) return std::nullopt;
  if (const auto* set = std::get_if<app::Set>(&operation)) return Target{"set", set->value};
  if (const auto* set = std::get_if<app::SetExpiring>(&operation)) return Target{"set", set->value};
  if (const auto* cas = std::get_if<app::CompareAndSet>(&operation)) return Target{"cas", cas->desired};
  if (std::holds_alternative<app::Increment>(operation)) return Target{"incr", {}};
  return Target{"delete", {}};
}

}  // namespace

/// Those of sessions, of how keys end, and that of the key. The chat is left out as a whole, what falls due of it too:
/// without its rows every call of it is refused, and none has to do with a key.
class KeyHistory::Rows final : public app::Table {
 public:
  explicit Rows(BytesView key) : row_(app::RowSpace::key_value, key) {}
  [[nodiscard]] std::optional<BytesView> get(BytesView key) const override { return rows_.get(key); }
  void put(BytesView key, BytesView value) override {
    if (is_kept(key)) rows_.put(key, value);
  }
  void erase(BytesView key) override { rows_.erase(key); }
  void scan(BytesView from, const Visitor& visitor) const override { rows_.scan(from, visitor); }
  [[nodiscard]] std::optional<BytesView> row() const { return rows_.get(row_.view()); }

 private:
  [[nodiscard]] bool is_kept(BytesView key) const {
    switch (static_cast<app::RowSpace>(key.front())) {
      case app::RowSpace::key_value: return key == row_.view();
      case app::RowSpace::due: return !app::chat::is_of_chat(app::due_kind(key));
      case app::RowSpace::meta:
      case app::RowSpace::session:
      case app::RowSpace::effects:
      case app::RowSpace::effect_detail:
      case app::RowSpace::life:
      case app::RowSpace::lease:
      case app::RowSpace::lease_key: return true;
      default: return false;
    }
  }

  app::RowKey row_;
  app::MemoryTable rows_;
};

void KeyHistory::begin_empty() {
  begin_image();
  const Status opened = open();
  ENSURE(opened.has_value());
}

void KeyHistory::begin_image() {
  application_.reset();
  rows_ = std::make_shared<Rows>(key_);
}

Status KeyHistory::add_rows(BytesView rows) {
  const bool are_rows = transfer::visit_rows(rows, [this](BytesView key, BytesView value) { rows_->put(key, value); });
  return are_rows ? Status{} : fail(ErrorCode::corrupt, "a chunk of an image does not hold rows");
}

Status KeyHistory::end_image() {
  const auto row = rows_->get(app::meta_key().view());
  auto meta = row ? app::decode_meta(*row) : std::nullopt;
  if (!meta) return fail(ErrorCode::corrupt, "an image of the state has no meta row");
  if (Status opened = open(); !opened) return opened;
  quota_ = meta->in_force().quota_bytes;
  most_used_ = meta->used_bytes;
  if (!meta->settings) return {};
  meta->settings->quota_bytes = no_quota;
  Bytes changed;
  app::encode_meta(*meta, changed);
  rows_->put(app::meta_key().view(), changed);
  return open();
}

Status KeyHistory::open() {
  auto application = app::Application::open(*rows_);
  if (!application) return std::unexpected(application.error());
  application_.emplace(std::move(*application));
  quota_ = application_->meta().in_force().quota_bytes;
  most_used_ = 0;
  is_certain_ = true;
  may_end_ = false;
  is_room_certain_ = true;
  return {};
}

std::uint64_t KeyHistory::cost_of_row() const {
  if (!is_certain_) return may_end_ ? 0 : least_cost_;
  const auto value = rows_->row();
  return value ? app::quota_cost(key_.size(), value->size()) : 0;
}

Result<std::vector<KeyWrite>> KeyHistory::take(const archive::ArchivedEntry& archived) {
  const Entry& entry = archived.entry;
  const BytesView payload = entry.payload.view();
  const auto reduced = archived.is_reduced() ? app::decode_reduced(payload) : std::nullopt;
  if (archived.is_reduced() && (!reduced || entry.kind != EntryKind::command))
    return fail(ErrorCode::corrupt, "what is left of entry " + std::to_string(entry.index.value) + " means nothing");

  std::optional<app::Command> command;
  Bytes placeholder;
  if (reduced) {
    placeholder.resize(reduced->value_bytes);
    command = reduced->command(placeholder);
  } else if (entry.kind == EntryKind::command) {
    command = app::decode_command(payload);
  }
  const auto target = command ? target_of(command->operation, key_) : std::nullopt;

  std::vector<KeyWrite> found;
  std::optional<KeyWrite> write;
  if (target) {
    write = {target->operation, command->session, command->seq, std::nullopt, 0, "unknown"};
    if (target->value) write->value_bytes = target->value->size();
    if (target->value && !reduced) write->value = Bytes(*target->value);
  }
  if (application_) {
    const Before before{cost_of_row(), app::find_life(*rows_, application_->meta(), key_).has_value() || may_end_};
    Entry changed = entry;
    if (entry.kind == EntryKind::settings) {
      if (auto settings = app::decode_settings(payload)) {
        settings->quota_bytes = no_quota;
        changed.payload = SharedBytes(app::encode_settings(*settings));
      }
    }
    const auto applied = reduced ? application_->apply_reduced(changed) : application_->apply(changed);
    ENSURE(applied.has_value());
    if (entry.kind == EntryKind::settings && applied->reply.word == ErrorWord::ok) take_settings(payload);
    note_end(*applied, command, found);
    if (command) note_command(*command, *applied, found.empty() ? before : Before{}, write);
  }
  if (write) found.push_back(*std::move(write));
  return found;
}

/// Of what was due, and of a lease that was revoked.
void KeyHistory::note_end(const app::Outcome& outcome, const std::optional<app::Command>& command,
                          std::vector<KeyWrite>& found) {
  const bool is_revoked = command && std::holds_alternative<app::LeaseRevoke>(command->operation);
  for (std::size_t i = 0; i < outcome.changes.size(); ++i) {
    const bool is_due = i < outcome.ended;
    if (outcome.changes[i].key != key_ || !(is_due || is_revoked)) continue;
    const std::string_view operation = is_due ? "end" : "lease_revoke";
    found.push_back({operation, {}, {}, std::nullopt, 0, is_certain_ ? "ok" : "unknown"});
    if (!is_due) found.back().session = command->session;
    if (!is_due) found.back().seq = command->seq;
  }
}

void KeyHistory::note_command(const app::Command& command, const app::Outcome& outcome, const Before& before,
                              std::optional<KeyWrite>& write) {
  const app::Operation& operation = command.operation;
  if (outcome.duplicate) {
    if (write) write->outcome = "duplicate";
    return;
  }
  const bool is_executed = outcome.reply.word != ErrorWord::session_expired &&
                           !app::validate(command, application_->meta().in_force()) &&
                           outcome.reply.word != ErrorWord::invalid;
  if (!is_executed) {
    if (write) write->outcome = word_of(outcome);
    return;
  }
  // What refuses a command on our key for certain refuses its growth. On others it may have found anything.
  if (!write || !is_certain_ || outcome.reply.word == ErrorWord::ok) most_used_ += app::most_growth(operation);
  const auto* transaction = std::get_if<app::Transaction>(&operation);
  if (transaction != nullptr && gives_lease(*transaction)) is_room_certain_ = false;
  if (!write) return;
  write->outcome = transaction != nullptr ? judge_transaction(operation, outcome) : judge(operation, outcome, before);
  const bool has_made = transaction != nullptr || std::holds_alternative<app::Increment>(operation);
  if (!has_made || !is_certain_ || write->outcome != "ok" || !outcome.changes.back().value) return;
  for (const app::KeyChange& change : outcome.changes.subspan(outcome.ended)) {
    if (change.key == key_ && change.value) write->value = Bytes(*change.value);
  }
  if (write->value) write->value_bytes = write->value->size();
}

void KeyHistory::take_settings(BytesView payload) {
  const auto settings = app::decode_settings(payload);
  ENSURE(settings.has_value());
  quota_ = settings->quota_bytes;
}

std::string KeyHistory::lose_certainty(std::string outcome, std::uint64_t least_cost, bool may_end) {
  is_certain_ = false;
  least_cost_ = least_cost;
  may_end_ = may_end;
  return outcome;
}

/// A command on our key that is carried out, and is no transaction.
std::string KeyHistory::judge(const app::Operation& operation, const app::Outcome& outcome, const Before& before) {
  const ErrorWord word = outcome.reply.word;
  if (std::holds_alternative<app::Delete>(operation)) {
    may_end_ = false;
    const bool was_certain = std::exchange(is_certain_, true);
    if (!was_certain) return before.least_cost == 0 ? "ok or not_found" : "ok";
    return word_of(outcome);
  }
  const std::uint64_t cost = app::most_growth(operation);
  const auto* set = std::get_if<app::SetExpiring>(&operation);
  if (set != nullptr && set->lease.value != 0) {
    // Every lease that there is in truth is known here, and perhaps some that are not.
    if (word == ErrorWord::not_found) return word_of(outcome);
    if (word != ErrorWord::ok || most_used_ > quota_ || !is_room_certain_) return lose_certainty("unknown", 0, true);
  }
  const bool is_set = set != nullptr || std::holds_alternative<app::Set>(operation);
  if (!is_set && !is_certain_) {
    const bool is_cas = std::holds_alternative<app::CompareAndSet>(operation);
    return lose_certainty("unknown", is_cas ? std::min(before.least_cost, cost) : 0, before.may_end);
  }
  if (word != ErrorWord::ok || std::holds_alternative<app::DeleteIf>(operation)) return word_of(outcome);
  if (most_used_ > quota_ && cost > before.least_cost) {
    return lose_certainty("ok or quota", before.least_cost, before.may_end || set != nullptr);
  }
  is_certain_ = true;
  may_end_ = false;
  return "ok";
}

/// What it finds in other keys is not known, and nor is what it does then.
std::string KeyHistory::judge_transaction(const app::Operation& operation, const app::Outcome& outcome) {
  const auto& transaction = std::get<app::Transaction>(operation);
  const bool is_known =
      is_certain_ && most_used_ <= quota_ && !names_others(operation, key_) && !gives_lease(transaction);
  if (!is_known) return lose_certainty("unknown", 0, true);
  const bool has_changed = outcome.changes.size() > outcome.ended;
  return outcome.reply.word != ErrorWord::ok || has_changed ? word_of(outcome) : "ok (no change)";
}

}  // namespace parley::logger::tools
