#pragma once
#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "common/wire/frame.hpp"
#include "common/wire/range_message.hpp"

/// Frames to and from a source of entries, to bytes and back. RANGES.md has the grammar. Thread-safe; never throws.
namespace parley::wire {

/// At most limits::range_request_bytes.
[[nodiscard]] Bytes encode(const RangeRequest& request);
/// At most limits::range_reply_bytes, if what it carries keeps to its bounds: a block of limits::range_block_bytes,
/// rows of limits::image_chunk_most_bytes, a membership of limits::membership_bytes, limits::range_gaps and
/// limits::range_images. An explaining text is cut at limits::explanation_bytes.
[[nodiscard]] Bytes encode(const RangeReply& reply);

/// ErrorCode::protocol, with a reason, for anything that does not follow the grammar to the last byte or is beyond a
/// bound.
[[nodiscard]] Result<RangeRequest> decode_range_request(SharedBytes frame);
/// The same. Blocks, rows and memberships are slices of `frame` and keep it alive; what is in them is the receiver's to
/// judge (common/transfer).
[[nodiscard]] Result<RangeReply> decode_range_reply(SharedBytes frame);

}  // namespace parley::wire
