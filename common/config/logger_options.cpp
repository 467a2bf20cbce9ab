#include "common/config/logger_options.hpp"

#include <fmt/core.h>

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

}  // namespace

Result<LoggerCommand> parse_logger_command(std::span<const std::string> arguments) {
  Lists lists;
  LoggerOptions options;
  OptionTable table({fmt::format("{} -id NAME,... -raft :PORT,... -join [HOST]:PORT,... [flags]", program)});
  declare(table, lists, options);
  table.config_file();
  const auto parsed = table.parse(arguments);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->ask == Ask::help) return print(table.help());
  if (parsed->ask == Ask::version) return print(version_line(program) + "\n");
  if (!parsed->positional.empty()) return wrong(in_quotes(parsed->positional.front()), "expected a flag");
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
