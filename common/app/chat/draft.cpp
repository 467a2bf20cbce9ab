#include "common/app/chat/draft.hpp"

#include "common/app/quota.hpp"

namespace parley::app::chat {

std::optional<BytesView> Draft::get_bytes(const RowKey& key) const {
  const auto change = changes_.find(key.view());
  if (change == changes_.end()) return table_.get(key.view());
  if (!change->second) return std::nullopt;
  return *change->second;
}

Draft::Costs Draft::row_costs() const {
  Costs costs;
  for (const auto& [key, value] : changes_) {
    const auto present = table_.get(key);
    if (present) costs.before += quota_cost(key.size() - 1, present->size());
    if (value) costs.after += quota_cost(key.size() - 1, value->size());
  }
  return costs;
}

std::optional<Reply> Draft::refused_by_quota(const Meta& meta) const {
  Costs costs = row_costs();
  for (const DueChange& due : dues_) (due.is_added ? costs.after : costs.before) += due_cost(due.rest);
  return app::refused_by_quota(meta, costs.before, costs.after);
}

void Draft::tell(ChatChanges& changes) const {
  for (const auto& [key, value] : changes_) {
    const auto space = static_cast<RowSpace>(key.front());
    if (space == RowSpace::chat_numbers && value && key != counters_key().view()) {
      changes.chats.push_back(ChatId{last_number(key)});
    }
    // A name that was another chat's; a member, a chat or a token less.
    const bool is_of_access = space == RowSpace::chat_member || space == RowSpace::chat_name ||
                              space == RowSpace::chat || space == RowSpace::chat_token;
    if (is_of_access && !value) changes.is_access_changed = true;
  }
}

void Draft::commit(const Execution& execution) const {
  RecordedTable& table = execution.table;
  Meta& meta = execution.meta;
  tell(execution.changes.chats());
  const Costs costs = row_costs();
  ENSURE_LE(costs.before, meta.used_bytes);
  meta.used_bytes += costs.after - costs.before;
  for (const auto& [key, value] : changes_) {
    if (value) {
      table.put(key, *value);
    } else if (table_.get(key)) {
      table.erase(key);
    }
  }
  for (const DueChange& due : dues_) {
    if (due.is_added) {
      app::add_due(table, meta, due.at_us, due.kind, due.rest);
    } else {
      app::remove_due(table, meta, due.at_us, due.kind, due.rest);
    }
  }
}

}  // namespace parley::app::chat
