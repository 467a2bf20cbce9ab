#include "common/app/reply.hpp"

#include "common/base/byte_codec.hpp"
#include "common/base/key_value_limits.hpp"

namespace parley::app {
namespace {

constexpr std::uint8_t reply_version = 1;
constexpr std::uint8_t elided_flag = 1;
constexpr std::uint8_t more_flag = 2;
/// In the byte of the word of a transaction's item.
constexpr std::uint8_t has_value = 0x80;
constexpr std::size_t header_bytes = 1 + 1 + 1 + 1 + 4;

void write(ByteWriter&, std::monostate) {}
void write(ByteWriter& out, const ReplyValue& value) { out.sized(value.value); }
void write(ByteWriter& out, const ReplyRows& rows) {
  out.number(static_cast<std::uint32_t>(rows.rows.size()));
  for (const Row& row : rows.rows) out.sized(row.key).sized(row.value);
}
/// The window is said where it is not the usual one: as a body of its own, since the bytes of this one are in digests.
constexpr std::uint8_t opened_with_window = 4;
bool has_usual_window(const SessionOpened& opened) { return opened.window == limits::session_window; }

void write(ByteWriter& out, const SessionOpened& opened) {
  out.number(opened.session.value);
  if (!has_usual_window(opened)) out.number(opened.window);
}

void write(ByteWriter& out, const ReplyLease& lease) {
  out.number(lease.lease.value).number(lease.ttl_us).number(lease.remaining_us).number(lease.keys);
}
void write(ByteWriter& out, const ReplyTransaction& transaction) {
  out.number(static_cast<std::uint8_t>(transaction.held ? 1 : 0));
  out.number(static_cast<std::uint32_t>(transaction.items.size()));
  for (const ItemResult& item : transaction.items) {
    const int value_mark = item.value ? has_value : 0;
    out.number(static_cast<std::uint8_t>(static_cast<int>(item.word) | value_mark));
    if (item.value) out.sized(*item.value);
  }
}

// COMMANDS.md has the numbers: 0 to 31 are of sessions and key-value, from 32 on of the chat.
std::uint8_t kind_of(std::monostate) { return 0; }
std::uint8_t kind_of(const ReplyValue&) { return 1; }
std::uint8_t kind_of(const ReplyRows&) { return 2; }
std::uint8_t kind_of(const SessionOpened& opened) { return has_usual_window(opened) ? 3 : opened_with_window; }
std::uint8_t kind_of(const ReplyLease&) { return 5; }
std::uint8_t kind_of(const ReplyTransaction&) { return 6; }
std::uint8_t kind_of(const ReplyBody& body) {
  return std::visit([](const auto& kind) { return kind_of(kind); }, body);
}

std::size_t size_of(std::monostate) { return 0; }
std::size_t size_of(const ReplyValue& value) { return 4 + value.value.size(); }
std::size_t size_of(const ReplyRows& rows) {
  std::size_t size = 4;
  for (const Row& row : rows.rows) size += 8 + row.key.size() + row.value.size();
  return size;
}
std::size_t size_of(const SessionOpened& opened) { return has_usual_window(opened) ? 8 : 12; }
std::size_t size_of(const ReplyLease&) { return 28; }
std::size_t size_of(const ReplyTransaction& transaction) {
  std::size_t size = 5;
  for (const ItemResult& item : transaction.items) size += item.value ? 5 + item.value->size() : 1;
  return size;
}
std::size_t size_of(const ReplyBody& body) {
  return std::visit([](const auto& kind) { return size_of(kind); }, body);
}

void append(Bytes& bytes, ErrorWord word, std::string_view detail, const ReplyBody& body, bool elided) {
  bytes.clear();
  ByteWriter out(bytes);
  if (std::holds_alternative<std::monostate>(body)) {  // what almost every write is answered
    bytes.reserve(header_bytes + detail.size());
    out.number(reply_version).number(static_cast<std::uint8_t>(word)).number(kind_of(std::monostate()));
    out.number(elided ? elided_flag : std::uint8_t{0}).sized(detail);
    return;
  }
  bytes.reserve(header_bytes + detail.size() + size_of(body));
  const auto* rows = std::get_if<ReplyRows>(&body);
  const int flags = (elided ? elided_flag : 0) | (rows != nullptr && rows->more ? more_flag : 0);
  out.number(reply_version).number(static_cast<std::uint8_t>(word)).number(kind_of(body));
  out.number(static_cast<std::uint8_t>(flags)).sized(detail);
  std::visit([&out](const auto& kind) { write(out, kind); }, body);
}

std::optional<ReplyRows> read_rows(ByteReader& in, bool more) {
  ReplyRows rows;
  rows.more = more;
  const auto count = in.number<std::uint32_t>();
  if (count > limits::scan_rows) return std::nullopt;
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const BytesView key = in.sized();
    rows.rows.push_back({Bytes(key), Bytes(in.sized())});
  }
  return rows;
}

/// There is one way to write a window.
std::optional<SessionOpened> read_opened_with_window(ByteReader& in) {
  SessionOpened opened{SessionId{in.number<std::uint64_t>()}, in.number<std::uint32_t>()};
  if (opened.window == 0 || opened.window >= limits::session_window) return std::nullopt;
  return opened;
}

std::optional<ReplyTransaction> read_transaction(ByteReader& in) {
  ReplyTransaction transaction;
  const auto held = in.number<std::uint8_t>();
  const auto count = in.number<std::uint32_t>();
  if (held > 1 || count > limits::transaction_items) return std::nullopt;
  transaction.held = held == 1;
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const auto byte = in.number<std::uint8_t>();
    const auto word = error_word(byte & ~has_value);
    if (!word) return std::nullopt;
    ItemResult& item = transaction.items.emplace_back(*word);
    if ((byte & has_value) != 0) item.value = Bytes(in.sized());
  }
  return transaction;
}

