// What is said.
#include <algorithm>

#include "common/app/chat/answer.hpp"
#include "common/app/chat/call.hpp"
#include "common/app/chat/names.hpp"
#include "common/base/chat_limits.hpp"

namespace parley::app::chat {
namespace {

constexpr std::uint8_t kind_of(EventKind kind) { return static_cast<std::uint8_t>(kind); }

Reply no_such_message() { return refused(ErrorWord::not_found, "no such message"); }

/// Two messages under one key are the same if this is.
std::uint64_t fingerprint_of(const Send& send) {
  Bytes bytes = folded(send.chat);
  bytes += '\0';
  bytes += send.text;
  return checksum64(bytes);
}

/// Gives the event its place and time, and puts it there. Who says something has read what came before; who edits or
/// deletes may not, but if he had, he has read this too.
Sent append(Call& call, Seat& seat, EventRow event) {
  NumbersRow numbers = call.draft.at<NumbersRow>(numbers_key(seat.chat));
  const bool is_message = event.kind == kind_of(EventKind::message);
  const bool has_read_all = is_message || seat.member.read == numbers.last;
  numbers.last = numbers.last.next();
  numbers.last_time_us = std::max(numbers.last_time_us, call.wall_us);
  if (is_message) ++numbers.messages;
  event.author = seat.user;
  event.time_us = numbers.last_time_us;
  event.messages = numbers.messages;
  call.draft.put(event_key(seat.chat, numbers.last), event);
  call.draft.put(numbers_key(seat.chat), numbers);
  if (has_read_all) {
    seat.member.read = numbers.last;
    seat.member.read_messages = numbers.messages;
    call.draft.put(member_key(seat.chat, seat.user), seat.member);
  }
  return {numbers.last, numbers.last_time_us};
}

/// A message that can still be edited or deleted.
Or<EventRow> find_message(const Call& call, ChatId chat, EventSeq seq) {
  auto event = call.draft.get<EventRow>(event_key(chat, seq));
  if (!event || event->kind != kind_of(EventKind::message)) return std::unexpected(no_such_message());
  if (event->deleted_by.value != 0) return std::unexpected(refused(ErrorWord::not_found, "this message was deleted"));
  return *std::move(event);
}

Bytes bytes_of_sent_key(UserId user, BytesView key) { return Bytes(sent_key(user, key).view().substr(1)); }

}  // namespace

Reply carry_out(Call& call, const Send& send) {
  const auto actor = acting(call.draft, call.now_us, send.token);
  if (!actor) return actor.error();
  // First of all: what was sent was sent, whatever has become of the chat or of the membership since.
  const RowKey key = sent_key(actor->user, send.key);
  const std::uint64_t fingerprint = send.key.empty() ? 0 : fingerprint_of(send);
  if (!send.key.empty()) {
    if (const auto sent = call.draft.get<SentKeyRow>(key); sent && sent->expires_us > call.now_us) {
      if (sent->fingerprint == fingerprint) return {.body = Answer(Sent{sent->seq, sent->time_us})};
      return refused(ErrorWord::mismatch, "this key was used for another message");
    } else if (sent) {
      call.draft.remove_due(sent->expires_us, DueKind::sent_key, bytes_of_sent_key(actor->user, send.key));
    }
  }
  auto seat = find_seat(call.draft, actor->user, send.chat);
  if (!seat) return seat.error();
  EventRow event;
  event.kind = kind_of(EventKind::message);
  event.text = send.text;
  const Sent sent = append(call, *seat, std::move(event));
  if (!send.key.empty()) {
    const SentKeyRow row{sent.seq, sent.time_us, fingerprint, call.now_us + limits::sent_key_us};
    call.draft.put(key, row);
    call.draft.add_due(row.expires_us, DueKind::sent_key, bytes_of_sent_key(actor->user, send.key));
  }
  return {.body = Answer(sent)};
}

Reply carry_out(Call& call, const Edit& edit) {
  auto seat = take_seat(call, edit.token, edit.chat);
  if (!seat) return seat.error();
  auto message = find_message(call, seat->chat, edit.seq);
  if (!message) return message.error();
  if (message->author != seat->user) return refused(ErrorWord::denied, "only its author may edit a message");
  if (message->edits >= limits::edits_per_message) {
    return refused(ErrorWord::too_large,
                   "a message is edited at most " + std::to_string(limits::edits_per_message) + " times");
  }
  EventRow event;
  event.kind = kind_of(EventKind::edit);
  event.of = edit.seq;
  event.last_edit = message->last_edit;
  event.text = edit.text;
  const Sent sent = append(call, *seat, std::move(event));
  message->last_edit = sent.seq;
  ++message->edits;
  call.draft.put(event_key(seat->chat, edit.seq), *message);
  return {.body = Answer(sent)};
}

Reply carry_out(Call& call, const DeleteMessage& erase) {
  call.spares_quota = true;
  auto seat = take_seat(call, erase.token, erase.chat);
  if (!seat) return seat.error();
  auto message = find_message(call, seat->chat, erase.seq);
  if (!message) return message.error();
  const bool is_owner = call.draft.at<ChatRow>(chat_key(seat->chat)).owner == seat->user;
  if (message->author != seat->user && !is_owner)
    return refused(ErrorWord::denied, "only its author or the owner of the chat may delete a message");
  EventRow event;
  event.kind = kind_of(EventKind::deletion);
  event.of = erase.seq;
  const Sent sent = append(call, *seat, std::move(event));
  EventSeq next = erase.seq;
  for (std::optional<EventRow> each = *std::move(message); next.value != 0;) {
    each->text.clear();
    each->deleted_by = sent.seq;
    call.draft.put(event_key(seat->chat, next), *each);
    next = each->last_edit;
    if (next.value != 0) each = call.draft.at<EventRow>(event_key(seat->chat, next));
  }
  return {.body = Answer(sent)};
}

Reply carry_out(Call& call, const MarkRead& mark) {
  call.spares_quota = true;
  auto seat = take_seat(call, mark.token, mark.chat);
  if (!seat) return seat.error();
  const auto event = call.draft.get<EventRow>(event_key(seat->chat, mark.seq));
  if (!event) return no_such_message();
  if (mark.seq <= seat->member.read) return {};
  seat->member.read = mark.seq;
  seat->member.read_messages = event->messages;
  call.draft.put(member_key(seat->chat, seat->user), seat->member);
  return {};
}

void forget_sent_key(Call& call, BytesView user_and_key) {
  call.draft.erase(RowKey(RowSpace::chat_sent_key, user_and_key));
}

}  // namespace parley::app::chat
