#pragma once
#include "common/raft/options.hpp"
#include "common/wal/log.hpp"

namespace parley::replica {

/// What a core goes on from after a start: made of what the log's folder held, and of the place that the store has
/// reached. Known to be committed is what the log says by its hint or the store by having applied it. `store_applied`
/// and `store_digest` are the last entry in the store and the chain of the log up to it; index 0 for an empty store, or
/// for a replica that has none.
///
/// `corrupt` if the two do not belong together: the store ends before the log begins or behind its end (it is written
/// only once the log is synced that far), or it was made by another log. Also if the log's own entries cannot be read
/// or understood.
[[nodiscard]] Result<raft::Restored> restore(const wal::Recovered& recovered, const wal::Log& log, Index store_applied,
                                             const Digest& store_digest);

}  // namespace parley::replica
