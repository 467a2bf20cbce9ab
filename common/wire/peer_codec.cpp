#include "common/wire/peer_codec.hpp"

#include <variant>

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"
#include "common/wire/image_codec.hpp"
#include "common/wire/message_codec.hpp"
#include "common/wire/value_reader.hpp"
#include "common/wire/value_writer.hpp"

namespace parley::wire {
namespace {

/// The numbers stand on the wire.
enum class BodyKind : std::uint64_t {
  hello = 0,
  refused = 1,
  batch = 2,
  image_offer = 3,
  image_chunk = 4,
  image_progress = 5
};

/// Values of a frame before those of its kind: the head, from, boot, to, kind.
constexpr std::size_t common_values = 7;

struct BodyWriter {
  ValueWriter& out;
  const PeerHeader& header;

  void open(BodyKind kind, std::size_t values) const {
    out.head(common_values + values, FrameKind::peer, header.cluster);
    out.number(header.from).number(header.boot).number(header.to).number(static_cast<std::uint64_t>(kind));
  }
  void operator()(const Hello& hello) const {
    open(BodyKind::hello, 3);
    out.text(hello.name).text(hello.raft_address).number(hello.answers);
  }
  void operator()(const HelloRefused& refused) const {
    open(BodyKind::refused, 1);
    out.explanation(refused.reason);
  }
  void operator()(const MessageBatch& batch) const {
    ENSURE_LE(batch.messages.size(), limits::messages_per_frame);
    open(BodyKind::batch, 1);
    out.array(batch.messages.size());
    for (const raft::Message& message : batch.messages) write_message(out, message);
  }
  void operator()(const transfer::Message& message) const { std::visit(*this, message); }
  void operator()(const transfer::ImageOffer& offer) const {
    open(BodyKind::image_offer, 1 + image_head_values);
    out.number(offer.id);
    write_image_head(out, offer.head);
  }
  void operator()(const transfer::ImageChunk& chunk) const {
    open(BodyKind::image_chunk, 1 + image_chunk_values);
    out.number(chunk.id);
    write_image_chunk(out, chunk);
  }
  void operator()(const transfer::ImageProgress& progress) const {
    open(BodyKind::image_progress, 4);
    out.number(progress.id).number(static_cast<std::uint64_t>(progress.phase)).number(progress.next);
    out.number(progress.credit);
  }
};

MessageBatch read_batch(ValueReader& in, const PeerHeader& header) {
  MessageBatch batch;
  const std::size_t messages = in.array(limits::messages_per_frame, "list of messages");
  batch.messages.reserve(messages);
  for (std::size_t i = 0; i < messages && in.ok(); ++i) {
    batch.messages.push_back(read_message(in));
    batch.messages.back().from = header.from;
    batch.messages.back().to = header.to;
  }
  return batch;
}

transfer::TransferId read_transfer(ValueReader& in) { return {in.number("transfer")}; }

transfer::ImageProgress read_progress(ValueReader& in) {
  transfer::ImageProgress progress;
  progress.id = read_transfer(in);
  progress.phase = static_cast<transfer::ImagePhase>(in.number(transfer::last_image_phase, "phase of a transfer"));
  progress.next = in.number("chunk that is wanted");
  progress.credit = in.number("credit");
  return progress;
}

void read_body(ValueReader& in, PeerFrame& frame, std::uint64_t kind) {
  const auto expect = [&](std::size_t values, std::string_view what) {
    in.expect_size(in.frame_size(), common_values + values, what);
  };
  switch (static_cast<BodyKind>(kind)) {
    case BodyKind::hello: {
      expect(3, "greeting");
      Hello hello;
      hello.name = in.text(limits::node_name_bytes, "name of a greeting");
      hello.raft_address = in.text(limits::address_bytes, "address of a greeting");
      hello.answers = BootId{in.number("boot that a greeting answers")};
      frame.body = std::move(hello);
      return;
    }
    case BodyKind::refused:
      expect(1, "refusal");
      frame.body = HelloRefused{in.text(limits::explanation_bytes, "reason of a refusal")};
      return;
    case BodyKind::batch:
      expect(1, "batch");
      frame.body = read_batch(in, frame.header);
      return;
    case BodyKind::image_offer:
      expect(1 + image_head_values, "offer of an image");
      frame.body = transfer::ImageOffer{read_transfer(in), read_image_head(in)};
      return;
    case BodyKind::image_chunk:
      expect(1 + image_chunk_values, "chunk of an image");
      frame.body = read_image_chunk(in, read_transfer(in));
      return;
    case BodyKind::image_progress:
      expect(4, "progress of an image");
      frame.body = read_progress(in);
      return;
  }
  in.refuse("peer frame of unknown kind " + std::to_string(kind));
}

std::size_t expected_bytes(const PeerFrame& frame) {
  std::size_t bytes = peer_frame_overhead_bytes;
  if (const auto* batch = std::get_if<MessageBatch>(&frame.body)) {
    for (const raft::Message& message : batch->messages) bytes += size_bound(message);
  } else if (const auto* message = std::get_if<transfer::Message>(&frame.body)) {
    const auto* chunk = std::get_if<transfer::ImageChunk>(message);
    const auto* offer = std::get_if<transfer::ImageOffer>(message);
    bytes += chunk != nullptr ? chunk->rows.size() : offer != nullptr ? offer->head.membership.size() : 0;
  }
  return bytes;
}

}  // namespace

Bytes encode(const PeerFrame& frame) {
  ValueWriter out(expected_bytes(frame));
  std::visit(BodyWriter{out, frame.header}, frame.body);
  return out.take();
}

Result<PeerFrame> decode_peer_frame(SharedBytes frame) {
  PeerFrame decoded;
  if (const auto head = peek_frame(frame.view())) decoded.header.cluster = head->cluster;
  ValueReader in(std::move(frame), FrameKind::peer);
  decoded.header.from = ServerId{in.number("sender")};
  decoded.header.boot = BootId{in.number("boot of the sender")};
  decoded.header.to = ServerId{in.number("receiver")};
  read_body(in, decoded, in.number("kind of a peer frame"));
  if (const Status done = in.finish(); !done) return std::unexpected(done.error());
  return decoded;
}

}  // namespace parley::wire
