#include "common/wire/range_codec.hpp"

#include <limits>
#include <variant>

#include "common/base/ensure.hpp"
#include "common/base/range_limits.hpp"
#include "common/wire/image_codec.hpp"
#include "common/wire/value_reader.hpp"
#include "common/wire/value_writer.hpp"

namespace parley::wire {
namespace {

/// The numbers stand on the wire. They go on from those of clients' requests and replies, and what both have is the
/// same.
enum class RequestKind : std::uint64_t { head = 8, entries = 9, credit = 10, cancel = 11, image = 12, truncate = 13 };
enum class ReplyKind : std::uint64_t {
  error = 1,
  done = 2,
  head = 6,
  entries = 7,
  image_head = 8,
  image_rows = 9,
  votes = 10,
  alive = 11,
};

/// Values of a frame before those of its kind: the head, id, deadline, kind; the head, source, id, kind.
constexpr std::size_t request_values = 6;
constexpr std::size_t reply_values = 6;

/// What an entry takes at least: common/transfer/range_block.hpp.
constexpr std::size_t least_entry_bytes = 8 + 1 + 8 + 8 + 4;

struct RequestWriter {
  ValueWriter& out;
  const RangeRequest& request;

  ValueWriter& open(RequestKind kind, std::size_t values) const {
    out.head(request_values + values, FrameKind::range_request, request.cluster);
    return out.number(request.id).number(request.deadline_ms).number(static_cast<std::uint64_t>(kind));
  }
  void operator()(const HeadRequest&) const { open(RequestKind::head, 0); }
  void operator()(const EntriesRequest& body) const {
    open(RequestKind::entries, 3).number(body.from).number(body.to).number(body.window);
  }
  void operator()(const CreditRequest& body) const { open(RequestKind::credit, 1).number(body.total); }
  void operator()(const CancelRequest&) const { open(RequestKind::cancel, 0); }
  void operator()(const ImageRequest& body) const {
    open(RequestKind::image, 3).number(body.index).number(body.sequence).number(body.window);
  }
  void operator()(const TruncateRequest& body) const {
    open(RequestKind::truncate, 3).number(body.server).text(body.name).number(body.first_kept);
  }
};

struct ReplyWriter {
  ValueWriter& out;
  const RangeReply& reply;

