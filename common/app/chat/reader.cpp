#include "common/app/chat/reader.hpp"

#include <algorithm>
#include <queue>

#include "common/app/chat/chat.hpp"
#include "common/app/chat/names.hpp"
#include "common/base/chat_limits.hpp"

namespace parley::app::chat {
namespace {

/// Of a page, before its rows.
constexpr std::size_t page_head_bytes = 64;

std::size_t page_rows(std::uint32_t limit) {
  return limit == 0 ? limits::chat_page_rows : std::min<std::size_t>(limit, limits::chat_page_rows);
}

Reply answered(Answer answer) { return {.body = std::move(answer)}; }

/// What a query works with.
struct Reader {
  Draft rows;
  std::uint64_t now_us = 0;
  Actor actor;
};

ChatSummary summary_of(const Draft& rows, UserId user, ChatId id, const ChatRow& chat) {
  ChatSummary summary;
  summary.id = id;
  summary.name = chat.name;
  summary.is_owner = chat.owner == user;
  summary.is_invite_only = chat.is_invite_only;
  summary.members = chat.members;
  const auto member = rows.get<MemberRow>(member_key(id, user));
  if (!member) return summary;
  const auto numbers = rows.at<NumbersRow>(numbers_key(id));
  summary.is_member = true;
  summary.last = numbers.last;
  summary.last_time_us = numbers.last_time_us;
  summary.read = member->read;
  summary.unread = numbers.messages - member->read_messages;
  return summary;
}

Reply answer(const Reader& reader, const ListChats& list) {
  Chats page;
  std::size_t bytes = page_head_bytes;
  const RowKey from = chat_of_key(reader.actor.user, ChatId{list.after.value});
  reader.rows.scan_from(from, chats_of_key(reader.actor.user), [&](BytesView key, BytesView) {
    const ChatId id{last_number(key)};
    if (id <= list.after) return true;
    const auto chat = reader.rows.get<ChatRow>(chat_key(id));
    if (!chat) return true;  // an invitation to one that is gone
    ChatSummary summary = summary_of(reader.rows, reader.actor.user, id, *chat);
    bytes += size_of_field(summary);
    page.more = page.chats.size() == page_rows(list.limit) || (!page.chats.empty() && bytes > limits::chat_page_bytes);
    if (!page.more) page.chats.push_back(std::move(summary));
    return !page.more;
  });
  return answered(std::move(page));
}

Reply answer(const Reader& reader, const ListMembers& list) {
  const auto seat = find_seat(reader.rows, reader.actor.user, list.chat);
  if (!seat) return seat.error();
  const UserId owner = reader.rows.at<ChatRow>(chat_key(seat->chat)).owner;
  Members page;
  std::size_t bytes = page_head_bytes;
  reader.rows.scan_from(join_key(seat->chat, list.after), joins_key(seat->chat), [&](BytesView key, BytesView value) {
    const std::uint64_t number = last_number(key);
    if (number <= list.after) return true;
    const auto user = decode_row<NumberRow>(value);
    ENSURE(user.has_value());
    const UserId id{user->value};
    Member member{number, reader.rows.at<UserRow>(user_key(id)).name,
                  reader.rows.at<MemberRow>(member_key(seat->chat, id)).joined_us, id == owner};
    bytes += size_of_field(member);
    page.more =
        page.members.size() == page_rows(list.limit) || (!page.members.empty() && bytes > limits::chat_page_bytes);
    if (!page.more) page.members.push_back(std::move(member));
    return !page.more;
  });
  return answered(std::move(page));
}

Reply answer(const Reader& reader, const History& history) {
  const auto seat = find_seat(reader.rows, reader.actor.user, history.chat);
  if (!seat) return seat.error();
  const std::uint64_t last = reader.rows.at<NumbersRow>(numbers_key(seat->chat)).last.value;
  const std::uint64_t end = history.before.value == 0 ? last + 1 : std::min(history.before.value, last + 1);
  std::uint64_t low = history.after.value;  // both exclusive
  std::uint64_t high = end;
  EventPage page(reader.rows, history.limit);
  bool more = false;
  while (!more && high > low && high - low > 1) {
    const EventSeq seq{history.is_forward ? low + 1 : high - 1};
    more = !page.add(seat->chat, seq, reader.rows.at<EventRow>(event_key(seat->chat, seq)));
    (history.is_forward ? low : high) = seq.value;
  }
  return answered(page.take(!history.is_forward, more));
}

/// Where a chat stands in the merge of all.
struct Cursor {
  ChatId chat;
  EventSeq seq;
  EventSeq last;
  std::uint64_t time_us = 0;  ///< of the event at `seq`
};

/// Without its text, which may be long.
std::uint64_t time_of(const Draft& rows, ChatId chat, EventSeq seq) {
  const auto row = rows.get_bytes(event_key(chat, seq));
  ENSURE(row.has_value());
  return time_of_event(*row);
}

/// The first event of a chat that lies behind the place from which `query` goes on: found from the end on, in steps
/// that double, since what is asked for is mostly new.
EventSeq first_behind(const Draft& rows, ChatId chat, EventSeq last, const Messages& query) {
  const auto is_behind = [&](std::uint64_t seq) {
    const std::uint64_t time_us = time_of(rows, chat, EventSeq{seq});
    if (time_us != query.time_us) return time_us > query.time_us;
    return chat != query.chat ? chat > query.chat : EventSeq{seq} > query.seq;
  };
  // Invariant: what is at `high` lies behind, or is the end; what is at `low` does not, or is the beginning.
  std::uint64_t high = last.value + 1;
  std::uint64_t low = last.value;
  for (std::uint64_t step = 1; low > 0 && is_behind(low); step *= 2) {
    high = low;
    low -= std::min(low, step);
  }
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (is_behind(middle) ? high : low) = middle;
  }
  return EventSeq{high};
}

Reply answer(const Reader& reader, const Messages& query) {
  const auto is_later = [](const Cursor& left, const Cursor& right) {
    if (left.time_us != right.time_us) return left.time_us > right.time_us;
    return left.chat > right.chat;
  };
  std::priority_queue<Cursor, std::vector<Cursor>, decltype(is_later)> merge(is_later);
  reader.rows.scan(chats_of_key(reader.actor.user), [&](BytesView key, BytesView value) {
    const auto what = decode_row<NumberRow>(value);
    ENSURE(what.has_value());
    if (what->value != is_member) return true;
    const ChatId chat{last_number(key)};
    const auto numbers = reader.rows.at<NumbersRow>(numbers_key(chat));
    if (numbers.last_time_us < query.time_us || numbers.last.value == 0) return true;
    const EventSeq first = first_behind(reader.rows, chat, numbers.last, query);
    if (first > numbers.last) return true;
    merge.push({chat, first, numbers.last, time_of(reader.rows, chat, first)});
    return true;
  });
  EventPage page(reader.rows, query.limit);
  bool more = false;
  while (!more && !merge.empty()) {
    Cursor next = merge.top();
    merge.pop();
    more = !page.add(next.chat, next.seq, reader.rows.at<EventRow>(event_key(next.chat, next.seq)));
    if (next.seq == next.last) continue;
    next.seq = next.seq.next();
    next.time_us = time_of(reader.rows, next.chat, next.seq);
    merge.push(next);
  }
  return answered(page.take(false, more));
}

Reply answer(const Reader& reader, const WhoAmI&) {
  const auto user = reader.rows.at<UserRow>(user_key(reader.actor.user));
  return answered(
      Me{user.name, user.created_us, reader.actor.token.expires_us - reader.now_us, user.chats, user.invitations});
}

Reply answer(const Reader& reader, const ChatInfo& query) {
  const auto place = find_place(reader.rows, reader.actor.user, query.chat);
  if (!place) return place.error();
  const auto chat = reader.rows.at<ChatRow>(chat_key(place->chat));
  ChatDetails details;
  details.summary = summary_of(reader.rows, reader.actor.user, place->chat, chat);
  if (chat.owner != no_user) details.owner = reader.rows.at<UserRow>(user_key(chat.owner)).name;
  details.description = chat.description;
  details.created_us = chat.created_us;
  return answered(std::move(details));
}

}  // namespace

