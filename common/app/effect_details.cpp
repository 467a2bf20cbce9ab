#include "common/app/effect_details.hpp"

#include <algorithm>

#include "common/app/command.hpp"
#include "common/app/effects.hpp"
#include "common/app/quota.hpp"
#include "common/app/transaction.hpp"
#include "common/base/big_endian.hpp"
#include "common/base/byte_codec.hpp"
#include "common/base/key_value_limits.hpp"

namespace parley::app {
namespace {

constexpr std::size_t index_bytes = sizeof(std::uint64_t);

std::uint64_t cost_of_detail(BytesView detail) { return quota_cost(index_bytes, detail.size()); }

/// The first entry of which the effect is known.
Index first_known(Index applied) {
  const std::uint64_t blocks = (applied.value + 1) / effect_block_entries;
  return Index{blocks > effect_blocks ? (blocks - effect_blocks) * effect_block_entries : 0};
}

/// Beyond the bounds, the oldest go. More than one, since one of now may be as large as many of before.
void trim(Table& table, Meta& meta) {
  const Index first = first_known(meta.applied);
  std::vector<Index> gone;
  const RowKey from = effect_detail_key(meta.oldest_detail);
  meta.oldest_detail = {};
  table.scan(from.view(), [&](BytesView key, BytesView detail) {
    if (!key.starts_with(static_cast<char>(RowSpace::effect_detail))) return false;
    const Index index{big_endian(key.substr(1))};
    const bool is_beyond = index < first || meta.detail_bytes > limits::effect_detail_bytes_in_all;
    if (!is_beyond || gone.size() == limits::effect_details_per_entry) {
      meta.oldest_detail = index;
      return false;
    }
    meta.detail_bytes -= std::min(meta.detail_bytes, cost_of_detail(detail));
    gone.push_back(index);
    return true;
  });
  for (const Index index : gone) table.erase(effect_detail_key(index).view());
  if (!gone.empty()) meta.details_from = gone.back().next();
}

/// A change that the item of a transaction says.
std::optional<KeyChange> change_of(const TransactionItem& item) {
  if (const auto* set = std::get_if<Set>(&item)) return KeyChange{set->key, set->value, {}};
  if (const auto* set = std::get_if<SetExpiring>(&item)) return KeyChange{set->key, set->value, {}};
  if (const auto* erase = std::get_if<Delete>(&item)) return KeyChange{erase->key, {}, {}};
  return std::nullopt;
}

/// A change that the command says; nothing for one that says none, or not all of it.
std::optional<KeyChange> change_of(const Operation& operation) {
  if (const auto* set = std::get_if<Set>(&operation)) return KeyChange{set->key, set->value, {}};
  if (const auto* set = std::get_if<SetExpiring>(&operation)) return KeyChange{set->key, set->value, {}};
  if (const auto* cas = std::get_if<CompareAndSet>(&operation)) return KeyChange{cas->key, cas->desired, {}};
  if (const auto* erase = std::get_if<Delete>(&operation)) return KeyChange{erase->key, {}, {}};
  if (const auto* erase = std::get_if<DeleteIf>(&operation)) return KeyChange{erase->key, {}, {}};
  return std::nullopt;
}

/// Reads a detail, whose items are those of this command.
class DetailReader {
 public:
  DetailReader(BytesView detail, const Operation& operation) : in_(detail) {
    const auto* transaction = std::get_if<Transaction>(&operation);
    auto parts = transaction != nullptr ? decode_transaction(transaction->parts) : std::nullopt;
    if (!parts) return;
    items_ = std::move(parts->then);
    items_.insert(items_.end(), parts->otherwise.begin(), parts->otherwise.end());
  }

  [[nodiscard]] bool read(std::vector<KeyChange>& changes) {
    if (in_.number<std::uint8_t>() != detail_version) return false;
    while (in_.ok() && in_.remaining() > 0) {
      const auto change = next(in_.number<std::uint8_t>());
      if (!change) return false;
      changes.push_back(*change);
    }
    return in_.done();
  }

 private:
  std::optional<KeyChange> next(std::uint8_t what) {
    switch (what) {
      case ended_detail: return KeyChange{in_.sized(), {}, {}};
      case made_detail: {
        const BytesView key = in_.sized();
        return KeyChange{key, in_.sized(), {}};
      }
      case item_detail: {
        const TransactionItem* item = next_item();
        return item != nullptr ? change_of(*item) : std::nullopt;
      }
      case made_item_detail: {
        const TransactionItem* item = next_item();
        const auto* increment = item != nullptr ? std::get_if<Increment>(item) : nullptr;
        const BytesView value = in_.sized();
        return increment != nullptr ? std::optional(KeyChange{increment->key, value, {}}) : std::nullopt;
      }
      default: return std::nullopt;
    }
  }
  const TransactionItem* next_item() {
    const auto number = in_.number<std::uint16_t>();
    return number < items_.size() ? &items_[number] : nullptr;
  }

  ByteReader in_;
  std::vector<TransactionItem> items_;
};

}  // namespace

RowKey effect_detail_key(Index index) { return RowKey(RowSpace::effect_detail).add_number(index.value, index_bytes); }

void note_detail(Table& table, Meta& meta, BytesView detail) {
  if (!detail.empty()) {
    table.put(effect_detail_key(meta.applied).view(), detail);
    meta.detail_bytes += cost_of_detail(detail);
    if (meta.oldest_detail == Index{}) meta.oldest_detail = meta.applied;
  }
  if (meta.oldest_detail == Index{}) return;
  const bool is_full = meta.detail_bytes > limits::effect_detail_bytes_in_all;
  if (is_full || meta.oldest_detail < first_known(meta.applied)) trim(table, meta);
}

std::optional<BytesView> detail_of(const Table& table, const Meta& meta, Index index) {
  if (index < meta.details_from) return std::nullopt;
  return table.get(effect_detail_key(index).view()).value_or(BytesView());
}

void visit_details(const Table& table, const Meta& meta, Index from,
                   const std::function<bool(Index, BytesView detail)>& visitor) {
  if (meta.oldest_detail == Index{}) return;
  table.scan(effect_detail_key(std::max(from, meta.oldest_detail)).view(), [&](BytesView key, BytesView detail) {
    if (!key.starts_with(static_cast<char>(RowSpace::effect_detail))) return false;
    return visitor(Index{big_endian(key.substr(1))}, detail);
  });
}

std::optional<std::vector<KeyChange>> changes_of(const Entry& entry, bool took_effect, BytesView detail) {
  Operation operation;  // of an entry that is no command: one that changes no key
  if (entry.kind == EntryKind::command) {
    if (const auto command = decode_command(entry.payload.view())) operation = command->operation;
  }
  std::vector<KeyChange> changes;
  if (!detail.empty() && !DetailReader(detail, operation).read(changes)) return std::nullopt;
  if (!took_effect) return changes;
  if (const auto last = change_of(operation)) changes.push_back(*last);
  return changes;
}

}  // namespace parley::app
