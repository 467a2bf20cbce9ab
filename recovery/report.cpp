#include "recovery/report.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace parley::recovery {
namespace {

std::uint64_t per_second(std::uint64_t count, std::uint64_t time_us) {
  return static_cast<std::uint64_t>(static_cast<double>(count) * 1e6 /
                                    static_cast<double>(std::max<std::uint64_t>(time_us, 1)));
}

std::uint64_t install_us(const Outcome& outcome) { return outcome.installed ? outcome.installed->work_us : 0; }

const char* word(transfer::SourceKind kind) { return kind == transfer::SourceKind::node ? "node" : "logger"; }

/// A text in quotes; what came from outside may have any bytes.
std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

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
  return fmt::format(R"({{"address":{},"name":{},"kind":{},"entries":{},"bytes":{},"error":{}}})",
                     json_text(source.address), source.name.empty() ? "null" : json_text(source.name),
                     source.name.empty() ? "null" : json_text(word(source.kind)), source.entries, source.bytes,
                     source.trouble.empty() ? "null" : json_text(source.trouble));
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
  std::vector<std::string> fields;
  const auto field = [&fields](const char* name, const std::string& value) {
    fields.push_back(fmt::format("\"{}\":{}", name, value));
  };
  const auto number = [&field](const char* name, std::uint64_t value) { field(name, std::to_string(value)); };
  number("transfer_ns", outcome.transfer_us * 1000);
  number("install_ns", install_us(outcome) * 1000);
  number("state_bytes", outcome.bytes);
  number("commands", outcome.commands);
  number("total_ns", outcome.total_us * 1000);
  number("transfer_bytes_per_second", per_second(outcome.bytes, outcome.transfer_us));
  number("commands_per_second", per_second(outcome.commands, outcome.total_us));
  field("cluster", json_text(outcome.cluster.text()));
  field("image", plan.image ? std::to_string(plan.image->value) : "null");
  field("image_source", plan.image ? json_text(outcome.image_source) : "null");
  std::vector<std::string> gaps;
  for (const auto& gap : outcome.gaps) gaps.push_back(fmt::format("[{},{}]", gap.from.value, gap.to.value));
  field("gaps", fmt::format("[{}]", fmt::join(gaps, ",")));
  field("from", has_entries(plan) ? std::to_string(plan.first.value) : "null");
  field("to", has_entries(plan) ? std::to_string(plan.to.value) : "null");
  number("index", plan.to.value);
  field("digest", json_text(outcome.digest.text()));
  const auto& installed = outcome.installed;
  field("state", installed ? json_text(installed->meta.state.text()) : "null");
  field("keys", installed ? std::to_string(installed->meta.keys) : "null");
  field("used_bytes", installed ? std::to_string(installed->meta.used_bytes) : "null");
  field("incomplete", installed && installed->incomplete_key ? "true" : "false");
  field("last_complete", installed ? std::to_string(installed->last_complete.value) : "null");
  std::vector<std::string> sources;
  for (const SourceReport& source : report.sources) sources.push_back(source_object(source));
  field("sources", fmt::format("[{}]", fmt::join(sources, ",")));
  field("replay", json_text(report.replay));
  field("installed", installed ? "true" : "false");
  field("into", report.into.empty() ? "null" : json_text(report.into));
  return fmt::format("{{{}}}\n", fmt::join(fields, ","));
}

}  // namespace parley::recovery
