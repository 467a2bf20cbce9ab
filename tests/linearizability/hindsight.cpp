#include "tests/linearizability/hindsight.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace parley::linearizability {
namespace {

using Kind = Operation::Kind;
using Answer = Operation::Answer;

/// Told that the key had another value than the expected, but not which.
bool is_blind_mismatch(const Operation& operation) {
  return !operation.is_open() && operation.answer == Answer::mismatch && !operation.seen;
}

class Hindsight {
 public:
  Hindsight(std::span<const Operation> given, Value initial) : operations_(given.begin(), given.end()) {
    ++writers_[initial];
    for (const Operation& operation : operations_) {
      if (operation.writes()) ++writers_[operation.desired];
      if (operation.is_open()) continue;
      if (operation.seen) note_seen(*operation.seen, *operation.end);
      if (operation.kind != Kind::compare_and_set) continue;
      if (operation.answer == Answer::done) note_seen(operation.expected, *operation.end);
      if (is_blind_mismatch(operation)) matters_.insert(operation.expected);
    }
    // What is learnt of one operation may say something of another.
    while (std::ranges::count_if(operations_, [this](Operation& operation) { return settle(operation); }) > 0) continue;
  }

  Prepared sort() && {
    Prepared prepared;
    const bool has_blind = std::ranges::any_of(operations_, is_blind_mismatch);
    for (const Operation& operation : operations_) {
      const bool is_unseen_write = operation.writes() && !matters_.contains(operation.desired);
      if (!operation.is_open()) {
        prepared.ordinary.push_back(operation);
      } else if (operation.kind == Kind::erase) {
        prepared.open_deletes.push_back(operation.begin);
      } else if (operation.kind == Kind::set && is_unseen_write) {
        prepared.open_sets.push_back(operation.begin);
      } else if (operation.writes() && (!is_unseen_write || has_blind)) {
        prepared.ordinary.push_back(operation);
      }
      // Others may as well have been lost: a get, and a compare-and-set that replaced one value by another of which
      // nobody knows.
    }
    std::ranges::sort(prepared.ordinary, {}, &Operation::begin);
    std::ranges::sort(prepared.open_deletes);
    std::ranges::sort(prepared.open_sets);
    return prepared;
  }

 private:
  void note_seen(Value value, std::uint64_t end) {
    const auto [at, is_new] = first_seen_.emplace(value, end);
    if (!is_new) at->second = std::min(at->second, end);
    matters_.insert(value);
  }

  /// Who alone writes a value that was seen took effect, before the first who saw it had an answer. True if something
  /// was learnt.
  bool settle(Operation& operation) {
    if (!operation.is_open() || !operation.writes()) return false;
    const bool is_comparison = operation.kind == Kind::compare_and_set;
    const auto seen = first_seen_.find(operation.desired);
    const bool is_sole = seen != first_seen_.end() && writers_.at(operation.desired) == 1;
    if (is_sole && seen->second > operation.begin) {
      operation.end = seen->second;
      operation.answer = Answer::done;
      operation.seen.reset();
      if (is_comparison) note_seen(operation.expected, *operation.end);
      return true;
    }
    return is_comparison && matters_.contains(operation.desired) && matters_.insert(operation.expected).second;
  }

  std::vector<Operation> operations_;
  std::unordered_map<Value, std::size_t> writers_;
  std::unordered_map<Value, std::uint64_t> first_seen_;
  std::unordered_set<Value> matters_;  ///< values that somebody saw or compared with
};

}  // namespace

Prepared prepare(std::span<const Operation> operations, Value initial) { return Hindsight(operations, initial).sort(); }

}  // namespace parley::linearizability
