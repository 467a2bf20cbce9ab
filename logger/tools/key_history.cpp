#include "logger/tools/key_history.hpp"

#include <algorithm>

#include "common/app/chat/chat.hpp"
#include "common/app/key_value.hpp"
#include "common/app/reduced.hpp"
#include "common/transfer/rows.hpp"

namespace parley::logger::tools {
namespace {

/// Refusing is left to judge(): the application here does not know the other rows. More than any log can write.
constexpr std::uint64_t no_quota = std::uint64_t{1} << 50;

std::string word_of(const app::Outcome& outcome) { return std::string(text(outcome.reply.word)); }

/// The key that an operation is to write, and the value; nothing if it writes none.
struct Target {
  std::string_view operation;
  BytesView key;
  std::optional<BytesView> value;
};

std::optional<Target> target_of(const app::Operation& operation) {
  if (const auto* set = std::get_if<app::Set>(&operation)) return Target{"set", set->key, set->value};
  if (const auto* cas = std::get_if<app::CompareAndSet>(&operation)) return Target{"cas", cas->key, cas->desired};
  if (const auto* erase = std::get_if<app::Delete>(&operation)) return Target{"delete", erase->key, std::nullopt};
  return std::nullopt;
}

}  // namespace

/// Those that the quota does not count, which are bounded, and that of the key.
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
  [[nodiscard]] bool is_kept(BytesView key) const { return !app::is_counted(key.front()) || key == row_.view(); }

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
  return {};
}

std::uint64_t KeyHistory::cost_of_row() const {
  if (!is_certain_) return least_cost_;
  const auto value = rows_->row();
  return value ? app::quota_cost(key_.size(), value->size()) : 0;
}

Result<std::optional<KeyWrite>> KeyHistory::take(const archive::ArchivedEntry& archived) {
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
  const auto target = command ? target_of(command->operation) : std::nullopt;

  std::string outcome = "unknown";
  if (application_) {
    const std::uint64_t before = target && target->key == key_ ? cost_of_row() : 0;
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
    if (target) outcome = judge(command->operation, *applied, before);
    const auto* of_chat = command ? std::get_if<app::chat::Operation>(&command->operation) : nullptr;
    if (of_chat != nullptr && !applied->duplicate) most_used_ += app::chat::most_growth(*of_chat);
  }
  if (!target || target->key != key_) return std::nullopt;
  KeyWrite write{target->operation, command->session, command->seq, std::nullopt, 0, std::move(outcome)};
  if (target->value) write.value_bytes = target->value->size();
  if (target->value && !reduced) write.value = Bytes(*target->value);
  return write;
}

void KeyHistory::take_settings(BytesView payload) {
  const auto settings = app::decode_settings(payload);
  ENSURE(settings.has_value());
  quota_ = settings->quota_bytes;
}

/// `before`: what the row of our key cost at least before a command that is to write it.
std::string KeyHistory::judge(const app::Operation& operation, const app::Outcome& outcome, std::uint64_t before) {
  const Target target = target_of(operation).value();
  if (outcome.duplicate) return "duplicate";
  const ErrorWord word = outcome.reply.word;
  const bool is_executed = word == ErrorWord::ok || word == ErrorWord::not_found || word == ErrorWord::mismatch;
  if (!is_executed) return word_of(outcome);

  const bool is_ours = target.key == key_;
  const std::uint64_t cost = target.value ? app::quota_cost(target.key.size(), target.value->size()) : 0;
  // A conditional command on another key may have found anything.
  if (word == ErrorWord::ok || !is_ours) most_used_ += cost;
  if (!is_ours) return {};
  const bool may_be_refused = most_used_ > quota_ && cost > before;
  if (std::holds_alternative<app::Delete>(operation)) {
    const bool was_certain = std::exchange(is_certain_, true);
    if (!was_certain) return before == 0 ? "ok or not_found" : "ok";
    return word_of(outcome);
  }
  if (std::holds_alternative<app::CompareAndSet>(operation)) {
    if (!is_certain_) {
      most_used_ += word == ErrorWord::ok ? 0 : cost;
      least_cost_ = std::min(before, cost);
      return "unknown";
    }
    if (word != ErrorWord::ok) return word_of(outcome);
  }
  if (!may_be_refused) {
    is_certain_ = true;
    return "ok";
  }
  is_certain_ = false;
  least_cost_ = before;
  return "ok or quota";
}

}  // namespace parley::logger::tools
