#pragma once
#include <cstdint>
#include <optional>
#include <variant>

#include "common/app/chat/query.hpp"
#include "common/app/lease_id.hpp"
#include "common/base/bytes.hpp"

namespace parley::app {

struct Get {
  BytesView key;
  friend bool operator==(const Get&, const Get&) = default;
};

/// Rows whose key begins with `prefix`, in byte order, beginning after `after_key`. A page ends at `limit` rows, at
/// limits::scan_rows or at limits::scan_bytes; the next one is asked for with the last key of this one.
struct Scan {
  BytesView prefix;         ///< empty for all rows
  BytesView after_key;      ///< exclusive; empty to begin at the first
  std::uint32_t limit = 0;  ///< 0 for as many as a page may have
  friend bool operator==(const Scan&, const Scan&) = default;
};

/// What is left of a lease, and how many keys it has: a ReplyLease.
struct LeaseInfo {
  LeaseId lease;
  friend bool operator==(const LeaseInfo&, const LeaseInfo&) = default;
};

/// A read. It changes nothing and needs no session. Its views are borrowed.
using Query = std::variant<Get, Scan, LeaseInfo, chat::Query>;

/// COMMANDS.md has the bytes.
[[nodiscard]] Bytes encode_query(const Query& query);
/// Nothing if the bytes are no query that this version knows. The views live as long as `bytes`.
[[nodiscard]] std::optional<Query> decode_query(BytesView bytes);

}  // namespace parley::app
