#include "common/app/sessions.hpp"

#include <algorithm>

#include "common/app/reply.hpp"
#include "common/base/big_endian.hpp"
#include "common/base/byte_codec.hpp"

namespace parley::app {
namespace {

constexpr std::size_t header_key_bytes = 1 + 8;
constexpr std::size_t reply_key_bytes = 1 + 8 + 2;
constexpr std::size_t reply_row_header_bytes = 8 + 8 + 8;

static_assert(limits::session_window <= 0x10000, "a slot is two bytes of a row's key");

RowKey header_key(SessionId session) { return RowKey(RowSpace::session).add_number(session.value, 8); }
RowKey reply_key(SessionId session, std::size_t slot) { return header_key(session).add_number(slot, 2); }

}  // namespace

Result<Sessions> Sessions::load(const Table& table, std::size_t window) {
  Sessions sessions(window);
  bool sound = true;
  const RowKey first(RowSpace::session);
  table.scan(first.view(), [&](BytesView key, BytesView value) {
    if (!key.starts_with(first.view())) return false;
    sound = sessions.load_row(key, value);
    return sound;
  });
  if (!sound) return fail(ErrorCode::corrupt, "a row of a session is none");
  sessions.sort_by_use();
  return sessions;
}

bool Sessions::load_row(BytesView key, BytesView value) {
  ByteReader in(value);
  if (key.size() == header_key_bytes) {
    const SessionId id{big_endian(key.substr(1))};
    in.number<std::uint64_t>();  // the nonce is for people who read rows
    const Index index{in.number<std::uint64_t>()};
    if (!in.done() || index.value != id.value) return false;
    insert(id);
    return true;
  }
  if (key.size() != reply_key_bytes) return false;
  Session* session = find(SessionId{big_endian(key.substr(1, 8))});
  const std::uint64_t slot = big_endian(key.substr(9));
  const RequestSeq seq{in.number<std::uint64_t>()};
  const Index index{in.number<std::uint64_t>()};
  const RequestSeq lowest{in.number<std::uint64_t>()};
  // A header sorts before the replies of its session, so it was seen.
  if (session == nullptr || !in.ok() || seq.value == 0 || slot >= window_ || slot_of(seq) != slot) return false;
  if (!decode_reply(value.substr(reply_row_header_bytes))) return false;
  session->seqs[slot] = seq.value;
  if (index > session->last_used) {
    session->last_used = index;
    session->lowest = lowest;
  }
  return true;
}

void Sessions::sort_by_use() {
  by_use_.sort(
      [this](SessionId left, SessionId right) { return sessions_.at(left).last_used < sessions_.at(right).last_used; });
}

Sessions::Session* Sessions::find(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

Sessions::Session& Sessions::least_recently_used() {
  ENSURE(!by_use_.empty());
  return sessions_.at(by_use_.front());
}

Sessions::Session& Sessions::insert(SessionId id) {
  Session& session = sessions_[id];
  session.id = id;
  session.last_used = Index{id.value};
  session.seqs.assign(window_, 0);
  session.place = by_use_.insert(by_use_.end(), id);
  return session;
}

SessionId Sessions::open(RecordedTable& table, Index index, std::uint64_t nonce) {
  const SessionId id{index.value};
  ENSURE(find(id) == nullptr);
  insert(id);
  row_.clear();
  ByteWriter(row_).number(nonce).number(index.value);
  table.put(header_key(id).view(), row_);
  return id;
}

void Sessions::close(RecordedTable& table, const Session& session) {
  const SessionId id = session.id;
  table.erase(header_key(id).view());
  for (std::size_t slot = 0; slot < session.seqs.size(); ++slot) {
    if (session.seqs[slot] != 0) table.erase(reply_key(id, slot).view());
  }
  by_use_.erase(session.place);
  sessions_.erase(id);
}

// A command runs once because of two things. Its slot still names it: then it ran. Its slot names a later one: then
// that one was within the window above a `lowest` which is above this command, so this one is outside. A slot that
// names an earlier one, or none, has never held it.
Sessions::Verdict Sessions::judge(const Session& session, RequestSeq seq, RequestSeq lowest_unanswered) const {
  if (session.seqs[slot_of(seq)] == seq.value) return Verdict::duplicate;
  const RequestSeq lowest = std::max(session.lowest, lowest_unanswered);
  if (seq < lowest || seq.value - lowest.value >= window_) return Verdict::outside_window;
  ENSURE_LT(session.seqs[slot_of(seq)], seq.value);
  return Verdict::execute;
}

BytesView Sessions::kept_reply(const Table& table, const Session& session, RequestSeq seq) const {
  const auto row = table.get(reply_key(session.id, slot_of(seq)).view());
  ENSURE(row.has_value());
  ByteReader in(*row);
  ENSURE_EQ(in.number<std::uint64_t>(), seq.value);
  return row->substr(reply_row_header_bytes);
}

void Sessions::use(Session& session, RequestSeq seq, RequestSeq lowest_unanswered, Index index) {
  session.lowest = std::max(session.lowest, lowest_unanswered);
  session.last_used = index;
  session.seqs[slot_of(seq)] = seq.value;
  by_use_.splice(by_use_.end(), by_use_, session.place);
}

void Sessions::write_reply(RecordedTable& table, SessionId session, RequestSeq seq, RequestSeq lowest, Index index,
                           BytesView reply) {
  row_.clear();
  ByteWriter(row_).number(seq.value).number(index.value).number(lowest.value).raw(reply);
  table.put(reply_key(session, slot_of(seq)).view(), row_);
}

void Sessions::keep(RecordedTable& table, Session& session, RequestSeq seq, RequestSeq lowest_unanswered, Index index,
                    BytesView reply) {
  use(session, seq, lowest_unanswered, index);
  write_reply(table, session.id, seq, session.lowest, index, reply);
}

}  // namespace parley::app
