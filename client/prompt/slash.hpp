#pragma once
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a line of the interactive chat asks for.
namespace parley::client::prompt {

enum class Slash : std::uint8_t {
  help,
  list,
  open,
  join,
  leave,
  history,
  earlier,
  members,
  who,
  info,
  create,
  create_invite_only,
  invite,
  remove,
  rename,
  describe,
  invite_only,
  hand_over,
  edit,
  erase,
  read,
  mute,
  retry,
  drop,
  quit,
};

/// What may stand behind a command.
enum class Shape : std::uint8_t { nothing, text, optional_text, number, number_and_text, optional_number };

struct SlashInfo {
  std::string_view name;  ///< without the slash
  std::string_view usage;
  std::string_view meaning;
  Slash slash = Slash::help;
  Shape shape = Shape::nothing;
};
/// In the order in which help lists them. Some have two names.
[[nodiscard]] std::span<const SlashInfo> all_slashes();

struct SlashCommand {
  Slash slash = Slash::help;
  std::string text;          ///< what stands behind the name, and the number if there is one, without blanks around it
  std::uint64_t number = 0;  ///< 0 for none
  friend bool operator==(const SlashCommand&, const SlashCommand&) = default;
};
/// A message for the chat that is open.
struct Say {
  std::string text;
  friend bool operator==(const Say&, const Say&) = default;
};
/// An empty line.
struct Nothing {
  friend bool operator==(const Nothing&, const Nothing&) = default;
};
using Asked = std::variant<Nothing, Say, SlashCommand>;

/// A line that begins with a slash is a command; with two, a message that begins with one. Anything else is a message.
/// What cannot be understood is explained.
[[nodiscard]] std::expected<Asked, std::string> read_typed(std::string_view line);

/// What all candidates that begin with what was typed have in common beyond it: of names of commands, and behind those
/// that take the name of a chat, of `chats`.
[[nodiscard]] std::string completion_of(std::string_view typed, std::span<const std::string> chats);

}  // namespace parley::client::prompt
