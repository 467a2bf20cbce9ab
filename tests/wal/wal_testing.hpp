#pragma once
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/wal/log.hpp"
#include "tests/sim/files/simulated_file_system.hpp"

namespace parley::wal_testing {

inline const std::filesystem::path folder = "/data/log";

/// Small enough that a few dozen entries fill one.
inline const wal::Options small_segments{16 * limits::KiB, true};

[[nodiscard]] wal::Identity test_identity();

/// Entries as a leader would make them: consecutive, with the digests of their chain.
class EntryMaker {
 public:
  explicit EntryMaker(const ClusterId& cluster = test_identity().cluster);
  /// Goes on behind another place.
  explicit EntryMaker(const wal::Start& start) : history_{start} {}

  [[nodiscard]] Entry next(Term term, BytesView payload, EntryKind kind = EntryKind::command);
  /// So many entries whose payload is their index in text, padded to `bytes`.
  [[nodiscard]] std::vector<Entry> many(Term term, std::size_t count, std::size_t bytes = 0);
  /// The next entry has this index; it must not lie behind the last one.
  void go_back_to(Index index);
  [[nodiscard]] const wal::Start& last() const { return history_.back(); }

 private:
  std::vector<wal::Start> history_;
};

[[nodiscard]] wal::Batch batch_of(const std::vector<Entry>& entries);

/// These succeed, or the test fails.
[[nodiscard]] wal::Log create_log(wal::FileSystem& files, const wal::Options& options = small_segments,
                                  const wal::Identity& identity = test_identity());
[[nodiscard]] wal::OpenedLog open_log(wal::FileSystem& files, const wal::Options& options = small_segments);
void write(wal::Log& log, const wal::Batch& batch);
void write(wal::Log& log, const std::vector<Entry>& entries);
void write_and_sync(wal::Log& log, const wal::Batch& batch);
void write_and_sync(wal::Log& log, const std::vector<Entry>& entries);
void make_spare(wal::Log& log);
/// Everything from the first entry to the last.
[[nodiscard]] std::vector<Entry> read_all(const wal::Log& log);

[[nodiscard]] std::vector<Entry> joined(std::vector<Entry> first, const std::vector<Entry>& second);
[[nodiscard]] std::filesystem::path segment_path(std::uint64_t sequence);

}  // namespace parley::wal_testing
