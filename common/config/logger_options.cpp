#include "common/config/logger_options.hpp"
#include "common/base/archive_limits.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "common/base/base64.hpp"
#include "common/config/addresses.hpp"
#include "common/config/listeners.hpp"
#include "common/config/node_options.hpp"
#include "common/config/version.hpp"

namespace parley::config {
namespace {

constexpr std::string_view program = "parley-logger";

/// The lists as they are given, one item for each cluster.
struct Lists {
  std::vector<NodeId> ids;
  std::vector<Address> raft;
  std::vector<std::vector<Address>> join;
};

/// Members of one cluster, separated by `+`.
Checked<std::vector<Address>> read_members(std::string_view text) {
  std::vector<Address> members;
  while (true) {
    const std::size_t end = text.find('+');
    auto address = read_target(text.substr(0, end));
    if (!address) return std::unexpected(address.error());
    members.push_back(std::move(*address));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  if (members.size() > limits::members) return std::unexpected(fmt::format("more than {} addresses", limits::members));
  return members;
}

void declare(OptionTable& table, Lists& lists, LoggerOptions& options) {
  table.parsed_list<NodeId>("id", &lists.ids, read_name,
                            {.meaning = "this logger's name in each cluster", .value = "NAME,...", .required = true});
  table.parsed_list<Address>(
      "raft", &lists.raft, read_listener,
      {.meaning = "where the replicas of each cluster connect", .value = "[HOST]:PORT,...", .required = true});
  table.parsed_list<std::vector<Address>>(
      "join", &lists.join, read_members,
      {.meaning = "a member's -hjoin address for each cluster, or several of one cluster joined by +",
       .value = "[HOST]:PORT+...,...",
       .required = true});
  table.parsed<std::optional<Address>>(
      "hrecov", &options.recovery, read_optional_listener,
      {.meaning = "where ranges of the archives are served, of all clusters", .value = "[HOST]:PORT"});
  table.parsed<std::string>("advertise", &options.advertise, read_host,
                            {.meaning = "the host under which others reach this process, for all its ports",
                             .value = "HOST",
                             .shown_default = "the bound host"});
  table.flag("insecure", &options.insecure,
             {.meaning = "listen on other hosts than the loopback address, although nothing is encrypted"});
  table.text("logfolder", &options.folder,
             {.meaning = "the folder of the archives; that of log0 is the folder log0 in it", .value = "FOLDER"});
  table.size("segment", &options.segment_bytes, {.min = limits::min_segment_bytes, .max = limits::max_segment_bytes},
             {.meaning = "size of a segment of an archive"});
  table.choice("compact", &options.compact, {"off", "immediate", "interval", "delayed"},
               {.meaning = "whether, and when, values that were soon replaced are left out of archives"});
  table.number("compact-period", &options.compact_period,
               {.min = limits::min_compaction_period, .max = limits::max_compaction_period, .unit = "entries"},
               {.meaning = "compaction leaves the state as it was at each multiple of so many entries"});
  table.flag("unsafe-no-fsync", &options.unsafe_no_fsync,
             {.meaning = "call entries archived before the disk has them: a power cut can lose them"});
  table.choice("log", &options.log, log_level_words(), {.meaning = "the least level of messages to standard error"});
  table.text("cpuprofile", &options.cpu_profile,
             {.meaning = "write a pprof profile of the processor there on exit", .value = "FILE"});
  table.text("memprofile", &options.heap_profile,
             {.meaning = "write a pprof profile of the heap there on exit", .value = "FILE"});
}

Status check_counts(const Lists& lists, const Parsed& parsed) {
  const auto differs = [&](const char* option, std::size_t count) {
    return wrong(parsed.origin(option),
                 fmt::format("{} given for {} of -id; each cluster takes one", count, lists.ids.size()));
  };
  if (lists.raft.size() != lists.ids.size()) return differs("raft", lists.raft.size());
  if (lists.join.size() != lists.ids.size()) return differs("join", lists.join.size());
  if (lists.ids.size() > limits::logged_clusters)
    return wrong(parsed.origin("id"), fmt::format("more than {} clusters", limits::logged_clusters));
  return {};
}

Status check(const Lists& lists, const LoggerOptions& options, const Parsed& parsed) {
  if (const Status fine = check_counts(lists, parsed); !fine) return fine;
  for (std::size_t i = 0; i < lists.ids.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (lists.ids[j] == lists.ids[i])
        return wrong(parsed.origin("id"),
                     fmt::format("{} is given twice; each archive needs a name of its own", lists.ids[i].text()));
    }
  }
  std::vector<Listener> listeners;
  for (const Address& raft : lists.raft) listeners.push_back({"raft", raft});
  if (options.recovery) listeners.push_back({"hrecov", *options.recovery});
  return check_listeners(listeners, {options.insecure, options.advertise}, parsed);
}

LoggerCommand print(std::string text) {
  LoggerCommand command;
  command.kind = LoggerCommand::Kind::print;
  command.text = std::move(text);
  return command;
}

/// A command that reads an archive, and what stands behind it.
struct Tool {
  std::string_view name;
  LoggerCommand::Kind kind;
  std::string_view arguments;
  std::size_t count;  ///< of arguments that are no flags
};
constexpr std::array<Tool, 4> tools = {{{"verify", LoggerCommand::Kind::verify, "FOLDER", 1},
                                        {"dump", LoggerCommand::Kind::dump, "FOLDER", 1},
                                        {"diff", LoggerCommand::Kind::diff, "FOLDER FOLDER", 2},
                                        {"blame", LoggerCommand::Kind::blame, "FOLDER KEY", 2}}};

Result<LoggerCommand> parse_tool(const Tool& tool, const CommandLine& line) {
  LoggerCommand command;
  command.kind = tool.kind;
  OptionTable table({fmt::format("{} {} {} [flags]", program, tool.name, tool.arguments)});
  bool is_base64 = false;
  if (tool.kind == LoggerCommand::Kind::dump) {
    table.number("from", &command.tool.from.value, {.min = 1},
                 {.meaning = "the first entry", .value = "INDEX", .where = Where::flag_only});
    table.number(
        "to", &command.tool.to.value, {.min = 1},
        {.meaning = "the last entry", .value = "INDEX", .shown_default = "the last", .where = Where::flag_only});
  } else if (tool.kind == LoggerCommand::Kind::blame) {
    table.flag("base64", &is_base64, {.meaning = "KEY is in base64", .where = Where::flag_only});
    table.flag("json", &command.tool.json,
               {.meaning = "print a line of JSON for each write", .where = Where::flag_only});
  }
  auto parsed = table.parse(line.arguments);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->ask == Ask::help) return print(table.help());
  if (parsed->ask == Ask::version) return print(version_line(program) + "\n");
  std::vector<std::string>& given = parsed->positional;
  if (given.size() != tool.count || std::ranges::count(given, "") != 0)
    return wrong(line.command, fmt::format("expected {}", tool.arguments));
  if (command.tool.from > command.tool.to) return wrong(parsed->origin("from"), "lies behind -to");
  command.tool.folder = std::move(given.front());
  if (tool.kind == LoggerCommand::Kind::diff) command.tool.other = std::move(given.back());
  if (tool.kind == LoggerCommand::Kind::blame) command.tool.key = std::move(given.back());
  if (is_base64) {
    auto key = from_base64(command.tool.key);
    if (!key) return wrong(in_quotes(command.tool.key), "is not base64");
    command.tool.key = std::move(*key);
  }
  return command;
}

}  // namespace

