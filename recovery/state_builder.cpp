#include "recovery/state_builder.hpp"

#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/entropy.hpp"
#include "common/base/limits.hpp"
#include "common/transfer/rows.hpp"
#include "common/wal/log.hpp"
#include "common/wal/posix_file_system.hpp"

namespace parley::recovery {
namespace {

namespace fs = std::filesystem;

/// The store is made for the largest quota that there is, since the cluster's own is known only when its rows are
/// there. That costs addresses, and neither memory nor disk.
constexpr std::uint64_t largest_quota = 1024 * limits::GiB;

std::string number(Index index) { return std::to_string(index.value); }

std::unexpected<Error> io_error(const std::error_code& code, const std::string& what) {
  const bool is_full = code == std::errc::no_space_on_device;
  return fail(is_full ? ErrorCode::disk_full : ErrorCode::io, what + ": " + code.message());
}

}  // namespace

Result<StateBuilder> StateBuilder::begin(const fs::path& folder) {
  std::error_code code;
  const bool exists = fs::exists(folder, code);
  if (exists && (!fs::is_directory(folder, code) || !fs::is_empty(folder, code)))
    return fail(ErrorCode::usage, folder.string() + " is there already, and is not an empty folder");
  const fs::path making = fs::absolute(folder).lexically_normal().string() + ".making";
  fs::remove_all(making, code);
  StateBuilder builder(folder, making);
  wal::PosixFileSystem files;
  if (Status made = files.make_directories(making); !made) return std::unexpected(made.error());
  auto backend = store::LmdbBackend::open(making / "store", largest_quota);
  if (!backend) return std::unexpected(backend.error());
  builder.backend_ = std::move(*backend);
  builder.rows_ = std::make_unique<store::Overlay>();
  return builder;
}

StateBuilder::~StateBuilder() {
  if (!backend_) return;
  application_.reset();
  table_.reset();
  backend_.reset();
  std::error_code ignored;
  fs::remove_all(making_, ignored);
}

Status StateBuilder::add_rows(BytesView rows) {
  ENSURE(!application_);
  const bool are_rows = transfer::visit_rows(rows, [this](BytesView key, BytesView value) { rows_->put(key, value); });
  if (!are_rows) return fail(ErrorCode::protocol, "a chunk of an image does not hold rows");
  if (rows_->bytes() < limits::overlay_bytes) return {};
  if (Status committed = backend_->commit(*rows_); !committed) return committed;
  rows_ = std::make_unique<store::Overlay>();
  return {};
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
  if (Status committed = backend_->commit(*std::exchange(rows_, nullptr)); !committed) return committed;
  auto snapshot = backend_->snapshot();
  if (!snapshot) return std::unexpected(snapshot.error());
  table_ = std::make_unique<store::WriteBehindTable>(std::move(*snapshot));
  auto application = app::Application::open(*table_);
  if (!application) return std::unexpected(application.error());
  application_.emplace(std::move(*application));
  return {};
}

Status StateBuilder::check_next(const Entry& entry) {
  if (!application_) {
    if (Status opened = open_application(); !opened) return opened;
  }
  const Index next = application_->applied().next();
  if (entry.index == next) return {};
  return fail(ErrorCode::corrupt, "entry " + number(entry.index) + " came where " + number(next) + " is next");
}

Status StateBuilder::apply(const Entry& entry) {
  if (Status is_next = check_next(entry); !is_next) return is_next;
  commands_ += entry.kind == EntryKind::command ? 1 : 0;
  return take_note(application_->apply(entry), false);
}

Status StateBuilder::apply_reduced(const Entry& entry) {
  if (Status is_next = check_next(entry); !is_next) return is_next;
  const auto outcome = application_->apply_reduced(entry);
  if (!outcome) return fail(ErrorCode::corrupt, "what is left of entry " + number(entry.index) + " means nothing");
  ++commands_;
  return take_note(*outcome, true);
}

/// Which values are missing, and whether it is time to flush.
Status StateBuilder::take_note(const app::Outcome& outcome, bool is_reduced) {
  if (outcome.change && is_reduced) {
    incomplete_.emplace(outcome.change->key);
  } else if (outcome.change && !incomplete_.empty()) {
    incomplete_.erase(Bytes(outcome.change->key));
  }
  return table_->wants_freeze() ? flush() : Status{};
}

Status StateBuilder::flush() {
  application_->save_meta();
  const auto frozen = table_->freeze();
  if (Status committed = backend_->commit(*frozen); !committed) return committed;
  const auto flushed = table_->flushed();
  return flushed ? Status{} : std::unexpected(flushed.error());
}

std::optional<Bytes> StateBuilder::incomplete_key() const {
  if (incomplete_.empty()) return std::nullopt;
  return *incomplete_.begin();
}

Status StateBuilder::finish() {
  if (!application_ || application_->applied() == Index{})
    return fail(ErrorCode::refused, "there is no entry, and so no state, to make a folder of");
  if (const auto key = incomplete_key())
    return fail(ErrorCode::corrupt,
                "the value of a key was left out of the archive, and is replaced only behind entry " +
                    number(application_->applied()));
  application_->forget_membership();
  if (Status flushed = flush(); !flushed) return flushed;
  if (Status made = make_log(); !made) return made;
  application_.reset();
  table_.reset();
  backend_.reset();
  std::error_code code;
  fs::remove(folder_, code);  // an empty one
  fs::rename(making_, folder_, code);
  if (code) return io_error(code, "cannot rename " + making_.string() + " to " + folder_.string());
  wal::PosixFileSystem files;
  return files.sync_directory(fs::absolute(folder_).lexically_normal().parent_path());
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
