#include <unistd.h>

#include "client/cli/command.hpp"
#include "client/cli/words.hpp"

namespace parley::client::cli {
namespace {

constexpr const char* prompt_text = "parley> ";

std::string help_text() {
  return list_of_commands() +
         "  get-KEY, set-KEY-VALUE, delete-KEY       the same, as older clients wrote it\n"
         "  help, quit\n"
         "words with blanks are put in quotes; flags of a command may follow it\n";
}

int run_words(Environment& environment, std::vector<std::string> words) {
  if (begins_commands(words.front()) && words.size() > 1 && !words[1].starts_with('-')) {
    words.front() += " " + words[1];
    words.erase(words.begin() + 1);
  }
  const CommandInfo* info = find_command(words.front());
  if (info == nullptr) return wrong(environment, unknown_command(words.front()) + ", help and quit");
  words.erase(words.begin());
  const std::unique_ptr<Command> command = info->make();
  config::OptionTable table({std::string(info->name) + " " + std::string(info->usage)});
  Environment line{environment.options, environment.network, environment.clock, environment.client,
                   environment.input,   environment.out,     environment.err,   true};
  table.text("user", &line.options.user, {.meaning = "which of the logged-in chat users acts", .value = "NAME"});
  table.flag("json", &line.options.json, {.meaning = "answer in JSON where the command has such a form"});
  command->declare(table);
  const auto parsed = table.parse(words);
  if (!parsed) return wrong(environment, parsed.error().what);
  if (parsed->ask == config::Ask::help) {
    environment.out << table.help() << std::flush;
    return done;
  }
  if (const std::string problem = problem_of_arguments(*info, parsed->positional.size()); !problem.empty()) {
    return wrong(environment, problem);
  }
  if (const auto taken = command->given(*parsed); !taken) return wrong(environment, taken.error());
  return command->run(line, parsed->positional);
}

/// False if the line ends the prompt.
bool run_line(Environment& environment, const std::string& line) {
  const auto words = split_line(line);
  if (!words) {
    (void)wrong(environment, words.error().what);
    return true;
  }
  if (words->empty()) return true;
  if (words->front() == "quit" || words->front() == "exit") return false;
  if (words->front() == "help") {
    environment.out << help_text() << std::flush;
  } else {
    (void)run_words(environment, *words);
  }
  return true;
}

}  // namespace

int run_prompt(Environment& environment) {
  const bool is_terminal = ::isatty(environment.input.fd()) == 1;
  if (is_terminal) environment.out << "parley; `help` lists the commands, `quit` ends\n";
  std::string line;
  for (;;) {
    if (is_terminal) environment.out << prompt_text << std::flush;
    const auto next = environment.input.wait_for_line(line);
    if (!next) return wrong(environment, next.error().what);
    if (*next == LineReader::Next::end) break;
    if (*next == LineReader::Next::too_long) {
      (void)wrong(environment, "too_large: the line is too long");
    } else if (!run_line(environment, line)) {
      return done;
    }
  }
  if (is_terminal) environment.out << std::endl;
  return done;
}

}  // namespace parley::client::cli
