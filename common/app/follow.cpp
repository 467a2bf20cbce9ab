#include "common/app/follow.hpp"

#include "common/base/byte_codec.hpp"

namespace parley::app {
namespace {

constexpr std::uint8_t follow_version = 1;
constexpr std::uint8_t keys_kind = 1;

void write(ByteWriter& out, const FollowKeys& keys) {
  out.number(keys_kind).sized(keys.prefix).number(static_cast<std::uint8_t>(keys.with_previous));
}

}  // namespace

Bytes encode_follow(const Follow& follow) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.number(follow_version);
  std::visit([&out](const auto& kind) { write(out, kind); }, follow);
  return bytes;
}

std::optional<Follow> decode_follow(BytesView bytes) {
  ByteReader in(bytes);
  if (in.number<std::uint8_t>() != follow_version) return std::nullopt;
  if (in.number<std::uint8_t>() != keys_kind) return std::nullopt;
  FollowKeys keys;
  keys.prefix = in.sized();
  const auto with_previous = in.number<std::uint8_t>();
  if (!in.done() || with_previous > 1) return std::nullopt;
  keys.with_previous = with_previous == 1;
  return keys;
}

}  // namespace parley::app
