#pragma once
#include <limits>
#include <optional>
#include <tuple>
#include <variant>

#include "common/app/chat/ids.hpp"
#include "common/base/byte_codec.hpp"

/// What may be asked of the chat, by whoever has a token; CHAT.md has what each means. A `limit` of 0 is as many as a
/// page may have (limits::chat_page_rows, chat_page_bytes). Views are borrowed.
namespace parley::app::chat {

/// The chats that the user is in or invited to, by their ids.
struct ListChats {
  TokenId token;
  ChatId after;  ///< exclusive; 0 to begin
  std::uint32_t limit = 0;
  static constexpr auto fields = std::tuple(&ListChats::token, &ListChats::after, &ListChats::limit);
  friend bool operator==(const ListChats&, const ListChats&) = default;
};
/// In the order in which they joined.
struct ListMembers {
  TokenId token;
  BytesView chat;
  std::uint64_t after = 0;  ///< Member::number, exclusive; 0 to begin
  std::uint32_t limit = 0;
  static constexpr auto fields =
      std::tuple(&ListMembers::token, &ListMembers::chat, &ListMembers::after, &ListMembers::limit);
  friend bool operator==(const ListMembers&, const ListMembers&) = default;
};
/// Events between the two, both exclusive, oldest first. A page has those next to `before`, or going forward those next
/// to `after`.
struct History {
  TokenId token;
  BytesView chat;
  EventSeq before;  ///< 0 for no end
  EventSeq after;   ///< 0 for from the first on
  bool is_forward = false;
  std::uint32_t limit = 0;
  static constexpr auto fields = std::tuple(&History::token, &History::chat, &History::before, &History::after,
                                            &History::is_forward, &History::limit);
  friend bool operator==(const History&, const History&) = default;
};
/// Events of all chats that the user is in, in the order of (time, chat, seq), behind this place.
struct Messages {
  TokenId token;
  std::uint64_t time_us = 0;
  ChatId chat;
  EventSeq seq;
  std::uint32_t limit = 0;
  static constexpr auto fields =
      std::tuple(&Messages::token, &Messages::time_us, &Messages::chat, &Messages::seq, &Messages::limit);
  friend bool operator==(const Messages&, const Messages&) = default;

  /// Only what is later.
  void begin_behind(std::uint64_t of_us) {
    time_us = of_us;
    chat.value = seq.value = std::numeric_limits<std::uint64_t>::max();
  }
};
struct WhoAmI {
  TokenId token;
  static constexpr auto fields = std::tuple(&WhoAmI::token);
  friend bool operator==(const WhoAmI&, const WhoAmI&) = default;
};
struct ChatInfo {
  TokenId token;
  BytesView chat;
  static constexpr auto fields = std::tuple(&ChatInfo::token, &ChatInfo::chat);
  friend bool operator==(const ChatInfo&, const ChatInfo&) = default;
};

/// The kind of a query is its place here and `first_query`.
using Query = std::variant<ListChats, ListMembers, History, Messages, WhoAmI, ChatInfo>;
inline constexpr std::uint8_t first_query = 32;

[[nodiscard]] const TokenId& token_of(const Query& query);

/// Kind and fields.
void write(ByteWriter& out, const Query& query);
/// As read_operation.
[[nodiscard]] std::optional<Query> read_query(ByteReader& in, std::uint8_t kind);

}  // namespace parley::app::chat
