// bench
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "client/cli/command.hpp"
#include "client/cli/load_report.hpp"
#include "client/cluster_status.hpp"
#include "common/base/limits.hpp"
#include "common/mq/descriptor_limit.hpp"

namespace parley::client::cli {
namespace {

constexpr std::uint64_t most_clients = 131'072;
constexpr std::uint64_t most_rate = 10'000'000;
constexpr std::uint64_t most_sockets = 512;
constexpr std::uint64_t most_keys = 1'000'000'000;
/// Files that the process has open anyway, and those that a client takes while it looks for the leader.
constexpr std::uint64_t descriptors = 128;
constexpr std::uint64_t descriptors_per_socket = 10;
constexpr std::uint64_t longest_ms = 7 * 86'400'000ULL;

/// Processor time of this process so far, in microseconds.
std::uint64_t cpu_us() {
  rusage usage{};
  (void)getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

class Bench final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    const auto flag = [](std::string meaning) {
      return config::About{.meaning = std::move(meaning), .where = config::Where::flag_only};
    };
    const config::DurationRange seconds{.min_ms = 0, .max_ms = longest_ms, .plain_ms = 1'000};
    const config::DurationRange positive_seconds{.min_ms = 1, .max_ms = longest_ms, .plain_ms = 1'000};
    const config::DurationRange milliseconds{.min_ms = 0, .max_ms = longest_ms, .plain_ms = 1};
    table.number("clients", &load_.clients, {.min = 1, .max = most_clients},
                 flag("simulated clients, each with one request outstanding, or with -rate at most one"));
    table.number("rate", &load_.rate, {.min = 0, .max = most_rate, .unit = "a second"},
                 flag("requests begin at this rate whatever is unanswered (an open loop), as long as a client is free; "
                      "0: each client waits for its answer"));
    table.number("sockets", &load_.sockets, {.min = 1, .max = most_sockets},
                 flag("connections that the clients share; each takes 256 writes at once, the rest wait"));
    table.duration("time", &load_.time_ms, positive_seconds, flag("how long to measure"));
    table.number(
        "requests", &load_.requests, {.min = 1},
        {.meaning = "measure so many requests instead", .shown_default = "none", .where = config::Where::flag_only});
    table.parsed<Mix>("mix", &load_.mix, Mix::parse,
                      {.meaning = "operations and their weights, of set, get and delete",
                       .value = "OP=WEIGHT,...",
                       .shown_default = load_.mix.text(),
                       .where = config::Where::flag_only});
    table.size("value-size", &load_.value_size, {.min = 0, .max = limits::value_bytes}, flag("of the values written"));
    table.number("keys", &load_.keys, {.min = 1, .max = most_keys},
                 flag("different keys of 16 bytes, drawn uniformly"));
    const std::string think = "between an answer and the client's next request; what the client file says if not given";
    table.duration("think", &think_ms_, milliseconds,
                   {.meaning = think, .shown_default = "0ms", .where = config::Where::flag_only});
    table.duration("warmup", &load_.warmup_ms, seconds, flag("load before the measurement"));
    declare_read_mode(table, load_.read);
  }

  int run(Environment& environment, const std::vector<std::string>&) override {
    load_.think_ms = think_ms_ == not_given ? environment.options.thinking_time_ms : think_ms_;
    if (load_.sockets > load_.clients) return wrong(environment, "-sockets: more than -clients");
    const parley::Status enough = mq::check_descriptor_limit(descriptors + load_.sockets * descriptors_per_socket);
    if (!enough) return wrong(environment, enough.error().what);
    const auto status = ask_status(environment.client);
    if (!status) {
      environment.err << "parley: no node answers" << std::endl;
      return no_answer;
    }
    const auto progress = [&](const char* phase, std::uint64_t ops, std::uint64_t errors, std::uint64_t elapsed_us) {
      const double rate = static_cast<double>(ops) * 1e6 / static_cast<double>(elapsed_us);
      environment.err << fmt::format("{}: {:.0f} a second, {} errors\n", phase, rate, errors) << std::flush;
    };
    Load load(environment.network, environment.clock, client_settings(environment.options), load_, progress);
    if (load_.mix.weight(Mix::Op::get) > 0) {
      environment.err << fmt::format("writing {} keys first\n", load_.keys) << std::flush;
      if (const Outcome outcome = load.write_keys(); !outcome.ok()) return explain(environment, outcome);
    }
    const std::uint64_t cpu_before_us = cpu_us();
    const LoadResult result = load.run();
    const auto used_us = static_cast<double>(cpu_us() - cpu_before_us);
    const auto requests = static_cast<double>(std::max<std::uint64_t>(result.latency.count(), 1));
    const LoadReport report{load_, result, durability(*status), used_us / requests};
    environment.out << (environment.options.json ? load_json(report) + "\n" : load_table(report)) << std::flush;
    return result.ops > 0 || result.error_count() == 0 ? done : no_answer;
  }

 private:
  static constexpr std::uint64_t not_given = UINT64_MAX;

  static std::string durability(const ClusterStatus& status) {
    for (const MemberStatus& member : status.members) {
      if (member.answer && !member.answer->fsync) return "no-fsync";
    }
    return "fsync";
  }

  LoadOptions load_;
  std::uint64_t think_ms_ = not_given;
};

}  // namespace

std::unique_ptr<Command> make_bench() { return std::make_unique<Bench>(); }

}  // namespace parley::client::cli
