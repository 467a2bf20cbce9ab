#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/environment.hpp"
#include "common/config/option_table.hpp"

namespace parley::client::cli {

/// One command, made for one call.
class Command {
 public:
  virtual ~Command() = default;
  /// Its own flags. They are bound to the object, and hold their defaults until then.
  virtual void declare(config::OptionTable&) {}
  /// Told what was given on the command line, before run(). May refuse it, saying why.
  [[nodiscard]] virtual config::Checked<void> given(const config::Parsed&) { return {}; }
  /// As many arguments as its CommandInfo allows. Gives the exit code.
  [[nodiscard]] virtual int run(Environment& environment, const std::vector<std::string>& arguments) = 0;
};

struct CommandInfo {
  std::string_view name;
  std::string_view usage;  ///< what stands behind the name
  std::string_view meaning;
  std::size_t min_arguments = 0;
  std::size_t max_arguments = 0;
  std::unique_ptr<Command> (*make)() = nullptr;
};

/// All commands of one word, as -help lists them. (Those that begin with `chat` are in chat_commands.hpp.)
[[nodiscard]] std::span<const CommandInfo> all_commands();
/// Null if there is no such command. Some have two words: `chat send`.
[[nodiscard]] const CommandInfo* find_command(std::string_view name);
/// True for the first of two words.
[[nodiscard]] bool begins_commands(std::string_view word);
/// A line for each command: usage and meaning.
[[nodiscard]] std::string list_of_commands();
/// What to say about a name that is no command; it lists those that are.
[[nodiscard]] std::string unknown_command(std::string_view name);

/// An empty text if the number of arguments is right.
[[nodiscard]] std::string problem_of_arguments(const CommandInfo& info, std::size_t arguments);

/// Declares `-read` as a flag of a command, bound to `mode`.
void declare_read_mode(config::OptionTable& table, wire::ReadMode& mode);

/// Reads lines and runs them until the input ends or a line says `quit`. Errors do not end it.
[[nodiscard]] int run_prompt(Environment& environment);

/// The whole program: parses, connects, runs. `arguments` are without the program's name.
[[nodiscard]] int run_program(std::span<const std::string> arguments, LineReader& input, std::ostream& out,
                              std::ostream& err);

// Each in the source that has its name.
[[nodiscard]] std::unique_ptr<Command> make_get();
[[nodiscard]] std::unique_ptr<Command> make_set();
[[nodiscard]] std::unique_ptr<Command> make_delete();
[[nodiscard]] std::unique_ptr<Command> make_cas();
[[nodiscard]] std::unique_ptr<Command> make_incr();
[[nodiscard]] std::unique_ptr<Command> make_txn();
[[nodiscard]] std::unique_ptr<Command> make_lease();
[[nodiscard]] std::unique_ptr<Command> make_scan();
[[nodiscard]] std::unique_ptr<Command> make_export();
[[nodiscard]] std::unique_ptr<Command> make_import();
[[nodiscard]] std::unique_ptr<Command> make_watch();
[[nodiscard]] std::unique_ptr<Command> make_status();
[[nodiscard]] std::unique_ptr<Command> make_members();
[[nodiscard]] std::unique_ptr<Command> make_remove();
[[nodiscard]] std::unique_ptr<Command> make_transfer_leader();
[[nodiscard]] std::unique_ptr<Command> make_found();
[[nodiscard]] std::unique_ptr<Command> make_batch();
[[nodiscard]] std::unique_ptr<Command> make_bench();

}  // namespace parley::client::cli
