// Transactions: the items are carried out on a scratch table first, so that one that cannot be done undoes the others.
#include <utility>

#include "common/app/key_value.hpp"
#include "common/app/lives.hpp"
#include "common/app/scratch_table.hpp"
#include "common/app/transaction.hpp"
#include "common/base/ensure.hpp"
#include "common/base/key_value_limits.hpp"

namespace parley::app {
namespace {

bool holds(const Compare& compare, const Table& table) {
  const auto value = table.get(RowKey(RowSpace::key_value, compare.key).view());
  switch (compare.how) {
    case Compare::How::equal: return value == compare.value;
    case Compare::How::not_equal: return value != compare.value;
    case Compare::How::less: return value && *value < compare.value;
    case Compare::How::greater: return value && *value > compare.value;
    case Compare::How::exists: return value.has_value();
    case Compare::How::absent: return !value.has_value();
  }
  return false;
}

/// What items count, to be put back if they are not done after all.
class Counts {
 public:
  explicit Counts(const Meta& meta)
      : used_bytes_(meta.used_bytes),
        keys_(meta.keys),
        keys_with_life_(meta.keys_with_life),
        next_due_us_(meta.next_due_us) {}
  void put_back(Meta& meta) const {
    meta.used_bytes = used_bytes_;
    meta.keys = keys_;
    meta.keys_with_life = keys_with_life_;
    meta.next_due_us = next_due_us_;
  }

 private:
  std::uint64_t used_bytes_;
  std::uint64_t keys_;
  std::uint64_t keys_with_life_;
  std::uint64_t next_due_us_;
};

Reply run(const TransactionItem& item, const Execution& execution) {
  if (const auto* get = std::get_if<Get>(&item)) return read(*get, execution.table.table());
  return std::visit(
      [&execution](const auto& each) -> Reply {
        if constexpr (requires { execute(each, execution); }) {
          return execute(each, execution);
        } else {
          ENSURE(false);
          return {};
        }
      },
      item);
}

/// A get or a delete may find nothing; a lease that a set names may not.
bool is_done(const TransactionItem& item, ErrorWord word) {
  const bool may_find_nothing = std::holds_alternative<Get>(item) || std::holds_alternative<Delete>(item);
  return word == ErrorWord::ok || (word == ErrorWord::not_found && may_find_nothing);
}

}  // namespace

Reply execute(const Transaction& transaction, const Execution& execution) {
  const auto parts = decode_transaction(transaction.parts);
  ENSURE(parts.has_value());
  ReplyTransaction answer;
  answer.held = true;
  for (const Compare& compare : parts->compares) answer.held &= holds(compare, execution.table.table());
  const std::vector<TransactionItem>& items = answer.held ? parts->then : parts->otherwise;
  const std::size_t first = answer.held ? 0 : parts->then.size();

  ScratchTable scratch(execution.table.table());
  RecordedTable recorded(scratch);
  recorded.begin_part(std::nullopt);
  const Execution inner{recorded, execution.meta, execution.changes, execution.index};
  const Counts before(execution.meta);
  const ChangeList::Mark mark = execution.changes.mark();
  std::size_t value_bytes = 0;
  std::optional<Reply> refusal;
  for (std::size_t i = 0; i < items.size() && !refusal; ++i) {
    execution.changes.begin_item(static_cast<std::uint16_t>(first + i));
    Reply done = run(items[i], inner);
    ItemResult& result = answer.items.emplace_back(done.word);
    if (auto* value = std::get_if<ReplyValue>(&done.body)) {
      value_bytes += value->value.size();
      result.value = std::move(value->value);
    }
    if (!is_done(items[i], done.word)) {
      refusal = std::move(done);
    } else if (value_bytes > limits::transaction_reply_bytes) {
      result = {ErrorWord::too_large, std::nullopt};
      refusal = Reply{.word = ErrorWord::too_large,
                      .detail = "the values that are read are more than " +
                                std::to_string(limits::transaction_reply_bytes) + " bytes together"};
    }
  }
  execution.changes.end_items();
  if (!refusal) {
    execution.table.append(recorded.part());
    scratch.commit(execution.table.unrecorded());
    return {.body = std::move(answer)};
  }
  before.put_back(execution.meta);
  execution.changes.back_to(mark);
  refusal->detail = "item " + std::to_string(answer.items.size()) + " of `" + (answer.held ? "then" : "else") +
                    "`: " + refusal->detail;
  refusal->body = std::move(answer);
  return *std::move(refusal);
}

}  // namespace parley::app
