#include "recovery/report.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "common/base/json_object.hpp"

namespace parley::recovery {
namespace {

std::uint64_t per_second(std::uint64_t count, std::uint64_t time_us) {
  return static_cast<std::uint64_t>(static_cast<double>(count) * 1e6 /
                                    static_cast<double>(std::max<std::uint64_t>(time_us, 1)));
}

std::uint64_t install_us(const Outcome& outcome) { return outcome.installed ? outcome.installed->work_us : 0; }

const char* word(transfer::SourceKind kind) { return kind == transfer::SourceKind::node ? "node" : "logger"; }

bool has_entries(const Plan& plan) { return plan.first <= plan.to; }

/// Of the image or the entries: what the state is as of, if there is one.
std::string installed_line(const RunReport& report) {
  const Outcome& outcome = report.outcome;
  if (!outcome.installed)
    return "Installed: no, since no image leads to entry " + std::to_string(outcome.from.value) +
           "; transferred and verified";
  if (!report.into.empty()) return "Installed: " + report.into;
  return "Installed: in a temporary folder, and removed";
}

std::string source_line(const SourceReport& source) {
  std::string line = "Source: " + source.address;
  if (!source.name.empty()) line += fmt::format(" ({} {})", word(source.kind), source.name);
  line += fmt::format(", {} entries, {} bytes", source.entries, source.bytes);
  if (!source.trouble.empty()) line += "; " + source.trouble;
  return line;
}

std::string source_object(const SourceReport& source) {
  JsonObject json;
  json.text("address", source.address);
  if (source.name.empty()) {
    json.null("name").null("kind");
  } else {
    json.bytes("name", source.name).text("kind", word(source.kind));
  }
  json.number("entries", source.entries).number("bytes", source.bytes);
  if (source.trouble.empty()) {
    json.null("error");
  } else {
    json.bytes("error", source.trouble);
  }
  return std::move(json).done();
}

std::string gaps_array(const Outcome& outcome) {
  JsonArray gaps;
  for (const auto& gap : outcome.gaps) gaps.json(fmt::format("[{},{}]", gap.from.value, gap.to.value));
  return std::move(gaps).done();
}

std::string sources_array(const std::vector<SourceReport>& sources) {
  JsonArray array;
  for (const SourceReport& source : sources) array.json(source_object(source));
  return std::move(array).done();
}

}  // namespace

std::vector<SourceReport> report_of(Sources& sources) {
  std::vector<SourceReport> reports;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const Source& source = sources.at(i);
    reports.push_back({sources.name_of(i), source.name, source.head.kind, source.entries, source.bytes,
                       source.trouble ? source.trouble->what : ""});
  }
  return reports;
}

std::string report_lines(const RunReport& report) {
  const Outcome& outcome = report.outcome;
  std::string out;
  const auto line = [&out](const std::string& text) { out += text + "\n"; };
  line(fmt::format("Transfer Time (ns): {}", outcome.transfer_us * 1000));
  line(fmt::format("Install Time (ns): {}", install_us(outcome) * 1000));
  line(fmt::format("State Size (bytes): {}", outcome.bytes));
  line(fmt::format("Num of Commands: {}", outcome.commands));
  line(fmt::format("Total Time (ns): {}", outcome.total_us * 1000));
  line(fmt::format("Transfer Throughput (bytes/s): {}", per_second(outcome.bytes, outcome.transfer_us)));
  line(fmt::format("Throughput (commands/s): {}", per_second(outcome.commands, outcome.total_us)));
  line("Cluster: " + outcome.cluster.text());
  if (outcome.plan.image)
    line(fmt::format("Image: as of entry {}, from {}", outcome.plan.image->value, outcome.image_source));
  for (const auto& gap : outcome.gaps)
    line(fmt::format("Gap: entries {} to {} are at no source; the image is behind them", gap.from.value, gap.to.value));
  if (has_entries(outcome.plan)) {
    line(fmt::format("Entries: {} to {}", outcome.plan.first.value, outcome.plan.to.value));
  } else {
    line("Entries: none");
  }
  line(fmt::format("Index: {}", outcome.plan.to.value));
  line("Digest: " + outcome.digest.text());
  if (outcome.installed) {
    const app::Meta& meta = outcome.installed->meta;
    line("State: " + meta.state.text());
    line(fmt::format("Keys: {}, {} bytes with their overhead", meta.keys, meta.used_bytes));
    if (outcome.installed->incomplete_key)
      line(fmt::format("Incomplete: the archive is compacted, and has not all values; it has them as of entry {}",
                       outcome.installed->last_complete.value));
  }
  for (const SourceReport& source : report.sources) line(source_line(source));
  line("Replay: " + report.replay);
  line(installed_line(report));
  return out;
}

std::string report_json(const RunReport& report) {
  const Outcome& outcome = report.outcome;
  const Plan& plan = outcome.plan;
  JsonObject json;
  json.number("transfer_ns", outcome.transfer_us * 1000)
      .number("install_ns", install_us(outcome) * 1000)
      .number("state_bytes", outcome.bytes)
      .number("commands", outcome.commands)
      .number("total_ns", outcome.total_us * 1000)
      .number("transfer_bytes_per_second", per_second(outcome.bytes, outcome.transfer_us))
      .number("commands_per_second", per_second(outcome.commands, outcome.total_us))
      .text("cluster", outcome.cluster.text());
  if (plan.image) {
    json.number("image", plan.image->value).text("image_source", outcome.image_source);
  } else {
    json.null("image").null("image_source");
  }
  json.json("gaps", gaps_array(outcome));
  if (has_entries(plan)) {
    json.number("from", plan.first.value).number("to", plan.to.value);
  } else {
    json.null("from").null("to");
  }
  json.number("index", plan.to.value).text("digest", outcome.digest.text());
  if (const auto& installed = outcome.installed) {
    json.text("state", installed->meta.state.text())
        .number("keys", installed->meta.keys)
        .number("used_bytes", installed->meta.used_bytes)
        .truth("incomplete", installed->incomplete_key.has_value())
        .number("last_complete", installed->last_complete.value);
  } else {
    json.null("state").null("keys").null("used_bytes").truth("incomplete", false).null("last_complete");
  }
  json.json("sources", sources_array(report.sources))
      .text("replay", report.replay)
      .truth("installed", outcome.installed.has_value());
  if (report.into.empty()) {
    json.null("into");
  } else {
    json.bytes("into", report.into);
  }
  return std::move(json).done() + "\n";
}

}  // namespace parley::recovery
