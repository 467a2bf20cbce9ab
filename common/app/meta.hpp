#pragma once
#include <limits>
#include <optional>

#include "common/app/settings.hpp"
#include "common/app/table.hpp"
#include "common/base/entry.hpp"
#include "common/base/hash.hpp"
#include "common/base/ids.hpp"

namespace parley::app {

/// What the application knows beside its rows, kept in the one row of RowSpace::meta. Written together with the rows
/// that it speaks of, it makes a table complete: nothing else is needed to go on from it.
struct Meta {
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  Index applied;  ///< the last entry whose effects are in the rows
  Term applied_term;
  Digest digest;  ///< the chain of the log at `applied` (base/chain.hpp)
  Digest state;   ///< the chain of the state at `applied` (recorded_table.hpp)
  /// Of the entry that is being applied, or was last; cluster time never goes back.
  EntryTime time;
  std::uint64_t used_bytes = 0;       ///< of the quota
  std::uint64_t keys = 0;             ///< key-value rows
  std::uint64_t sessions = 0;         ///< open sessions
  Index membership_index;             ///< of the last membership entry; 0 for none
  Bytes membership;                   ///< its payload, as it came
  std::optional<Settings> settings;   ///< of the last settings entry
  Bytes effects;                      ///< of the block that is not full: effects.hpp
  std::uint64_t keys_with_life = 0;   ///< rows of RowSpace::life
  Index details_from;                 ///< of the entries before it not all details are known (effect_details.hpp)
  Index oldest_detail;                ///< the first entry of which there are any; 0 for none
  std::uint64_t detail_bytes = 0;     ///< of all their rows
  std::uint64_t next_due_us = never;  ///< no row of RowSpace::due is due before (due.hpp)
  friend bool operator==(const Meta&, const Meta&) = default;

  /// The settings in force: the defaults as long as there are none.
  [[nodiscard]] const Settings& in_force() const;
};

/// COMMANDS.md has the bytes.
void encode_meta(const Meta& meta, Bytes& out);
/// Nothing if the bytes are no meta row that this version knows.
[[nodiscard]] std::optional<Meta> decode_meta(BytesView bytes);

/// The key of the meta row.
[[nodiscard]] RowKey meta_key();

}  // namespace parley::app
