#include "tests/linearizability/linearizability.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/linearizability/hindsight.hpp"

namespace parley::linearizability {
namespace {

using Kind = Operation::Kind;
using Answer = Operation::Answer;

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
/// In place of an operation: the first of those that are left in Prepared::open_deletes, or in open_sets.
constexpr std::size_t an_open_delete = none - 1;
constexpr std::size_t an_open_set = none - 2;

/// The operations that are not taken yet, in the order of their begins; taken out and put back in reverse order.
class Left {
 public:
  explicit Left(std::size_t count) : next_(count + 1), previous_(count + 1), end_(count) {
    for (std::size_t at = 0; at <= count; ++at) {
      next_[at] = at == count ? 0 : at + 1;
      previous_[at] = at == 0 ? count : at - 1;
    }
  }
  /// The first behind `at`; end() after the last. Behind end() stands the first of all.
  [[nodiscard]] std::size_t after(std::size_t at) const { return next_[at]; }
  [[nodiscard]] std::size_t end() const { return end_; }
  [[nodiscard]] bool is_there(std::size_t at) const { return next_[previous_[at]] == at; }
  void take(std::size_t at) {
    next_[previous_[at]] = next_[at];
    previous_[next_[at]] = previous_[at];
  }
  void put_back(std::size_t at) { next_[previous_[at]] = previous_[next_[at]] = at; }

 private:
  std::vector<std::size_t> next_;
  std::vector<std::size_t> previous_;
  std::size_t end_;
};

/// Whether each of the open operations that stand for each other takes effect once, or as often as it helps. With the
/// second, fewer states are told apart by far, and what is broken even so is broken.
enum class Thrift { exact, generous };

/// Depth first over all orders that respect real time. An operation may come next if it began before the first end
/// among the answered ones that are left. What was reached once by the same set of operations with the same value is
/// not tried again.
class Search {
 public:
  Search(const Prepared& prepared, std::uint64_t step_limit, Value initial, Thrift thrift)
      : prepared_(prepared),
        operations_(prepared.ordinary),
        thrift_(thrift),
        steps_left_(step_limit),
        left_(operations_.size()) {
    for (std::size_t at = 0; at < operations_.size(); ++at) {
      if (!operations_[at].is_open()) by_end_.push_back(at);
    }
    std::ranges::sort(by_end_, {}, [this](std::size_t at) { return *operations_[at].end; });
    levels_.push_back({.value = initial});
    find_candidates(levels_.back());
  }

  Verdict run() {
    while (true) {
      if (levels_.back().ended == by_end_.size()) return Verdict::linearizable;
      if (steps_left_-- == 0) return Verdict::undecided;
      if (!go_deeper() && !go_back()) return Verdict::broken;
    }
  }
  /// Of an order that was found: whether an open operation took effect more than once in it.
  [[nodiscard]] bool is_overdrawn() const { return levels_.back().spent.is_overdrawn; }

 private:
  /// How many are taken of the open operations that stand for each other.
  struct Spent {
    std::size_t deletes = 0;
    std::size_t sets = 0;
    bool is_overdrawn = false;
  };
  struct Level {
    Value value = absent;
    std::size_t ended = 0;  ///< how many of by_end_ are certainly taken
    Spent spent{};
    std::size_t begun = 0;                  ///< beyond the last operation that is taken
    std::size_t taken = none;               ///< what led here
    std::uint64_t first_end = 0;            ///< of the answered operations that are left
    std::vector<std::size_t> candidates{};  ///< what may come next
    std::size_t next = 0;                   ///< of these
  };

  /// Those that end first are tried first, and those without an outcome last: most often that is the order of events.
  void find_candidates(Level& level) {
    while (level.ended < by_end_.size() && !left_.is_there(by_end_[level.ended])) ++level.ended;
    if (level.ended == by_end_.size()) return;
    level.first_end = *operations_[by_end_[level.ended]].end;
    bool wants_absence = false;
    bool wants_presence = false;
    for (std::size_t at = left_.after(left_.end()); at != left_.end(); at = left_.after(at)) {
      const Operation& operation = operations_[at];
      if (operation.begin >= level.first_end) break;
      const bool has_ended = !operation.is_open();
      if (const auto after = step(operation, level.value)) {
        // What changes nothing wherever it fits may as well come now: nothing else is hindered by it.
        if (*after == level.value && has_ended && operation.kind != Kind::set) {
          level.candidates = {at};
          return;
        }
        // One without an outcome that changes nothing may as well have been lost.
        if (*after != level.value || has_ended) level.candidates.push_back(at);
      } else if (operation.answer == Answer::missing) {
        wants_absence = true;
      } else if (!operation.seen && (operation.kind != Kind::compare_and_set || operation.answer == Answer::mismatch)) {
        wants_presence = true;
      }
    }
    std::ranges::stable_sort(level.candidates, {}, [this](std::size_t at) {
      return operations_[at].end.value_or(std::numeric_limits<std::uint64_t>::max());
    });
    const bool is_exact = thrift_ == Thrift::exact;
    if (wants_absence && has_begun(prepared_.open_deletes, is_exact ? level.spent.deletes : 0, level))
      level.candidates.push_back(an_open_delete);
    if (wants_presence && has_begun(prepared_.open_sets, is_exact ? level.spent.sets : 0, level))
      level.candidates.push_back(an_open_set);
  }

