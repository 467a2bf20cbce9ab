#pragma once
#include <cstddef>
#include <functional>
#include <variant>

#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/transfer/range.hpp"

namespace parley::replica {

/// The entries were trimmed, or never came; `first`: the next one that is there, 0 if that is not known.
struct EntriesGone {
  Index first;
};

/// What came of reading consecutive entries.
using RunRead = std::variant<transfer::EntryRun, EntriesGone, Error>;

/// Asks the owner of a log for the entries [from, to], for others than consensus; fewer if they would exceed
/// `max_bytes` (as entry_bytes counts), but at least one. Answered once, from the owner's thread.
struct ReadRun {
  Index from;
  Index to;
  std::size_t max_bytes = 0;
  std::function<void(RunRead)> done;
};

}  // namespace parley::replica
