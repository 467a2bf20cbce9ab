#include "tests/sim/linearizability.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "common/base/hash.hpp"

namespace parley::sim {
namespace {

/// The value after an operation; nothing if its answer was not possible with the value before.
std::optional<Value> step(const Operation& operation, Value before) {
  const bool is_open = !operation.end;
  const auto is_told = [&](Operation::Answer answer) { return is_open || operation.answer == answer; };
  const bool may_be_seen = !operation.seen || *operation.seen == before;
  switch (operation.kind) {
    case Operation::Kind::get:
      if (before == absent) return is_told(Operation::Answer::missing) ? std::optional(before) : std::nullopt;
      return is_told(Operation::Answer::done) && may_be_seen ? std::optional(before) : std::nullopt;
    case Operation::Kind::set: return operation.desired;
    case Operation::Kind::erase:
      if (before == absent) return is_told(Operation::Answer::missing) ? std::optional(before) : std::nullopt;
      return is_told(Operation::Answer::done) ? std::optional(absent) : std::nullopt;
    case Operation::Kind::compare_and_set:
      if (before == absent) return is_told(Operation::Answer::missing) ? std::optional(before) : std::nullopt;
      if (before == operation.expected) return is_told(Operation::Answer::done) ? std::optional(operation.desired) : std::nullopt;
      return is_told(Operation::Answer::mismatch) && may_be_seen ? std::optional(before) : std::nullopt;
  }
  return std::nullopt;
}

/// Depth first over all orders that respect real time. An operation may come next if it began before the first end among the
/// answered ones that are left. What was reached once by the same set of operations with the same value is not tried again.
class Search {
 public:
  Search(std::span<const Operation> operations, std::uint64_t step_limit)
      : operations_(operations.begin(), operations.end()), steps_left_(step_limit), taken_((operations.size() + 63) / 64, 0) {
    std::ranges::sort(operations_, {}, &Operation::begin);
    for (std::size_t at = 0; at < operations_.size(); ++at) {
      if (operations_[at].end) by_end_.push_back(at);
    }
    std::ranges::sort(by_end_, {}, [this](std::size_t at) { return *operations_[at].end; });
  }

  Verdict run() {
    levels_.push_back({absent, 0, candidates(absent), 0, none});
    while (true) {
      if (first_left() == by_end_.size()) return Verdict::linearizable;
      if (steps_left_-- == 0) return Verdict::undecided;
      if (!go_deeper() && !go_back()) return Verdict::broken;
    }
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  struct Level {
    Value value;
    std::size_t ended;                    ///< how many of by_end_ are certainly taken
    std::vector<std::size_t> candidates;  ///< what may come next
    std::size_t next;                     ///< of these
    std::size_t taken;                    ///< what led here
  };

  [[nodiscard]] bool is_taken(std::size_t at) const { return (taken_[at / 64] >> (at % 64) & 1) != 0; }
  void flip(std::size_t at) { taken_[at / 64] ^= std::uint64_t{1} << (at % 64); }

  std::size_t first_left() {
    std::size_t& ended = levels_.back().ended;
    while (ended < by_end_.size() && is_taken(by_end_[ended])) ++ended;
    return ended;
  }

  /// Those that end first are tried first, and those without an outcome last: most often that is the order of events.
  std::vector<std::size_t> candidates(Value value) {
    std::size_t left = 0;
    while (left < by_end_.size() && is_taken(by_end_[left])) ++left;
    std::vector<std::size_t> found;
    if (left == by_end_.size()) return found;
    const std::uint64_t first_end = *operations_[by_end_[left]].end;
    for (std::size_t at = 0; at < operations_.size() && operations_[at].begin < first_end; ++at) {
      if (is_taken(at)) continue;
      const auto after = step(operations_[at], value);
      // One without an outcome that changes nothing may as well have been lost.
      if (after && (operations_[at].end || *after != value)) found.push_back(at);
    }
    std::ranges::stable_sort(found, {}, [this](std::size_t at) {
      return operations_[at].end.value_or(std::numeric_limits<std::uint64_t>::max());
    });
    return found;
  }

  bool go_deeper() {
    Level& level = levels_.back();
    while (level.next < level.candidates.size()) {
      const std::size_t at = level.candidates[level.next++];
      const Value after = *step(operations_[at], level.value);
      flip(at);
      if (is_new(after)) {
        const std::size_t ended = level.ended;
        levels_.push_back({after, ended, candidates(after), 0, at});
        return true;
      }
      flip(at);
    }
    return false;
  }

  bool go_back() {
    if (levels_.back().taken == none) return false;
    flip(levels_.back().taken);
    levels_.pop_back();
    return true;
  }

  bool is_new(Value value) {
    std::string key(reinterpret_cast<const char*>(taken_.data()), taken_.size() * sizeof(std::uint64_t));
    key.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return reached_.insert(std::move(key)).second;
  }

  std::vector<Operation> operations_;  ///< by their begin
  std::vector<std::size_t> by_end_;    ///< the answered ones
  std::uint64_t steps_left_;
  std::vector<std::uint64_t> taken_;  ///< a bit for each operation
  std::vector<Level> levels_;
  std::unordered_set<std::string> reached_;
};

}  // namespace

Verdict judge_key(std::span<const Operation> operations, std::uint64_t step_limit) {
  return Search(operations, step_limit).run();
}

}  // namespace parley::sim
