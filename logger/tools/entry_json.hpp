#pragma once
#include <string>

#include "common/archive/archived_entry.hpp"
#include "common/base/json_object.hpp"

namespace parley::logger::tools {

/// An entry as one object of JSON, as INTERFACE promises it:
///
///     {"index":N,"term":N,"kind":..,"time":..,"command":{..},"digest":HEX,...}
///
/// `kind` is noop, command, membership, settings or time; `time` is wall time in microseconds since 1970. A membership
/// and settings stand in the place of the command, under those names. Behind the digest: `cluster_us`, and for a
/// reduced entry `reduced` and the hash of the payload that it had, `payload_digest`. Not yet done(): more can be
/// added.
///
/// A command has `op` (open_session, close_session, set, delete, cas; unknown for bytes that are none), `session`,
/// `seq`, `lowest_unanswered`, and what it needs: `nonce`, `key`, `value`, `expected`; bytes that are not UTF-8 stand
/// under `key_base64` and so on. Of a reduced value there are `value_bytes` and `value_digest`.
[[nodiscard]] JsonObject entry_json(const archive::ArchivedEntry& archived);

/// `noop`, `command`, ...
[[nodiscard]] std::string_view kind_word(EntryKind kind);

}  // namespace parley::logger::tools
