#include "common/app/chat/names.hpp"

#include <algorithm>
#include <string>

#include "common/base/chat_limits.hpp"
#include "common/base/utf8.hpp"

namespace parley::app::chat {
namespace {

Problem invalid(std::string text) { return {ErrorWord::invalid, std::move(text)}; }

Problem too_large(std::string_view what, std::size_t size, std::string_view unit, std::size_t most) {
  return {ErrorWord::too_large, std::string(what) + " of " + std::to_string(size) + " " + std::string(unit) +
                                    "; at most " + std::to_string(most) + " are allowed"};
}

bool is_of_user_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

std::optional<Problem> problem_of_description(BytesView description) {
  if (description.size() > limits::chat_description_bytes)
    return too_large("a description", description.size(), "bytes", limits::chat_description_bytes);
  if (!is_utf8(description)) return invalid("a description is not UTF-8");
  return std::nullopt;
}

/// None is for a node to fill in; apply takes no command without.
std::optional<Problem> problem_of_hash(BytesView hash) {
  if (hash.size() > limits::password_hash_bytes) return invalid("the hash of a password is none");
  return std::nullopt;
}

/// The first of several problems.
std::optional<Problem> first_of(std::optional<Problem> first, std::optional<Problem> second) {
  return first ? std::move(first) : std::move(second);
}

std::optional<Problem> judge(const CreateUser& call) {
  return first_of(problem_of_user_name(call.name), problem_of_hash(call.password_hash));
}
std::optional<Problem> judge(const Login& call) { return problem_of_user_name(call.name); }
std::optional<Problem> judge(const ChangePassword& call) { return problem_of_hash(call.password_hash); }
std::optional<Problem> judge(const CreateChat& call) {
  return first_of(problem_of_chat_name(call.name), problem_of_description(call.description));
}
std::optional<Problem> judge(const RenameChat& call) {
  return first_of(problem_of_chat_name(call.chat), problem_of_chat_name(call.name));
}
std::optional<Problem> judge(const DescribeChat& call) {
  return first_of(problem_of_chat_name(call.chat), problem_of_description(call.description));
}
std::optional<Problem> judge(const Send& call) {
  if (auto problem = first_of(problem_of_chat_name(call.chat), problem_of_message(call.text))) return problem;
  if (call.key.size() <= limits::sent_key_bytes) return std::nullopt;
  return too_large("an idempotency key", call.key.size(), "bytes", limits::sent_key_bytes);
}
std::optional<Problem> judge(const Edit& call) {
  return first_of(problem_of_chat_name(call.chat), problem_of_message(call.text));
}

/// Those that name nothing but a chat, or a chat and a user.
template <class Call>
std::optional<Problem> judge(const Call& call) {
  std::optional<Problem> problem;
  if constexpr (requires { call.chat.data(); }) problem = problem_of_chat_name(call.chat);
  if constexpr (requires { call.user.data(); }) problem = first_of(std::move(problem), problem_of_user_name(call.user));
  return problem;
}

}  // namespace

std::optional<Problem> problem_of_user_name(BytesView name) {
  if (name.empty()) return invalid("a user's name is empty");
  if (name.size() > limits::user_name_bytes)
    return too_large("a user's name", name.size(), "characters", limits::user_name_bytes);
  if (std::ranges::all_of(name, is_of_user_name)) return std::nullopt;
  return invalid("a user's name has other characters than letters, digits, '.', '_' and '-'");
}

std::optional<Problem> problem_of_chat_name(BytesView name) {
  if (name.empty()) return invalid("a chat's name is empty");
  if (!is_utf8(name)) return invalid("a chat's name is not UTF-8");
  const std::size_t points = count_code_points(name);
  if (points > limits::chat_name_code_points)
    return too_large("a chat's name", points, "characters", limits::chat_name_code_points);
  char32_t point = 0;
  for (BytesView rest = name; !rest.empty();) {
    const bool is_first = rest.size() == name.size();
    point = take_code_point(rest);
    if (is_control(point)) return invalid("a chat's name has control characters");
    if ((is_first || rest.empty()) && is_blank(point)) return invalid("a chat's name begins or ends with a blank");
  }
  return std::nullopt;
}

std::optional<Problem> problem_of_message(BytesView text) {
  if (text.empty()) return invalid("a message is empty");
  if (text.size() > limits::message_bytes) return too_large("a message", text.size(), "bytes", limits::message_bytes);
  if (!is_utf8(text)) return invalid("a message is not UTF-8");
  return std::nullopt;
}

Bytes folded(BytesView name) {
  Bytes folded(name);
  for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return folded;
}

std::optional<Problem> problem_of(const Operation& operation) {
  return std::visit([](const auto& call) { return judge(call); }, operation);
}

std::optional<Problem> problem_of(const Query& query) {
  return std::visit([](const auto& call) { return judge(call); }, query);
}

}  // namespace parley::app::chat
