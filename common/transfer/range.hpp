#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/entry.hpp"

/// What moves a range of committed entries from a source (a node or a logger) to whoever asks. RANGES.md of wire has
/// the bytes and the rules.
namespace parley::transfer {

/// Whether an entry took effect (app/effects.hpp): a node knows it of the entries that it has applied last, a logger of
/// none.
enum class Effect : std::uint8_t { unknown = 0, none = 1, took = 2 };

/// An entry as a source has it: whole, or reduced by a compacted archive, which has replaced its payload.
struct RangeEntry {
  Entry entry;                         ///< its payload is what is left of it, if it is reduced
  std::optional<Digest> payload_hash;  ///< of a reduced entry: the hash of the payload that it had, for the chain
  Effect effect = Effect::unknown;     ///< the chain does not cover it: the source is believed
  /// What it changed beyond what its command says (app/effect_details.hpp); empty for nothing, and where `effect` is
  /// unknown. Believed likewise.
  SharedBytes detail{};

  [[nodiscard]] bool is_reduced() const { return payload_hash.has_value(); }
  friend bool operator==(const RangeEntry&, const RangeEntry&) = default;
};

/// A place in a log, and the chain up to it.
struct LogPoint {
  Index index;
  Term term;
  EntryTime time;
  Digest digest;
  friend bool operator==(const LogPoint&, const LogPoint&) = default;
};

/// Entries from `from` to `to`, both included.
struct IndexRange {
  Index from;
  Index to;
  friend bool operator==(const IndexRange&, const IndexRange&) = default;
};

/// The numbers stand on the wire.
enum class SourceKind : std::uint8_t { node = 0, logger = 1 };
inline constexpr std::uint8_t last_source_kind = 1;

/// What a source has of one cluster.
struct RangeHead {
  SourceKind kind = SourceKind::node;
  Index first;                   ///< the first entry that is there; the one after `last` if there is none
  Digest before;                 ///< the chain before it
  LogPoint last;                 ///< the last entry that is served: committed, and there
  std::vector<IndexRange> gaps;  ///< between `first` and `last`, in order; what lies behind one follows from an image
  std::vector<Index> images;     ///< of the state behind these entries, in order
  friend bool operator==(const RangeHead&, const RangeHead&) = default;
};

/// Consecutive entries as a source has read them, each with its digest as it was kept.
struct EntryRun {
  Digest before;  ///< the chain before the first, as it was kept
  std::vector<RangeEntry> entries;
};

/// Consecutive entries on their way.
struct EntryChunk {
  Index first;
  Digest before;               ///< the chain before the first
  Digest after;                ///< and with the last: what the source has kept, not what it computes now
  bool is_last = false;        ///< of what was asked for
  std::uint64_t checksum = 0;  ///< of everything else here
  std::uint32_t count = 0;
  SharedBytes block;  ///< range_block.hpp
  friend bool operator==(const EntryChunk&, const EntryChunk&) = default;
};

}  // namespace parley::transfer
