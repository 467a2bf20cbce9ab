#include "common/config/node_options.hpp"

#include <fmt/core.h>

#include "common/config/addresses.hpp"
#include "common/config/listeners.hpp"
#include "common/config/version.hpp"

namespace parley::config {
namespace {

constexpr std::string_view program = "parley-node";

void declare_addresses(OptionTable& table, NodeOptions& options) {
  table.parsed<NodeId>("id", &options.id, read_name,
                       {.meaning = "this node's name in the cluster", .value = "NAME", .required = true});
  table.parsed<Address>("port", &options.client, read_listener,
                        {.meaning = "where clients connect", .value = "[HOST]:PORT", .shown_default = ":11000"});
  table.parsed<Address>("raft", &options.raft, read_listener,
                        {.meaning = "where peers connect", .value = "[HOST]:PORT", .shown_default = ":12000"});
  table.parsed<std::string>("advertise", &options.advertise, read_host,
                            {.meaning = "the host under which peers and clients reach this process, for all its ports",
                             .value = "HOST",
                             .shown_default = "the bound host"});
  table.parsed<std::optional<Address>>(
      "hjoin", &options.join_listener, read_optional_listener,
      {.meaning = "where this node takes requests to join the cluster", .value = "[HOST]:PORT"});
  table.parsed<std::optional<Address>>(
      "hrecov", &options.recovery, read_optional_listener,
      {.meaning = "where this node serves entries and images of its state", .value = "[HOST]:PORT"});
  table.parsed_list<Address>(
      "join", &options.join, read_target,
      {.meaning = "a member's -hjoin address, or several; without it an empty data folder founds a new "
                  "cluster of one, with it the node waits until a member takes it in",
       .value = "[HOST]:PORT,..."});
  table.flag("insecure", &options.insecure,
             {.meaning = "listen on other hosts than the loopback address, although nothing is encrypted"});
}

void declare_storage(OptionTable& table, NodeOptions& options) {
  constexpr std::uint64_t min_quota = 64 * limits::MiB;    // room for both overlays
  constexpr std::uint64_t max_quota = 1024 * limits::GiB;  // the map is four times this, within 47 bits of addresses
  table.text("data", &options.data,
             {.meaning = "the data folder; locked while in use", .value = "FOLDER", .shown_default = "./data/ID"});
  table.choice<Engine>(
      "engine", &options.engine,
      {{word_of(Engine::lmdb), Engine::lmdb},
       {word_of(Engine::memory), Engine::memory},
       {word_of(Engine::disk), Engine::disk}},
      {.meaning = "where key-value pairs live: in LMDB, in memory behind a journal, or at key times -slot in a file, "
                  "keys being numbers; the same in the whole cluster"});
  table.size(
      "slot", &options.slot_bytes, {.min = limits::least_slot_bytes, .max = limits::value_bytes},
      {.meaning = "with -engine disk: bytes of a record, 12 of which are its head; the same in the whole cluster"});
  table.size("quota", &options.quota_bytes, {.min = min_quota, .max = max_quota},
             {.meaning = "bytes of keys and values that the cluster may hold; the same in the whole cluster"});
  table.size("segment", &options.segment_bytes, {.min = limits::min_segment_bytes, .max = limits::max_segment_bytes},
             {.meaning = "size of a log segment"});
  table.number("retain", &options.retain, {.min = 0, .max = 1'000'000'000, .unit = "entries"},
               {.meaning = "log kept behind the last entry flushed to the store, for peers that lag; one that lags "
                           "further gets an image of the state"});
  table.number(
      "retain-archives", &options.retain_archives, {.min = 0, .max = 1'000'000'000'000, .unit = "entries"},
      {.meaning = "what loggers are asked to keep in their archives behind the last entry flushed to the store; "
                  "they forget the rest once more than half of the voters ask for it; 0: never ask"});
  table.text(
      "logfolder", &options.log_folder,
      {.meaning = "also log each applied command in an archive in the folder ID there, synced before it is answered",
       .value = "FOLDER"});
  table.flag("unsafe-no-fsync", &options.unsafe_no_fsync,
             {.meaning = "acknowledge before the disk has the write: a power cut can lose what was acknowledged"});
}

void declare_timers_and_reports(OptionTable& table, NodeOptions& options) {
  table.number("tick-ms", &options.tick_ms, {.min = 1, .max = 1'000, .unit = "ms"},
               {.meaning = "the grain of the two timers below"});
  table.number("heartbeat-ms", &options.heartbeat_ms, {.min = 1, .max = 30'000, .unit = "ms"},
               {.meaning = "how often a leader says that it is there; less than half of -election-ms"});
  table.number(
      "election-ms", &options.election_ms, {.min = 10, .max = 60'000, .unit = "ms"},
      {.meaning = "a follower that hears no leader campaigns after a random time between this and twice this"});
  table.choice("log", &options.log, log_level_words(), {.meaning = "the least level of messages to standard error"});
  table.text("cpuprofile", &options.cpu_profile,
             {.meaning = "write a pprof profile of the processor there on exit", .value = "FILE"});
  table.text("memprofile", &options.heap_profile,
             {.meaning = "write a pprof profile of the heap there on exit", .value = "FILE"});
}

Status check_timers(const NodeOptions& options, const Parsed& parsed) {
  // Of two that do not fit, the message names the one that was given.
  const auto origin = [&](const std::string& other) {
    return parsed.origin(parsed.given("heartbeat-ms") ? "heartbeat-ms" : other);
  };
  if (options.heartbeat_ms < options.tick_ms) {
    return wrong(origin("tick-ms"),
                 fmt::format("heartbeat-ms {} is less than a tick, {} ms", options.heartbeat_ms, options.tick_ms));
  }
  if (options.heartbeat_ms * 2 >= options.election_ms) {
    return wrong(
        origin("election-ms"),
        fmt::format(
            "heartbeat-ms {} is not less than half of election-ms {}: one lost heartbeat would start an election",
            options.heartbeat_ms, options.election_ms));
  }
  return {};
}

Status check(const NodeOptions& options, const Parsed& parsed) {
  std::vector<Listener> listeners = {{"port", options.client}, {"raft", options.raft}};
  if (options.join_listener) listeners.push_back({"hjoin", *options.join_listener});
  if (options.recovery) listeners.push_back({"hrecov", *options.recovery});
  if (const Status fine = check_listeners(listeners, {options.insecure, options.advertise}, parsed); !fine) return fine;
  if (const Status fine = check_timers(options, parsed); !fine) return fine;
  if (options.engine != Engine::disk && parsed.given("slot")) {
    return wrong(parsed.origin("slot"),
                 fmt::format("only with -engine disk; the engine is {}", word_of(options.engine)));
  }
  if (options.join.size() > limits::members) {
    return wrong(parsed.origin("join"), fmt::format("more than {} addresses", limits::members));
  }
  return {};
}

NodeCommand print(std::string text) {
  NodeCommand command;
  command.kind = NodeCommand::Kind::print;
  command.text = std::move(text);
  return command;
}

Result<NodeCommand> parse_serve(const OptionTable& table, NodeOptions& options,
                                std::span<const std::string> arguments) {
  const auto parsed = table.parse(arguments);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->ask == Ask::help) return print(table.help());
  if (parsed->ask == Ask::version) return print(version_line(program) + "\n");
  if (const Status fine = check(options, *parsed); !fine) return std::unexpected(fine.error());
  if (options.data.empty()) options.data = "./data/" + options.id.text();
  NodeCommand command;
  command.options = std::move(options);
  return command;
}

Result<NodeCommand> parse_about_folder(const CommandLine& line) {
  OptionTable table({fmt::format("{} {} FOLDER", program, line.command)});
  auto parsed = table.parse(line.arguments);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->ask == Ask::help) return print(table.help());
  if (parsed->ask == Ask::version) return print(version_line(program) + "\n");
  if (parsed->positional.size() != 1 || parsed->positional.front().empty())
    return wrong(line.command, "expected one FOLDER");
  NodeCommand command;
  command.kind = line.command == "inspect" ? NodeCommand::Kind::inspect : NodeCommand::Kind::verify;
  command.folder = std::move(parsed->positional.front());
  return command;
}

}  // namespace

std::string_view word_of(Engine engine) {
  switch (engine) {
    case Engine::lmdb: return "lmdb";
    case Engine::memory: return "memory";
    case Engine::disk: return "disk";
  }
  return {};
}

const std::vector<std::string>& log_level_words() {
  static const std::vector<std::string> words = {"trace", "debug", "info", "warn", "error"};
  return words;
}

Result<NodeCommand> parse_node_command(std::span<const std::string> arguments) {
  NodeOptions options;
  OptionTable table({fmt::format("{} -id NAME [flags]", program), fmt::format("{} inspect FOLDER", program),
                     fmt::format("{} verify FOLDER", program)});
  declare_addresses(table, options);
  declare_storage(table, options);
  declare_timers_and_reports(table, options);
  table.config_file();
  const auto line = table.split_command(arguments);
  if (!line) return std::unexpected(line.error());
  if (line->command.empty()) return parse_serve(table, options, arguments);
  if (line->command == "inspect" || line->command == "verify") return parse_about_folder(*line);
  return wrong(in_quotes(line->command),
               fmt::format("is no command of {}: it has inspect FOLDER and verify FOLDER", program));
}

Result<NodeCommand> parse_node_command(int argc, const char* const* argv) {
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  return parse_node_command(arguments);
}

}  // namespace parley::config
