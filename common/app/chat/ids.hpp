#pragma once
#include "common/base/hash.hpp"
#include "common/base/ids.hpp"

namespace parley::app::chat {

/// A user, a chat: numbered from 1, in the order in which they are made, and never again.
struct UserId : StrongNumber<struct UserIdTag> {};
struct ChatId : StrongNumber<struct ChatIdTag> {};
/// The place of an event in its chat: from 1, without a gap.
struct EventSeq : StrongNumber<struct EventSeqTag> {
  [[nodiscard]] EventSeq next() const { return EventSeq{value + 1}; }
};
inline constexpr UserId no_user{};

/// BLAKE2b-256 of a token. The token itself is in no command, log or row: who reads those can act as nobody.
using TokenId = Digest;

}  // namespace parley::app::chat
