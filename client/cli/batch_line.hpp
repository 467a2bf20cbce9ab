#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "client/change_feed.hpp"
#include "client/client.hpp"
#include "common/base/result.hpp"

namespace parley::client::cli {

/// A line that `batch` reads, understood.
struct BatchRequest {
  enum class Op {
    get,
    set,
    erase,
    cas,
    scan,
    incr,
    transaction,
    lease_grant,
    lease_keep_alive,
    lease_revoke,
    lease_info,
    send,
    history,
  };
  std::string id = "null";  ///< as JSON, to be given back as it is
  Op op = Op::get;
  Bytes key;  ///< of a scan: the prefix; of a send: what names the message
  Bytes value;
  std::optional<Bytes> expected;  ///< always there for cas
  Bytes after_key;                ///< of a scan
  std::uint32_t limit = 0;
  bool has_life = false;  ///< of a set: `ttl_us` or `lease`
  std::uint64_t ttl_us = 0;
  app::LeaseId lease{};
  std::int64_t by = 1;
  Bytes parts;  ///< app::Transaction::parts
  wire::ReadMode mode = wire::ReadMode::linearizable;
  // Of the chat: `value` is the text of a message.
  std::string chat;
  std::string user;  ///< who acts; empty for whom `-user` says
  std::uint64_t before = 0;
  bool has_after = false;
  std::uint64_t after = 0;
};

/// A line that cannot be carried out: it is answered `invalid`.
struct BatchProblem {
  std::string id = "null";
  std::string detail;
};

/// `{"id":ANY,"op":OP,...}` with `key`, `value` and `expected` as texts, or as bytes under `key_base64` and so on. OP
/// is get, set, delete, cas, scan, incr, txn, lease_grant, lease_keep_alive, lease_revoke, lease_info. `read` as the
/// flag; for a scan `prefix`, `after` (as texts or bytes) and `limit`; for a set `ttl_ms` or `lease`; for a delete
/// `expected`; for incr `by`; for lease_grant `ttl_ms`, for the others of a lease `lease`; for txn as
/// transaction_json.hpp has it. Other fields are ignored, but for txn, where each is wrong. Of the chat:
/// `{"op":"send","chat":..,"text":..,"key":..}`, `{"op":"history","chat":..,"before":N,"after":N,"limit":N}`, and
/// `user` where another than `-user` is to act.
[[nodiscard]] std::variant<BatchRequest, BatchProblem> parse_batch_line(std::string_view line);

/// The answer, one line without its end: id, ok, and of value, rows, more, lease, ttl_ms, remaining_ms, keys, held,
/// items, values_left_out, seq, time, messages, index, error, detail those that there are. A value that is not UTF-8
/// stands under `value_base64`, a key under `key_base64`.
[[nodiscard]] std::string batch_answer(const std::string& id, const Outcome& outcome);
[[nodiscard]] std::string batch_answer(const BatchProblem& problem);
/// The same without an id: what a command prints with -json.
[[nodiscard]] std::string answer_line(const Outcome& outcome);

/// A line of `export`: a key and its value.
[[nodiscard]] std::string row_line(const app::Row& row);
/// What a line of `import` sets: `key` and `value`, and `ttl_ms` or `lease`, as texts or bytes. ErrorCode::usage says
/// what is wrong with it.
struct ImportedRow {
  Bytes key;
  Bytes value;
  bool has_life = false;
  std::uint64_t ttl_us = 0;
  app::LeaseId lease{};
};
[[nodiscard]] Result<ImportedRow> parse_row_line(std::string_view line);

/// A line of `watch -json`: index, time, op (`set` or `delete`), key, value; if they were asked for, previous (null:
/// there was none) or previous_omitted; bytes that are not UTF-8 as above.
[[nodiscard]] std::string change_line(const Change& change);

}  // namespace parley::client::cli
