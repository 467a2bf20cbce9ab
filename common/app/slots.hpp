#pragma once
#include <cstdint>
#include <optional>

#include "common/app/settings.hpp"
#include "common/base/bytes.hpp"

/// Where the engine `disk` keeps a value: at key times slot in one file. What follows from that for keys and values is
/// part of what apply computes, so it never changes.
namespace parley::app {

/// Bytes of a slot before its value: u32 length, u64 checksum.
inline constexpr std::uint32_t slot_head_bytes = 12;

/// The number that a key is, as people write it: digits without leading zeros, so that no two keys are the same number.
/// Nothing if it is none. One that does not fit 64 bits is the greatest of these.
[[nodiscard]] std::optional<std::uint64_t> slot_of(BytesView key);

/// As many as the quota has room for: keys are below it.
[[nodiscard]] inline std::uint64_t slots(const Settings& settings) { return settings.quota_bytes / settings.slot; }
/// Bytes of the longest value that fits.
[[nodiscard]] inline std::uint32_t slot_value_bytes(std::uint32_t slot) {
  return slot - (slot < slot_head_bytes ? slot : slot_head_bytes);
}

}  // namespace parley::app
