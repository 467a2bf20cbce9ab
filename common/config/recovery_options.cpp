#include "common/config/recovery_options.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "common/base/limits.hpp"
#include "common/config/addresses.hpp"
#include "common/config/listeners.hpp"
#include "common/config/version.hpp"

namespace parley::config {
namespace {

constexpr std::string_view program = "parley-recovery";
constexpr std::uint64_t longest_ms = 7 * 86'400'000ULL;
/// One less than the largest number, so that every index has a next one.
constexpr std::uint64_t last_index = std::numeric_limits<std::uint64_t>::max() - 1;

/// As they are given: 0 for none.
struct Interval {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

Checked<ClusterId> read_cluster(std::string_view text) {
  const auto id = ClusterId::parse(text);
  if (!id || id->is_nil()) return std::unexpected(in_quotes(text) + " is no cluster: 32 hexadecimal digits are");
  return *id;
}

void declare(OptionTable& table, Interval& interval, RecoveryOptions& options) {
  table.parsed_list<Address>("recov", &options.sources, read_target,
                             {.meaning = "the -hrecov of nodes and loggers of one cluster, to be asked",
                              .value = "[HOST]:PORT,...",
                              .required = true});
  table.parsed<ClusterId>("cluster", &options.cluster, read_cluster,
                          {.meaning = "whose entries; needed where a logger serves several",
                           .value = "ID",
                           .shown_default = "the one that is served"});
  table.number("from", &interval.from, {.min = 1, .max = last_index},
               {.meaning = "transfer this interval, from this entry on; not with -into",
                .value = "INDEX",
                .shown_default = "what leads to the state at -to: 1, or an image"});
  table.number("to", &interval.to, {.min = 1, .max = last_index},
               {.meaning = "up to this entry, which is waited for if it is not there yet",
                .value = "INDEX",
                .shown_default = "the last one that a source has"});
  table.duration("timeout", &options.timeout_ms, {.min_ms = 1, .max_ms = longest_ms, .plain_ms = 1000},
                 {.meaning = "give up when nothing has come for so long"});
  table.duration("after", &options.after_ms, {.min_ms = 0, .max_ms = longest_ms, .plain_ms = 1000},
                 {.meaning = "wait so long before anything is asked"});
  table.text("into", &options.into,
             {.meaning = "make a data folder there, from which parley-node founds a new cluster", .value = "FOLDER"});
  table.choice<RecoveryOptions::Replay>(
      "replay", &options.replay,
      {{"sequential", RecoveryOptions::Replay::sequential}, {"parallel", RecoveryOptions::Replay::parallel}},
      {.meaning = "apply all entries in one thread, or keys in several"});
  table.flag("json", &options.json, {.meaning = "print one object of JSON"});
  table.flag("progress", &options.progress,
             {.meaning = "say on standard error how far it is, although that is no terminal"});
}

Status check(const RecoveryOptions& options, const Parsed& parsed) {
  for (std::size_t i = 0; i < options.sources.size(); ++i) {
    const auto before = options.sources.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(options.sources.begin(), before, options.sources[i]) != before)
      return wrong(parsed.origin("recov"), options.sources[i].text() + " is given twice");
  }
  if (options.sources.size() > limits::members)
    return wrong(parsed.origin("recov"), fmt::format("more than {} addresses", limits::members));
  if (options.from && !options.into.empty())
    return wrong(parsed.origin("from"), "goes not with -into: a data folder is made of all entries, or of an image");
  if (options.from && options.to && *options.to < *options.from)
    return wrong(parsed.origin("to"), fmt::format("{} is below -from {}", options.to->value, options.from->value));
  return {};
}

RecoveryCommand print(std::string text) {
  RecoveryCommand command;
  command.kind = RecoveryCommand::Kind::print;
  command.text = std::move(text);
  return command;
}

}  // namespace

Result<RecoveryCommand> parse_recovery_command(std::span<const std::string> arguments) {
  Interval interval;
  RecoveryOptions options;
  OptionTable table({fmt::format("{} -recov [HOST]:PORT,... [-to INDEX] [-into FOLDER] [flags]", program)});
  declare(table, interval, options);
  table.config_file();
  const auto parsed = table.parse(arguments);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->ask == Ask::help) return print(table.help());
  if (parsed->ask == Ask::version) return print(version_line(program) + "\n");
  if (!parsed->positional.empty()) return wrong(in_quotes(parsed->positional.front()), "expected a flag");
  if (interval.from > 0) options.from = Index{interval.from};
  if (interval.to > 0) options.to = Index{interval.to};
  if (const Status fine = check(options, *parsed); !fine) return std::unexpected(fine.error());
  RecoveryCommand command;
  command.options = std::move(options);
  return command;
}

Result<RecoveryCommand> parse_recovery_command(int argc, const char* const* argv) {
  return parse_recovery_command(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
}

}  // namespace parley::config
