#pragma once
#include <expected>

#include "common/app/chat/draft.hpp"
#include "common/app/chat/operation.hpp"

/// Within the chat: what the calls have in common.
namespace parley::app::chat {

/// One call while it is carried out.
struct Call {
  Draft draft;
  std::uint64_t now_us = 0;    ///< cluster time
  std::uint64_t wall_us = 0;   ///< since 1970
  bool spares_quota = false;   ///< it may not be refused by the quota: what it adds is bounded, or must be there
  bool keeps_changes = false;  ///< although it is refused: a failure is counted
};

[[nodiscard]] inline Reply refused(ErrorWord word, std::string detail) {
  return {.word = word, .detail = std::move(detail)};
}

/// A value, or why the call ends here.
template <class T>
using Or = std::expected<T, Reply>;

/// Of whose token it is, which must not have ended.
struct Actor {
  UserId user;
  TokenRow token;
};
[[nodiscard]] Or<Actor> acting(const Draft& draft, std::uint64_t now_us, const TokenId& token);

[[nodiscard]] std::optional<UserId> user_named(const Draft& draft, BytesView name);

/// A chat that somebody can see: he is in it, or is invited, or it is open to all.
struct Place {
  UserId user;
  ChatId chat;
  std::optional<MemberRow> member;
};
[[nodiscard]] Or<Place> find_place(const Draft& draft, UserId user, BytesView chat_name);
/// The same for a member.
struct Seat {
  UserId user;
  ChatId chat;
  MemberRow member;
};
[[nodiscard]] Or<Seat> find_seat(const Draft& draft, UserId user, BytesView chat_name);
/// The same, at the beginning of a call by token.
[[nodiscard]] Or<Seat> take_seat(const Call& call, const TokenId& token, BytesView chat_name);

/// A member less. The chat gets another owner if that was he, and is gone if nobody can come in any more.
void leave(Call& call, UserId user, UserRow& row, ChatId chat);

// Each carries out one call in its draft: accounts.cpp, chats.cpp, messages.cpp.
[[nodiscard]] Reply carry_out(Call& call, const CreateUser& create);
[[nodiscard]] Reply carry_out(Call& call, const Login& login);
[[nodiscard]] Reply carry_out(Call& call, const ChangePassword& change);
[[nodiscard]] Reply carry_out(Call& call, const DisableUser& disable);
[[nodiscard]] Reply carry_out(Call& call, const Logout& logout);
[[nodiscard]] Reply carry_out(Call& call, const CreateChat& create);
[[nodiscard]] Reply carry_out(Call& call, const JoinChat& join);
[[nodiscard]] Reply carry_out(Call& call, const LeaveChat& leave);
[[nodiscard]] Reply carry_out(Call& call, const RenameChat& rename);
[[nodiscard]] Reply carry_out(Call& call, const DescribeChat& describe);
[[nodiscard]] Reply carry_out(Call& call, const SetInviteOnly& set);
[[nodiscard]] Reply carry_out(Call& call, const Invite& invite);
[[nodiscard]] Reply carry_out(Call& call, const RemoveMember& remove);
[[nodiscard]] Reply carry_out(Call& call, const HandOver& hand_over);
[[nodiscard]] Reply carry_out(Call& call, const Send& send);
[[nodiscard]] Reply carry_out(Call& call, const Edit& edit);
[[nodiscard]] Reply carry_out(Call& call, const DeleteMessage& erase);
[[nodiscard]] Reply carry_out(Call& call, const MarkRead& mark);

// What falls due.
void end_token(Call& call, BytesView token);
void forget_failures(Call& call, BytesView folded_name);
void forget_sent_key(Call& call, BytesView user_and_key);
/// Erases some of the rows of a chat that is gone; the rest falls due again.
void sweep(Call& call);

}  // namespace parley::app::chat
