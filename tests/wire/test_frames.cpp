#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <functional>

#include "common/base/hex.hpp"
#include "common/base/limits.hpp"
#include "common/wire/client_codec.hpp"
#include "common/wire/peer_codec.hpp"
#include "tests/wire/samples.hpp"

using namespace parley;
using namespace parley::wire;

namespace {

/// True if `part` lies within `whole`: it was not copied.
bool is_slice(const SharedBytes& part, const SharedBytes& whole) {
  return part.view().data() >= whole.view().data() &&
         part.view().data() + part.size() <= whole.view().data() + whole.size();
}

}  // namespace

TEST_CASE("every request has golden bytes, fits its bound and survives the wire") {
  for (const auto& sample : samples::requests()) {
    DYNAMIC_SECTION(sample.name) {
      const RequestFrame frame = samples::frame_of(sample.request);
      const Bytes bytes = encode(frame);
      CHECK(to_hex(bytes) == sample.golden);
      CHECK(bytes.size() <= frame_overhead_bytes + size_bound(sample.request));
      CHECK(bytes.size() - encode(RequestFrame{samples::cluster(), {}}).size() <= size_bound(sample.request));
      const auto decoded = decode_request_frame(SharedBytes(bytes));
      REQUIRE(decoded);
      CHECK(*decoded == frame);
    }
  }
}

