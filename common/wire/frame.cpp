#include "common/wire/frame.hpp"

#include <algorithm>
#include <string>

#include "common/wire/strict_visitor.hpp"

namespace parley::wire {
namespace {

/// Takes an array, two numbers and a cluster id, and then stops the parser.
class HeadVisitor : public StrictVisitor {
 public:
  bool start_array(std::uint32_t) { return step_++ == 0; }
  bool visit_positive_integer(std::uint64_t number) {
    if (step_ != 1 && step_ != 2) return false;
    (step_ == 1 ? head_.version : head_.kind) = number;
    ++step_;
    return true;
  }
  bool visit_bin(const char* data, std::uint32_t size) {
    if (step_ != 3 || size != head_.cluster.bytes.size()) return false;
    std::copy_n(data, size, reinterpret_cast<char*>(head_.cluster.bytes.data()));
    complete_ = true;
    return false;
  }

  std::optional<FrameHead> head() const { return complete_ ? std::optional(head_) : std::nullopt; }

 private:
  FrameHead head_;
  int step_ = 0;
  bool complete_ = false;
};

std::string name(std::uint64_t kind) {
  switch (static_cast<FrameKind>(std::min<std::uint64_t>(kind, 0xff))) {
    case FrameKind::request: return "request frame";
    case FrameKind::reply: return "reply frame";
    case FrameKind::peer: return "peer frame";
    case FrameKind::range_request: return "range request";
    case FrameKind::range_reply: return "range reply";
  }
  return "frame of kind " + std::to_string(kind);
}

}  // namespace

std::optional<FrameHead> peek_frame(BytesView frame) {
  HeadVisitor visitor;
  (void)parse_whole(frame, visitor);  // it always stops early; what counts is what the visitor has seen
  return visitor.head();
}

bool is_other_version(BytesView frame) {
  const auto head = peek_frame(frame);
  return head && head->version != protocol_version;
}

Status check_head(BytesView frame, FrameKind expected) {
  const auto head = peek_frame(frame);
  const auto wanted = static_cast<std::uint64_t>(expected);
  if (!head)
    return fail(ErrorCode::protocol, "not a " + name(wanted) + ": it does not begin with version, kind and cluster");
  if (head->version != protocol_version) {
    return fail(ErrorCode::protocol, "frame of protocol version " + std::to_string(head->version) +
                                         "; this side speaks version " + std::to_string(protocol_version));
  }
  if (head->kind == wanted) return {};
  return fail(ErrorCode::protocol, "a " + name(head->kind) + " where a " + name(wanted) + " is expected");
}

}  // namespace parley::wire