std::optional<ReplyBody> read_body(ByteReader& in, std::uint8_t kind, bool more) {
  switch (kind) {
    case 0: return ReplyBody{};
    case 1: return ReplyValue{Bytes(in.sized())};
    case 2: return read_rows(in, more);
    case 3: return SessionOpened{SessionId{in.number<std::uint64_t>()}};
    case opened_with_window: return read_opened_with_window(in);
    case 5:
      return ReplyLease{LeaseId{in.number<std::uint64_t>()}, in.number<std::uint64_t>(), in.number<std::uint64_t>(),
                        in.number<std::uint32_t>()};
    case 6: return read_transaction(in);
    default: return chat::read_answer(in, kind);
  }
}

}  // namespace

Bytes encode_reply(const Reply& reply) {
  Bytes bytes;
  encode_reply(reply, bytes);
  return bytes;
}

void encode_reply(const Reply& reply, Bytes& out) {
  append(out, reply.word, reply.detail, reply.body, reply.value_elided);
}

void encode_reply_for_state(const Reply& reply, Bytes& out) {
  append(out, reply.word, {}, reply.body, reply.value_elided);
}

void encode_reply_to_keep(const Reply& reply, Bytes& out) {
  if (header_bytes + size_of(reply.body) <= limits::kept_reply_bytes) {
    encode_reply_for_state(reply, out);
  } else if (const auto* transaction = std::get_if<ReplyTransaction>(&reply.body)) {
    ReplyTransaction without_values{transaction->held, {}};
    for (const ItemResult& item : transaction->items) without_values.items.push_back({.word = item.word});
    append(out, reply.word, {}, without_values, true);
  } else {
    append(out, reply.word, {}, std::monostate{}, true);
  }
}

std::optional<Reply> decode_reply(BytesView bytes) {
  ByteReader in(bytes);
  if (in.number<std::uint8_t>() != reply_version) return std::nullopt;
  const auto word = error_word(in.number<std::uint8_t>());
  const auto kind = in.number<std::uint8_t>();
  const auto flags = in.number<std::uint8_t>();
  if (!word || flags > (elided_flag | more_flag)) return std::nullopt;
  Reply reply;
  reply.word = *word;
  reply.value_elided = (flags & elided_flag) != 0;
  const bool more = (flags & more_flag) != 0;
  if (more && kind != 2) return std::nullopt;
  reply.detail = in.sized();
  auto body = read_body(in, kind, more);
  if (!body || !in.done()) return std::nullopt;
  reply.body = *std::move(body);
  return reply;
}

}  // namespace parley::app
