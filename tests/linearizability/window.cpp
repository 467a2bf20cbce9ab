#include "tests/linearizability/window.hpp"

#include <algorithm>
#include <ranges>
#include <set>

namespace parley::linearizability {
namespace {

/// So many operations back, each is tried as the first one of the window; from there on every other, every fourth...
constexpr std::size_t one_by_one = 64;

/// What was known at the moment `to`.
std::vector<Operation> until(std::span<const Operation> operations, std::uint64_t to) {
  std::vector<Operation> known;
  for (Operation operation : operations) {
    if (operation.begin > to) continue;
    if (operation.end && *operation.end > to) operation.end.reset();
    known.push_back(operation);
  }
  return known;
}

/// Without what had ended by then. What was under way may take effect, and nothing is asked of its outcome.
std::vector<Operation> since(std::span<const Operation> operations, std::uint64_t from) {
  std::vector<Operation> rest;
  for (Operation operation : operations) {
    if (operation.end && *operation.end <= from) continue;
    if (operation.begin < from) operation.end.reset();
    rest.push_back(operation);
  }
  return rest;
}

/// The values that tell a difference to these operations: what may have been there before them.
std::set<Value> values_before(std::span<const Operation> operations) {
  Value unheard_of = 1;
  std::set<Value> values = {absent};
  for (const Operation& operation : operations) {
    if (operation.seen) values.insert(*operation.seen);
    if (operation.kind == Operation::Kind::compare_and_set) values.insert(operation.expected);
    unheard_of = std::max({unheard_of, operation.seen.value_or(0) + 1, operation.expected + 1, operation.desired + 1});
  }
  values.insert(unheard_of);
  return values;
}

bool is_broken(std::span<const Operation> operations, std::uint64_t step_limit) {
  return judge_key(operations, step_limit) == Verdict::broken;
}

bool is_broken_whatever_was_before(std::span<const Operation> operations, std::uint64_t step_limit) {
  const auto values = values_before(operations);
  return std::ranges::all_of(values,
                             [&](Value value) { return judge_key(operations, step_limit, value) == Verdict::broken; });
}

/// The first moment up to which the operations are broken: what was broken once stays so.
std::uint64_t earliest(std::span<const Operation> operations, std::uint64_t step_limit) {
  std::vector<std::uint64_t> ends;
  for (const Operation& operation : operations) {
    if (operation.end) ends.push_back(*operation.end);
  }
  std::ranges::sort(ends);
  const auto first = std::ranges::partition_point(
      ends, [&](std::uint64_t end) { return !is_broken(until(operations, end), step_limit); });
  // The search of a part may take more steps than that of the whole.
  return first != ends.end() ? *first : ends.back();
}

/// The last begin from which on they are broken; 0 if that takes everything that was before.
std::uint64_t latest(std::span<const Operation> known, std::uint64_t step_limit) {
  std::vector<std::uint64_t> begins;
  for (const Operation& operation : known) begins.push_back(operation.begin);
  std::ranges::sort(begins, std::greater<>());
  const auto suffices = [&](std::size_t at) {
    return is_broken_whatever_was_before(since(known, begins[at]), step_limit);
  };
  std::size_t too_late = 0;  // so many do not suffice
  for (std::size_t stride = 1; too_late < begins.size();) {
    const std::size_t at = std::min(too_late + stride, begins.size()) - 1;
    if (suffices(at)) {
      const auto between = std::views::iota(too_late, at);
      const auto first = std::ranges::partition_point(between, [&](std::size_t later) { return !suffices(later); });
      return begins[too_late + static_cast<std::size_t>(first - between.begin())];
    }
    too_late = at + 1;
    if (too_late >= one_by_one) stride *= 2;
  }
  return 0;
}

}  // namespace

Window find_window(std::span<const Operation> operations, std::uint64_t step_limit) {
  Window window;
  window.to = earliest(operations, step_limit);
  window.from = latest(until(operations, window.to), step_limit);
  for (std::size_t at = 0; at < operations.size(); ++at) {
    const Operation& operation = operations[at];
    const bool has_ended_before = operation.end && *operation.end <= window.from;
    if (operation.begin <= window.to && !has_ended_before) window.operations.push_back(at);
  }
  std::ranges::sort(window.operations, {}, [&](std::size_t at) { return operations[at].begin; });
  return window;
}

}  // namespace parley::linearizability
