#pragma once
#include <memory>
#include <optional>

#include "common/transfer/range.hpp"
#include "common/wal/format.hpp"

namespace parley::archive {

/// An entry as an archive has it. One whose command a later one made unnecessary may be reduced: its payload is then
/// what was left of it, and the hash of the payload that it had keeps its place in the chain.
using ArchivedEntry = transfer::RangeEntry;

/// The entry of a record, its payload a slice of what `owner` keeps alive; nothing if it is another record.
[[nodiscard]] std::optional<ArchivedEntry> entry_of(const wal::Record& record, std::shared_ptr<const void> owner);

/// The digest that follows from the one before this entry.
[[nodiscard]] Digest chain_behind(const Digest& previous, const ArchivedEntry& archived);

}  // namespace parley::archive