  static bool has_begun(const std::vector<std::uint64_t>& begins, std::size_t which, const Level& level) {
    return which < begins.size() && begins[which] < level.first_end;
  }

  [[nodiscard]] Level after(const Level& level, std::size_t at) const {
    Level next{.value = level.value, .ended = level.ended, .spent = level.spent, .begun = level.begun, .taken = at};
    const auto spend = [&](std::size_t& count, const std::vector<std::uint64_t>& begins) {
      if (!has_begun(begins, count++, level)) next.spent.is_overdrawn = true;
    };
    if (at == an_open_delete) {
      next.value = absent;
      spend(next.spent.deletes, prepared_.open_deletes);
    } else if (at == an_open_set) {
      next.value = unseen;
      spend(next.spent.sets, prepared_.open_sets);
    } else {
      next.value = *step(operations_[at], level.value);
      next.begun = std::max(next.begun, at + 1);
    }
    return next;
  }

  bool go_deeper() {
    while (levels_.back().next < levels_.back().candidates.size()) {
      const std::size_t at = levels_.back().candidates[levels_.back().next++];
      Level next = after(levels_.back(), at);
      if (at < operations_.size()) left_.take(at);
      if (is_new(next)) {
        find_candidates(next);
        levels_.push_back(std::move(next));
        return true;
      }
      if (at < operations_.size()) left_.put_back(at);
    }
    return false;
  }

  bool go_back() {
    const std::size_t at = levels_.back().taken;
    if (at == none) return false;
    if (at < operations_.size()) left_.put_back(at);
    levels_.pop_back();
    return true;
  }

  /// A set of operations is told from others by how far it reaches, and by what it leaves out up to there: a few. Of
  /// the open ones that stand for each other it is the better the fewer it has taken.
  bool is_new(const Level& level) {
    std::string key;
    const auto add = [&key](std::size_t number) {
      const auto narrow = static_cast<std::uint32_t>(number);
      key.append(reinterpret_cast<const char*>(&narrow), sizeof narrow);
    };
    add(level.value);
    add(level.begun);
    for (std::size_t at = left_.after(left_.end()); at < level.begun; at = left_.after(at)) add(at);
    std::vector<Spent>& reached = reached_[std::move(key)];
    const auto is_no_worse = [&](const Spent& spent) {
      return thrift_ == Thrift::generous || (spent.deletes <= level.spent.deletes && spent.sets <= level.spent.sets);
    };
    if (std::ranges::any_of(reached, is_no_worse)) return false;
    reached.push_back(level.spent);
    return true;
  }

  /// The value after an open set: nobody saw it, so no number stands for it.
  static constexpr Value unseen = std::numeric_limits<Value>::max();

  const Prepared& prepared_;
  const std::vector<Operation>& operations_;  ///< by their begin
  std::vector<std::size_t> by_end_;           ///< the answered ones
  Thrift thrift_;
  std::uint64_t steps_left_;
  Left left_;
  std::vector<Level> levels_;
  std::unordered_map<std::string, std::vector<Spent>> reached_;
};

}  // namespace

Verdict judge_key(std::span<const Operation> operations, std::uint64_t step_limit, Value initial) {
  const Prepared prepared = prepare(operations, initial);
  Search generous(prepared, step_limit, initial, Thrift::generous);
  const Verdict verdict = generous.run();
  if (verdict == Verdict::broken) return verdict;
  if (verdict == Verdict::linearizable && !generous.is_overdrawn()) return verdict;
  return Search(prepared, step_limit, initial, Thrift::exact).run();
}

}  // namespace parley::linearizability
