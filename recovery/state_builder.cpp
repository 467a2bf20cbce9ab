#include "recovery/state_builder.hpp"

#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/entropy.hpp"
#include "common/base/limits.hpp"
#include "common/transfer/rows.hpp"
#include "common/wal/log.hpp"
#include "common/wal/posix_file_system.hpp"
#include "recovery/convert_store.hpp"

namespace parley::recovery {
namespace {

namespace fs = std::filesystem;

/// The store is made for the largest quota that there is, since the cluster's own is known only when its rows are
/// there. That costs addresses, and neither memory nor disk.
constexpr std::uint64_t largest_quota = 1024 * limits::GiB;
/// Where there are not so many addresses (a limit of the process, a sanitizer), a smaller one has to do.
constexpr std::uint64_t least_quota = limits::quota_bytes;

std::string number(Index index) { return std::to_string(index.value); }

std::unexpected<Error> io_error(const std::error_code& code, const std::string& what) {
  const bool is_full = code == std::errc::no_space_on_device;
  return fail(is_full ? ErrorCode::disk_full : ErrorCode::io, what + ": " + code.message());
}

/// Without the separator that may follow it: its parent is then the folder that it lies in.
fs::path place_of(const fs::path& folder) {
  const fs::path place = fs::absolute(folder).lexically_normal();
  return place.has_filename() ? place : place.parent_path();
}

}  // namespace

Result<StateBuilder> StateBuilder::begin(const fs::path& folder, BuildOptions options) {
  std::error_code code;
  const bool exists = fs::exists(folder, code);
  if (exists && (!fs::is_directory(folder, code) || !fs::is_empty(folder, code)))
    return fail(ErrorCode::usage, folder.string() + " is there already, and is not an empty folder");
  const fs::path making = place_of(folder).string() + ".making";
  fs::remove_all(making, code);
  StateBuilder builder(place_of(folder), making, options);
  wal::PosixFileSystem files;
  // A place where nothing may be made is a wrong place; a disk that is full is not.
  if (Status made = files.make_directories(making); !made)
    return fail(made.error().code == ErrorCode::io ? ErrorCode::usage : made.error().code, made.error().what);
  if (Status made = builder.make_store(); !made) {
    fs::remove_all(making, code);
    return std::unexpected(made.error());
  }
  return builder;
}

Status StateBuilder::make_store() {
  auto backend = store::LmdbBackend::open(making_ / "store", largest_quota);
  for (std::uint64_t quota = largest_quota / 8; !backend && quota >= least_quota; quota /= 8)
    backend = store::LmdbBackend::open(making_ / "store", quota);
  if (!backend) return std::unexpected(backend.error());
  auto committer = Committer::start(**backend);
  if (!committer) return std::unexpected(committer.error());
  backend_ = std::move(*backend);
  committer_ = std::move(*committer);
  rows_ = std::make_shared<store::Overlay>();
  return {};
}

StateBuilder::~StateBuilder() {
  if (!backend_) return;
  close();
  std::error_code ignored;
  fs::remove_all(making_, ignored);
}

/// Each before what it uses.
void StateBuilder::close() {
  replay_.reset();
  application_.reset();
  table_.reset();
  committer_.reset();
  backend_.reset();
}

// --- an image ---

Status StateBuilder::add_rows(BytesView rows) {
  ENSURE(!application_);
  const bool are_rows = transfer::visit_rows(rows, [this](BytesView key, BytesView value) { rows_->put(key, value); });
  if (!are_rows) return fail(ErrorCode::protocol, "a chunk of an image does not hold rows");
  return rows_->bytes() < options_.overlay_bytes ? Status() : commit_rows();
}

Status StateBuilder::commit_rows() {
  if (Status before = committer_->await(); !before) return before;
  committer_->commit({std::exchange(rows_, std::make_shared<store::Overlay>())});
  return {};
}

Status StateBuilder::drop_rows() {
  ENSURE(!application_);
  if (Status before = committer_->await(); !before) return before;
  committer_.reset();
  backend_.reset();
  std::error_code code;
  fs::remove_all(making_ / "store", code);
  if (code) return io_error(code, "cannot remove " + (making_ / "store").string());
  return make_store();
}

Status StateBuilder::end_image(const transfer::ImageHead& head) {
  if (Status opened = open_application(); !opened) return opened;
  const app::Meta& found = meta();
  if (found.applied == head.index && found.applied_term == head.term && found.digest == head.digest) return {};
  return fail(ErrorCode::corrupt, "the image is as of entry " + number(found.applied) + " with digest " +
                                      found.digest.text() + ", and was said to be as of entry " + number(head.index) +
                                      " with digest " + head.digest.text());
}

Status StateBuilder::open_application() {
  if (Status committing = commit_rows(); !committing) return committing;
  rows_.reset();
  if (Status committed = committer_->await(); !committed) return committed;
  auto table = ShardedTable::open(*backend_, options_.hands);
  if (!table) return std::unexpected(table.error());
  auto application = app::Application::open(**table);
  if (!application) return std::unexpected(application.error());
  table_ = std::move(*table);
  application_ = std::make_unique<app::Application>(std::move(*application));
  next_ = application_->applied().next();
  if (options_.hands == 0) return {};
  auto replay =
      KeyReplay::start(*application_, *table_, [missing = missing_.get()](Index index, BytesView key, bool is_reduced) {
        missing->note(index, key, is_reduced);
      });
  if (!replay) return std::unexpected(replay.error());
  replay_ = std::move(*replay);
  return {};
}

// --- entries ---

Status StateBuilder::apply(std::vector<transfer::RangeEntry> entries) {
  if (!application_) {
    if (Status opened = open_application(); !opened) return opened;
  }
  for (const transfer::RangeEntry& item : entries) {
    if (item.entry.index != next_)
      return fail(ErrorCode::corrupt,
                  "entry " + number(item.entry.index) + " came where " + number(next_) + " is next");
    next_ = next_.next();
  }
  Status applied = replay_ ? replay_->apply(std::move(entries)) : apply_in_order(entries);
  return applied ? flush_if_due() : applied;
}

Status StateBuilder::apply_in_order(const std::vector<transfer::RangeEntry>& entries) {
  for (const transfer::RangeEntry& item : entries) {
    const auto outcome = apply_entry(*application_, item);
    if (!outcome) return std::unexpected(outcome.error());
    tell_changes(item, *outcome,
                 [this](Index index, BytesView key, bool is_reduced) { missing_->note(index, key, is_reduced); });
  }
  return {};
}

void StateBuilder::settle() {
  if (replay_) replay_->settle();
}

// --- making rows durable ---

Status StateBuilder::flush_if_due() {
  if (auto ended = committer_->poll()) {
    if (!*ended) return *ended;
    settle();
    if (Status flushed = table_->flushed(); !flushed) return flushed;
  }
  const std::size_t bytes = replay_ ? table_->own_bytes() + replay_->bytes_of_hands() : table_->active_bytes();
  return bytes < options_.overlay_bytes ? Status() : begin_flush();
}

Status StateBuilder::begin_flush() {
  settle();
  if (Status ended = end_flush(); !ended) return ended;
  application_->save_meta();
  committer_->commit(table_->freeze());
  if (replay_) replay_->frozen();
  return {};
}

Status StateBuilder::end_flush() {
  if (!committer_->is_busy()) return {};
  if (Status committed = committer_->await(); !committed) return committed;
  return table_->flushed();
}

Status StateBuilder::sync() {
  if (!application_) return fail(ErrorCode::refused, "there is no entry, and so no state");
  if (Status begun = begin_flush(); !begun) return begun;
  return end_flush();
}

Status StateBuilder::finish() {
  if (!application_ || application_->applied() == Index{})
    return fail(ErrorCode::refused, "there is no entry, and so no state, to make a folder of");
  settle();
  if (incomplete_key())
    return fail(ErrorCode::refused, "the archive is compacted: it has not all values as of entry " +
                                        number(application_->applied()) + "; the nearest state below is as of entry " +
                                        number(last_complete()));
  application_->forget_membership();
  if (Status synced = sync(); !synced) return synced;
  if (Status made = make_log(); !made) return made;
  if (Status finished = finish_store(); !finished) return finished;
  std::error_code code;
  fs::remove(folder_, code);  // an empty one
  fs::rename(making_, folder_, code);
  if (code) return io_error(code, "cannot rename " + making_.string() + " to " + folder_.string());
  wal::PosixFileSystem files;
  return files.sync_directory(folder_.parent_path());
}

/// The store is LMDB's as yet.
Status StateBuilder::finish_store() {
  const app::Settings settings = meta().in_force();
  const fs::path copy = making_ / "store.copy";
  const bool is_lmdb = settings.engine == "lmdb";
  if (!is_lmdb) {
    if (Status copied = copy_store(*backend_, copy, settings); !copied) return copied;
  }
  close();
  if (is_lmdb) return {};
  std::error_code code;
  fs::remove_all(making_ / "store", code);
  if (!code) fs::rename(copy, making_ / "store", code);
  if (code) return io_error(code, "cannot put " + copy.string() + " in its place");
  wal::PosixFileSystem files;
  return files.sync_directory(making_);
}

/// A log that begins behind the state, of a server that nobody knows and that belongs to no cluster.
Status StateBuilder::make_log() const {
  wal::PosixFileSystem files;
  auto log = wal::Log::create(files, making_ / "log", {ClusterId{}, draw_server_id()}, {});
  if (!log) return std::unexpected(log.error());
  wal::Batch batch;
  batch.hard_state = raft::HardState{meta().applied_term, nobody};
  if (Status written = log->write(batch); !written) return written;
  if (Status synced = log->sync(); !synced) return synced;
  return log->start_after({meta().applied, meta().applied_term, meta().digest, meta().time}, {});
}

}  // namespace parley::recovery
