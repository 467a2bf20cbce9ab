#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace parley {

/// The stable words by which a request is answered when it is not done. The numbers stand on the wire and in kept
/// replies. All but `timeout` mean that the request certainly had no effect; after `timeout` its outcome is unknown.
enum class ErrorWord : std::uint8_t {
  ok = 0,
  not_found = 1,
  mismatch = 2,
  busy = 3,
  no_leader = 4,
  too_large = 5,
  invalid = 6,
  denied = 7,
  exists = 8,
  not_member = 9,
  quota = 10,
  disk_full = 11,
  session_expired = 12,
  timeout = 13,
};

namespace detail {
inline constexpr std::array<std::string_view, 14> error_words = {
    "ok",     "not_found", "mismatch",   "busy",  "no_leader", "too_large",       "invalid",
    "denied", "exists",    "not_member", "quota", "disk_full", "session_expired", "timeout"};
}

[[nodiscard]] constexpr std::string_view text(ErrorWord word) {
  return detail::error_words[static_cast<std::size_t>(word)];
}

/// Nothing for a number that is no word: what comes from outside may be any.
[[nodiscard]] constexpr std::optional<ErrorWord> error_word(std::uint64_t number) {
  if (number >= detail::error_words.size()) return std::nullopt;
  return static_cast<ErrorWord>(number);
}

}  // namespace parley
