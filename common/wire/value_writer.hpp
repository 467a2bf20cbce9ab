#pragma once
#include <string_view>

#include <msgpack/pack.hpp>

#include "common/base/bytes.hpp"
#include "common/base/ids.hpp"
#include "common/base/limits.hpp"
#include "common/wire/frame.hpp"

namespace parley::wire {

/// Appends msgpack values to a buffer of its own. Internal to wire: it includes msgpack.
class ValueWriter {
 public:
  explicit ValueWriter(std::size_t expected_bytes) { sink_.bytes.reserve(expected_bytes); }
  ValueWriter(const ValueWriter&) = delete;
  ValueWriter& operator=(const ValueWriter&) = delete;

  ValueWriter& array(std::size_t size) {
    packer_.pack_array(static_cast<std::uint32_t>(size));
    return *this;
  }
  ValueWriter& number(std::uint64_t value) {
    packer_.pack_uint64(value);
    return *this;
  }
  template <class Tag>
  ValueWriter& number(const StrongNumber<Tag>& value) {
    return number(value.value);
  }
  ValueWriter& boolean(bool value) {
    value ? packer_.pack_true() : packer_.pack_false();
    return *this;
  }
  ValueWriter& text(std::string_view value) {
    packer_.pack_str(static_cast<std::uint32_t>(value.size()));
    packer_.pack_str_body(value.data(), static_cast<std::uint32_t>(value.size()));
    return *this;
  }
  /// A text for people, cut at limits::explanation_bytes, between two characters of UTF-8.
  ValueWriter& explanation(std::string_view value) {
    std::size_t size = std::min(value.size(), limits::explanation_bytes);
    const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
    while (size > 0 && size < value.size() && continues(value[size])) --size;
    return text(value.substr(0, size));
  }
  /// Announces `size` bytes, which the caller then appends to buffer().
  ValueWriter& bytes_header(std::size_t size) {
    packer_.pack_bin(static_cast<std::uint32_t>(size));
    return *this;
  }
  ValueWriter& bytes(BytesView value) {
    bytes_header(value.size());
    sink_.bytes.append(value);
    return *this;
  }
  ValueWriter& cluster(const ClusterId& id) {
    return bytes({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  }
  /// Opens the frame: an array of `size` values, of which these are the first three.
  ValueWriter& head(std::size_t size, FrameKind kind, const ClusterId& id) {
    return array(size).number(protocol_version).number(static_cast<std::uint64_t>(kind)).cluster(id);
  }

  [[nodiscard]] Bytes& buffer() { return sink_.bytes; }
  [[nodiscard]] Bytes take() { return std::move(sink_.bytes); }

 private:
  struct Sink {
    void write(const char* data, std::size_t size) { bytes.append(data, size); }
    Bytes bytes;
  };
  Sink sink_;
  msgpack::packer<Sink> packer_{sink_};
};

}  // namespace parley::wire
