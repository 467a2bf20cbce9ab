#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/engine_limits.hpp"

namespace parley::app {

/// What apply depends on and every replica must agree in. It stands in the first entry of a cluster
/// (EntryKind::settings) and changes by a later one; engine, slot and session window never change, and with engine
/// `disk` the quota never falls. The limits may be lowered below those of base/limits.hpp, never raised above them.
struct Settings {
  std::string engine = "lmdb";                            ///< `lmdb`, `memory` or `disk`
  std::uint32_t slot = limits::slot_bytes;                              ///< bytes per record with engine `disk`
  std::uint64_t quota_bytes = limits::quota_bytes;        ///< of key-value rows, each with its overhead
  std::uint32_t key_bytes = limits::key_bytes;            ///< longest key that may be written
  std::uint32_t value_bytes = limits::value_bytes;        ///< longest value that may be written
  std::uint32_t session_window = limits::session_window;  ///< unanswered commands of a session
  std::uint32_t sessions = limits::sessions;              ///< open at once; one more closes the least recently used
  friend bool operator==(const Settings&, const Settings&) = default;
};

/// What is wrong with them, naming the flag; nothing if they can be used.
[[nodiscard]] std::optional<std::string> problem_of(const Settings& settings);

/// The payload of a settings entry; COMMANDS.md has the bytes.
[[nodiscard]] Bytes encode_settings(const Settings& settings);
/// Nothing if the bytes are no settings, or such that cannot be used.
[[nodiscard]] std::optional<Settings> decode_settings(BytesView bytes);

/// One text for each field that differs, with its flag and both values; empty if they are equal.
[[nodiscard]] std::vector<std::string> difference(const Settings& ours, const Settings& clusters);

}  // namespace parley::app
