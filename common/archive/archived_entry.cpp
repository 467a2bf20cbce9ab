#include "common/archive/archived_entry.hpp"

#include "common/base/chain.hpp"

namespace parley::archive {

std::optional<ArchivedEntry> entry_of(const wal::Record& record, std::shared_ptr<const void> owner) {
  const auto* entry = std::get_if<wal::EntryRecord>(&record);
  if (!entry) return std::nullopt;
  return ArchivedEntry{{entry->index, entry->term, entry->kind, entry->time,
                        SharedBytes(std::move(owner), entry->payload), entry->digest},
                       entry->payload_hash};
}

Digest chain_behind(const Digest& previous, const ArchivedEntry& archived) {
  const Digest payload_hash = archived.payload_hash ? *archived.payload_hash : blake2b(archived.entry.payload.view());
  return chain_next(previous, archived.entry, payload_hash);
}

}  // namespace parley::archive
