#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "common/app/meta.hpp"
#include "common/app/recorded_table.hpp"

/// What falls due by cluster time, which is the only time by which anything ends. Each is a row without a value,
///
///     'x' u64 when, u8 kind, rest
///
/// so that they lie in the order in which they fall due. They count for the quota. Application::work_off_due has what
/// is done when one does: nothing but apply lets anything fall due, and an entry before it does anything else.
namespace parley::app {

/// What it is; `rest` says which. Part of the format.
enum class DueKind : std::uint8_t {
  key = 1,    ///< a key with a life of its own ends; the key
  lease = 2,  ///< a lease ends with its keys; its number, big-endian
  // Of the chat: chat/CHAT.md.
  token = 3,
  sent_key = 4,
  failed_logins = 5,
  gone_chats = 6,
};

struct Due {
  std::uint64_t at_us = 0;  ///< cluster time
  DueKind kind{};           ///< may be one that this version does not know
  Bytes rest;
};

/// `rest` is as long as a key at most.
void add_due(RecordedTable& table, Meta& meta, std::uint64_t at_us, DueKind kind, BytesView rest);
/// It must be there.
void remove_due(RecordedTable& table, Meta& meta, std::uint64_t at_us, DueKind kind, BytesView rest);
/// What add_due() adds to the used bytes.
[[nodiscard]] std::uint64_t due_cost(BytesView rest);

/// Of the row with this key, which is of its space.
[[nodiscard]] DueKind due_kind(BytesView row_key);

/// Up to `most` of those due at the time that `meta` has, oldest first. Says in `meta` when the first one behind them
/// is.
[[nodiscard]] std::vector<Due> take_due(const Table& table, Meta& meta, std::size_t most);

}  // namespace parley::app
