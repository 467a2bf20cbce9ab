// The simulation as a program: many seeds, a summary, and an exit code that says what was found.
#include <fmt/format.h>
#include <getopt.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/sim/cluster.hpp"

namespace parley::sim {
namespace {

constexpr int exit_ok = 0;
constexpr int exit_unsafe = 1;
constexpr int exit_not_live = 2;
constexpr int exit_too_little = 3;  ///< nothing is wrong, but too little was simulated to say so
constexpr int exit_usage = 64;
/// Seeds from which on a run must have seen everything that it is for.
constexpr std::uint64_t seeds_to_see_all = 100;
/// Of so many one may have too little, as about one in fifteen thousand has.
constexpr std::uint64_t seeds_per_short_one = 1000;

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t last = 100;
  std::uint64_t seconds = 0;  ///< 0 for no bound
  bool is_verbose = false;
};

constexpr const char* usage =
    "sim [--seed N | --seeds FROM-TO] [--seconds S] [--verbose]\n"
    "Simulates a cluster for each seed. With --seconds alone, or with --seed, goes on from the first seed until the "
    "time is up.\n"
    "Exit code: 0 all is well, 1 something unsafe, 2 something did not come about, 3 too little was simulated.\n";

bool parse_number(const char* text, std::uint64_t& number) {
  char* end = nullptr;
  number = std::strtoull(text, &end, 10);
  return end != text && *end == '\0';
}

bool parse_range(const std::string& text, Arguments& arguments) {
  const auto dash = text.find('-');
  return dash != std::string::npos && parse_number(text.substr(0, dash).c_str(), arguments.first) &&
         parse_number(text.substr(dash + 1).c_str(), arguments.last) && arguments.first <= arguments.last;
}

std::optional<Arguments> parse(int argc, char** argv) {
  const option options[] = {{"seed", required_argument, nullptr, 's'},
                            {"seeds", required_argument, nullptr, 'r'},
                            {"seconds", required_argument, nullptr, 't'},
                            {"verbose", no_argument, nullptr, 'v'},
                            {nullptr, 0, nullptr, 0}};
  Arguments arguments;
  bool has_last = false;
  for (int found = 0; (found = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    bool is_good = true;
    switch (found) {
      case 's':
        is_good = parse_number(optarg, arguments.first);
        arguments.last = arguments.first;
        has_last = true;
        break;
      case 'r': is_good = has_last = parse_range(optarg, arguments); break;
      case 't': is_good = parse_number(optarg, arguments.seconds) && arguments.seconds > 0; break;
      case 'v': arguments.is_verbose = true; break;
      default: is_good = false;
    }
    if (!is_good) return std::nullopt;
  }
  if (optind != argc) return std::nullopt;
  if (arguments.seconds > 0 && (!has_last || arguments.first == arguments.last)) arguments.last = UINT64_MAX;
  return arguments;
}

void print_summary(const Counters& sums, double seconds) {
  Counters::for_each([&](std::string_view name, std::uint64_t Counters::*field) {
    std::string shown = std::string(name);
    std::uint64_t value = sums.*field;
    if (field == &Counters::simulated_us) {
      shown = "simulated seconds";
      value /= 1'000'000;
    }
    fmt::print("{:<28} {:>14}\n", shown, value);
  });
  fmt::print("{:<28} {:>14.1f}\n{:<28} {:>14.1f}\n", "real seconds", seconds, "seeds a second",
             static_cast<double>(sums.seeds) / seconds);
}

/// What must have happened somewhere, or nothing was tested.
std::string missing(const Counters& sums) {
  // Some seeds are all bad luck: the faults never give their clients a chance.
  if (sums.short_seeds * seeds_per_short_one > sums.seeds) return "too little in too many of them";
  if (sums.seeds < seeds_to_see_all) return {};
  if (sums.elections == 0) return "no election";
  if (sums.truncations == 0) return "no truncation";
  if (sums.crashes == 0) return "no crash";
  if (sums.transactions_held == 0 || sums.transactions_not_held == 0 || sums.transactions_refused == 0)
    return "no transaction of one kind";
  if (sums.ended_keys == 0 || sums.ended_leases == 0 || sums.times == 0) return "nothing that ended by itself";
  if (sums.sends == 0 || sums.sends_again == 0 || sums.edits == 0 || sums.deletions == 0)
    return "no message, or none sent again, edited or deleted";
  if (sums.joins == 0 || sums.chat_refusals == 0 || sums.passwords_wrong == 0)
    return "nobody who joined, or was refused";
  if (sums.feed_items == 0 || sums.feeds_resumed == 0) return "no feed that went on elsewhere";
  return {};
}

int report(const Findings::Finding& finding, std::uint64_t seed, std::uint64_t now_us) {
  const bool is_safety = finding.kind == Findings::Kind::safety;
  fmt::print(stderr, "\nseed {}: {} after {:.6f} simulated seconds: {}\n", seed, is_safety ? "UNSAFE" : "NOT LIVE",
             static_cast<double>(now_us) / 1e6, finding.text);
  return is_safety ? exit_unsafe : exit_not_live;
}

int run(const Arguments& arguments) {
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  Trace::Narrator narrator;
  if (arguments.is_verbose) narrator = [](const std::string& line) { fmt::print("{}\n", line); };
  Counters sums;
  int code = exit_ok;
  for (std::uint64_t seed = arguments.first; seed <= arguments.last && code == exit_ok; ++seed) {
    if (arguments.seconds > 0 && seconds() >= static_cast<double>(arguments.seconds)) break;
    // Before it runs: should it abort, this is the last that is seen of it.
    fmt::print(stderr, "\rseed {} ", seed);
    std::fflush(stderr);
    const Outcome outcome = run_seed(seed, narrator);
    sums.add(outcome.counters);
    if (outcome.finding) {
      code = report(*outcome.finding, seed, outcome.counters.simulated_us);
    } else if (!outcome.shortfall.empty()) {
      fmt::print(stderr, "\nseed {}: {}\n", seed, outcome.shortfall);
      ++sums.short_seeds;
    }
    if (arguments.first == arguments.last) fmt::print("trace {:016x}\n", outcome.trace_hash);
  }
  fmt::print(stderr, "\n");
  print_summary(sums, seconds());
  if (const std::string what = missing(sums); code == exit_ok && !what.empty()) {
    fmt::print(stderr, "over {} seeds there was {}\n", sums.seeds, what);
    code = exit_too_little;
  }
  return code;
}

}  // namespace
}  // namespace parley::sim

int main(int argc, char** argv) {
  const auto arguments = parley::sim::parse(argc, argv);
  if (!arguments) {
    std::fputs(parley::sim::usage, stderr);
    return parley::sim::exit_usage;
  }
  return parley::sim::run(*arguments);
}
