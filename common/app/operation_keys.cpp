#include "common/app/operation_keys.hpp"

#include <algorithm>

#include "common/app/chat/chat.hpp"
#include "common/app/due.hpp"
#include "common/app/lives.hpp"
#include "common/app/quota.hpp"
#include "common/app/transaction.hpp"
#include "common/base/key_value_limits.hpp"

namespace parley::app {
namespace {

/// What any lease costs, whatever its number.
std::uint64_t lease_cost() {
  constexpr std::size_t number_bytes = 8;
  constexpr std::size_t row_bytes = 8 + 8 + 4;
  return quota_cost(number_bytes, row_bytes) + due_cost(Bytes(number_bytes, '\0'));
}

std::uint64_t growth(const Set& set) { return quota_cost(set.key.size(), set.value.size()); }
std::uint64_t growth(const CompareAndSet& cas) { return quota_cost(cas.key.size(), cas.desired.size()); }
std::uint64_t growth(const SetExpiring& set) {
  const Life life{1, set.lease};
  return quota_cost(set.key.size(), set.value.size()) + cost_of_life(set.key, life);
}
std::uint64_t growth(const Increment& increment) { return quota_cost(increment.key.size(), limits::increment_bytes); }
std::uint64_t growth(const LeaseGrant&) { return lease_cost(); }
// Each is listed, so that a new operation is not forgotten.
std::uint64_t growth(const OpenSession&) { return 0; }
std::uint64_t growth(const CloseSession&) { return 0; }
std::uint64_t growth(const Delete&) { return 0; }
std::uint64_t growth(const DeleteIf&) { return 0; }
std::uint64_t growth(const LeaseKeepAlive&) { return 0; }
std::uint64_t growth(const LeaseRevoke&) { return 0; }
std::uint64_t growth(const Get&) { return 0; }
std::uint64_t growth(const chat::Operation& operation) { return chat::most_growth(operation); }
std::uint64_t growth(const std::vector<TransactionItem>& items) {
  std::uint64_t sum = 0;
  for (const TransactionItem& item : items) sum += std::visit([](const auto& each) { return growth(each); }, item);
  return sum;
}
std::uint64_t growth(const Transaction& transaction) {
  const auto parts = decode_transaction(transaction.parts);
  return parts ? std::max(growth(parts->then), growth(parts->otherwise)) : 0;
}

}  // namespace

void visit_keys(const Operation& operation, const std::function<void(BytesView key)>& visitor) {
  if (const auto* transaction = std::get_if<Transaction>(&operation)) {
    const auto parts = decode_transaction(transaction->parts);
    if (!parts) return;
    for (const Compare& compare : parts->compares) visitor(compare.key);
    for (const auto* items : {&parts->then, &parts->otherwise}) {
      for (const TransactionItem& item : *items) std::visit([&visitor](const auto& each) { visitor(each.key); }, item);
    }
    return;
  }
  std::visit(
      [&visitor](const auto& each) {
        if constexpr (requires { each.key; }) visitor(each.key);
      },
      operation);
}

std::uint64_t most_growth(const Operation& operation) {
  return std::visit([](const auto& each) { return growth(each); }, operation);
}

}  // namespace parley::app
