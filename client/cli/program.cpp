#include "client/cli/command.hpp"
#include "client/transport_network.hpp"
#include "common/config/version.hpp"
#include "common/mq/context.hpp"
#include "common/mq/descriptor_limit.hpp"

namespace parley::client::cli {
namespace {

/// What a client of the largest cluster, the library and the process take; `bench` asks for more by itself.
constexpr std::uint64_t descriptors = 256;
/// A client of `bench` has a socket for each server that it tried.
constexpr int most_sockets = 16'384;

int usage_error(std::ostream& err, const std::string& what) {
  err << "parley: " << what << std::endl;
  return wrong_usage;
}

std::vector<std::string> usage_of(const CommandInfo* info) {
  const std::string global = "parley [-servers A,B,C] [-config FILE] [-user NAME] [-timeout 5s] [-json] ";
  if (info == nullptr) return {global + "COMMAND ...", "parley (a prompt)"};
  return {global + std::string(info->name) + " " + std::string(info->usage)};
}

}  // namespace

int run_program(std::span<const std::string> arguments, LineReader& input, std::ostream& out, std::ostream& err) {
  config::ClientOptions options;
  config::OptionTable global(usage_of(nullptr));
  config::declare_client_options(global, options, config::client_file_folders());
  auto line = global.split_command(arguments);
  if (!line) return usage_error(err, line.error().what);
  if (begins_commands(line->command)) {
    // What this table does not know is perhaps a flag of the command of one word.
    auto rest = global.split_command(line->arguments);
    if (rest && !rest->command.empty()) *line = {line->command + " " + rest->command, std::move(rest->arguments)};
  }
  const CommandInfo* info = find_command(line->command);
  if (info == nullptr && !line->command.empty()) return usage_error(err, unknown_command(line->command));

  options = {};
  config::OptionTable table(usage_of(info));
  config::declare_client_options(table, options, config::client_file_folders());
  const std::unique_ptr<Command> command = info != nullptr ? info->make() : nullptr;
  if (command) command->declare(table);
  const auto parsed = table.parse(line->arguments);
  if (!parsed) return usage_error(err, parsed.error().what);
  if (parsed->ask == config::Ask::version) {
    out << config::version_line("parley") << std::endl;
    return done;
  }
  if (parsed->ask == config::Ask::help) {
    out << table.help();
    if (info == nullptr)
      out << "\ncommands, each with -help of its own; without one, a prompt that takes them:\n" << list_of_commands();
    out << std::flush;
    return done;
  }
  if (info != nullptr) {
    if (const std::string problem = problem_of_arguments(*info, parsed->positional.size()); !problem.empty()) {
      return usage_error(err, problem);
    }
    if (const auto taken = command->given(*parsed); !taken) return usage_error(err, taken.error());
  }
  if (const Status enough = mq::check_descriptor_limit(descriptors); !enough)
    return usage_error(err, enough.error().what);

  mq::Context context({.max_sockets = most_sockets});
  TransportNetwork network(context);
  const SystemClock clock;
  Client client(network, clock, client_settings(options));
  Environment environment{options, network, clock, client, input, out, err, false, &context};
  const int code = command ? command->run(environment, parsed->positional) : run_prompt(environment);
  // An answer that nobody could read is no success.
  if (code != done || out.flush().good()) return code;
  err << "parley: the answer could not be written" << std::endl;
  return answer_is_no;
}

}  // namespace parley::client::cli