  ValueWriter& open(ReplyKind kind, std::size_t values) const {
    out.head(reply_values + values, FrameKind::range_reply, reply.cluster);
    return out.text(reply.source).number(reply.id).number(static_cast<std::uint64_t>(kind));
  }
  void operator()(const RangeErrorReply& body) const {
    ENSURE(body.error != ErrorWord::ok);
    open(ReplyKind::error, 4).number(static_cast<std::uint64_t>(body.error)).explanation(body.detail);
    out.number(body.retry_after_ms).number(body.first);
  }
  void operator()(const RangeDoneReply&) const { open(ReplyKind::done, 0); }
  void operator()(const HeadReply& body) const {
    const transfer::RangeHead& head = body.head;
    ENSURE_LE(head.gaps.size(), limits::range_gaps);
    ENSURE_LE(head.images.size(), limits::range_images);
    open(ReplyKind::head, 10).number(static_cast<std::uint64_t>(head.kind));
    out.number(head.first).bytes(head.before.view()).number(head.last.index).number(head.last.term);
    out.number(head.last.time.cluster_us).number(head.last.time.wall_us).bytes(head.last.digest.view());
    out.array(head.gaps.size());
    for (const transfer::IndexRange& gap : head.gaps) out.array(2).number(gap.from).number(gap.to);
    out.array(head.images.size());
    for (const Index image : head.images) out.number(image);
  }
  void operator()(const EntriesReply& body) const {
    const transfer::EntryChunk& chunk = body.chunk;
    open(ReplyKind::entries, 7).number(chunk.first).bytes(chunk.before.view()).bytes(chunk.after.view());
    out.boolean(chunk.is_last).number(chunk.checksum).number(chunk.count).bytes(chunk.block.view());
  }
  void operator()(const ImageHeadReply& body) const {
    open(ReplyKind::image_head, image_head_values);
    write_image_head(out, body.head);
  }
  void operator()(const ImageRowsReply& body) const {
    open(ReplyKind::image_rows, image_chunk_values);
    write_image_chunk(out, body.chunk);
  }
  void operator()(const VotesReply& body) const {
    open(ReplyKind::votes, 3).number(body.votes).number(body.members).number(body.lowest);
  }
  void operator()(const AliveReply& body) const { open(ReplyKind::alive, 1).number(body.last); }
};

std::uint32_t small_number(ValueReader& in, std::string_view what) {
  return static_cast<std::uint32_t>(in.number(UINT32_MAX, what));
}

/// Braces evaluate from left to right, so that fields may be read in the initialiser of their struct.
RangeRequestBody read_request_body(ValueReader& in, std::uint64_t kind) {
  const auto expect = [&](std::size_t values, std::string_view what) {
    in.expect_size(in.frame_size(), request_values + values, what);
  };
  switch (static_cast<RequestKind>(kind)) {
    case RequestKind::head: expect(0, "head request"); return HeadRequest{};
    case RequestKind::entries:
      expect(3, "entries request");
      return EntriesRequest{Index{in.number("first entry that is wanted")}, Index{in.number("last entry")},
                            in.number("window")};
    case RequestKind::credit: expect(1, "credit"); return CreditRequest{in.number("credit")};
    case RequestKind::cancel: expect(0, "cancel request"); return CancelRequest{};
    case RequestKind::image:
      expect(3, "image request");
      return ImageRequest{Index{in.number("index of an image")}, in.number("first chunk that is wanted"),
                          in.number("window")};
    case RequestKind::truncate:
      expect(3, "truncate request");
      return TruncateRequest{ServerId{in.number("server of a vote")},
                             in.text(limits::node_name_bytes, "name of a member"),
                             Index{in.number("first entry to be kept")}};
  }
  in.refuse("range request of unknown kind " + std::to_string(kind));
  return HeadRequest{};
}

RangeErrorReply read_error(ValueReader& in) {
  RangeErrorReply reply;
  const std::uint64_t number = in.number("error word");
  const auto word = error_word(number);
  if (!word || *word == ErrorWord::ok) in.refuse("unknown error word " + std::to_string(number));
  reply.error = word.value_or(ErrorWord::invalid);
  reply.detail = in.text(limits::explanation_bytes, "detail of an error");
  reply.retry_after_ms = small_number(in, "retry hint of an error");
  reply.first = Index{in.number("first entry that is there")};
  return reply;
}

HeadReply read_head(ValueReader& in) {
  transfer::RangeHead head;
  head.kind = static_cast<transfer::SourceKind>(in.number(transfer::last_source_kind, "kind of a source"));
  head.first = Index{in.number("first entry")};
  head.before = in.digest("digest before the first entry");
  head.last.index = Index{in.number("last entry")};
  head.last.term = Term{in.number("term of the last entry")};
  head.last.time.cluster_us = in.number("cluster time of the last entry");
  head.last.time.wall_us = in.number("wall time of the last entry");
  head.last.digest = in.digest("digest of the last entry");
  const std::size_t gaps = in.array(limits::range_gaps, "list of gaps");
  head.gaps.reserve(gaps);
  for (std::size_t i = 0; i < gaps && in.ok(); ++i) {
    in.array_of(2, "gap");
    head.gaps.push_back({Index{in.number("begin of a gap")}, Index{in.number("end of a gap")}});
  }
  const std::size_t images = in.array(limits::range_images, "list of images");
  head.images.reserve(images);
  for (std::size_t i = 0; i < images && in.ok(); ++i) head.images.push_back(Index{in.number("index of an image")});
  return {std::move(head)};
}

EntriesReply read_entries(ValueReader& in) {
  transfer::EntryChunk chunk;
  chunk.first = Index{in.number("first entry of a chunk")};
  chunk.before = in.digest("digest before a chunk");
  chunk.after = in.digest("digest after a chunk");
  chunk.is_last = in.boolean("end of a range");
  chunk.checksum = in.number("checksum of a chunk");
  chunk.count = static_cast<std::uint32_t>(in.number(limits::range_chunk_entries, "number of entries"));
  chunk.block = in.bytes(limits::range_block_bytes, "entries of a chunk");
  const bool fits = chunk.count > 0 && chunk.count <= chunk.block.size() / least_entry_bytes;
  if (!fits) in.refuse("a chunk cannot have as many entries as it says");
  if (chunk.first.value == 0 || chunk.first.value > std::numeric_limits<std::uint64_t>::max() - chunk.count)
    in.refuse("the entries of a chunk have no indexes");
  return {std::move(chunk)};
}

RangeReplyBody read_reply_body(ValueReader& in, std::uint64_t id, std::uint64_t kind) {
  const auto expect = [&](std::size_t values, std::string_view what) {
    in.expect_size(in.frame_size(), reply_values + values, what);
  };
  switch (static_cast<ReplyKind>(kind)) {
    case ReplyKind::error: expect(4, "error reply"); return read_error(in);
    case ReplyKind::done: expect(0, "done reply"); return RangeDoneReply{};
    case ReplyKind::head: expect(10, "head reply"); return read_head(in);
    case ReplyKind::entries: expect(7, "entries reply"); return read_entries(in);
    case ReplyKind::image_head:
      expect(image_head_values, "head of an image");
      return ImageHeadReply{read_image_head(in)};
    case ReplyKind::image_rows:
      expect(image_chunk_values, "rows of an image");
      return ImageRowsReply{read_image_chunk(in, transfer::TransferId{id})};
    case ReplyKind::votes:
      expect(3, "votes reply");
      return VotesReply{small_number(in, "number of votes"), small_number(in, "number of members"),
                        Index{in.number("first entry to be kept")}};
    case ReplyKind::alive: expect(1, "alive reply"); return AliveReply{Index{in.number("last entry")}};
  }
  in.refuse("range reply of unknown kind " + std::to_string(kind));
  return RangeDoneReply{};
}

std::size_t expected_bytes(const RangeReply& reply) {
  constexpr std::size_t envelope = 512;
  if (const auto* entries = std::get_if<EntriesReply>(&reply.body)) return envelope + entries->chunk.block.size();
  if (const auto* image = std::get_if<ImageRowsReply>(&reply.body)) return envelope + image->chunk.rows.size();
  return envelope;
}

}  // namespace

Bytes encode(const RangeRequest& request) {
  ValueWriter out(128);
  std::visit(RequestWriter{out, request}, request.body);
  return out.take();
}

Bytes encode(const RangeReply& reply) {
  ValueWriter out(expected_bytes(reply));
  std::visit(ReplyWriter{out, reply}, reply.body);
  return out.take();
}

Result<RangeRequest> decode_range_request(SharedBytes frame) {
  RangeRequest decoded;
  if (const auto head = peek_frame(frame.view())) decoded.cluster = head->cluster;
  ValueReader in(std::move(frame), FrameKind::range_request);
  decoded.id = in.number("id of a request");
  decoded.deadline_ms = small_number(in, "deadline of a request");
  decoded.body = read_request_body(in, in.number("kind of a request"));
  if (const Status done = in.finish(); !done) return std::unexpected(done.error());
  return decoded;
}

Result<RangeReply> decode_range_reply(SharedBytes frame) {
  RangeReply decoded;
  if (const auto head = peek_frame(frame.view())) decoded.cluster = head->cluster;
  ValueReader in(std::move(frame), FrameKind::range_reply);
  decoded.source = in.text(limits::node_name_bytes, "name of the source");
  decoded.id = in.number("id of a reply");
  decoded.body = read_reply_body(in, decoded.id, in.number("kind of a reply"));
  if (const Status done = in.finish(); !done) return std::unexpected(done.error());
  return decoded;
}

}  // namespace parley::wire
