#include "tests/linearizability/operation.hpp"

namespace parley::linearizability {

std::optional<Value> step(const Operation& operation, Value before) {
  const auto is_told = [&](Operation::Answer answer) { return operation.is_open() || operation.answer == answer; };
  const bool may_be_seen = operation.is_open() || !operation.seen || *operation.seen == before;
  if (operation.kind == Operation::Kind::set) return operation.desired;
  if (before == absent) return is_told(Operation::Answer::missing) ? std::optional(before) : std::nullopt;
  if (operation.kind == Operation::Kind::get) {
    return is_told(Operation::Answer::done) && may_be_seen ? std::optional(before) : std::nullopt;
  }
  if (operation.kind == Operation::Kind::erase) {
    return is_told(Operation::Answer::done) ? std::optional(absent) : std::nullopt;
  }
  if (before == operation.expected) {
    return is_told(Operation::Answer::done) ? std::optional(operation.desired) : std::nullopt;
  }
  return is_told(Operation::Answer::mismatch) && may_be_seen ? std::optional(before) : std::nullopt;
}

}  // namespace parley::linearizability
