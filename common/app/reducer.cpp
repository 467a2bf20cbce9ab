#include "common/app/reducer.hpp"

#include <algorithm>
#include <utility>

namespace parley::app {
namespace {

/// So that the quota refuses nothing here: what is there is not known. More than any log can write.
constexpr std::uint64_t no_quota = std::uint64_t{1} << 50;

Bytes without_quota(BytesView payload) {
  auto settings = decode_settings(payload);
  if (!settings) return Bytes(payload);
  settings->quota_bytes = no_quota;
  return encode_settings(*settings);
}

/// It was carried out, whatever it found. (Without rows of keys a conditional command and a delete find nothing.)
bool is_executed(const Outcome& outcome) {
  return !outcome.duplicate && (outcome.reply.word == ErrorWord::ok || outcome.reply.word == ErrorWord::not_found);
}

}  // namespace

/// Keeps what is known of sessions, and nothing of keys.
class Reducer::SessionRows final : public Table {
 public:
  [[nodiscard]] std::optional<BytesView> get(BytesView key) const override { return rows_.get(key); }
  void put(BytesView key, BytesView value) override {
    if (!is_of_key(key)) rows_.put(key, value);
  }
  void erase(BytesView key) override { rows_.erase(key); }
  void scan(BytesView from, const Visitor& visitor) const override { rows_.scan(from, visitor); }

 private:
  static bool is_of_key(BytesView key) { return key.starts_with(static_cast<char>(RowSpace::key_value)); }

  MemoryTable rows_;
};

Reducer::Reducer(std::unique_ptr<SessionRows> rows) : rows_(std::move(rows)) {}

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
  if (meta->settings) meta->settings->quota_bytes = no_quota;
  Bytes changed;
  encode_meta(*meta, changed);
  kept->put(meta_key().view(), changed);
  auto application = Application::open(*kept);
  if (!application) return std::unexpected(std::move(application.error()));
  Reducer reducer(std::move(kept));
  reducer.application_.emplace(*std::move(application));
  return reducer;
}

const Table& Reducer::rows() {
  application_->save_meta();
  return *rows_;
}

void Reducer::take(const Entry& entry) {
  if (entry.kind == EntryKind::settings) {
    Entry changed = entry;
    changed.payload = SharedBytes(without_quota(entry.payload.view()));
    (void)application_->apply(changed);
    return;
  }
  const Outcome outcome = application_->apply(entry);
  const auto command = entry.kind == EntryKind::command ? decode_command(entry.payload.view()) : std::nullopt;
  if (!command) return;
  const auto* set_operation = std::get_if<Set>(&command->operation);
  if (!is_executed(outcome)) {
    if (set_operation != nullptr) unnecessary_.push_back(entry.index);
  } else if (set_operation != nullptr) {
    set(*set_operation, entry.index);
  } else if (const auto* erase = std::get_if<Delete>(&command->operation)) {
    if (const auto known = keys_.find(erase->key); known != keys_.end()) drop_all(known->second);
  } else if (const auto* cas = std::get_if<CompareAndSet>(&command->operation)) {
    // It may have read any of the values, and changed it to one that is not known here.
    if (const auto known = keys_.find(cas->key); known != keys_.end()) keys_.erase(known);
  }
}

void Reducer::set(const Set& set, Index index) {
  auto known = keys_.find(set.key);
  if (known == keys_.end()) known = keys_.emplace(Bytes(set.key), Key{}).first;
  Key& key = known->second;
  const std::size_t bytes = set.value.size();
  const bool is_certain = key.sets.empty() || bytes <= key.least_bytes;
  if (is_certain) drop_all(key);
  key.least_bytes = is_certain ? bytes : key.least_bytes;
  key.sets.push_back(index);
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
