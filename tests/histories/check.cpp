// check_history: is a history one that a cluster which keeps its promises could have shown?
#include <fmt/format.h>

#include <cstdio>
#include <ranges>

#include "common/config/option_table.hpp"
#include "tests/histories/json_line.hpp"
#include "tests/histories/judge.hpp"

namespace parley::histories {
namespace {

constexpr int exit_good = 0;
constexpr int exit_broken = 1;
constexpr int exit_unreadable = 2;  ///< or asked for in a way that nobody understands
constexpr int exit_undecided = 3;

constexpr std::uint64_t default_steps = 5'000'000;
/// Records shown of a finding, and findings shown of a history.
constexpr std::size_t shown_records = 60;
constexpr std::size_t shown_findings = 10;
constexpr double ns_per_second = 1e9;

struct Arguments {
  std::string file;
  Rules rules{.step_limit = default_steps};
  bool json = false;
};

int wrong(const std::string& what) {
  fmt::print(stderr, "check_history: {}\n", what);
  return exit_unreadable;
}

void print_findings(const History& history, const Judgement& judgement) {
  const std::uint64_t from_ns = history.records.empty() ? 0 : history.records.front().begin.ns;
  for (const auto& finding : judgement.findings | std::views::take(shown_findings)) {
    fmt::print(stderr, "{}:\n", finding.what);
    // The end shows it; the beginning is where it goes back to.
    const std::size_t skipped = finding.shown.size() - std::min(finding.shown.size(), shown_records);
    if (skipped > 0) fmt::print(stderr, "  ({} records before these)\n", skipped);
    for (const std::size_t at : finding.shown | std::views::drop(skipped)) {
      fmt::print(stderr, "  {}\n", text_of(history.records[at], from_ns));
    }
  }
  const std::size_t more = judgement.findings.size() - std::min(judgement.findings.size(), shown_findings);
  if (more > 0) fmt::print(stderr, "and {} more findings\n", more);
}

int exit_code(const Judgement& judgement) {
  if (!judgement.findings.empty()) return exit_broken;
  if (!judgement.missing.empty()) return exit_unreadable;
  return judgement.undecided.empty() ? exit_good : exit_undecided;
}

std::string_view verdict(int code) {
  switch (code) {
    case exit_good: return "good";
    case exit_broken: return "broken";
    case exit_undecided: return "undecided";
    default: return "incomplete";
  }
}

void print_figures(const Figures& figures, std::string_view verdict, bool json) {
  if (json) {
    JsonLine line;
    line.add("verdict", verdict).add("operations", figures.operations).add("ok", figures.ok);
    line.add("refuted", figures.refuted).add("failed", figures.failed).add("unknown", figures.unknown);
    line.add("final_reads", figures.final_reads).add("stale_reads", figures.stale_reads);
    line.add("writes", figures.writes).add("keys", figures.keys).add("span_ns", figures.span_ns);
    line.add("longest_gap_ns", figures.longest_gap_ns).add("longest_gap_at_ns", figures.longest_gap_at_ns);
    return fmt::print("{}", line.finish());
  }
  fmt::print(
      "{} operations on {} keys in {:.1f} s: {} ok, {} not_found or mismatch, {} failed, {} unknown; of these {} final "
      "and {} stale reads\n",
      figures.operations, figures.keys, static_cast<double>(figures.span_ns) / ns_per_second, figures.ok,
      figures.refuted, figures.failed, figures.unknown, figures.final_reads, figures.stale_reads);
  fmt::print("longest without an acknowledged write: {:.3f} s\n{}\n",
             static_cast<double>(figures.longest_gap_ns) / ns_per_second, verdict);
}

int run(int argc, char** argv) {
  Arguments arguments;
  config::OptionTable table(
      {"check_history FILE [flags]", "exit codes: 0 good, 1 broken, 2 unreadable or incomplete, 3 too hard to decide"});
  table.list("final", &arguments.rules.final_nodes,
             {.meaning = "nodes through which every key must have been read at the end",
              .value = "NODE,...",
              .shown_default = "none",
              .where = config::Where::flag_only});
  table.number("steps", &arguments.rules.step_limit, {.min = 1},
               {.meaning = "when to give up: steps of each search for an order of a key's operations; they take up to "
                           "200 bytes of memory each",
                .where = config::Where::flag_only});
  table.flag("json", &arguments.json, {.meaning = "the figures as a JSON object", .where = config::Where::flag_only});
  const auto parsed = table.parse(argc, argv);
  if (!parsed) return wrong(parsed.error().what);
  if (parsed->ask != config::Ask::run) {
    fmt::print("{}", table.help());
    return exit_good;
  }
  if (parsed->positional.size() != 1) return wrong("expected one file (-help tells more)");
  const auto history = read_history(parsed->positional.front());
  if (!history) return wrong(history.error().what);
  const Judgement judgement = judge(*history, arguments.rules);
  print_findings(*history, judgement);
  for (const std::string& key : judgement.undecided) fmt::print(stderr, "key {} is too hard to decide\n", key);
  for (const std::string& what : judgement.missing | std::views::take(shown_findings)) fmt::print(stderr, "{}\n", what);
  const int code = exit_code(judgement);
  print_figures(count(*history), verdict(code), arguments.json);
  return code;
}

}  // namespace
}  // namespace parley::histories

int main(int argc, char** argv) { return parley::histories::run(argc, argv); }
