#pragma once
#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "common/wire/client_message.hpp"
#include "common/wire/frame.hpp"

/// Frames between clients (and joiners) and nodes, to bytes and back. PROTOCOL.md has the grammar. Thread-safe; never
/// throws.
namespace parley::wire {

/// At most limits::requests_per_frame requests. The caller keeps the frame under limits::client_frame_bytes with
/// size_bound().
[[nodiscard]] Bytes encode(const RequestFrame& frame);
/// At most limits::replies_per_frame replies. Explaining texts are cut at limits::explanation_bytes; a role must be one
/// of those that MemberInfo lists. The caller keeps the frame under limits::reply_frame_bytes with size_bound().
[[nodiscard]] Bytes encode(const ReplyFrame& frame);

/// The bytes that a request or reply adds to a frame, at most; never less than it takes.
[[nodiscard]] std::size_t size_bound(const Request& request);
[[nodiscard]] std::size_t size_bound(const Reply& reply);
/// What a frame takes before its first request or reply, at most.
inline constexpr std::size_t frame_overhead_bytes = 1024;

/// ErrorCode::protocol, with a reason, for anything that does not follow the grammar to the last byte or is beyond a
/// bound; then nothing of the frame was taken. Commands, queries and settings are slices of `frame` and keep it alive.
[[nodiscard]] Result<RequestFrame> decode_request_frame(SharedBytes frame);
/// The same; replies of the application are slices of `frame`.
[[nodiscard]] Result<ReplyFrame> decode_reply_frame(SharedBytes frame);

}  // namespace parley::wire
