// Chats and who is in them.
#include "common/app/chat/call.hpp"
#include "common/app/chat/names.hpp"
#include "common/base/chat_limits.hpp"

namespace parley::app::chat {
namespace {

Reply no_such_chat() { return refused(ErrorWord::not_found, "no such chat"); }
Reply no_such_user() { return refused(ErrorWord::not_found, "no such user"); }
Reply name_taken() { return refused(ErrorWord::exists, "there is a chat of this name"); }

Reply too_many_chats() {
  return refused(ErrorWord::too_large, "a user is in at most " + std::to_string(limits::chats_per_user) + " chats");
}

/// A chat, for a call that only its owner may make.
struct Owned {
  Seat seat;
  ChatRow chat;
};
Or<Owned> take_owned(const Call& call, const TokenId& token, BytesView chat_name) {
  const auto seat = take_seat(call, token, chat_name);
  if (!seat) return std::unexpected(seat.error());
  auto chat = call.draft.at<ChatRow>(chat_key(seat->chat));
  if (chat.owner != seat->user) return std::unexpected(refused(ErrorWord::denied, "only the owner of the chat may"));
  return Owned{*seat, std::move(chat)};
}

/// Somebody who is named by another: not one who is disabled, since he takes part in nothing any more.
struct Target {
  UserId user;
  UserRow row;
};
Or<Target> find_target(const Call& call, BytesView name) {
  const auto user = user_named(call.draft, name);
  if (!user) return std::unexpected(no_such_user());
  auto row = call.draft.at<UserRow>(user_key(*user));
  if (row.is_disabled) return std::unexpected(no_such_user());
  return Target{*user, std::move(row)};
}

void seat_member(Call& call, UserId user, UserRow& row, ChatId id, ChatRow& chat) {
  const auto numbers = call.draft.get<NumbersRow>(numbers_key(id)).value_or(NumbersRow{});
  const MemberRow member{chat.next_member++, call.wall_us, numbers.last, numbers.messages};
  call.draft.put(member_key(id, user), member);
  call.draft.put(join_key(id, member.number), NumberRow{user.value});
  call.draft.put(chat_of_key(user, id), NumberRow{is_member});
  ++chat.members;
  ++row.chats;
}

/// Nobody can come in any more. Its name is free, and its rows go bit by bit.
void close_chat(Call& call, ChatId id, const ChatRow& chat) {
  call.draft.erase(chat_name_key(folded(chat.name)));
  call.draft.erase(chat_key(id));
  // One row falls due for all that are gone.
  CountersRow counters = call.draft.get<CountersRow>(counters_key()).value_or(CountersRow{});
  if (counters.gone_chats++ == 0) call.draft.add_due(call.now_us, DueKind::gone_chats, {});
  call.draft.put(counters_key(), counters);
  call.draft.put(gone_key(id), NumberRow{});
}

/// Whoever has been in it for longest. (Those who are disabled are in no chat.)
UserId longest_standing(const Call& call, ChatId chat) {
  std::uint64_t user = 0;
  call.draft.scan(joins_key(chat), [&user](BytesView, BytesView value) {
    const auto row = decode_row<NumberRow>(value);
    ENSURE(row.has_value());
    user = row->value;
    return false;
  });
  ENSURE(user != 0);
  return UserId{user};
}

void withdraw_invitation(Call& call, UserId user, UserRow& row, ChatId chat) {
  call.draft.erase(invitation_key(chat, user));
  call.draft.erase(chat_of_key(user, chat));
  --row.invitations;
}

}  // namespace

Or<Place> find_place(const Draft& draft, UserId user, BytesView chat_name) {
  const auto id = draft.get<NumberRow>(chat_name_key(folded(chat_name)));
  if (!id) return std::unexpected(no_such_chat());
  Place place{user, ChatId{id->value}, draft.get<MemberRow>(member_key(ChatId{id->value}, user))};
  if (place.member) return place;
  const bool is_hidden = draft.at<ChatRow>(chat_key(place.chat)).is_invite_only;
  if (is_hidden && !draft.has(invitation_key(place.chat, user))) return std::unexpected(no_such_chat());
  return place;
}

Or<Seat> find_seat(const Draft& draft, UserId user, BytesView chat_name) {
  auto place = find_place(draft, user, chat_name);
  if (!place) return std::unexpected(std::move(place.error()));
  if (!place->member) return std::unexpected(refused(ErrorWord::not_member, "not a member of this chat"));
  return Seat{user, place->chat, *place->member};
}

Or<Seat> take_seat(const Call& call, const TokenId& token, BytesView chat_name) {
  const auto actor = acting(call.draft, call.now_us, token);
  if (!actor) return std::unexpected(actor.error());
  return find_seat(call.draft, actor->user, chat_name);
}

Reply carry_out(Call& call, const CreateChat& create) {
  const auto actor = acting(call.draft, call.now_us, create.token);
  if (!actor) return actor.error();
  const RowKey name_key = chat_name_key(folded(create.name));
  if (call.draft.has(name_key)) return name_taken();
  UserRow row = call.draft.at<UserRow>(user_key(actor->user));
  if (row.chats >= limits::chats_per_user) return too_many_chats();
  CountersRow counters = call.draft.at<CountersRow>(counters_key());
  const ChatId id{++counters.chats};
  ChatRow chat;
  chat.is_invite_only = create.is_invite_only;
  chat.owner = actor->user;
  chat.created_us = call.wall_us;
  chat.name = create.name;
  chat.description = create.description;
  seat_member(call, actor->user, row, id, chat);
  call.draft.put(counters_key(), counters);
  call.draft.put(name_key, NumberRow{id.value});
  call.draft.put(chat_key(id), chat);
  call.draft.put(numbers_key(id), NumbersRow{});
  call.draft.put(user_key(actor->user), row);
  return {};
}

Reply carry_out(Call& call, const JoinChat& join) {
  const auto actor = acting(call.draft, call.now_us, join.token);
  if (!actor) return actor.error();
  const auto place = find_place(call.draft, actor->user, join.chat);
  if (!place) return place.error();
  if (place->member) return {};
  UserRow row = call.draft.at<UserRow>(user_key(actor->user));
  if (row.chats >= limits::chats_per_user) return too_many_chats();
  if (call.draft.has(invitation_key(place->chat, actor->user)))
    withdraw_invitation(call, actor->user, row, place->chat);
  ChatRow chat = call.draft.at<ChatRow>(chat_key(place->chat));
  if (chat.owner == no_user) chat.owner = actor->user;
  seat_member(call, actor->user, row, place->chat, chat);
  call.draft.put(chat_key(place->chat), chat);
  call.draft.put(user_key(actor->user), row);
  return {};
}

void leave(Call& call, UserId user, UserRow& row, ChatId id) {
  ChatRow chat = call.draft.at<ChatRow>(chat_key(id));
  const auto member = call.draft.at<MemberRow>(member_key(id, user));
  call.draft.erase(member_key(id, user));
  call.draft.erase(join_key(id, member.number));
  call.draft.erase(chat_of_key(user, id));
  --chat.members;
  --row.chats;
  if (chat.members == 0 && chat.is_invite_only) return close_chat(call, id, chat);
  if (chat.owner == user) chat.owner = chat.members == 0 ? no_user : longest_standing(call, id);
  call.draft.put(chat_key(id), chat);
}

Reply carry_out(Call& call, const LeaveChat& leaving) {
  call.spares_quota = true;
  const auto actor = acting(call.draft, call.now_us, leaving.token);
  if (!actor) return actor.error();
  const auto place = find_place(call.draft, actor->user, leaving.chat);
  if (!place) return place.error();
  UserRow row = call.draft.at<UserRow>(user_key(actor->user));
  if (place->member) {
    leave(call, actor->user, row, place->chat);
  } else if (call.draft.has(invitation_key(place->chat, actor->user))) {
    withdraw_invitation(call, actor->user, row, place->chat);
  } else {
    return refused(ErrorWord::not_member, "not a member of this chat");
  }
  call.draft.put(user_key(actor->user), row);
  return {};
}

Reply carry_out(Call& call, const RenameChat& rename) {
  auto owned = take_owned(call, rename.token, rename.chat);
  if (!owned) return owned.error();
  const Bytes before = folded(owned->chat.name);
  const Bytes after = folded(rename.name);
  if (before != after) {
    if (call.draft.has(chat_name_key(after))) return name_taken();
    call.draft.erase(chat_name_key(before));
    call.draft.put(chat_name_key(after), NumberRow{owned->seat.chat.value});
  }
  owned->chat.name = rename.name;
  call.draft.put(chat_key(owned->seat.chat), owned->chat);
  return {};
}

Reply carry_out(Call& call, const DescribeChat& describe) {
  auto owned = take_owned(call, describe.token, describe.chat);
  if (!owned) return owned.error();
  owned->chat.description = describe.description;
  call.draft.put(chat_key(owned->seat.chat), owned->chat);
  return {};
}

Reply carry_out(Call& call, const SetInviteOnly& set) {
  auto owned = take_owned(call, set.token, set.chat);
  if (!owned) return owned.error();
  owned->chat.is_invite_only = set.is_invite_only;
  call.draft.put(chat_key(owned->seat.chat), owned->chat);
  return {};
}

Reply carry_out(Call& call, const Invite& invite) {
  const auto owned = take_owned(call, invite.token, invite.chat);
  if (!owned) return owned.error();
  auto target = find_target(call, invite.user);
  if (!target) return target.error();
  const ChatId chat = owned->seat.chat;
  if (call.draft.has(member_key(chat, target->user))) return refused(ErrorWord::exists, "that is a member already");
  if (call.draft.has(invitation_key(chat, target->user))) return {};
  if (target->row.invitations >= limits::chats_per_user) {
    return refused(ErrorWord::too_large,
                   "a user is invited to at most " + std::to_string(limits::chats_per_user) + " chats");
  }
  ++target->row.invitations;
  call.draft.put(invitation_key(chat, target->user), NumberRow{owned->seat.user.value});
  call.draft.put(chat_of_key(target->user, chat), NumberRow{is_invited});
  call.draft.put(user_key(target->user), target->row);
  return {};
}

Reply carry_out(Call& call, const RemoveMember& remove) {
  call.spares_quota = true;
  const auto owned = take_owned(call, remove.token, remove.chat);
  if (!owned) return owned.error();
  auto target = find_target(call, remove.user);
  if (!target) return target.error();
  const ChatId chat = owned->seat.chat;
  if (target->user == owned->seat.user)
    return refused(ErrorWord::invalid, "an owner is not removed: leave the chat, or hand it over");
  if (call.draft.has(member_key(chat, target->user))) {
    leave(call, target->user, target->row, chat);
  } else if (call.draft.has(invitation_key(chat, target->user))) {
    withdraw_invitation(call, target->user, target->row, chat);
  } else {
    return refused(ErrorWord::not_member, "that is no member of this chat");
  }
  call.draft.put(user_key(target->user), target->row);
  return {};
}

Reply carry_out(Call& call, const HandOver& hand_over) {
  auto owned = take_owned(call, hand_over.token, hand_over.chat);
  if (!owned) return owned.error();
  const auto target = find_target(call, hand_over.user);
  if (!target) return target.error();
  if (!call.draft.has(member_key(owned->seat.chat, target->user)))
    return refused(ErrorWord::not_member, "that is no member of this chat");
  owned->chat.owner = target->user;
  call.draft.put(chat_key(owned->seat.chat), owned->chat);
  return {};
}

/// Of the first that is gone its events, then its invitations, then itself.
void sweep(Call& call) {
  std::optional<ChatId> chat;
  call.draft.scan(RowKey(RowSpace::chat_gone), [&chat](BytesView key, BytesView) {
    chat = ChatId{last_number(key)};
    return false;
  });
  ENSURE(chat.has_value());
  std::vector<std::uint64_t> events;
  call.draft.scan(events_key(*chat), [&events](BytesView key, BytesView) {
    events.push_back(last_number(key));
    return events.size() < limits::gone_chat_rows;
  });
  for (const std::uint64_t seq : events) call.draft.erase(event_key(*chat, EventSeq{seq}));
  const std::size_t room = limits::gone_chat_rows - events.size();
  std::vector<std::uint64_t> invited;
  call.draft.scan(invitations_key(*chat), [&](BytesView key, BytesView) {
    if (invited.size() < room) invited.push_back(last_number(key));
    return invited.size() < room;
  });
  for (const std::uint64_t each : invited) {
    const UserId user{each};
    UserRow row = call.draft.at<UserRow>(user_key(user));
    withdraw_invitation(call, user, row, *chat);
    call.draft.put(user_key(user), row);
  }
  CountersRow counters = call.draft.at<CountersRow>(counters_key());
  if (events.size() + invited.size() < limits::gone_chat_rows) {
    call.draft.erase(numbers_key(*chat));
    call.draft.erase(gone_key(*chat));
    --counters.gone_chats;
    call.draft.put(counters_key(), counters);
  }
  if (counters.gone_chats > 0) call.draft.add_due(call.now_us, DueKind::gone_chats, {});
}

}  // namespace parley::app::chat
