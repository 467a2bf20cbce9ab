#include "common/app/validate.hpp"

#include "common/app/chat/names.hpp"

namespace parley::app {
namespace {

Problem too_large(std::string_view what, std::size_t bytes, std::size_t most) {
  return {ErrorWord::too_large, std::string(what) + " of " + std::to_string(bytes) + " bytes; at most " +
                                    std::to_string(most) + " are allowed"};
}

std::optional<Problem> validate_value(BytesView value, const Settings& settings) {
  if (value.size() <= settings.value_bytes) return std::nullopt;
  return too_large("a value", value.size(), settings.value_bytes);
}

std::optional<Problem> judge(const OpenSession&, const Settings&) { return std::nullopt; }
std::optional<Problem> judge(const CloseSession&, const Settings&) { return std::nullopt; }
std::optional<Problem> judge(const chat::Operation& operation, const Settings&) { return chat::problem_of(operation); }
std::optional<Problem> judge(const Delete& erase, const Settings&) { return validate_key(erase.key); }
std::optional<Problem> judge(const Set& set, const Settings& settings) {
  if (auto problem = validate_key(set.key, settings.key_bytes)) return problem;
  return validate_value(set.value, settings);
}
std::optional<Problem> judge(const CompareAndSet& cas, const Settings& settings) {
  if (auto problem = validate_key(cas.key, settings.key_bytes)) return problem;
  if (auto problem = validate_value(cas.desired, settings)) return problem;
  return validate_value(cas.expected, settings);
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

}  // namespace parley::app