TEST_CASE("what is kept of a frame of requests does not keep the frame, unless it is most of it") {
  RequestFrame frame{samples::cluster(), {}};
  const auto add = [&frame](RequestBody body) { frame.requests.push_back({1, 0, std::move(body)}); };
  const std::size_t large = GENERATE(200, 1000, 100'000);
  add(WriteRequest{SharedBytes(Bytes(40, 'a'))});
  add(WriteRequest{SharedBytes(Bytes(large, 'b'))});
  add(ReadRequest{ReadMode::stale, SharedBytes(Bytes(30, 'c'))});
  const SharedBytes bytes(encode(frame));
  const auto decoded = decode_request_frame(bytes);
  REQUIRE(decoded);
  CHECK(*decoded == frame);
  const auto lies_within = [&](const SharedBytes& part) {
    const std::less_equal<const char*> before;
    return before(bytes.view().data(), part.view().data()) && before(part.view().data(), &bytes.view().back());
  };
  CHECK_FALSE(lies_within(std::get<WriteRequest>(decoded->requests[0].body).command));
  CHECK(lies_within(std::get<WriteRequest>(decoded->requests[1].body).command) == (2 * large >= bytes.size()));
  CHECK_FALSE(lies_within(std::get<ReadRequest>(decoded->requests[2].body).query));
}

TEST_CASE("every reply has golden bytes, fits its bound and survives the wire") {
  for (const auto& sample : samples::replies()) {
    DYNAMIC_SECTION(sample.name) {
      const ReplyFrame frame = samples::frame_of(sample.reply);
      const Bytes bytes = encode(frame);
      CHECK(to_hex(bytes) == sample.golden);
      ReplyFrame empty = frame;
      empty.replies.clear();
      CHECK(bytes.size() - encode(empty).size() <= size_bound(sample.reply));
      const auto decoded = decode_reply_frame(SharedBytes(bytes));
      REQUIRE(decoded);
      CHECK(*decoded == frame);
    }
  }
}

TEST_CASE("every peer frame has golden bytes, fits its bound and survives the wire") {
  for (const auto& sample : samples::peer_frames()) {
    DYNAMIC_SECTION(sample.name) {
      const Bytes bytes = encode(sample.frame);
      CHECK(to_hex(bytes) == sample.golden);
      if (const auto* batch = std::get_if<MessageBatch>(&sample.frame.body)) {
        std::size_t bound = peer_frame_overhead_bytes;
        for (const auto& message : batch->messages) bound += size_bound(message);
        CHECK(bytes.size() <= bound);
      }
      const auto decoded = decode_peer_frame(SharedBytes(bytes));
      REQUIRE(decoded);
      CHECK(*decoded == sample.frame);
    }
  }
}

TEST_CASE("one frame carries everything at once, in order") {
  RequestFrame requests{samples::cluster(), {}};
  for (const auto& sample : samples::requests()) requests.requests.push_back(sample.request);
  CHECK(*decode_request_frame(SharedBytes(encode(requests))) == requests);

  ReplyFrame replies{samples::cluster(), "n0", "", "", {}};
  for (const auto& sample : samples::replies()) replies.replies.push_back(sample.reply);
  CHECK(*decode_reply_frame(SharedBytes(encode(replies))) == replies);

  PeerFrame peer{{samples::cluster(), ServerId{1}, BootId{2}, ServerId{3}}, MessageBatch{}};
  for (const auto& sample : samples::peer_frames()) {
    const auto* batch = std::get_if<MessageBatch>(&sample.frame.body);
    if (batch == nullptr) continue;
    for (raft::Message message : batch->messages) {
      message.from = peer.header.from;
      message.to = peer.header.to;
      std::get<MessageBatch>(peer.body).messages.push_back(message);
    }
  }
  CHECK(*decode_peer_frame(SharedBytes(encode(peer))) == peer);
}

TEST_CASE("payloads are slices of the frame") {
  const SharedBytes request(
      encode(samples::frame_of(Request{1, 2, WriteRequest{samples::shared(std::string(100, 'c'))}})));
  const auto write = std::get<WriteRequest>(decode_request_frame(request)->requests.at(0).body);
  CHECK(is_slice(write.command, request));

  const SharedBytes reply(
      encode(samples::frame_of(Reply{1, AppReply{Index{2}, samples::shared(std::string(100, 'r'))}})));
  CHECK(is_slice(std::get<AppReply>(decode_reply_frame(reply)->replies.at(0).body).reply, reply));

  for (const auto& sample : samples::peer_frames()) {
    const SharedBytes bytes(encode(sample.frame));
    const auto decoded = decode_peer_frame(bytes);
    const auto* batch = std::get_if<MessageBatch>(&decoded->body);
    if (batch == nullptr || batch->messages.empty()) continue;
    if (const auto* append = std::get_if<raft::AppendRequest>(&batch->messages.at(0).body)) {
      for (const Entry& entry : append->entries) CHECK((entry.payload.empty() || is_slice(entry.payload, bytes)));
    }
    if (const auto* forwarded = std::get_if<raft::ForwardedProposal>(&batch->messages.at(0).body)) {
      for (const SharedBytes& command : forwarded->commands) CHECK((command.empty() || is_slice(command, bytes)));
    }
  }
}

TEST_CASE("payloads outlive the frame they came in") {
  SharedBytes command;
  {
    SharedBytes frame(encode(samples::frame_of(Request{1, 2, WriteRequest{samples::shared(std::string(5000, 'c'))}})));
    command = std::get<WriteRequest>(decode_request_frame(std::move(frame))->requests.at(0).body).command;
  }
  CHECK(command.view() == std::string(5000, 'c'));
}

TEST_CASE("the largest command, append and batch of requests go through") {
  const SharedBytes largest = samples::shared(std::string(limits::command_bytes, 'x'));
  const RequestFrame one = samples::frame_of(Request{1, 2, WriteRequest{largest}});
  CHECK(encode(one).size() <= limits::client_frame_bytes);
  CHECK(*decode_request_frame(SharedBytes(encode(one))) == one);

  const RequestFrame many{samples::cluster(),
                          std::vector<Request>(limits::requests_per_frame, samples::requests()[0].request)};
  CHECK(*decode_request_frame(SharedBytes(encode(many))) == many);

  raft::AppendRequest append{Index{10}, Term{1}, Index{0}, {}};
  std::size_t cost = 0;
  while (cost + entry_header_bytes <= limits::append_bytes) {
    append.entries.push_back(
        {Index{11 + append.entries.size()}, Term{1}, EntryKind::command, {1, 2}, samples::shared(""), {}});
    cost += entry_header_bytes;
  }
  append.entries.push_back({Index{11 + append.entries.size()}, Term{1}, EntryKind::command, {}, largest, {}});
  const PeerFrame frame{{samples::cluster(), ServerId{1}, BootId{2}, ServerId{3}},
                        MessageBatch{{{ServerId{1}, ServerId{3}, Term{1}, append}}}};
  const Bytes bytes = encode(frame);
  CHECK(bytes.size() <= limits::peer_frame_bytes);
  CHECK(*decode_peer_frame(SharedBytes(bytes)) == frame);
}

TEST_CASE("an explaining text is cut at its bound, between two characters") {
  const std::string prefix(limits::explanation_bytes - 1, 'a');
  const ReplyFrame frame = samples::frame_of(Reply{1, ErrorReply{ErrorWord::busy, prefix + "\xc3\xa9 and more", 0}});
  const auto decoded = decode_reply_frame(SharedBytes(encode(frame)));
  REQUIRE(decoded);
  CHECK(std::get<ErrorReply>(decoded->replies.at(0).body).detail == prefix);
}

TEST_CASE("a digest does not travel with an entry") {
  Entry entry{Index{2}, Term{1}, EntryKind::command, {3, 4}, samples::shared("p"), samples::digest(7)};
  const PeerFrame frame{
      {samples::cluster(), ServerId{1}, BootId{2}, ServerId{3}},
      MessageBatch{{{ServerId{1}, ServerId{3}, Term{1}, raft::AppendRequest{Index{1}, Term{1}, Index{0}, {entry}}}}}};
  const auto decoded = decode_peer_frame(SharedBytes(encode(frame)));
  REQUIRE(decoded);
  const auto& append = std::get<raft::AppendRequest>(std::get<MessageBatch>(decoded->body).messages.at(0).body);
  CHECK(append.entries.at(0).digest == Digest{});
  entry.digest = {};
  CHECK(append.entries.at(0) == entry);
}
