#include "common/app/reducer.hpp"

#include <algorithm>
#include <utility>

#include "common/app/key_value.hpp"
#include "common/app/operation_keys.hpp"

namespace parley::app {
namespace {

/// So that the quota refuses nothing here: what is there is not known. More than any log can write.
constexpr std::uint64_t no_quota = std::uint64_t{1} << 50;

Bytes without_quota(Settings settings) {
  settings.quota_bytes = no_quota;
  return encode_settings(settings);
}

/// It was carried out, whatever it found. (Without rows of keys a conditional command and a delete find nothing.)
bool is_executed(const Outcome& outcome) {
  return !outcome.duplicate && (outcome.reply.word == ErrorWord::ok || outcome.reply.word == ErrorWord::not_found);
}

}  // namespace

bool Reducer::keeps(BytesView row) {
  for (const RowSpace space : {RowSpace::meta, RowSpace::session, RowSpace::effects}) {
    if (row.starts_with(static_cast<char>(space))) return true;
  }
  return false;
}

/// Keeps what is known of sessions, and nothing of keys, how they end, or whatever else commands are about.
class Reducer::SessionRows final : public Table {
 public:
  [[nodiscard]] std::optional<BytesView> get(BytesView key) const override { return rows_.get(key); }
  void put(BytesView key, BytesView value) override {
    if (keeps(key)) rows_.put(key, value);
  }
  void erase(BytesView key) override { rows_.erase(key); }
  void scan(BytesView from, const Visitor& visitor) const override { rows_.scan(from, visitor); }

 private:
  MemoryTable rows_;
};

Reducer::Reducer(std::unique_ptr<SessionRows> rows) : rows_(std::move(rows)), quota_(Settings{}.quota_bytes) {}

Reducer::Reducer() : Reducer(std::make_unique<SessionRows>()) {
  auto application = Application::open(*rows_);
  ENSURE(application.has_value());
  application_.emplace(*std::move(application));
}

Reducer::Reducer(Reducer&&) noexcept = default;
Reducer::~Reducer() = default;

Result<Reducer> Reducer::at(const Table& rows) {
  auto kept = std::make_unique<SessionRows>();
  rows.scan({}, [&kept](BytesView key, BytesView value) {
    kept->put(key, value);
    return true;
  });
  const auto row = kept->get(meta_key().view());
  auto meta = row ? decode_meta(*row) : std::nullopt;
  if (!meta) return fail(ErrorCode::corrupt, "an image of the state has no meta row");
  const std::uint64_t quota = meta->in_force().quota_bytes;
  const std::uint64_t used = meta->used_bytes;
  if (meta->settings) meta->settings->quota_bytes = no_quota;
  Bytes changed;
  encode_meta(*meta, changed);
  kept->put(meta_key().view(), changed);
  auto application = Application::open(*kept);
  if (!application) return std::unexpected(std::move(application.error()));
  Reducer reducer(std::move(kept));
  reducer.application_.emplace(*std::move(application));
  reducer.quota_ = quota;
  reducer.most_used_ = used;
  return reducer;
}

const Table& Reducer::rows() {
  Meta meta = application_->meta();
  if (meta.settings) meta.settings->quota_bytes = quota_;
  meta.used_bytes = most_used_;
  Bytes row;
  encode_meta(meta, row);
  rows_->put(meta_key().view(), row);
  return *rows_;
}

void Reducer::take(const Entry& entry) {
  if (entry.kind == EntryKind::settings) {
    const auto settings = decode_settings(entry.payload.view());
    Entry changed = entry;
    if (settings) changed.payload = SharedBytes(without_quota(*settings));
    const Outcome outcome = application_->apply(changed);
    if (settings && outcome.reply.word == ErrorWord::ok) quota_ = settings->quota_bytes;
    return;
  }
  const Outcome outcome = application_->apply(entry);
  const auto command = entry.kind == EntryKind::command ? decode_command(entry.payload.view()) : std::nullopt;
  if (!command) return;
  const auto* set_operation = std::get_if<Set>(&command->operation);
  const auto* erase_operation = std::get_if<Delete>(&command->operation);
  if (set_operation != nullptr && !is_executed(outcome)) {
    unnecessary_.push_back(entry.index);
  } else if (set_operation != nullptr) {
    set(*set_operation, entry.index);
  } else if (erase_operation == nullptr) {
    conditional(command->operation);
  } else if (is_executed(outcome)) {
    erase(*erase_operation);
  }
}

/// What a row whose value is certain costs; 0 if it is not, or there is none.
std::uint64_t Reducer::certain_cost(BytesView name, const Key& key) {
  return key.is_certain ? quota_cost(name.size(), key.least_bytes) : 0;
}

void Reducer::set(const Set& set, Index index) {
  auto known = keys_.find(set.key);
  if (known == keys_.end()) known = keys_.emplace(Bytes(set.key), Key{}).first;
  Key& key = known->second;
  const std::size_t bytes = set.value.size();
  most_used_ += quota_cost(set.key.size(), bytes) - certain_cost(set.key, key);
  const bool is_no_longer = bytes <= key.least_bytes;
  // Not refused if the one before it was not; or, if that was, as good as one that never came.
  const bool replaces = !key.sets.empty() && is_no_longer;
  key.is_certain = most_used_ <= quota_ || (key.is_certain && is_no_longer);
  if (key.is_certain || replaces) drop_all(key);
  if (key.sets.empty()) key.least_bytes = bytes;
  key.sets.push_back(index);
}

void Reducer::erase(const Delete& erase) {
  const auto known = keys_.find(erase.key);
  if (known == keys_.end()) return;
  most_used_ -= certain_cost(erase.key, known->second);
  drop_all(known->second);
  keys_.erase(known);
}

/// It may have read any of the values of its keys, and changed them to ones that are not known here, or to such as end
/// by themselves. Whether it was carried out is not looked at: to take it for that only keeps more.
void Reducer::conditional(const Operation& operation) {
  most_used_ += most_growth(operation);
  visit_keys(operation, [this](BytesView key) {
    if (const auto known = keys_.find(key); known != keys_.end()) keys_.erase(known);
  });
}

void Reducer::drop_all(Key& key) {
  unnecessary_.insert(unnecessary_.end(), key.sets.begin(), key.sets.end());
  key.sets.clear();
}

std::vector<Index> Reducer::end_window() {
  keys_.clear();
  std::ranges::sort(unnecessary_);
  return std::exchange(unnecessary_, {});
}

}  // namespace parley::app
