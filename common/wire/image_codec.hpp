#pragma once
#include "common/base/limits.hpp"
#include "common/transfer/message.hpp"
#include "common/wire/value_reader.hpp"
#include "common/wire/value_writer.hpp"

/// What an image is of, and its rows, as they stand in frames of replicas and of sources. Internal to wire: it includes
/// msgpack.
namespace parley::wire {

inline constexpr std::size_t image_head_values = 7;
inline constexpr std::size_t image_chunk_values = 4;

inline void write_image_head(ValueWriter& out, const transfer::ImageHead& head) {
  out.number(head.index).number(head.term).bytes(head.digest.view());
  out.number(head.time.cluster_us).number(head.time.wall_us);
  out.number(head.membership_index).bytes(head.membership.view());
}

[[nodiscard]] inline transfer::ImageHead read_image_head(ValueReader& in) {
  transfer::ImageHead head;
  head.index = Index{in.number("index of an image")};
  head.term = Term{in.number("term of an image")};
  head.digest = in.digest("digest of an image");
  head.time.cluster_us = in.number("cluster time of an image");
  head.time.wall_us = in.number("wall time of an image");
  head.membership_index = Index{in.number("index of a membership")};
  head.membership = in.bytes(limits::membership_bytes, "membership of an image");
  return head;
}

/// Without its id.
inline void write_image_chunk(ValueWriter& out, const transfer::ImageChunk& chunk) {
  out.number(chunk.sequence).boolean(chunk.is_last).number(chunk.checksum).bytes(chunk.rows.view());
}

[[nodiscard]] inline transfer::ImageChunk read_image_chunk(ValueReader& in, transfer::TransferId id) {
  transfer::ImageChunk chunk;
  chunk.id = id;
  chunk.sequence = in.number("number of a chunk");
  chunk.is_last = in.boolean("end of an image");
  chunk.checksum = in.number("checksum of a chunk");
  chunk.rows = in.bytes(limits::image_chunk_most_bytes, "rows of a chunk");
  return chunk;
}

}  // namespace parley::wire
