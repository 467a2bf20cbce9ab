#include <chrono>
#include <cstdio>
#include <string>

#include "common/wire/client_codec.hpp"
#include "common/wire/peer_codec.hpp"

/// Prints what it costs to code one frame with 256 small commands in it, in microseconds.
using namespace parley;
using namespace parley::wire;

namespace {

constexpr int rounds = 3000;
constexpr std::size_t commands = 256;

template <class Work>
void measure(const char* name, Work work) {
  std::size_t sum = 0;  // so that nothing is optimised away
  for (int i = 0; i < rounds / 10; ++i) sum += work();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) sum += work();
  const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - begin;
  std::printf("%-42s %8.2f us   (%zu)\n", name, spent.count() / rounds, sum / rounds);
}

SharedBytes command(std::size_t size) { return SharedBytes(Bytes(size, 'c')); }

template <class Frame, class Decode>
void measure_both(const std::string& name, const Frame& frame, Decode decode) {
  measure(("encode " + name).c_str(), [&] { return encode(frame).size(); });
  const SharedBytes bytes(encode(frame));
  measure(("decode " + name).c_str(), [&] { return decode(bytes) ? std::size_t{1} : std::size_t{0}; });
}

}  // namespace

int main() {
  RequestFrame requests;
  ReplyFrame replies;
  raft::AppendRequest append;
  raft::ForwardedProposal forwarded;
  for (std::size_t i = 0; i < commands; ++i) {
    requests.requests.push_back({1000000 + i, 5000, WriteRequest{command(160)}});
    replies.replies.push_back({1000000 + i, AppReply{Index{1000000 + i}, command(16)}});
    append.entries.push_back({Index{1 + i}, Term{3}, EntryKind::command, {i, i}, command(160), {}});
    forwarded.commands.push_back(command(160));
  }
  const auto batch = [](raft::MessageBody body) {
    return PeerFrame{{}, MessageBatch{{{ServerId{}, ServerId{}, Term{3}, std::move(body)}}}};
  };
  measure_both("256 write requests of 160 bytes", requests,
               [](SharedBytes b) { return decode_request_frame(std::move(b)).has_value(); });
  measure_both("256 replies of 16 bytes", replies,
               [](SharedBytes b) { return decode_reply_frame(std::move(b)).has_value(); });
  measure_both("append of 256 entries", batch(append),
               [](SharedBytes b) { return decode_peer_frame(std::move(b)).has_value(); });
  measure_both("256 forwarded commands", batch(forwarded),
               [](SharedBytes b) { return decode_peer_frame(std::move(b)).has_value(); });
  measure_both("heartbeat", batch(raft::Heartbeat{Index{1}, 2}),
               [](SharedBytes b) { return decode_peer_frame(std::move(b)).has_value(); });
  return 0;
}
