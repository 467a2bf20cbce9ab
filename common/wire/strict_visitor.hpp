#pragma once
#include <cstdint>
#include <exception>

#include <msgpack/null_visitor.hpp>
#include <msgpack/unpack.hpp>

#include "common/base/bytes.hpp"

namespace parley::wire {

/// What msgpack calls for each value that it finds; this one refuses them all, and those that derive from it take what
/// they know. Refusing is returning false: the parser stops there. Internal to wire: it includes msgpack.
class StrictVisitor : public msgpack::null_visitor {
 public:
  bool visit_nil() { return refuse("nil is no value of the protocol"); }
  bool visit_boolean(bool) { return refuse("an unexpected truth value"); }
  bool visit_positive_integer(std::uint64_t) { return refuse("an unexpected number"); }
  bool visit_negative_integer(std::int64_t) { return refuse("a negative number"); }
  bool visit_float32(float) { return refuse("a float is no value of the protocol"); }
  bool visit_float64(double) { return refuse("a float is no value of the protocol"); }
  bool visit_str(const char*, std::uint32_t) { return refuse("an unexpected text"); }
  bool visit_bin(const char*, std::uint32_t) { return refuse("unexpected bytes"); }
  bool visit_ext(const char*, std::uint32_t) { return refuse("an extension is no value of the protocol"); }
  bool start_array(std::uint32_t) { return refuse("an unexpected array"); }
  bool start_map(std::uint32_t) { return refuse("a map is no value of the protocol"); }

  /// Null unless something was refused.
  [[nodiscard]] const char* reason() const { return reason_; }

 protected:
  bool refuse(const char* reason) {
    reason_ = reason;
    return false;
  }

 private:
  const char* reason_ = nullptr;
};

/// False if the visitor refused, the bytes ended early, or something follows the first value.
template <class Visitor>
[[nodiscard]] bool parse_whole(BytesView bytes, Visitor& visitor) {
  try {
    std::size_t offset = 0;
    return msgpack::parse(bytes.data(), bytes.size(), offset, visitor) && offset == bytes.size();
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace parley::wire
