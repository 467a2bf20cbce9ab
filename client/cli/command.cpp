#include "client/cli/command.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "client/cli/chat_commands.hpp"

namespace parley::client::cli {
namespace {

constexpr std::array<CommandInfo, 18> commands = {{
    {"get", "KEY [-read MODE]", "print the value", 1, 1, make_get},
    {"set", "KEY VALUE [-ttl TIME | -lease ID]", "store a value; VALUE `-` reads standard input", 2, 2, make_set},
    {"delete", "KEY [-if VALUE]", "remove a key", 1, 1, make_delete},
    {"cas", "KEY EXPECTED NEW", "store NEW if the value is EXPECTED", 3, 3, make_cas},
    {"incr", "KEY [BY]", "add to a number, and print it", 1, 2, make_incr},
    {"txn", "[JSON]", "compare, then do the one or the other; without JSON it reads standard input", 0, 1, make_txn},
    {"lease", "grant TTL | keep-alive ID | revoke ID | info ID", "what keys can end with", 2, 2, make_lease},
    {"scan", "[PREFIX] [-limit N] [-after KEY]", "print keys and values in byte order", 0, 1, make_scan},
    {"export", "[PREFIX]", "print keys and values as JSON lines", 0, 1, make_export},
    {"import", "[-window N]", "store what export has printed, from standard input", 0, 0, make_import},
    {"watch", "[PREFIX] [-from INDEX] [-previous]", "print each change as it is committed", 0, 1, make_watch},
    {"status", "", "what each member says of itself", 0, 0, make_status},
    {"members", "", "the members as the log has them", 0, 0, make_members},
    {"remove", "ID", "take a member out of the cluster", 1, 1, make_remove},
    {"transfer-leader", "ID", "let another member lead", 1, 1, make_transfer_leader},
    {"found", "", "tell a waiting node to found a new cluster", 0, 0, make_found},
    {"batch", "[-window N]", "carry out JSON lines from standard input", 0, 0, make_batch},
    {"bench", "[-clients N] [-time SECONDS] ...", "put load on the cluster and measure", 0, 0, make_bench},
}};

}  // namespace

std::span<const CommandInfo> all_commands() { return commands; }

const CommandInfo* find_command(std::string_view name) {
  for (const std::span<const CommandInfo> table : {std::span<const CommandInfo>(commands), chat_commands()}) {
    const auto found = std::ranges::find(table, name, &CommandInfo::name);
    if (found != table.end()) return &*found;
  }
  return nullptr;
}

bool begins_commands(std::string_view word) { return word == "chat"; }

std::string list_of_commands() {
  std::string list;
  for (const std::span<const CommandInfo> table : {std::span<const CommandInfo>(commands), chat_commands()}) {
    for (const CommandInfo& info : table) {
      const std::string form = fmt::format("{} {}", info.name, info.usage);
      list += form.size() <= 40 ? fmt::format("  {:<40} {}\n", form, info.meaning)
                                : fmt::format("  {}\n  {:<40} {}\n", form, "", info.meaning);
    }
  }
  return list;
}

std::string unknown_command(std::string_view name) {
  const bool is_chat = name == "chat" || name.starts_with("chat ");
  std::string names;
  for (const CommandInfo& info : is_chat ? chat_commands() : std::span<const CommandInfo>(commands))
    names += fmt::format("{}{}", names.empty() ? "" : ", ", info.name);
  if (!is_chat) names += ", chat ...";
  return fmt::format("{} is no command; there are {}", config::in_quotes(name), names);
}

std::string problem_of_arguments(const CommandInfo& info, std::size_t arguments) {
  if (arguments >= info.min_arguments && arguments <= info.max_arguments) return "";
  return fmt::format("{}: too {} arguments; usage: {} {}", info.name, arguments < info.min_arguments ? "few" : "many",
                     info.name, info.usage);
}

void declare_read_mode(config::OptionTable& table, wire::ReadMode& mode) {
  table.choice("read", &mode,
               {{"linearizable", wire::ReadMode::linearizable},
                {"lease", wire::ReadMode::lease},
                {"stale", wire::ReadMode::stale}},
               {.meaning = "how fresh the answer must be", .where = config::Where::flag_only});
}

}  // namespace parley::client::cli
