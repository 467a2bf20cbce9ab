#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "common/app/changes.hpp"
#include "common/app/meta.hpp"
#include "common/base/entry.hpp"

/// What entries changed beyond what their commands say: what fell due before them, what a transaction and an increment
/// did, the keys of a lease that was revoked. Whoever reads the log must learn it, and only who has the state can tell.
/// There is a row of it,
///
///     'E' u64 index      u8 version = 1, then by change, in order:
///                        u8 1, bytes key              it ended
///                        u8 2, bytes key, bytes value it was given this value
///                        u8 3, u16 item               as this item of the transaction says
///                        u8 4, u16 item, bytes value  this item of the transaction gave its key this value
///
/// for each entry with any, as long as effects.hpp knows of the entry, and up to limits::effect_detail_bytes_in_all.
/// The digest of the state does not cover them: they follow from what it does cover.
namespace parley::app {

// What a change is; part of the format.
inline constexpr std::uint8_t detail_version = 1;
inline constexpr std::uint8_t ended_detail = 1;
inline constexpr std::uint8_t made_detail = 2;
inline constexpr std::uint8_t item_detail = 3;
inline constexpr std::uint8_t made_item_detail = 4;

[[nodiscard]] RowKey effect_detail_key(Index index);

/// The entry meta.applied has been applied, and its effect noted. To be called once for each, in order.
void note_detail(Table& table, Meta& meta, BytesView detail);

/// Of an entry that was applied: nothing if it is not known any more; else its detail, which may be empty. Until the
/// table's next change.
[[nodiscard]] std::optional<BytesView> detail_of(const Table& table, const Meta& meta, Index index);

/// Of the entries from `from` on those that have a detail, in order, until the visitor says false: of all of them from
/// meta.details_from on.
void visit_details(const Table& table, const Meta& meta, Index from,
                   const std::function<bool(Index, BytesView detail)>& visitor);

/// All that an entry changed, in order: its detail, and what its command says if it took effect. Nothing if the detail
/// is none of this entry. Without previous values; the views lie in the payload and in the detail.
[[nodiscard]] std::optional<std::vector<KeyChange>> changes_of(const Entry& entry, bool took_effect, BytesView detail);

}  // namespace parley::app
