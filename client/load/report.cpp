#include "client/load/report.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "client/load/operations.hpp"

namespace parley::client::load {
namespace {

using Json = nlohmann::ordered_json;

double per_second(std::uint64_t count, std::uint64_t elapsed_us) {
  return elapsed_us == 0 ? 0 : static_cast<double>(count) * 1e6 / static_cast<double>(elapsed_us);
}
double in_seconds(std::uint64_t us) { return static_cast<double>(us) / 1e6; }
double throughput(const LoadResult& result) { return per_second(result.ops, result.elapsed_us); }

std::string_view read_name(wire::ReadMode mode) {
  switch (mode) {
    case wire::ReadMode::linearizable: return "linearizable";
    case wire::ReadMode::lease: return "lease";
    case wire::ReadMode::stale: break;
  }
  return "stale";
}

std::string plural(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// --- JSON

Json latency_json(const obs::Histogram& latency) {
  return {{"p50", latency.percentile(50)},    {"p90", latency.percentile(90)}, {"p99", latency.percentile(99)},
          {"p999", latency.percentile(99.9)}, {"max", latency.max()},          {"mean", latency.mean()}};
}

Json seconds_json(const std::vector<SecondRow>& rows) {
  Json json = Json::array();
  for (const SecondRow& row : rows) {
    json.push_back({{"second", in_seconds(row.at_us)},
                    {"ops", row.ops},
                    {"errors", row.errors},
                    {"throughput", per_second(row.ops, row.elapsed_us)},
                    {"p50", row.p50_us},
                    {"p90", row.p90_us},
                    {"p99", row.p99_us},
                    {"max", row.max_us}});
  }
  return json;
}

/// What was measured, before what it was measured with; and the parts of it.
void add_measured(Json& json, const LoadResult& result) {
  json["seconds"] = in_seconds(result.elapsed_us);
  json["ops"] = result.ops;
  json["errors"] = result.error_count();
  json["throughput"] = throughput(result);
  json["latency_us"] = latency_json(result.latency);
}

void add_parts(Json& json, const LoadResult& result) {
  json["misses"] = result.misses;
  json["missed"] = result.missed;
  json["answers"] = result.answers;
  json["busy_answers"] = result.busy_answers;
  json["errors_by_word"] = Json::object();
  for (std::size_t word = 0; word < result.errors.size(); ++word) {
    const auto name = error_word(word);
    if (result.errors[word] > 0 && name) json["errors_by_word"][std::string(text(*name))] = result.errors[word];
  }
  json["latency_us_by_op"] = Json::object();
  for (std::size_t kind = 0; kind < result.latency_by_kind.size(); ++kind) {
    if (result.latency_by_kind[kind].count() == 0) continue;
    json["latency_us_by_op"][std::string(operation_kinds()[kind].name)] = latency_json(result.latency_by_kind[kind]);
  }
}

Json options_json(const LoadOptions& options) {
  Json json = {{"sockets", options.sockets},
               {"outstanding", options.outstanding},
               {"rate", options.rate},
               {"mix", options.mix.text()},
               {"value_size", options.value_size.min},
               {"value_size_max", options.value_size.max},
               {"keys", options.keys},
               {"distribution", options.distribution.text()},
               {"think_ms", options.think_ms},
               {"warmup_ms", options.warmup_ms},
               {"read", read_name(options.read)}};
  if (!options.mix.needs_chat()) return json;
  json["users"] = options.chat.users;
  json["chats"] = options.chat.chats;
  json["chats_per_user"] = options.chat.chats_per_user;
  return json;
}

// --- tables

std::string latency_row(std::string_view name, const obs::Histogram& latency) {
  return fmt::format("{:<8} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}\n", name, latency.count(), latency.percentile(50),
                     latency.percentile(90), latency.percentile(99), latency.percentile(99.9), latency.max());
}

std::string summary(const LoadResult& result) {
  return fmt::format("{:.0f} operations a second: {} in {:.3f} s, {} misses, {} errors\n", throughput(result),
                     result.ops, in_seconds(result.elapsed_us), result.misses, result.error_count());
}

std::string result_table(const LoadOptions& options, const LoadResult& result) {
  std::string text;
  if (options.rate > 0) {
    text +=
        fmt::format("{} a second were to begin; {} did not, since no client was free\n", options.rate, result.missed);
  }
  if (result.busy_answers > 0)
    text += fmt::format("of {} answers {} were busy, and asked again\n", result.answers, result.busy_answers);
  for (std::size_t word = 0; word < result.errors.size(); ++word) {
    const auto name = error_word(word);
    if (result.errors[word] > 0 && name) text += fmt::format("  {}: {}\n", parley::text(*name), result.errors[word]);
  }
  text += fmt::format("{:<8} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}   microseconds\n", "", "requests", "p50", "p90",
                      "p99", "p99.9", "max");
  text += latency_row("all", result.latency);
  for (std::size_t kind = 0; kind < result.latency_by_kind.size(); ++kind) {
    const obs::Histogram& latency = result.latency_by_kind[kind];
    if (latency.count() > 0) text += latency_row(operation_kinds()[kind].name, latency);
  }
  return text;
}

// --- CSV

std::string csv_row(const char* phase, std::string_view target, const Second& second) {
  const SecondRow row = row_of(second);
  return fmt::format("{},{:.3f},{},{},{},{:.1f},{},{},{},{}\n", phase, in_seconds(row.at_us), target, row.ops,
                     row.errors, per_second(row.ops, row.elapsed_us), row.p50_us, row.p90_us, row.p99_us, row.max_us);
}

}  // namespace

std::string load_table(const LoadReport& report) {
  const LoadOptions& options = report.options;
  const LoadResult all = sum(report.results);
  const bool has_several = report.targets.size() > 1;
  std::string text = fmt::format(
      "{} with {} outstanding each on {}, {}, values of {} bytes, {} keys ({}), {} reads, {}\n",
      plural(options.clients, "client"), options.outstanding, plural(options.sockets, "socket"), options.mix.text(),
      options.value_size.text(), options.keys, options.distribution.text(), read_name(options.read), report.durability);
  if (has_several) text += fmt::format("{} targets, each with that; all together:\n", report.targets.size());
  text += summary(all) + result_table(options, all);
  for (std::size_t at = 0; has_several && at < report.targets.size(); ++at) {
    const LoadResult& result = report.results[at];
    text += fmt::format("\n{}\n{}{}", report.targets[at].name, summary(result), result_table(options, result));
  }
  return text + fmt::format("this process took {:.2f} us of processor time for each\n", report.cpu_us_per_op);
}

std::string load_json(const LoadReport& report) {
  const bool has_several = report.targets.size() > 1;
  const LoadResult all = sum(report.results);
  Json json = {{"clients", report.options.clients * report.targets.size()}};
  add_measured(json, all);
  json["durability"] = report.durability;
  if (!report.preset.empty()) json["preset"] = report.preset;
  json.update(options_json(report.options));
  json["client_cpu_us_per_op"] = report.cpu_us_per_op;
  add_parts(json, all);
  json["each_second"] = seconds_json(report.seconds);
  if (has_several) json["targets"] = Json::array();
  for (std::size_t at = 0; has_several && at < report.targets.size(); ++at) {
    Json target = {{"target", report.targets[at].name}, {"clients", report.options.clients}};
    add_measured(target, report.results[at]);
    add_parts(target, report.results[at]);
    target["each_second"] = seconds_json(report.results[at].seconds);
    json["targets"].push_back(std::move(target));
  }
  return json.dump();
}

std::string progress_line(const char* phase, const Second& second) {
  const SecondRow row = row_of(second);
  std::string line = fmt::format("{} {:>4.0f} s: {:>8.0f} a second", phase, in_seconds(row.at_us),
                                 per_second(row.ops, row.elapsed_us));
  if (second.latency.count() > 0) line += fmt::format(", p50 {} us, p99 {} us", row.p50_us, row.p99_us);
  return line + fmt::format(", {} errors\n", row.errors);
}

std::string csv_header() { return "phase,second,target,ops,errors,throughput,p50_us,p90_us,p99_us,max_us\n"; }

std::string csv_rows(const char* phase, const std::vector<TargetName>& targets, const std::vector<Second>& seconds) {
  std::string text;
  for (std::size_t at = 0; at < seconds.size(); ++at) text += csv_row(phase, targets[at].name, seconds[at]);
  if (seconds.size() > 1) text += csv_row(phase, "all", sum(seconds));
  return text;
}

}  // namespace parley::client::load
