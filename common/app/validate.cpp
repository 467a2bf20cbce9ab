#include "common/app/validate.hpp"

#include "common/app/chat/names.hpp"
#include "common/app/slots.hpp"
#include "common/app/transaction.hpp"
#include "common/base/key_value_limits.hpp"

namespace parley::app {
namespace {

Problem too_large(std::string_view what, std::size_t bytes, std::size_t most) {
  return {ErrorWord::too_large, std::string(what) + " of " + std::to_string(bytes) + " bytes; at most " +
                                    std::to_string(most) + " are allowed"};
}

/// A key that may be written.
std::optional<Problem> judge_key(BytesView key, const Settings& settings) {
  if (auto problem = validate_key(key, settings.key_bytes)) return problem;
  return validate_place(key, settings);
}
/// One that is only looked for: it may be as long as any that was ever written.
std::optional<Problem> judge_present(BytesView key, const Settings& settings) {
  if (auto problem = validate_key(key)) return problem;
  return validate_place(key, settings);
}

std::optional<Problem> judge(const OpenSession&, const Settings&) { return std::nullopt; }
std::optional<Problem> judge(const CloseSession&, const Settings&) { return std::nullopt; }
std::optional<Problem> judge(const chat::Operation& operation, const Settings&) { return chat::problem_of(operation); }
std::optional<Problem> judge(const Delete& erase, const Settings& settings) {
  return judge_present(erase.key, settings);
}
std::optional<Problem> judge(const Set& set, const Settings& settings) {
  if (auto problem = judge_key(set.key, settings)) return problem;
  return validate_value(set.value, settings);
}
std::optional<Problem> judge(const CompareAndSet& cas, const Settings& settings) {
  if (auto problem = judge_key(cas.key, settings)) return problem;
  if (auto problem = validate_value(cas.desired, settings)) return problem;
  return validate_value(cas.expected, settings);
}

std::optional<Problem> validate_life(std::uint64_t ttl_us) {
  if (ttl_us == 0) return Problem{ErrorWord::invalid, "a life of no time is none"};
  if (ttl_us <= limits::life_us) return std::nullopt;
  return Problem{ErrorWord::too_large, "a life of " + std::to_string(ttl_us) + " us; at most " +
                                           std::to_string(limits::life_us) + " are allowed"};
}
std::optional<Problem> validate_lease(LeaseId lease) {
  if (lease.value != 0) return std::nullopt;
  return Problem{ErrorWord::invalid, "0 is no lease"};
}

std::optional<Problem> judge(const SetExpiring& set, const Settings& settings) {
  if (auto problem = judge(Set{set.key, set.value}, settings)) return problem;
  if (set.lease.value == 0) return validate_life(set.ttl_us);
  if (set.ttl_us == 0) return std::nullopt;
  return Problem{ErrorWord::invalid, "a key ends by itself or with a lease, not both"};
}
std::optional<Problem> judge(const LeaseGrant& grant, const Settings&) { return validate_life(grant.ttl_us); }
std::optional<Problem> judge(const LeaseKeepAlive& keep, const Settings&) { return validate_lease(keep.lease); }
std::optional<Problem> judge(const LeaseRevoke& revoke, const Settings&) { return validate_lease(revoke.lease); }
std::optional<Problem> judge(const Increment& increment, const Settings& settings) {
  return judge_key(increment.key, settings);
}
std::optional<Problem> judge(const DeleteIf& erase, const Settings& settings) {
  if (auto problem = judge_present(erase.key, settings)) return problem;
  return validate_value(erase.expected, settings);
}
std::optional<Problem> judge(const Get& get, const Settings& settings) { return judge_present(get.key, settings); }
std::optional<Problem> judge(const Compare& compare, const Settings& settings) {
  if (auto problem = judge_present(compare.key, settings)) return problem;
  return validate_value(compare.value, settings);
}
std::optional<Problem> judge(const TransactionItem& item, const Settings& settings) {
  return std::visit([&settings](const auto& each) { return judge(each, settings); }, item);
}

/// Names the first that is wrong by its number, from 1.
template <class Each>
std::optional<Problem> judge_all(const std::vector<Each>& all, std::string_view name, const Settings& settings) {
  const std::string in = "`" + std::string(name) + "`";
  if (all.size() > limits::transaction_items) {
    return Problem{ErrorWord::too_large, std::to_string(all.size()) + " in " + in + "; at most " +
                                             std::to_string(limits::transaction_items) + " are allowed"};
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto problem = judge(all[i], settings);
    if (!problem) continue;
    problem->text = std::to_string(i + 1) + " of " + in + ": " + problem->text;
    return problem;
  }
  return std::nullopt;
}
std::optional<Problem> judge(const Transaction& transaction, const Settings& settings) {
  const auto parts = decode_transaction(transaction.parts);
  if (!parts) return Problem{ErrorWord::invalid, "the bytes are no transaction"};
  if (auto problem = judge_all(parts->compares, "compare", settings)) return problem;
  if (auto problem = judge_all(parts->then, "then", settings)) return problem;
  return judge_all(parts->otherwise, "else", settings);
}

}  // namespace

std::optional<Problem> validate(const Command& command, const Settings& settings) {
  if (auto problem = validate_numbers(command, settings)) return problem;
  return validate_operation(command, settings);
}

std::optional<Problem> validate_numbers(const Command& command, const Settings& settings) {
  const auto invalid = [](const char* text) { return Problem{ErrorWord::invalid, text}; };
  if (std::holds_alternative<OpenSession>(command.operation)) {
    if (command.session.value == 0 && command.seq.value == 0) return std::nullopt;
    return invalid("a session is opened outside of any session");
  }
  if (command.session.value == 0) return invalid("a command needs a session");
  if (command.seq.value == 0) return invalid("commands of a session are numbered from 1");
  if (command.lowest_unanswered.value == 0 || command.lowest_unanswered > command.seq) {
    return invalid("the lowest unanswered command is from 1 to this one");
  }
  if (command.seq.value - command.lowest_unanswered.value >= settings.session_window) {
    return invalid("more commands are unanswered than the session's window holds");
  }
  return std::nullopt;
}

std::optional<Problem> validate_operation(const Command& command, const Settings& settings) {
  auto problem = std::visit([&](const auto& operation) { return judge(operation, settings); }, command.operation);
  if (problem) return problem;
  if (const auto size = encoded_size(command); size > limits::command_bytes) {
    return too_large("a command", size, limits::command_bytes);
  }
  return std::nullopt;
}

std::optional<Problem> validate_key(BytesView key, std::size_t longest) {
  if (key.empty()) return Problem{ErrorWord::invalid, "a key is empty"};
  if (key.size() > longest) return too_large("a key", key.size(), longest);
  return std::nullopt;
}

std::optional<Problem> validate_value(BytesView value, const Settings& settings) {
  if (value.size() > settings.value_bytes) return too_large("a value", value.size(), settings.value_bytes);
  if (settings.engine != "disk" || value.size() <= slot_value_bytes(settings.slot)) return std::nullopt;
  auto problem = too_large("a value", value.size(), slot_value_bytes(settings.slot));
  problem.text += " with -engine disk -slot " + std::to_string(settings.slot);
  return problem;
}

std::optional<Problem> validate_place(BytesView key, const Settings& settings) {
  if (settings.engine != "disk") return std::nullopt;
  const std::uint64_t end = slots(settings);
  const auto slot = slot_of(key);
  if (slot && *slot < end) return std::nullopt;
  const std::string range = "with -engine disk -slot " + std::to_string(settings.slot) +
                            " and this quota keys are the numbers below " + std::to_string(end);
  if (slot) return Problem{ErrorWord::too_large, "a key that is too great a number; " + range};
  return Problem{ErrorWord::invalid, "a key that is no number; " + range + ", without leading zeros"};
}

std::optional<Problem> validate(const Query& query, const Settings& settings) {
  const auto* get = std::get_if<Get>(&query);
  return get == nullptr ? std::nullopt : judge(*get, settings);
}

}  // namespace parley::app
