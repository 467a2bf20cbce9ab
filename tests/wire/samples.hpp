#pragma once
#include <string>
#include <vector>

#include "common/wire/client_message.hpp"
#include "common/wire/peer_frame.hpp"
#include "common/wire/range_message.hpp"

/// One frame of each kind of request, reply, peer body, message of consensus, and range request and reply, small and
/// with values that tell the fields apart. `golden` is what it is on the wire, in hexadecimal.
namespace parley::wire::samples {

struct RequestSample {
  const char* name;
  Request request;
  const char* golden;
};
struct ReplySample {
  const char* name;
  Reply reply;
  const char* golden;
};
struct PeerSample {
  const char* name;
  PeerFrame frame;
  const char* golden;
};

struct RangeRequestSample {
  const char* name;
  RangeRequest request;
  const char* golden;
};
struct RangeReplySample {
  const char* name;
  RangeReply reply;
  const char* golden;
};

/// 00 01 02 ... 0f
[[nodiscard]] ClusterId cluster();
[[nodiscard]] Digest digest(std::uint8_t first);
[[nodiscard]] SharedBytes shared(std::string bytes);
[[nodiscard]] MemberInfo member(std::uint64_t server, std::string role);

/// `golden` is the frame of this request alone.
[[nodiscard]] std::vector<RequestSample> requests();
/// `golden` is the frame of this reply alone, from node "n0", with leader "n1" at "h:1".
[[nodiscard]] std::vector<ReplySample> replies();
/// Greetings and refusals, and each message of consensus in a batch of its own.
[[nodiscard]] std::vector<PeerSample> peer_frames();

[[nodiscard]] std::vector<RangeRequestSample> range_requests();
/// From source "n0".
[[nodiscard]] std::vector<RangeReplySample> range_replies();

[[nodiscard]] RequestFrame frame_of(Request request);
[[nodiscard]] ReplyFrame frame_of(Reply reply);
/// Every frame above, encoded.
[[nodiscard]] std::vector<Bytes> all_frames();

}  // namespace parley::wire::samples
