#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <parley/answer.hpp>
#include <parley/cluster.hpp>
#include <parley/feed.hpp>

namespace parley {

namespace detail {
class ChatCore;
}

using ChatTime = std::chrono::system_clock::time_point;

/// Something in a chat that has a number: they count from 1 without a gap.
struct ChatEvent {
  enum class Kind : std::uint8_t { message = 1, edit = 2, deletion = 3 };
  std::string chat{};
  std::uint64_t chat_id = 0;  ///< stays when the chat is renamed
  std::uint64_t seq = 0;
  ChatTime time{};
  Kind kind = Kind::message;
  std::string user{};
  std::string text{};            ///< of a message as it was sent, of an edit the new one; empty where it was deleted
  std::uint64_t of = 0;          ///< of an edit or a deletion: the message
  std::uint64_t edited_by = 0;   ///< of a message: the last edit; 0 for none
  std::uint64_t deleted_by = 0;  ///< the deletion of the message; 0 for none
};
/// Oldest first.
struct ChatEvents {
  std::vector<ChatEvent> events{};
  bool more = false;  ///< there are more between the bounds than this page has
};
struct HistoryRange {
  std::uint64_t before = 0;  ///< only events before this one; 0 for no end
  std::uint64_t after = 0;   ///< only events behind this one; 0 for from the first on
  bool forward = false;      ///< a page has those next to `after`, else those next to `before`
  std::uint32_t limit = 0;   ///< events of a page; 0 for as many as a page may have (a thousand, or 1 MiB)
};

struct ChatSent {
  std::uint64_t seq = 0;
  ChatTime time{};
};

/// A chat as its user sees it.
struct ChatSummary {
  std::uint64_t id = 0;
  std::string name{};
  bool is_member = false;  ///< else invited
  bool is_owner = false;
  bool is_invite_only = false;
  std::uint32_t members = 0;
  std::uint64_t last = 0;    ///< event; 0 if nothing has happened yet
  std::uint64_t read = 0;    ///< up to which the user has read
  std::uint64_t unread = 0;  ///< messages behind that
};
struct ChatList {
  std::vector<ChatSummary> chats{};
  bool more = false;  ///< ask with the last one's id
};
struct ChatMember {
  std::uint64_t number = 0;  ///< in the order in which they joined
  std::string user{};
  ChatTime joined{};
  bool is_owner = false;
};
struct ChatMembers {
  std::vector<ChatMember> members{};
  bool more = false;  ///< ask with the last one's number
};
struct ChatDetails {
  ChatSummary summary{};
  std::string owner{};  ///< empty if the chat has no members
  std::string description{};
};

struct ChatFeedOptions {
  /// Behind this event; 0 from the first on. `newest`: only what comes from now on.
  std::uint64_t after = 0;
  static constexpr std::uint64_t newest = UINT64_MAX;
};
extern template class BasicFeed<ChatEvent>;
/// The events of a chat, each once, in order, with no gap. Ends when the user may read the chat no more, with the word
/// for that, and with `not_found` for a position that lies ahead of all that there is.
using ChatFeed = BasicFeed<ChatEvent>;
using ChatFeedCallback = ChatFeed::Callback;

/// A user of the chat, who is logged in. May be copied; used by any number of threads at once, as its Cluster, which
/// must outlive it and whose rules hold: for blocking calls, and for callbacks.
///
/// Words: `denied` if the token has ended, or somebody else may do that; `not_found` if there is no such chat that the
/// user sees; `not_member`; `exists` for a name that is taken; `invalid` and `too_large` for what breaks a rule, which
/// the detail names. Names are those of chats and users, texts are UTF-8. All writes take effect exactly once.
class ChatUser {
 public:
  // --- whoever has a name and a password. Passwords are hashed by a node, which takes a tenth of a second; `busy` if
  // too many want that.

  [[nodiscard]] static Answer<void> create(Cluster& cluster, std::string_view user, std::string_view password,
                                           WriteOptions options = {});
  /// `denied` for a wrong password, an unknown user, and for a while after several wrong passwords.
  [[nodiscard]] static Answer<ChatUser> log_in(Cluster& cluster, std::string_view user, std::string_view password,
                                               WriteOptions options = {});
  /// Goes on with the token of an earlier login; `invalid` if it is none. Asks nobody.
  [[nodiscard]] static Answer<ChatUser> with_token(Cluster& cluster, std::string_view token);

  /// 32 bytes. Whoever has them acts as the user, for 30 days from the login or until log_out().
  [[nodiscard]] std::string_view token() const;

