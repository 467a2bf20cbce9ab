// Of keys that end, leases, numbers and transactions.
#include <algorithm>
#include <charconv>
#include <utility>

#include "client/library/convert.hpp"
#include "common/app/transaction.hpp"

namespace parley::client::library {
namespace {

using How = app::Compare::How;
using Is = parley::Compare::Is;
static_assert(static_cast<int>(Is::equal) == static_cast<int>(How::equal));
static_assert(static_cast<int>(Is::not_equal) == static_cast<int>(How::not_equal));
static_assert(static_cast<int>(Is::less) == static_cast<int>(How::less));
static_assert(static_cast<int>(Is::greater) == static_cast<int>(How::greater));
static_assert(static_cast<int>(Is::exists) == static_cast<int>(How::exists));
static_assert(static_cast<int>(Is::absent) == static_cast<int>(How::absent));

app::Compare compare_of(const parley::Compare& compare) {
  const bool has_value = compare.is != Is::exists && compare.is != Is::absent;
  return {static_cast<How>(compare.is), compare.key, has_value ? BytesView(compare.value) : BytesView()};
}

/// A set that ends, or one that does not.
template <class AnySet>
AnySet any_set_of(BytesView key, BytesView value, std::optional<std::chrono::milliseconds> ttl,
                  std::optional<LeaseId> lease) {
  if (!ttl && !lease) return app::Set{key, value};
  // A life of no time, and both at once, are refused as they are.
  return app::SetExpiring{key, value, ttl ? life_us_of(*ttl) : 0, app::LeaseId{lease.value_or(0)}};
}

struct ItemOf {
  app::TransactionItem operator()(const Transaction::Get& get) const { return app::Get{get.key}; }
  app::TransactionItem operator()(const Transaction::Set& set) const {
    return any_set_of<app::TransactionItem>(set.key, set.value, set.ttl, set.lease);
  }
  app::TransactionItem operator()(const Transaction::Remove& remove) const { return app::Delete{remove.key}; }
  app::TransactionItem operator()(const Transaction::Increment& increment) const {
    return app::Increment{increment.key, increment.by};
  }
};

app::TransactionItem item_of(const Transaction::Item& item) { return std::visit(ItemOf{}, item); }

}  // namespace

Write set_of(BytesView key, BytesView value, std::optional<std::chrono::milliseconds> ttl,
             std::optional<LeaseId> lease) {
  return any_set_of<Write>(key, value, ttl, lease);
}

Bytes encode(const Transaction& transaction) {
  app::TransactionParts parts;
  std::ranges::transform(transaction.compares, std::back_inserter(parts.compares), compare_of);
  std::ranges::transform(transaction.then, std::back_inserter(parts.then), item_of);
  std::ranges::transform(transaction.otherwise, std::back_inserter(parts.otherwise), item_of);
  return app::encode_transaction(parts);
}

std::uint64_t life_us_of(std::chrono::milliseconds ttl) {
  constexpr std::uint64_t us_per_ms = 1000;
  if (ttl.count() <= 0) return 0;
  return std::min(static_cast<std::uint64_t>(ttl.count()), UINT64_MAX / us_per_ms) * us_per_ms;
}

Answer<Incremented> incremented_of(Outcome&& outcome) {
  if (!outcome.ok()) return std::unexpected(failure_of(std::move(outcome)));
  const auto* held = std::get_if<app::ReplyValue>(&outcome.body);
  if (held == nullptr) return std::unexpected(unknown_answer());
  Incremented result{0, outcome.index.value};
  const char* end = held->value.data() + held->value.size();
  const auto parsed = std::from_chars(held->value.data(), end, result.number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::unexpected(unknown_answer());
  return result;
}

Answer<Lease> lease_of(Outcome&& outcome) {
  if (!outcome.ok()) return std::unexpected(failure_of(std::move(outcome)));
  const auto* lease = std::get_if<app::ReplyLease>(&outcome.body);
  if (lease == nullptr) return std::unexpected(unknown_answer());
  return Lease{lease->lease.value, std::chrono::microseconds(lease->ttl_us),
               std::chrono::microseconds(lease->remaining_us), lease->keys, outcome.index.value};
}

Answer<Transacted> transacted_of(Outcome&& outcome) {
  if (!outcome.ok()) return std::unexpected(failure_of(std::move(outcome)));
  auto* transaction = std::get_if<app::ReplyTransaction>(&outcome.body);
  if (transaction == nullptr) return std::unexpected(unknown_answer());
  Transacted result{transaction->held, {}, outcome.values_left_out, outcome.index.value};
  result.items.reserve(transaction->items.size());
  for (app::ItemResult& item : transaction->items)
    result.items.push_back({item.word == ErrorWord::ok, std::move(item.value)});
  return result;
}

}  // namespace parley::client::library
