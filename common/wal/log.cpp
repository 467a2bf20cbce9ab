#include "common/wal/log.hpp"

#include <algorithm>

#include "common/base/chain.hpp"
#include "common/wal/seal.hpp"

namespace parley::wal {

Log::Log(FileSystem& files, const std::filesystem::path& folder, const Options& options, LogState state,
         std::uint64_t next_sequence)
    : files_(&files),
      folder_(folder),
      options_(options),
      state_(std::move(state)),
      spares_(files, folder, options.segment_bytes, next_sequence),
      reader_(std::make_unique<EntryReader>(files, folder)) {
  // A header with its membership and a few small records, at the very least.
  ENSURE_LE(2 * header_alignment, options.segment_bytes);
  ENSURE_LE(options.segment_bytes, limits::max_segment_bytes);
  ENSURE_EQ(options.segment_bytes % record_alignment, 0U);
}

Result<bool> Log::exists(FileSystem& files, const std::filesystem::path& folder) {
  const auto found = look_into(files, folder);
  if (!found) return std::unexpected(found.error());
  return found->has_log();
}

Result<Log> Log::create(FileSystem& files, const std::filesystem::path& folder, const Identity& identity,
                        const Options& options) {
  if (Status made = files.make_directories(folder); !made) return std::unexpected(made.error());
  auto lock = files.lock_directory(folder);
  if (!lock) return std::unexpected(lock.error());
  const auto found = look_into(files, folder);
  if (!found) return std::unexpected(found.error());
  if (found->has_log()) return fail(ErrorCode::usage, folder.string() + " holds a log already");
  if (!options.retire_into.empty()) {
    if (Status made = files.make_directories(options.retire_into); !made) return std::unexpected(made.error());
  }
  SegmentHeader header;
  header.identity = identity;
  header.before.digest = chain_start(identity.cluster);
  header.segment_bytes = options.segment_bytes;
  header.sequence = 1;
  Log log(files, folder, options, LogState::at(header), header.sequence);
  log.lock_ = std::move(*lock);
  if (Status kept = log.spares_.keep(*found); !kept) return std::unexpected(kept.error());
  if (Status made = log.spares_.ensure(1); !made) return std::unexpected(made.error());
  if (Status begun = log.begin_segment(header); !begun) return std::unexpected(begun.error());
  return log;
}

Result<OpenedLog> Log::open(FileSystem& files, const std::filesystem::path& folder, const Options& options,
                            OpenMode mode) {
  std::unique_ptr<DirectoryLock> lock;
  if (mode == OpenMode::use) {
    auto taken = files.lock_directory(folder);
    if (!taken) return std::unexpected(taken.error());
    lock = std::move(*taken);
  }
  const auto found = look_into(files, folder);
  if (!found) return std::unexpected(found.error());
  auto scanned = scan(files, folder, *found);
  if (!scanned) return std::unexpected(scanned.error());
  Log log(files, folder, options, scanned->state, scanned->segments.back().sequence + 1);
  log.lock_ = std::move(lock);
  log.synced_ = log.state_.declared_synced;
  log.segments_ = scanned->segments;
  std::optional<TornTail> torn = describe_tail(folder, *scanned);
  if (mode == OpenMode::use) {
    if (Status taken = log.take_into_use(*found, *scanned, torn); !taken) return std::unexpected(taken.error());
  }
  const LogState& state = log.state_;
  Recovered recovered{state.identity,    state.hard_state,  state.start,     state.last,
                      state.commit_hint, state.memberships, state.term_runs, std::move(torn)};
  return OpenedLog{std::move(log), std::move(recovered)};
}

/// A process that died between the renaming of a segment and the sync of its folders leaves a name that only the
/// system's cache knows.
Status Log::sync_folders() {
  if (!options_.retire_into.empty()) {
    if (Status made = files_->make_directories(options_.retire_into); !made) return made;
    if (Status synced = files_->sync_directory(options_.retire_into); !synced) return synced;
  }
  return files_->sync_directory(folder_);
}

Status Log::take_into_use(const Folder& found, const Scan& scan, std::optional<TornTail>& torn) {
  if (Status synced = sync_folders(); !synced) return synced;
  if (Status sealed = seal_before_last(scan); !sealed) return sealed;
  auto repaired = repair(*files_, folder_, found, scan, options_);
  if (!repaired) return std::unexpected(repaired.error());
  torn = std::move(*repaired);
  if (options_.sync) synced_ = segments_.back().end;
  const auto left = look_into(*files_, folder_);
  if (!left) return std::unexpected(left.error());
  if (Status kept = spares_.keep(*left); !kept) return kept;
  auto file = files_->open(folder_ / segment_name(segments_.back().sequence), Access::read_write);
  if (!file) return std::unexpected(file.error());
  current_ = std::move(*file);
  return {};
}

/// A crash may have come between the name of the last segment and the seal of the one before it, or torn that seal. If
/// the log was begun anew there, the one before it is void, and goes to those who keep it.
Status Log::seal_before_last(const Scan& scan) {
  const Segment* before = segments_.size() > 1 ? &segments_[segments_.size() - 2] : nullptr;
  if (!before && scan.before_restart && !options_.retire_into.empty()) before = &*scan.before_restart;
  if (!before) return {};
  auto file = files_->open(folder_ / segment_name(before->sequence), Access::read_write);
  if (!file) return std::unexpected(file.error());
  return seal_again(**file, *before, state_.identity.server, std::min(synced_, before->end));
}

Result<std::vector<Entry>> Log::read(Index from, Index to, std::size_t max_bytes) const {
  to = std::min(to, state_.last.index);
  if (from <= state_.start.index || from > to) return std::vector<Entry>{};
  return reader_->read(state_, segments_, from, to, max_bytes);
}

std::optional<Term> Log::term_at(Index index) const {
  if (index < state_.start.index || index > state_.last.index) return std::nullopt;
  return state_.term_at(index);
}

Result<bool> Log::prepare() {
  if (broken_) return std::unexpected(*broken_);
  ENSURE(current_);
  auto more = spares_.step();
  if (!more && more.error().code == ErrorCode::sync_failed) broken_ = more.error();
  return more;
}

bool Log::is_spare_due() const {
  const Segment& segment = segments_.back();
  return !has_spare() && spares_.zeroed_bytes() * 3 * segment.bytes < segment.end_offset() * 4 * options_.segment_bytes;
}

Status Log::trim_before(Index first_kept) {
  if (broken_) return std::unexpected(*broken_);
  ENSURE(current_);
  // The log can begin with a segment whose header speaks of an entry that still stands: nothing written in it or later
  // replaced that entry. (If something did, a later segment will do.)
  Index lowest_behind{std::numeric_limits<std::uint64_t>::max()};
  std::size_t begin = segments_.size();
  std::size_t at = segments_.size();
  while (at-- > 1) {
    lowest_behind = std::min(lowest_behind, segments_[at].lowest);
    const Segment& segment = segments_[at];
    if (segment.before.index < first_kept && segment.before.index < lowest_behind) {
      begin = at;
      break;
    }
  }
  if (begin == segments_.size()) return {};
  if (segments_[begin].before.index > state_.start.index) state_.trim_to(segments_[begin].before);
  reader_->forget();
  for (; begin > 0; --begin) {
    // Oldest first, each durably: a crash leaves no gap.
    const std::string name = segment_name(segments_.front().sequence);
    if (Status gone = retire_in_order(*files_, folder_, options_.retire_into, {name}); !gone) {
      return gone.error().code == ErrorCode::disk_full ? Status{} : remember_failure(gone);
    }
    segments_.erase(segments_.begin());
  }
  return {};
}

}  // namespace parley::wal
