#pragma once
#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "common/wire/frame.hpp"
#include "common/wire/peer_frame.hpp"

/// Frames between replicas, to bytes and back. PROTOCOL.md has the grammar. Thread-safe; never throws.
namespace parley::wire {

/// At most limits::messages_per_frame messages, each one that fits_frame(). `from` and `to` of a message are not
/// written: they are the header's. A reason is cut at limits::explanation_bytes. The caller keeps the frame under
/// limits::peer_frame_bytes with size_bound().
[[nodiscard]] Bytes encode(const PeerFrame& frame);

/// False for a message that no receiver would take: too many entries or commands, or too many bytes in one or in all.
[[nodiscard]] bool fits_frame(const raft::Message& message);
/// The bytes that a message adds to a batch, at most; never less than it takes.
[[nodiscard]] std::size_t size_bound(const raft::Message& message);
/// What a frame takes before its first message, at most.
inline constexpr std::size_t peer_frame_overhead_bytes = 128;

/// ErrorCode::protocol, with a reason, for anything that does not follow the grammar to the last byte or is beyond a
/// bound. Payloads are slices of `frame` and keep it alive. Messages get `from` and `to` from the header. Whether
/// header and body make sense here (cluster, incarnation) is the caller's to judge.
[[nodiscard]] Result<PeerFrame> decode_peer_frame(SharedBytes frame);

}  // namespace parley::wire
