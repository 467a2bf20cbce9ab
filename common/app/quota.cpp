#include "common/app/quota.hpp"

#include "common/base/ensure.hpp"

namespace parley::app {

bool is_counted(char space) {
  switch (static_cast<RowSpace>(space)) {
    case RowSpace::meta:
    case RowSpace::session:
    case RowSpace::effects:
    case RowSpace::effect_detail: return false;
    case RowSpace::key_value:
    case RowSpace::due:
    case RowSpace::life:
    case RowSpace::lease:
    case RowSpace::lease_key:
    case RowSpace::chat_user_name:
    case RowSpace::chat_user:
    case RowSpace::chat_token:
    case RowSpace::chat_grant:
    case RowSpace::chat_failures:
    case RowSpace::chat_failures_end:
    case RowSpace::chat_name:
    case RowSpace::chat:
    case RowSpace::chat_numbers:
    case RowSpace::chat_member:
    case RowSpace::chat_join:
    case RowSpace::chat_of_user:
    case RowSpace::chat_invitation:
    case RowSpace::chat_event:
    case RowSpace::chat_sent_key:
    case RowSpace::chat_gone: return true;
  }
  return false;
}

bool is_space(char space) {
  switch (static_cast<RowSpace>(space)) {
    case RowSpace::meta:
    case RowSpace::session:
    case RowSpace::effects:
    case RowSpace::effect_detail: return true;
    default: return is_counted(space);
  }
}

Reply beyond_quota(const Meta& meta) {
  return {.word = ErrorWord::quota,
          .detail = std::to_string(meta.used_bytes) + " of " + std::to_string(meta.in_force().quota_bytes) +
                    " bytes are used"};
}

std::uint64_t cost_of(const Table& table, const RowKey& row) {
  const auto value = table.get(row.view());
  return value ? quota_cost(row.view().size() - 1, value->size()) : 0;
}

void put_counted(RecordedTable& table, Meta& meta, const RowKey& row, BytesView value) {
  const std::uint64_t before = cost_of(table.table(), row);
  ENSURE_LE(before, meta.used_bytes);
  meta.used_bytes += quota_cost(row.view().size() - 1, value.size()) - before;
  table.put(row.view(), value);
}

void erase_counted(RecordedTable& table, Meta& meta, const RowKey& row) {
  const std::uint64_t cost = cost_of(table.table(), row);
  if (cost == 0) return;
  ENSURE_LE(cost, meta.used_bytes);
  meta.used_bytes -= cost;
  table.erase(row.view());
}

}  // namespace parley::app
