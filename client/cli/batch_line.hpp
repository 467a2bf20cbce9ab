#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "client/change_feed.hpp"
#include "client/client.hpp"

namespace parley::client::cli {

/// A line that `batch` reads, understood.
struct BatchRequest {
  enum class Op { get, set, erase, cas, scan, send, history };
  std::string id = "null";  ///< as JSON, to be given back as it is
  Op op = Op::get;
  Bytes key;  ///< of a scan: the prefix; of a send: what names the message
  Bytes value;
  Bytes expected;
  std::uint32_t limit = 0;
  wire::ReadMode mode = wire::ReadMode::linearizable;
  // Of the chat: `value` is the text of a message.
  std::string chat;
  std::string user;  ///< who acts; empty for whom `-user` says
  std::uint64_t before = 0;
  std::uint64_t after = 0;
};

/// A line that cannot be carried out: it is answered `invalid`.
struct BatchProblem {
  std::string id = "null";
  std::string detail;
};

/// `{"id":ANY,"op":"get|set|delete|cas|scan",...}` with `key`, `value` and `expected` as texts, or as bytes under
/// `key_base64` and so on; `read` as the flag; for a scan `prefix` (or `prefix_base64`) and `limit`. Other fields are
/// ignored. Of the chat: `{"op":"send","chat":..,"text":..,"key":..}`, `{"op":"history","chat":..,"before":N,"after":N,
/// "limit":N}`, and `user` where another than `-user` is to act.
[[nodiscard]] std::variant<BatchRequest, BatchProblem> parse_batch_line(std::string_view line);

/// The answer, one line without its end: id, ok, and of value, rows, seq, time, messages, more, index, error, detail
/// those that there are. A value that is not UTF-8 stands under `value_base64`, a key under `key_base64`.
[[nodiscard]] std::string batch_answer(const std::string& id, const Outcome& outcome);
[[nodiscard]] std::string batch_answer(const BatchProblem& problem);

/// A line of `watch -json`: index, time, op (`set` or `delete`), key, value; if they were asked for, previous (null:
/// there was none) or previous_omitted; bytes that are not UTF-8 as above.
[[nodiscard]] std::string change_line(const Change& change);

}  // namespace parley::client::cli
