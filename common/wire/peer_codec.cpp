#include "common/wire/peer_codec.hpp"

#include <variant>

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"
#include "common/wire/message_codec.hpp"
#include "common/wire/value_reader.hpp"
#include "common/wire/value_writer.hpp"

namespace parley::wire {
namespace {

/// The numbers stand on the wire.
enum class BodyKind : std::uint64_t { hello = 0, refused = 1, batch = 2 };

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
  }
  in.refuse("peer frame of unknown kind " + std::to_string(kind));
}

std::size_t expected_bytes(const PeerFrame& frame) {
  std::size_t bytes = peer_frame_overhead_bytes;
  if (const auto* batch = std::get_if<MessageBatch>(&frame.body)) {
    for (const raft::Message& message : batch->messages) bytes += size_bound(message);
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
