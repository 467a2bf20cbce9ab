#include "common/app/follow.hpp"

#include "common/base/byte_codec.hpp"

namespace parley::app {
namespace {

constexpr std::uint8_t follow_version = 1;
constexpr std::uint8_t keys_kind = 1;
constexpr std::uint8_t chat_kind = 32;

void write(ByteWriter& out, const FollowKeys& keys) {
  out.number(keys_kind).sized(keys.prefix).number(static_cast<std::uint8_t>(keys.with_previous));
}
void write(ByteWriter& out, const FollowChat& follow) {
  out.number(chat_kind).raw(follow.token.view()).sized(follow.chat);
}

std::optional<Follow> read_follow(ByteReader& in) {
  switch (in.number<std::uint8_t>()) {
    case keys_kind: {
      const BytesView prefix = in.sized();
      const auto with_previous = in.number<std::uint8_t>();
      if (with_previous > 1) return std::nullopt;
      return FollowKeys{prefix, with_previous == 1};
    }
    case chat_kind: {
      const auto token = chat::TokenId::from_bytes(in.raw(chat::TokenId{}.view().size()));
      const BytesView chat = in.sized();
      if (!token) return std::nullopt;
      return FollowChat{*token, chat};
    }
    default: return std::nullopt;
  }
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
  auto follow = read_follow(in);
  if (!in.done()) return std::nullopt;
  return follow;
}

}  // namespace parley::app