EventPage::EventPage(const Draft& rows, std::uint32_t limit)
    : rows_(rows), most_(page_rows(limit)), bytes_(page_head_bytes) {}

const Bytes& EventPage::name_of(UserId user) {
  const auto known = users_.find(user);
  if (known != users_.end()) return known->second;
  return users_.emplace(user, rows_.at<UserRow>(user_key(user)).name).first->second;
}

bool EventPage::add(ChatId chat, EventSeq seq, EventRow row) {
  if (events_.size() == most_) return false;
  Event event{chat, seq, row.time_us, row.kind, name_of(row.author), std::move(row.text), row.of, {}, row.deleted_by};
  if (row.kind == static_cast<std::uint8_t>(EventKind::message)) event.edited_by = row.last_edit;
  std::size_t more = size_of_field(event);
  const auto known = chats_.find(chat);
  std::optional<Bytes> chat_name;
  if (known == chats_.end()) {
    chat_name = rows_.at<ChatRow>(chat_key(chat)).name;
    more += size_of_field(ChatName{chat, *chat_name});
  }
  if (!events_.empty() && bytes_ + more > limits::chat_page_bytes) return false;
  bytes_ += more;
  if (chat_name) chats_.emplace(chat, *std::move(chat_name));
  events_.push_back(std::move(event));
  return true;
}

