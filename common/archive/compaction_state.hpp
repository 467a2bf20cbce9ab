#pragma once
#include <optional>
#include <vector>

#include "common/wal/format.hpp"

namespace parley::archive {

/// How far compaction has come, so that a restart need not read the archive from its begin. It can be made again, and
/// may lag behind: FORMAT.md has its bytes.
struct CompactionState {
  wal::Start place;            ///< the end of a window, up to which every entry was shown to the reduction
  Index handled;               ///< segments that end up to here were rewritten, or are not worth it
  std::vector<Index> decided;  ///< entries behind `handled`, up to the place, that may be reduced; in order
  Bytes reduction;             ///< Reduction::checkpoint() there
  friend bool operator==(const CompactionState&, const CompactionState&) = default;
};

[[nodiscard]] Bytes encode_compaction_state(const CompactionState& state);
/// Nothing unless the bytes are a state, whole.
[[nodiscard]] std::optional<CompactionState> decode_compaction_state(BytesView bytes);

}  // namespace parley::archive
