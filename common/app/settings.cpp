#include "common/app/settings.hpp"

#include <algorithm>
#include <array>

#include "common/base/byte_codec.hpp"
#include "common/base/engine_limits.hpp"

namespace parley::app {
namespace {

constexpr std::uint8_t settings_version = 1;
constexpr std::array<std::string_view, 3> engines = {"lmdb", "memory", "disk"};

/// A field that is a number, as flags and problems show it.
struct NumberField {
  std::string_view flag;
  std::uint64_t value;
  std::uint64_t low;
  std::uint64_t high;
};

std::array<NumberField, 6> number_fields(const Settings& settings) {
  const std::uint64_t least_slot = settings.engine == "disk" ? limits::least_slot_bytes : 1;
  return {{{"-slot", settings.slot, least_slot, limits::value_bytes},
           {"-quota", settings.quota_bytes, 1, std::uint64_t{1} << 50},
           {"-key-bytes", settings.key_bytes, 1, limits::key_bytes},
           {"-value-bytes", settings.value_bytes, 1, limits::value_bytes},
           {"-session-window", settings.session_window, 1, limits::session_window},
           {"-sessions", settings.sessions, 1, limits::sessions}}};
}

std::string differs(std::string_view flag, const std::string& ours, const std::string& clusters) {
  return std::string(flag) + " is " + ours + " here and " + clusters + " in the cluster";
}

}  // namespace

std::optional<std::string> problem_of(const Settings& settings) {
  if (std::ranges::find(engines, settings.engine) == engines.end()) {
    return "-engine is " + settings.engine + ", not one of lmdb, memory, disk";
  }
  for (const NumberField& field : number_fields(settings)) {
    if (field.value >= field.low && field.value <= field.high) continue;
    return std::string(field.flag) + " is " + std::to_string(field.value) + ", not from " + std::to_string(field.low) +
           " to " + std::to_string(field.high);
  }
  return std::nullopt;
}

Bytes encode_settings(const Settings& settings) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.number(settings_version).sized(settings.engine).number(settings.slot).number(settings.quota_bytes);
  out.number(settings.key_bytes).number(settings.value_bytes);
  out.number(settings.session_window).number(settings.sessions);
  return bytes;
}

std::optional<Settings> decode_settings(BytesView bytes) {
  ByteReader in(bytes);
  if (in.number<std::uint8_t>() != settings_version) return std::nullopt;
  Settings settings;
  settings.engine = in.sized();
  settings.slot = in.number<std::uint32_t>();
  settings.quota_bytes = in.number<std::uint64_t>();
  settings.key_bytes = in.number<std::uint32_t>();
  settings.value_bytes = in.number<std::uint32_t>();
  settings.session_window = in.number<std::uint32_t>();
  settings.sessions = in.number<std::uint32_t>();
  if (!in.done() || problem_of(settings)) return std::nullopt;
  return settings;
}

std::vector<std::string> difference(const Settings& ours, const Settings& clusters) {
  std::vector<std::string> differences;
  if (ours.engine != clusters.engine) differences.push_back(differs("-engine", ours.engine, clusters.engine));
  const auto our_numbers = number_fields(ours);
  const auto cluster_numbers = number_fields(clusters);
  for (std::size_t i = 0; i < our_numbers.size(); ++i) {
    if (our_numbers[i].value == cluster_numbers[i].value) continue;
    differences.push_back(
        differs(our_numbers[i].flag, std::to_string(our_numbers[i].value), std::to_string(cluster_numbers[i].value)));
  }
  return differences;
}

}  // namespace parley::app