Result<LoggerCommand> parse_logger_command(std::span<const std::string> arguments) {
  Lists lists;
  LoggerOptions options;
  OptionTable table(
      {fmt::format("{} -id NAME,... -raft :PORT,... -join [HOST]:PORT,... [flags]", program),
       fmt::format("{} verify FOLDER", program), fmt::format("{} dump FOLDER [-from INDEX] [-to INDEX]", program),
       fmt::format("{} diff FOLDER FOLDER", program), fmt::format("{} blame FOLDER KEY [-base64] [-json]", program)});
  declare(table, lists, options);
  table.config_file();
  const auto line = table.split_command(arguments);
  if (!line) return std::unexpected(line.error());
  const auto tool = std::ranges::find(tools, line->command, &Tool::name);
  if (tool != tools.end()) return parse_tool(*tool, *line);
  if (!line->command.empty()) {
    return wrong(in_quotes(line->command),
                 fmt::format("is no command of {}: it has verify, dump, diff and blame", program));
  }
  const auto parsed = table.parse(arguments);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->ask == Ask::help) return print(table.help());
  if (parsed->ask == Ask::version) return print(version_line(program) + "\n");
  if (const Status fine = check(lists, options, *parsed); !fine) return std::unexpected(fine.error());
  for (std::size_t i = 0; i < lists.ids.size(); ++i) {
    options.clusters.push_back(
        {lists.ids[i], lists.raft[i], std::move(lists.join[i]), options.folder + "/" + lists.ids[i].text()});
  }
  LoggerCommand command;
  command.options = std::move(options);
  return command;
}

Result<LoggerCommand> parse_logger_command(int argc, const char* const* argv) {
  return parse_logger_command(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
}

}  // namespace parley::config
