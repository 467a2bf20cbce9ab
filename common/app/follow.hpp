#pragma once
#include <optional>
#include <variant>

#include "common/app/chat/ids.hpp"
#include "common/base/bytes.hpp"

namespace parley::app {

/// The changes of keys with this prefix. A position is the index of an entry.
struct FollowKeys {
  BytesView prefix;            ///< empty for all keys
  bool with_previous = false;  ///< also what was there before each change
  friend bool operator==(const FollowKeys&, const FollowKeys&) = default;
};

/// The events of a chat, by a user who may read it. A position is an event's number.
struct FollowChat {
  chat::TokenId token;
  BytesView chat;
  friend bool operator==(const FollowChat&, const FollowChat&) = default;
};

/// What can be followed. Its views are borrowed.
using Follow = std::variant<FollowKeys, FollowChat>;

/// COMMANDS.md has the bytes.
[[nodiscard]] Bytes encode_follow(const Follow& follow);
/// Nothing if the bytes are none that this version knows. The views live as long as `bytes`.
[[nodiscard]] std::optional<Follow> decode_follow(BytesView bytes);

}  // namespace parley::app
