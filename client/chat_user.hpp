#pragma once
#include <optional>

#include "client/client.hpp"
#include "common/app/chat/operation.hpp"
#include "common/app/chat/query.hpp"

namespace parley::client {

/// A token of the chat: 32 bytes that its client draws, and shows with whatever it does. Who has them acts as the user
/// who logged in with them, until they end. Commands and rows have `id()` alone.
class ChatToken {
 public:
  [[nodiscard]] static ChatToken draw();
  /// One that was kept; nothing if these bytes are none.
  [[nodiscard]] static std::optional<ChatToken> from_secret(BytesView secret);
  [[nodiscard]] const app::chat::TokenId& id() const { return id_; }
  /// The bytes themselves, to be kept where only their user reads them.
  [[nodiscard]] const Bytes& secret() const { return secret_; }

 private:
  explicit ChatToken(Bytes secret) : secret_(std::move(secret)), id_(blake2b(secret_)) {}
  Bytes secret_;
  app::chat::TokenId id_;
};

/// Makes a user. Ends with `exists` if there is one of this name.
void create_user(Client& client, BytesView name, BytesView password, Callback callback, std::uint64_t timeout_us = 0);
/// Grants `token` to this user: then ChatUser acts by it. Ends with chat::LoggedIn.
void log_in(Client& client, BytesView name, BytesView password, const ChatToken& token, Callback callback,
            std::uint64_t timeout_us = 0);

/// The calls of the chat by whoever has a token, as app/chat/CHAT.md has them. Each is an operation of the client,
/// which must outlive this; views are borrowed for the call alone. One thread, the client's.
class ChatUser {
 public:
  struct Options {
    wire::ReadMode mode = wire::ReadMode::linearizable;
    std::uint64_t timeout_us = 0;  ///< 0: the client's
  };
  ChatUser(Client& client, ChatToken token, const Options& options)
      : client_(client), token_(std::move(token)), options_(options) {}
  ChatUser(Client& client, ChatToken token) : ChatUser(client, std::move(token), Options{}) {}
  [[nodiscard]] const ChatToken& token() const { return token_; }

  // Nothing but a word.
  void log_out(Callback callback);
  void change_password(BytesView old_password, BytesView new_password, Callback callback);
  /// For good.
  void disable(BytesView password, Callback callback);
  void create(BytesView chat, BytesView description, bool is_invite_only, Callback callback);
  void join(BytesView chat, Callback callback);
  void leave(BytesView chat, Callback callback);
  void rename(BytesView chat, BytesView name, Callback callback);
  void describe(BytesView chat, BytesView description, Callback callback);
  void set_invite_only(BytesView chat, bool is_invite_only, Callback callback);
  void invite(BytesView chat, BytesView user, Callback callback);
  void remove(BytesView chat, BytesView user, Callback callback);
  void hand_over(BytesView chat, BytesView user, Callback callback);
  void mark_read(BytesView chat, std::uint64_t seq, Callback callback);

  // chat::Sent. `key`: what makes sending again harmless, also by a client that has forgotten everything but it; empty
  // for none.
  void send(BytesView chat, BytesView text, BytesView key, Callback callback);
  void edit(BytesView chat, std::uint64_t seq, BytesView text, Callback callback);
  void erase(BytesView chat, std::uint64_t seq, Callback callback);

  void who_am_i(Callback callback);                                             ///< chat::Me
  void info(BytesView chat, Callback callback);                                 ///< chat::ChatDetails
  void list(std::uint64_t after_chat, Callback callback);                       ///< chat::Chats
  void members(BytesView chat, std::uint64_t after_member, Callback callback);  ///< chat::Members
  /// chat::Events: between the two, both exclusive; 0 for open. Next to `after` if forward, else next to `before`.
  void history(BytesView chat, std::uint64_t before, std::uint64_t after, bool is_forward, std::uint32_t limit,
               Callback callback);
  /// chat::Events of all chats behind this place: that of the last event that is known, or as begin_behind() has it.
  void messages(const app::chat::Messages& behind, Callback callback);

 private:
  void call(const app::chat::Operation& operation, Callback callback, BytesView password = {},
            BytesView new_password = {});
  void ask(const app::chat::Query& query, Callback callback);

  Client& client_;
  ChatToken token_;
  Options options_;
};

}  // namespace parley::client
