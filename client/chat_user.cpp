#include "client/chat_user.hpp"

#include <utility>

#include "common/base/chat_limits.hpp"
#include "common/base/entropy.hpp"

namespace parley::client {

namespace chat = app::chat;

ChatToken ChatToken::draw() { return ChatToken(draw_secret(limits::token_bytes)); }

std::optional<ChatToken> ChatToken::from_secret(BytesView secret) {
  if (secret.size() != limits::token_bytes) return std::nullopt;
  return ChatToken(Bytes(secret));
}

void create_user(Client& client, BytesView name, BytesView password, Callback callback, std::uint64_t timeout_us) {
  client.submit(ChatCall{chat::CreateUser{name, {}}, {}, password}, std::move(callback), timeout_us);
}

void log_in(Client& client, BytesView name, BytesView password, const ChatToken& token, Callback callback,
            std::uint64_t timeout_us) {
  client.submit(ChatCall{chat::Login{name, token.id(), 0, false}, token.secret(), password}, std::move(callback),
                timeout_us);
}

void ChatUser::call(const chat::Operation& operation, Callback callback, BytesView password, BytesView new_password) {
  client_.submit(ChatCall{operation, token_.secret(), password, new_password}, std::move(callback),
                 options_.timeout_us);
}

void ChatUser::ask(const chat::Query& query, Callback callback) {
  client_.submit(query, options_.mode, token_.secret(), std::move(callback), options_.timeout_us);
}

void ChatUser::log_out(Callback callback) { call(chat::Logout{token_.id()}, std::move(callback)); }

void ChatUser::change_password(BytesView old_password, BytesView new_password, Callback callback) {
  call(chat::ChangePassword{token_.id(), 0, false, {}}, std::move(callback), old_password, new_password);
}

void ChatUser::disable(BytesView password, Callback callback) {
  call(chat::DisableUser{token_.id(), 0, false}, std::move(callback), password);
}

void ChatUser::create(BytesView name, BytesView description, bool is_invite_only, Callback callback) {
  call(chat::CreateChat{token_.id(), name, description, is_invite_only}, std::move(callback));
}

void ChatUser::join(BytesView name, Callback callback) { call(chat::JoinChat{token_.id(), name}, std::move(callback)); }

void ChatUser::leave(BytesView name, Callback callback) {
  call(chat::LeaveChat{token_.id(), name}, std::move(callback));
}

void ChatUser::rename(BytesView name, BytesView new_name, Callback callback) {
  call(chat::RenameChat{token_.id(), name, new_name}, std::move(callback));
}

void ChatUser::describe(BytesView name, BytesView description, Callback callback) {
  call(chat::DescribeChat{token_.id(), name, description}, std::move(callback));
}

void ChatUser::set_invite_only(BytesView name, bool is_invite_only, Callback callback) {
  call(chat::SetInviteOnly{token_.id(), name, is_invite_only}, std::move(callback));
}

void ChatUser::invite(BytesView name, BytesView user, Callback callback) {
  call(chat::Invite{token_.id(), name, user}, std::move(callback));
}

void ChatUser::remove(BytesView name, BytesView user, Callback callback) {
  call(chat::RemoveMember{token_.id(), name, user}, std::move(callback));
}

void ChatUser::hand_over(BytesView name, BytesView user, Callback callback) {
  call(chat::HandOver{token_.id(), name, user}, std::move(callback));
}

void ChatUser::mark_read(BytesView name, std::uint64_t seq, Callback callback) {
  call(chat::MarkRead{token_.id(), name, chat::EventSeq{seq}}, std::move(callback));
}

void ChatUser::send(BytesView name, BytesView text, BytesView key, Callback callback) {
  call(chat::Send{token_.id(), name, text, key}, std::move(callback));
}

void ChatUser::edit(BytesView name, std::uint64_t seq, BytesView text, Callback callback) {
  call(chat::Edit{token_.id(), name, chat::EventSeq{seq}, text}, std::move(callback));
}

void ChatUser::erase(BytesView name, std::uint64_t seq, Callback callback) {
  call(chat::DeleteMessage{token_.id(), name, chat::EventSeq{seq}}, std::move(callback));
}

void ChatUser::who_am_i(Callback callback) { ask(chat::WhoAmI{token_.id()}, std::move(callback)); }

void ChatUser::info(BytesView name, Callback callback) { ask(chat::ChatInfo{token_.id(), name}, std::move(callback)); }

void ChatUser::list(std::uint64_t after_chat, Callback callback) {
  ask(chat::ListChats{token_.id(), chat::ChatId{after_chat}, 0}, std::move(callback));
}

void ChatUser::members(BytesView name, std::uint64_t after_member, Callback callback) {
  ask(chat::ListMembers{token_.id(), name, after_member, 0}, std::move(callback));
}

void ChatUser::history(BytesView name, std::uint64_t before, std::uint64_t after, bool is_forward, std::uint32_t limit,
                       Callback callback) {
  ask(chat::History{token_.id(), name, chat::EventSeq{before}, chat::EventSeq{after}, is_forward, limit},
      std::move(callback));
}

void ChatUser::messages(const chat::Messages& behind, Callback callback) {
  chat::Messages query = behind;
  query.token = token_.id();
  ask(query, std::move(callback));
}

}  // namespace parley::client
