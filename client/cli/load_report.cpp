#include "client/cli/load_report.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

namespace parley::client::cli {
namespace {

using Json = nlohmann::ordered_json;

double seconds(const LoadReport& report) { return static_cast<double>(report.result.elapsed_us) / 1e6; }
double throughput(const LoadReport& report) { return static_cast<double>(report.result.ops) / seconds(report); }

std::string_view read_name(wire::ReadMode mode) {
  switch (mode) {
    case wire::ReadMode::linearizable: return "linearizable";
    case wire::ReadMode::lease: return "lease";
    case wire::ReadMode::stale: break;
  }
  return "stale";
}

Json latency_json(const obs::Histogram& latency) {
  return {{"p50", latency.percentile(50)},    {"p90", latency.percentile(90)}, {"p99", latency.percentile(99)},
          {"p999", latency.percentile(99.9)}, {"max", latency.max()},          {"mean", latency.mean()}};
}

std::string latency_row(std::string_view name, const obs::Histogram& latency) {
  return fmt::format("{:<8} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}\n", name, latency.count(), latency.percentile(50),
                     latency.percentile(90), latency.percentile(99), latency.percentile(99.9), latency.max());
}

}  // namespace

std::string load_table(const LoadReport& report) {
  const LoadResult& result = report.result;
  const LoadOptions& options = report.options;
  std::string text =
      fmt::format("{} client{} on {} socket{}, {}, values of {} bytes, {} keys, {} reads, {}\n", options.clients,
                  options.clients == 1 ? "" : "s", options.sockets, options.sockets == 1 ? "" : "s", options.mix.text(),
                  options.value_size, options.keys, read_name(options.read), report.durability);
  text += fmt::format("{:.0f} operations a second: {} in {:.3f} s, {} misses, {} errors\n", throughput(report),
                      result.ops, seconds(report), result.misses, result.error_count());
  if (options.rate > 0)
    text +=
        fmt::format("{} a second were to begin; {} did not, since every client waited\n", options.rate, result.missed);
  if (result.busy_answers > 0)
    text += fmt::format("of {} answers {} were busy, and asked again\n", result.answers, result.busy_answers);
  for (std::size_t word = 0; word < result.errors.size(); ++word) {
    const auto name = error_word(word);
    if (result.errors[word] > 0 && name) text += fmt::format("  {}: {}\n", parley::text(*name), result.errors[word]);
  }
  text += fmt::format("{:<8} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}   microseconds\n", "", "requests", "p50", "p90",
                      "p99", "p99.9", "max");
  text += latency_row("all", result.latency);
  for (std::size_t op = 0; op < Mix::names.size(); ++op) {
    if (result.latency_by_op[op].count() > 0) text += latency_row(Mix::names[op], result.latency_by_op[op]);
  }
  return text + fmt::format("this process took {:.2f} us of processor time for each\n", report.cpu_us_per_op);
}

std::string load_json(const LoadReport& report) {
  const LoadResult& result = report.result;
  const LoadOptions& options = report.options;
  Json json = {{"clients", options.clients},
               {"seconds", seconds(report)},
               {"ops", result.ops},
               {"errors", result.error_count()},
               {"throughput", throughput(report)},
               {"latency_us", latency_json(result.latency)},
               {"durability", report.durability},
               {"misses", result.misses},
               {"sockets", options.sockets},
               {"rate", options.rate},
               {"missed", result.missed},
               {"answers", result.answers},
               {"busy_answers", result.busy_answers},
               {"mix", options.mix.text()},
               {"value_size", options.value_size},
               {"keys", options.keys},
               {"think_ms", options.think_ms},
               {"read", read_name(options.read)},
               {"errors_by_word", Json::object()},
               {"latency_us_by_op", Json::object()},
               {"client_cpu_us_per_op", report.cpu_us_per_op}};
  for (std::size_t word = 0; word < result.errors.size(); ++word) {
    const auto name = error_word(word);
    if (result.errors[word] > 0 && name) json["errors_by_word"][std::string(text(*name))] = result.errors[word];
  }
  for (std::size_t op = 0; op < Mix::names.size(); ++op) {
    if (result.latency_by_op[op].count() == 0) continue;
    json["latency_us_by_op"][std::string(Mix::names[op])] = latency_json(result.latency_by_op[op]);
  }
  return json.dump();
}

}  // namespace parley::client::cli