  [[nodiscard]] Answer<void> log_out(WriteOptions options = {});
  /// Ends all other tokens of the user.
  [[nodiscard]] Answer<void> change_password(std::string_view old_password, std::string_view new_password,
                                             WriteOptions options = {});
  /// For good: leaves all chats; messages and the name stay.
  [[nodiscard]] Answer<void> disable(std::string_view password, WriteOptions options = {});
  /// The name, as it was written when the user was made.
  [[nodiscard]] Answer<std::string> name(ReadOptions options = {});

  // --- chats

  [[nodiscard]] Answer<void> create_chat(std::string_view chat, std::string_view description = {},
                                         bool is_invite_only = false, WriteOptions options = {});
  [[nodiscard]] Answer<void> join(std::string_view chat, WriteOptions options = {});
  /// Or declines an invitation.
  [[nodiscard]] Answer<void> leave(std::string_view chat, WriteOptions options = {});
  /// Those that the user is in or invited to. `after`: ChatSummary::id.
  [[nodiscard]] Answer<ChatList> chats(std::uint64_t after = 0, ReadOptions options = {});
  [[nodiscard]] Answer<ChatMembers> members(std::string_view chat, std::uint64_t after = 0, ReadOptions options = {});
  [[nodiscard]] Answer<ChatDetails> details(std::string_view chat, ReadOptions options = {});

  // By the owner alone.
  [[nodiscard]] Answer<void> rename(std::string_view chat, std::string_view name, WriteOptions options = {});
  [[nodiscard]] Answer<void> describe(std::string_view chat, std::string_view description, WriteOptions options = {});
  [[nodiscard]] Answer<void> set_invite_only(std::string_view chat, bool is_invite_only, WriteOptions options = {});
  [[nodiscard]] Answer<void> invite(std::string_view chat, std::string_view user, WriteOptions options = {});
  /// A member, or an invitation.
  [[nodiscard]] Answer<void> remove(std::string_view chat, std::string_view user, WriteOptions options = {});
  [[nodiscard]] Answer<void> hand_over(std::string_view chat, std::string_view user, WriteOptions options = {});

  // --- messages

  /// `key`: names this message. Sent again under it within a day, also by a program that has forgotten everything else,
  /// it is there once, and the answer is that of the first time. Empty: none.
  [[nodiscard]] Answer<ChatSent> send(std::string_view chat, std::string_view text, std::string_view key = {},
                                      WriteOptions options = {});
  [[nodiscard]] Answer<ChatSent> edit(std::string_view chat, std::uint64_t seq, std::string_view text,
                                      WriteOptions options = {});
  /// By its author, or the chat's owner.
  [[nodiscard]] Answer<ChatSent> erase(std::string_view chat, std::uint64_t seq, WriteOptions options = {});
  /// Everything up to there.
  [[nodiscard]] Answer<void> mark_read(std::string_view chat, std::uint64_t seq, WriteOptions options = {});
  [[nodiscard]] Answer<ChatEvents> history(std::string_view chat, const HistoryRange& range = {},
                                           ReadOptions options = {});
  /// Of all chats that the user is in, by time: what is later, or stands behind an event that is known.
  [[nodiscard]] Answer<ChatEvents> messages(ChatTime after, std::uint32_t limit = 0, ReadOptions options = {});
  [[nodiscard]] Answer<ChatEvents> messages(const ChatEvent& behind, std::uint32_t limit = 0, ReadOptions options = {});

  // --- in callback form what is asked often: false if too much is under way; then the callback is never called

  [[nodiscard]] bool send(std::string_view chat, std::string_view text, std::string_view key,
                          Callback<ChatSent> callback, WriteOptions options = {});
  [[nodiscard]] bool edit(std::string_view chat, std::uint64_t seq, std::string_view text, Callback<ChatSent> callback,
                          WriteOptions options = {});
  [[nodiscard]] bool erase(std::string_view chat, std::uint64_t seq, Callback<ChatSent> callback,
                           WriteOptions options = {});
  [[nodiscard]] bool mark_read(std::string_view chat, std::uint64_t seq, Callback<void> callback,
                               WriteOptions options = {});
  [[nodiscard]] bool history(std::string_view chat, const HistoryRange& range, Callback<ChatEvents> callback,
                             ReadOptions options = {});
  [[nodiscard]] bool chats(std::uint64_t after, Callback<ChatList> callback, ReadOptions options = {});

  // --- following; the feed may outlive the user and the Cluster

  [[nodiscard]] Answer<ChatFeed> follow(std::string_view chat, const ChatFeedOptions& options = {});
  /// `callback` is called by a thread of the feed's own.
  [[nodiscard]] Answer<ChatFeed> follow(std::string_view chat, const ChatFeedOptions& options,
                                        ChatFeedCallback callback);

  /// For the library itself.
  explicit ChatUser(std::shared_ptr<const detail::ChatCore> core) : core_(std::move(core)) {}

 private:
  std::shared_ptr<const detail::ChatCore> core_;
};

}  // namespace parley