Events EventPage::take(bool backwards, bool more) {
  Events events;
  events.more = more;
  for (auto& [chat, name] : chats_) events.chats.push_back({chat, std::move(name)});
  if (backwards) std::ranges::reverse(events_);
  events.events = std::move(events_);
  return events;
}

std::expected<ChatReader, Reply> reader_of(const TokenId& token, BytesView chat, const Table& table, const Meta& meta) {
  if (auto problem = problem_of_chat_name(chat))
    return std::unexpected(refused(problem->word, std::move(problem->text)));
  const Draft rows(table);
  const auto actor = acting(rows, meta.time.cluster_us, token);
  if (!actor) return std::unexpected(actor.error());
  const auto seat = find_seat(rows, actor->user, chat);
  if (!seat) return std::unexpected(seat.error());
  return ChatReader{seat->user, seat->chat};
}

std::optional<Bytes> member_name(ChatId chat, UserId user, const Table& table) {
  const Draft rows(table);
  if (!rows.has(member_key(chat, user))) return std::nullopt;
  return rows.at<UserRow>(user_key(user)).name;
}

std::optional<EventSeq> last_event(ChatId chat, const Table& table) {
  const Draft rows(table);
  if (!rows.has(chat_key(chat))) return std::nullopt;
  return rows.at<NumbersRow>(numbers_key(chat)).last;
}

Events events_behind(ChatId chat, EventSeq after, std::uint32_t limit, const Table& table) {
  const Draft rows(table);
  const EventSeq last = rows.at<NumbersRow>(numbers_key(chat)).last;
  EventPage page(rows, limit);
  bool more = false;
  for (EventSeq seq = after; !more && seq < last;) {
    seq = seq.next();
    more = !page.add(chat, seq, rows.at<EventRow>(event_key(chat, seq)));
  }
  return page.take(false, more);
}

Reply read(const Query& query, const Table& table, const Meta& meta) {
  if (auto problem = problem_of(query)) return refused(problem->word, std::move(problem->text));
  Reader reader{Draft(table), meta.time.cluster_us, {}};
  auto actor = acting(reader.rows, reader.now_us, token_of(query));
  if (!actor) return actor.error();
  reader.actor = *actor;
  return std::visit([&reader](const auto& kind) { return answer(reader, kind); }, query);
}

}  // namespace parley::app::chat
