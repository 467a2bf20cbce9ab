#pragma once
#include <cstdint>
#include <optional>
#include <variant>

#include "common/base/byte_codec.hpp"
#include "common/base/entry.hpp"
#include "common/base/hash.hpp"
#include "common/base/limits.hpp"
#include "common/raft/hard_state.hpp"

/// The bytes of the log: one writer and one reader of each structure that FORMAT.md describes. Pure.
namespace parley::wal {

/// Who writes a log. The cluster is nil until the replica belongs to one; the server is the incarnation and never
/// changes.
struct Identity {
  ClusterId cluster;
  ServerId server;
  friend bool operator==(const Identity&, const Identity&) = default;
};

/// A place in the chain of entries: an entry, and the digest up to and including it. Index 0 is before the first.
struct Start {
  Index index;
  Term term;
  Digest digest;
  EntryTime time{};  ///< of that entry: cluster time goes on from there
  friend bool operator==(const Start&, const Start&) = default;
};

/// A configuration as bytes, and the index of the entry that set it. Both empty before there is one.
struct MembershipAt {
  Index index;
  Bytes payload;
  friend bool operator==(const MembershipAt&, const MembershipAt&) = default;
};

/// What every segment begins with: all that is needed of the segments before it, so that they can go.
struct SegmentHeader {
  std::uint64_t segment_bytes = 0;  ///< size of the file
  std::uint64_t sequence = 0;       ///< 1 for the first segment, then one more each
  std::uint64_t begin = 0;          ///< position in the stream of the file's first byte
  std::uint64_t previous_end = 0;   ///< position behind the last record of the segment before
  std::uint64_t synced = 0;         ///< position up to which the stream was synced when this was written
  Identity identity;
  raft::HardState hard_state;
  Start before;  ///< the entry before the first of this segment
  Index commit;
  bool restart = false;  ///< the log begins here: whatever stands in earlier segments is void
  bool reduced = false;  ///< rewritten by an archive: batches are gone, and entries may be reduced. Never in a log
  MembershipAt membership;
  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

/// Headers are padded to whole pages, so that no later write touches the page in which one ends.
inline constexpr std::size_t header_alignment = 4096;
inline constexpr std::size_t fixed_header_bytes = 192;
inline constexpr std::size_t max_header_bytes =
    (fixed_header_bytes + limits::membership_bytes + header_alignment - 1) / header_alignment * header_alignment;

/// What a header takes with a membership of so many bytes; also the offset of the first record.
[[nodiscard]] constexpr std::size_t header_bytes(std::size_t membership_bytes) {
  return (fixed_header_bytes + membership_bytes + header_alignment - 1) / header_alignment * header_alignment;
}

[[nodiscard]] Bytes encode_header(const SegmentHeader& header);
/// `bytes`: the first max_header_bytes of the file, or all of it. Nothing if no intact header stands there.
[[nodiscard]] std::optional<SegmentHeader> decode_header(BytesView bytes);

enum class RecordKind : std::uint8_t {
  batch = 1,
  identity = 2,
  hard_state = 3,
  entry = 4,
  seal = 5,
  reduced_entry = 6
};

/// The first record of every batch, and of the rest of a batch that goes on in another segment.
struct BatchRecord {
  std::uint64_t synced = 0;  ///< position up to which the stream was synced before this batch
  Index commit;
  friend bool operator==(const BatchRecord&, const BatchRecord&) = default;
};
/// The replica became part of a cluster.
struct IdentityRecord {
  ClusterId cluster;
  friend bool operator==(const IdentityRecord&, const IdentityRecord&) = default;
};
/// An entry, whole or reduced; `payload` lives as long as the bytes that were decoded.
struct EntryRecord {
  Index index;
  Term term;
  EntryKind kind = EntryKind::noop;
  EntryTime time;
  Digest digest;
  BytesView payload;                   ///< of a reduced entry: what is left of it
  std::optional<Digest> payload_hash;  ///< of a reduced entry: the hash of the payload that it had
};
/// What stands behind the last record of a segment that another one follows: without it, nobody could tell that the
/// newest segment of a log is lost.
struct SealRecord {
  std::uint64_t synced = 0;     ///< position up to which the stream was synced when the next segment was begun
  std::uint64_t successor = 0;  ///< sequence number of that segment, which has its name for good
  friend bool operator==(const SealRecord&, const SealRecord&) = default;
};
using Record = std::variant<BatchRecord, IdentityRecord, raft::HardState, EntryRecord, SealRecord>;

/// Where a record stands. It is part of the checksum, so that no record is taken for live in another place, another
/// segment or another replica's log, and so that nobody who does not know the server id can forge one within a payload.
struct Place {
  ServerId server;
  std::uint64_t sequence = 0;
  std::uint64_t position = 0;
};

inline constexpr std::size_t record_alignment = 8;
inline constexpr std::size_t record_head_bytes = 16;
inline constexpr std::size_t small_record_bytes = 32;  ///< batch, identity, hard state and seal
inline constexpr std::size_t entry_fixed_bytes = 80;
inline constexpr std::size_t reduced_entry_fixed_bytes = 112;

[[nodiscard]] constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + record_alignment - 1) / record_alignment * record_alignment;
}
/// What an entry's record takes in a segment.
[[nodiscard]] constexpr std::size_t entry_record_bytes(std::size_t payload_bytes) {
  return padded(entry_fixed_bytes + payload_bytes);
}
/// What a reduced one takes.
[[nodiscard]] constexpr std::size_t reduced_record_bytes(std::size_t residue_bytes) {
  return padded(reduced_entry_fixed_bytes + residue_bytes);
}

void append_record(Bytes& out, const Place& place, const BatchRecord& batch);
void append_record(Bytes& out, const Place& place, const IdentityRecord& identity);
void append_record(Bytes& out, const Place& place, const raft::HardState& hard_state);
void append_record(Bytes& out, const Place& place, const Entry& entry);
void append_record(Bytes& out, const Place& place, const SealRecord& seal);
/// A command of which `entry.payload` is what is left, and that had a payload with this hash.
void append_reduced_record(Bytes& out, const Place& place, const Entry& entry, const Digest& payload_hash);

/// The padded size of the record whose first record_head_bytes these are; nothing if they begin no record.
[[nodiscard]] std::optional<std::size_t> record_bytes(BytesView head);
/// True if the padded bytes of a record match their checksum at that place.
[[nodiscard]] bool is_intact(BytesView record, const Place& place);
/// The fields of an intact record; nothing if this version does not know its kind or layout.
[[nodiscard]] std::optional<Record> decode_record(BytesView record);

}  // namespace parley::wal
