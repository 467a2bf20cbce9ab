#pragma once
#include <cstdint>
#include <optional>

#include "common/base/bytes.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"

/// What every frame begins with, whatever it carries: version, kind, cluster. PROTOCOL.md has the grammar.
namespace parley::wire {

/// The version that this side speaks. It changes whenever a byte that an older side sends or expects changes its
/// meaning.
inline constexpr std::uint64_t protocol_version = 1;

/// The numbers stand on the wire.
enum class FrameKind : std::uint8_t { request = 1, reply = 2, peer = 3, range_request = 4, range_reply = 5 };

/// The first three values of a frame keep their place in every version, so that a side can say what it was sent even if
/// it cannot read the rest.
struct FrameHead {
  std::uint64_t version = 0;
  std::uint64_t kind = 0;  ///< as it stands there; may be no FrameKind
  ClusterId cluster;
};

/// Reads the head alone, without looking at the rest. Nothing if the bytes do not begin with one. Never throws, never
/// allocates more than a few bytes. Thread-safe, as everything in wire.
[[nodiscard]] std::optional<FrameHead> peek_frame(BytesView frame);

/// True for a frame that has a head, of another version than ours.
[[nodiscard]] bool is_other_version(BytesView frame);

/// ErrorCode::protocol unless the head is there, of our version and of this kind; the text names what was found and
/// what was expected. Every decoder asks it first.
[[nodiscard]] Status check_head(BytesView frame, FrameKind expected);

}  // namespace parley::wire
