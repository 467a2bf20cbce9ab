#pragma once
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

#include "common/app/chat/ids.hpp"
#include "common/base/byte_codec.hpp"

/// What the chat answers, beside a word. CHAT.md has the bytes.
namespace parley::app::chat {

/// Login.
struct LoggedIn {
  Bytes user;                 ///< as it was written when it was created
  std::uint64_t life_us = 0;  ///< how long the token lives, of cluster time
  static constexpr auto fields = std::tuple(&LoggedIn::user, &LoggedIn::life_us);
  friend bool operator==(const LoggedIn&, const LoggedIn&) = default;
};
/// Send, Edit, DeleteMessage: the event that it became.
struct Sent {
  EventSeq seq;
  std::uint64_t time_us = 0;  ///< since 1970
  static constexpr auto fields = std::tuple(&Sent::seq, &Sent::time_us);
  friend bool operator==(const Sent&, const Sent&) = default;
};

/// A chat as one user sees it.
struct ChatSummary {
  ChatId id;
  Bytes name;
  bool is_member = false;  ///< else invited
  bool is_owner = false;
  bool is_invite_only = false;
  std::uint32_t members = 0;
  EventSeq last;                   ///< 0 if nothing happened yet
  std::uint64_t last_time_us = 0;  ///< of that
  EventSeq read;                   ///< up to which the user has read
  std::uint64_t unread = 0;        ///< messages behind it
  static constexpr auto fields =
      std::tuple(&ChatSummary::id, &ChatSummary::name, &ChatSummary::is_member, &ChatSummary::is_owner,
                 &ChatSummary::is_invite_only, &ChatSummary::members, &ChatSummary::last, &ChatSummary::last_time_us,
                 &ChatSummary::read, &ChatSummary::unread);
  friend bool operator==(const ChatSummary&, const ChatSummary&) = default;
};
/// ListChats.
struct Chats {
  std::vector<ChatSummary> chats;
  bool more = false;  ///< behind the last one
  static constexpr auto fields = std::tuple(&Chats::chats, &Chats::more);
  friend bool operator==(const Chats&, const Chats&) = default;
};

struct Member {
  std::uint64_t number = 0;  ///< which member of the chat he was to join
  Bytes user;
  std::uint64_t joined_us = 0;  ///< since 1970
  bool is_owner = false;
  static constexpr auto fields = std::tuple(&Member::number, &Member::user, &Member::joined_us, &Member::is_owner);
  friend bool operator==(const Member&, const Member&) = default;
};
/// ListMembers.
struct Members {
  std::vector<Member> members;
  bool more = false;
  static constexpr auto fields = std::tuple(&Members::members, &Members::more);
  friend bool operator==(const Members&, const Members&) = default;
};

/// What an event is. The numbers stand in rows.
enum class EventKind : std::uint8_t { message = 1, edit = 2, deletion = 3 };

struct Event {
  ChatId chat;
  EventSeq seq;
  std::uint64_t time_us = 0;
  std::uint8_t kind = 0;  ///< EventKind
  Bytes user;
  Bytes text;           ///< of a message as it was sent; of an edit the new one; empty where it was deleted
  EventSeq of;          ///< of an edit or a deletion: the message
  EventSeq edited_by;   ///< of a message: the last edit; 0 for none
  EventSeq deleted_by;  ///< of a message or an edit: the deletion of the message; 0 for none
  static constexpr auto fields = std::tuple(&Event::chat, &Event::seq, &Event::time_us, &Event::kind, &Event::user,
                                            &Event::text, &Event::of, &Event::edited_by, &Event::deleted_by);
  friend bool operator==(const Event&, const Event&) = default;
};
struct ChatName {
  ChatId id;
  Bytes name;
  static constexpr auto fields = std::tuple(&ChatName::id, &ChatName::name);
  friend bool operator==(const ChatName&, const ChatName&) = default;
};
/// History, Messages.
struct Events {
  std::vector<ChatName> chats;  ///< those that have events here, by id
  std::vector<Event> events;
  bool more = false;  ///< there were more between the anchors than this page has
  static constexpr auto fields = std::tuple(&Events::chats, &Events::events, &Events::more);
  friend bool operator==(const Events&, const Events&) = default;
};

/// WhoAmI.
struct Me {
  Bytes user;
  std::uint64_t created_us = 0;
  std::uint64_t life_us = 0;  ///< what is left of the token's life, of cluster time
  std::uint32_t chats = 0;
  std::uint32_t invitations = 0;
  static constexpr auto fields = std::tuple(&Me::user, &Me::created_us, &Me::life_us, &Me::chats, &Me::invitations);
  friend bool operator==(const Me&, const Me&) = default;
};
/// ChatInfo.
struct ChatDetails {
  ChatSummary summary;
  Bytes owner;  ///< empty if the chat has no members
  Bytes description;
  std::uint64_t created_us = 0;
  static constexpr auto fields =
      std::tuple(&ChatDetails::summary, &ChatDetails::owner, &ChatDetails::description, &ChatDetails::created_us);
  friend bool operator==(const ChatDetails&, const ChatDetails&) = default;
};

/// The number of a body in a reply is its place here and `first_body`.
using Answer = std::variant<LoggedIn, Sent, Chats, Members, Events, Me, ChatDetails>;
inline constexpr std::uint8_t first_body = 32;

[[nodiscard]] inline std::uint8_t kind_of(const Answer& answer) {
  return static_cast<std::uint8_t>(first_body + answer.index());
}
void write(ByteWriter& out, const Answer& answer);
[[nodiscard]] std::size_t size_of(const Answer& answer);
/// As read_operation.
[[nodiscard]] std::optional<Answer> read_answer(ByteReader& in, std::uint8_t body);

}  // namespace parley::app::chat
