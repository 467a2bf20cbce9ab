#include "tests/sim/history.hpp"

#include <fmt/format.h>

#include <array>

namespace parley::sim {

using linearizability::absent;

History::Place History::begin(const app::Get& get) {
  return add(std::string(get.key), Operation::Kind::get, absent, absent);
}

History::Place History::begin(const app::Set& set) {
  return add(std::string(set.key), Operation::Kind::set, absent, number_of(set.value));
}

History::Place History::begin(const app::Delete& erase) {
  return add(std::string(erase.key), Operation::Kind::erase, absent, absent);
}

History::Place History::begin(const app::CompareAndSet& cas) {
  return add(std::string(cas.key), Operation::Kind::compare_and_set, number_of(cas.expected), number_of(cas.desired));
}

History::Place History::add(std::string key, Operation::Kind kind, Value expected, Value desired) {
  Operation operation;
  operation.kind = kind;
  operation.expected = expected;
  operation.desired = desired;
  operation.begin = moment_++;
  std::vector<Record>& records = keys_[key];
  records.push_back({operation});
  return {std::move(key), records.size() - 1};
}

void History::end(const Place& place, const app::Reply& reply) {
  Record& record = keys_[place.key][place.at];
  Operation& operation = record.operation;
  operation.end = moment_++;
  switch (reply.word) {
    case ErrorWord::ok: operation.answer = Operation::Answer::done; break;
    case ErrorWord::not_found: operation.answer = Operation::Answer::missing; break;
    case ErrorWord::mismatch: operation.answer = Operation::Answer::mismatch; break;
    default: record.is_void = true;
  }
  if (const auto* value = std::get_if<app::ReplyValue>(&reply.body)) operation.seen = number_of(value->value);
}

Value History::number_of(BytesView value) {
  const auto known = values_.find(value);
  if (known != values_.end()) return known->second;
  return values_.emplace(std::string(value), static_cast<Value>(values_.size() + 1)).first->second;
}

std::vector<std::string> History::keys() const {
  std::vector<std::string> names;
  for (const auto& [key, records] : keys_) names.push_back(key);
  return names;
}

std::vector<Operation> History::of(const std::string& key) const {
  std::vector<Operation> operations;
  for (const Record& record : keys_.at(key)) {
    if (!record.is_void) operations.push_back(record.operation);
  }
  return operations;
}

std::string History::text(const std::string& key) const {
  constexpr std::array kinds = {"get", "set", "delete", "cas"};
  constexpr std::array answers = {"done", "missing", "mismatch"};
  std::string text;
  for (const Operation& operation : of(key)) {
    text += fmt::format("  [{}, {}] {}", operation.begin, operation.end ? std::to_string(*operation.end) : "open",
                        kinds[static_cast<std::size_t>(operation.kind)]);
    if (operation.kind == Operation::Kind::compare_and_set) text += fmt::format(" {}", operation.expected);
    if (operation.desired != absent) text += fmt::format(" {}", operation.desired);
    if (operation.end) text += fmt::format(": {}", answers[static_cast<std::size_t>(operation.answer)]);
    if (operation.seen) text += fmt::format(" {}", *operation.seen);
    text += '\n';
  }
  return text;
}

}  // namespace parley::sim
