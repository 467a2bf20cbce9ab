#pragma once
#include <concepts>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/byte_codec.hpp"
#include "common/base/hash.hpp"
#include "common/base/ids.hpp"

/// Bytes of structs that list their members: `static constexpr auto fields = std::tuple(&Type::member, ...)`. Writer,
/// reader and size come from that one list, so that they cannot differ. Numbers, booleans (one byte, 0 or 1) and
/// digests are written as they are, bytes behind their length, lists behind their count.
namespace parley::app::chat {

template <class T>
concept HasFields = requires {
  T::fields;
};

/// At most so many in a list: more than any page has. A list beyond is refused while it is read.
inline constexpr std::uint32_t most_in_list = 4096;

class FieldWriter {
 public:
  explicit FieldWriter(ByteWriter& out) : out_(out) {}
  void operator()(bool value) { out_.number(static_cast<std::uint8_t>(value ? 1 : 0)); }
  template <std::unsigned_integral T>
  void operator()(T value) {
    out_.number(value);
  }
  template <class Tag>
  void operator()(const StrongNumber<Tag>& number) {
    out_.number(number.value);
  }
  void operator()(const Digest& digest) { out_.raw(digest.view()); }
  void operator()(BytesView bytes) { out_.sized(bytes); }
  void operator()(const Bytes& bytes) { out_.sized(bytes); }
  template <class T>
  void operator()(const std::vector<T>& list) {
    out_.number(static_cast<std::uint32_t>(list.size()));
    for (const T& each : list) (*this)(each);
  }
  template <HasFields T>
  void operator()(const T& value) {
    std::apply([&](auto... field) { ((*this)(value.*field), ...); }, T::fields);
  }

 private:
  ByteWriter& out_;
};

class FieldReader {
 public:
  explicit FieldReader(ByteReader& in) : in_(in) {}
  /// False if something was read that nobody writes. That there was enough to read is for the ByteReader to say.
  [[nodiscard]] bool is_sound() const { return sound_; }

  void operator()(bool& value) {
    const auto byte = in_.number<std::uint8_t>();
    sound_ = sound_ && byte <= 1;
    value = byte == 1;
  }
  template <std::unsigned_integral T>
  void operator()(T& value) {
    value = in_.number<T>();
  }
  template <class Tag>
  void operator()(StrongNumber<Tag>& number) {
    number.value = in_.number<std::uint64_t>();
  }
  void operator()(Digest& digest) { digest = Digest::from_bytes(in_.raw(digest.bytes.size())).value_or(Digest{}); }
  void operator()(BytesView& bytes) { bytes = in_.sized(); }
  void operator()(Bytes& bytes) { bytes = in_.sized(); }
  template <class T>
  void operator()(std::vector<T>& list) {
    const auto count = in_.number<std::uint32_t>();
    sound_ = sound_ && count <= most_in_list;
    for (std::uint32_t i = 0; i < count && sound_ && in_.ok(); ++i) (*this)(list.emplace_back());
  }
  template <HasFields T>
  void operator()(T& value) {
    std::apply([&](auto... field) { ((*this)(value.*field), ...); }, T::fields);
  }

 private:
  ByteReader& in_;
  bool sound_ = true;
};

inline std::size_t size_of_field(bool) { return 1; }
template <std::unsigned_integral T>
std::size_t size_of_field(T) {
  return sizeof(T);
}
template <class Tag>
std::size_t size_of_field(const StrongNumber<Tag>&) {
  return sizeof(std::uint64_t);
}
inline std::size_t size_of_field(const Digest& digest) { return digest.bytes.size(); }
inline std::size_t size_of_field(BytesView bytes) { return sizeof(std::uint32_t) + bytes.size(); }
inline std::size_t size_of_field(const Bytes& bytes) { return sizeof(std::uint32_t) + bytes.size(); }
template <HasFields T>
std::size_t size_of_field(const T& value) {
  return std::apply([&](auto... field) { return (std::size_t{0} + ... + size_of_field(value.*field)); }, T::fields);
}
template <class T>
std::size_t size_of_field(const std::vector<T>& list) {
  std::size_t size = sizeof(std::uint32_t);
  for (const T& each : list) size += size_of_field(each);
  return size;
}

/// The alternative at this place of a variant, read; nothing if there is none, or it is unsound.
template <class Variant>
std::optional<Variant> read_alternative(ByteReader& in, std::size_t place) {
  std::optional<Variant> read;
  const auto read_if = [&]<std::size_t at>(std::integral_constant<std::size_t, at>) {
    if (at != place) return;
    std::variant_alternative_t<at, Variant> alternative{};
    FieldReader reader(in);
    reader(alternative);
    if (reader.is_sound()) read.emplace(std::in_place_index<at>, std::move(alternative));
  };
  [&]<std::size_t... at>(std::index_sequence<at...>) { (read_if(std::integral_constant<std::size_t, at>{}), ...); }
  (std::make_index_sequence<std::variant_size_v<Variant>>{});
  return read;
}

}  // namespace parley::app::chat
