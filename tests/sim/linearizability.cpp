#include "tests/sim/linearizability.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>
#include <unordered_set>

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
      if (before == operation.expected)
        return is_told(Operation::Answer::done) ? std::optional(operation.desired) : std::nullopt;
      return is_told(Operation::Answer::mismatch) && may_be_seen ? std::optional(before) : std::nullopt;
  }
  return std::nullopt;
}

/// Depth first over all orders that respect real time. An operation may come next if it began before the first end
/// among the answered ones that are left. What was reached once by the same set of operations with the same value is
/// not tried again.
class Search {
 public:
  Search(std::span<const Operation> operations, std::uint64_t step_limit)
      : operations_(operations.begin(), operations.end()),
        steps_left_(step_limit),
        taken_((operations.size() + 63) / 64, 0) {
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
    std::size_t left = levels_.empty() ? 0 : levels_.back().ended;
    while (left < by_end_.size() && is_taken(by_end_[left])) ++left;
    std::vector<std::size_t> found;
    if (left == by_end_.size()) return found;
    const std::uint64_t first_end = *operations_[by_end_[left]].end;
    for (std::size_t at = 0; at < operations_.size() && operations_[at].begin < first_end; ++at) {
      if (is_taken(at)) continue;
      const auto after = step(operations_[at], value);
      if (!after) continue;
      const bool has_ended = operations_[at].end.has_value();
      // What changes nothing wherever it fits may as well come now: nothing else is hindered by it.
      if (*after == value && has_ended && operations_[at].kind != Operation::Kind::set) return {at};
      // One without an outcome that changes nothing may as well have been lost.
      if (*after != value || has_ended) found.push_back(at);
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

bool writes(const Operation& operation) {
  return operation.kind == Operation::Kind::set || operation.kind == Operation::Kind::compare_and_set;
}

/// What becomes known of operations without an outcome by looking at those that have one.
class Hindsight {
 public:
  explicit Hindsight(std::span<const Operation> operations) {
    for (const Operation& operation : operations) {
      if (writes(operation)) ++writers_[operation.desired];
      if (!operation.end) continue;
      if (operation.seen) note_seen(*operation.seen, *operation.end);
      const bool compared =
          operation.kind == Operation::Kind::compare_and_set && operation.answer == Operation::Answer::done;
      if (compared) note_seen(operation.expected, *operation.end);
    }
  }

  [[nodiscard]] bool was_seen(Value value) const { return first_seen_.contains(value); }

  /// Who alone writes a value that was seen took effect, before the first who saw it had an answer.
  void settle(Operation& operation) const {
    if (operation.end || !writes(operation) || writers_.at(operation.desired) != 1) return;
    const auto seen = first_seen_.find(operation.desired);
    if (seen == first_seen_.end() || seen->second < operation.begin) return;
    operation.end = seen->second;
    operation.answer = Operation::Answer::done;
  }

 private:
  void note_seen(Value value, std::uint64_t end) {
    const auto [at, is_new] = first_seen_.emplace(value, end);
    if (!is_new) at->second = std::min(at->second, end);
  }

  std::unordered_map<Value, std::size_t> writers_;
  std::unordered_map<Value, std::uint64_t> first_seen_;
};

}  // namespace

/// An operation without an outcome may always be left out, but each that is left in doubles the work. So the search
/// tries with few of them first: without deletes and without writes of what nobody saw; then with more. And it is
/// patient only where all of them have failed quickly: most often there is an order that is found at once.
Verdict judge_key(std::span<const Operation> given, std::uint64_t step_limit) {
  const Hindsight hindsight(given);
  std::vector<Operation> operations(given.begin(), given.end());
  for (Operation& operation : operations) hindsight.settle(operation);
  const auto is_open_delete = [](const Operation& operation) {
    return !operation.end && operation.kind == Operation::Kind::erase;
  };
  const auto is_open_and_unseen = [&](const Operation& operation) {
    return !operation.end && (!writes(operation) || !hindsight.was_seen(operation.desired)) &&
           !is_open_delete(operation);
  };
  std::vector<Operation> fewer = operations;
  std::erase_if(fewer, is_open_and_unseen);
  std::vector<Operation> fewest = fewer;
  std::erase_if(fewest, is_open_delete);
  for (std::uint64_t patience = std::min<std::uint64_t>(step_limit, 20'000);;
       patience = std::min(step_limit, 10 * patience)) {
    if (Search(fewest, patience).run() == Verdict::linearizable) return Verdict::linearizable;
    if (Search(fewer, patience).run() == Verdict::linearizable) return Verdict::linearizable;
    const Verdict verdict = Search(operations, patience).run();
    if (verdict != Verdict::undecided || patience == step_limit) return verdict;
  }
}

}  // namespace parley::sim
