#pragma once
#include <bit>
#include <concepts>
#include <cstring>

#include "common/base/bytes.hpp"

namespace parley {

static_assert(std::endian::native == std::endian::little, "formats are little-endian and written by memcpy");

/// Appends fixed-width little-endian numbers and length-prefixed bytes to a buffer. The formats of log, commands and
/// membership are written with it; each format's own document says which fields in which order.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  template <std::unsigned_integral T>
  ByteWriter& number(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    out_.append(raw, sizeof(T));
    return *this;
  }
  ByteWriter& raw(BytesView bytes) {
    out_.append(bytes);
    return *this;
  }
  /// A 32-bit length and the bytes.
  ByteWriter& sized(BytesView bytes) { return number(static_cast<std::uint32_t>(bytes.size())).raw(bytes); }

 private:
  Bytes& out_;
};

/// Reads what ByteWriter wrote, from bytes that may be anything. The first read beyond the end fails the reader, later
/// reads give zeros and empty views, so a decoder reads all its fields and then asks done() once. Views live as long as
/// the bytes that were given.
class ByteReader {
 public:
  explicit ByteReader(BytesView in) : in_(in) {}

  template <std::unsigned_integral T>
  T number() {
    T value = 0;
    if (const BytesView raw_bytes = raw(sizeof(T)); ok_) std::memcpy(&value, raw_bytes.data(), sizeof(T));
    return value;
  }
  BytesView raw(std::size_t size) {
    if (!ok_ || in_.size() < size) {
      ok_ = false;
      return {};
    }
    const BytesView bytes = in_.substr(0, size);
    in_.remove_prefix(size);
    return bytes;
  }
  BytesView sized() { return raw(number<std::uint32_t>()); }

  [[nodiscard]] bool ok() const { return ok_; }
  /// True when every read succeeded and nothing is left over.
  [[nodiscard]] bool done() const { return ok_ && in_.empty(); }
  [[nodiscard]] std::size_t remaining() const { return in_.size(); }

 private:
  BytesView in_;
  bool ok_ = true;
};

}  // namespace parley
