#pragma once
#include <string_view>
#include <utility>
#include <vector>

#include "common/wal/format.hpp"

namespace parley::wal {

/// The first of a run of consecutive entries of one term.
struct TermRun {
  Index first;
  Term term;
  friend bool operator==(const TermRun&, const TermRun&) = default;
};

/// What the records of the log add up to. It changes only by apply(), for records that stand in the file: while the log
/// is opened and while it is written alike.
struct LogState {
  /// Where some entries stand. From a mark up to the next one the entries of the log follow each other in the stream
  /// without an entry between them that was replaced; so an entry is found by reading on from the last mark not above
  /// it.
  struct Mark {
    Index index;
    std::uint64_t position = 0;
  };

  Identity identity;
  raft::HardState hard_state;
  Start start;  ///< the entry before the first
  Start last;   ///< the last entry; `start` while there is none
  Index commit_hint;
  std::uint64_t declared_synced = 0;      ///< the highest position that any record or header declares synced
  std::vector<TermRun> term_runs;         ///< from start.index + 1 on
  std::vector<MembershipAt> memberships;  ///< that in force at `start`, if any, and those after it
  std::vector<Mark> marks;
  bool mark_next = true;        ///< the next entry gets a mark: it is the first of a segment
  bool may_be_reduced = false;  ///< an archive has rewritten the segment, so that entries may be reduced

  /// The state at the begin of a segment.
  [[nodiscard]] static LogState at(const SegmentHeader& header);

  /// Why this record cannot follow; empty if it can. Digests are not looked at.
  [[nodiscard]] std::string_view objection(const Record& record) const;
  /// `position`: where the record stands in the stream. The record must be one without objection.
  void apply(const Record& record, std::uint64_t position);
  /// Forgets what lies up to `new_start`, an entry of the log which no segment that remains holds.
  void trim_to(const Start& new_start);

  /// The term of start.index or of an entry.
  [[nodiscard]] Term term_at(Index index) const;
  /// The mark from which to read on to find this entry of the log.
  [[nodiscard]] const Mark& mark_before(Index index) const;
  /// The membership in force behind the last entry; empty if there is none.
  [[nodiscard]] MembershipAt membership_in_force() const;

 private:
  void append(const EntryRecord& entry, std::uint64_t position);
  void truncate_from(Index index);
};

}  // namespace parley::wal
