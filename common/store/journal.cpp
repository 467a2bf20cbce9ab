#include "common/store/journal.hpp"

#include <algorithm>

#include "common/base/ensure.hpp"
#include "common/base/entropy.hpp"
#include "common/store/damage.hpp"
#include "common/store/part_reader.hpp"

namespace parley::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view temporary_suffix = ".tmp";

std::uint32_t draw_attempt() { return static_cast<std::uint32_t>(draw_u64()); }

/// What the parts of a commit say that it changed.
class Changes {
 public:
  /// False if these are no rows, or their keys do not ascend. The bytes must outlive this.
  [[nodiscard]] bool add(BytesView part, const PartHead& head) {
    bool is_sound = true;
    const bool are_rows = visit_part(part, head, [&](BytesView key, std::optional<BytesView> value) {
      is_sound = is_sound && key.size() <= limits::engine_key_bytes &&
                 (!value || value->size() <= limits::engine_value_bytes) && (rows_.empty() || rows_.back().key < key);
      if (is_sound) rows_.push_back({key, value ? StoredRow::make(key, *value) : RowRef()});
    });
    return are_rows && is_sound;
  }
  [[nodiscard]] std::span<const RowChange> rows() const { return rows_; }

 private:
  std::vector<RowChange> rows_;
};

}  // namespace

/// The names of a folder.
struct Journal::Found {
  std::vector<std::uint64_t> bases;     ///< ascending
  std::vector<std::uint64_t> journals;  ///< ascending
  std::vector<std::string> temporary;
  [[nodiscard]] bool is_any() const { return !bases.empty() || !journals.empty(); }
};

/// A base that is being written.
struct Journal::Base {
  std::uint64_t commit = 0;
  std::uint32_t attempt = draw_attempt();
  std::unique_ptr<files::File> file = {};
  PartWriter part = {};
  std::uint32_t parts = 0;
  Bytes last_key = {};  ///< of the part that is being put together; empty if there is no row yet
  std::uint64_t offset = journal_header_bytes;
  std::uint64_t synced = 0;
};

// Where Base is complete.
Journal::Journal(files::FileSystem& files, fs::path folder) : files_(&files), folder_(std::move(folder)) {}
Journal::~Journal() = default;
Journal::Journal(Journal&&) noexcept = default;

// ---- looking ----

Result<Journal::Found> Journal::look_into(files::FileSystem& files, const fs::path& folder) {
  auto names = files.list(folder);
  if (!names) return std::unexpected(names.error());
  Found found;
  for (const std::string& name : *names) {
    if (name.ends_with(temporary_suffix)) found.temporary.push_back(name);
    const auto parsed = parse_journal_name(name);
    if (parsed) (parsed->kind == JournalKind::base ? found.bases : found.journals).push_back(parsed->commit);
  }
  std::ranges::sort(found.bases);
  std::ranges::sort(found.journals);
  return found;
}

Result<bool> Journal::exists(files::FileSystem& files, const fs::path& folder) {
  const auto found = look_into(files, folder);
  if (!found) return std::unexpected(found.error());
  return found->is_any();
}

Result<std::uint32_t> Journal::slot_of(files::FileSystem& files, const fs::path& folder) {
  const auto found = look_into(files, folder);
  if (!found) return std::unexpected(found.error());
  ENSURE(found->is_any());
  const JournalName name = found->journals.empty() ? JournalName{JournalKind::base, found->bases.back()}
                                                   : JournalName{JournalKind::journal, found->journals.back()};
  const auto reader = PartReader::open(files, folder, name);
  if (!reader) return std::unexpected(reader.error());
  return reader->header().slot;
}

// ---- making and opening ----

JournalHeader Journal::header(JournalKind kind, std::uint64_t commit) const { return {kind, slot_, store_, commit}; }

Result<Journal> Journal::create(files::FileSystem& files, const fs::path& folder, std::uint32_t slot) {
  const auto found = look_into(files, folder);
  if (!found) return std::unexpected(found.error());
  ENSURE(!found->is_any());
  Journal journal(files, folder);
  journal.slot_ = slot;
  journal.store_ = draw_u64();
  if (Status started = journal.start_file(0); !started) return std::unexpected(started.error());
  return journal;
}

Result<Journal> Journal::open(files::FileSystem& files, const fs::path& folder, StoreMode mode, const Replay& replay) {
  const auto found = look_into(files, folder);
  if (!found) return std::unexpected(found.error());
  Journal journal(files, folder);
  if (Status loaded = journal.load(*found, replay); !loaded) return std::unexpected(loaded.error());
  if (mode == StoreMode::inspect) return journal;
  if (Status sure = journal.make_sure(); !sure) return std::unexpected(sure.error());
  for (const std::string& name : found->temporary) {
    if (Status removed = files.remove(folder / name); !removed) return std::unexpected(removed.error());
  }
  if (Status removed = journal.remove_before(journal.base_commit_.value_or(0)); !removed)
    return std::unexpected(removed.error());
  return journal;
}

Status Journal::load(const Found& found, const Replay& replay) {
  if (!found.bases.empty()) base_commit_ = found.bases.back();
  commit_ = base_commit_.value_or(0);
  const auto first = std::ranges::lower_bound(found.journals, commit_);
  if (first == found.journals.end() || *first != commit_) {
    const fs::path missing = folder_ / journal_name(JournalKind::journal, commit_);
    return fail(ErrorCode::corrupt, missing.string() + ": the file is missing");
  }
  if (base_commit_) {
    if (Status loaded = load_base(replay); !loaded) return loaded;
  }
  for (auto at = first; at != found.journals.end(); ++at) {
    const bool is_last = std::next(at) == found.journals.end();
    const auto end = is_last ? std::nullopt : std::optional<std::uint64_t>(*std::next(at));
    if (Status loaded = load_journal(*at, end, replay); !loaded) return loaded;
    if (!is_last) old_bytes_ += end_;
  }
  return {};
}

/// All of it was synced before it got its name.
Status Journal::load_base(const Replay& replay) {
  const std::uint64_t commit = *base_commit_;
  auto reader = PartReader::open(*files_, folder_, {JournalKind::base, commit});
  if (!reader) return std::unexpected(reader.error());
  slot_ = reader->header().slot;
  store_ = reader->header().store;
  std::uint64_t offset = journal_header_bytes;
  std::uint32_t attempt = 0;
  for (std::uint32_t number = 0;; ++number) {
    const auto found = reader->read(offset);
    if (!found) return std::unexpected(found.error());
    if (!*found) return damaged(reader->where(), offset, "no intact part of the base stands here");
    const PartHead& head = **found;
    if (number == 0) attempt = head.attempt;
    if (is_seal(head.kind) || head.commit != commit || head.number != number || head.attempt != attempt)
      return damaged(reader->where(), offset, "the part does not follow the one before it");
    Changes changes;
    if (!changes.add(reader->part(), head)) return damaged(reader->where(), offset, "the part does not hold rows");
    if (Status replayed = replay(commit, changes.rows()); !replayed) return replayed;
    offset += padded_part(head.bytes);
    if (head.kind == PartKind::last) break;
  }
  base_bytes_ = offset;
  if (offset == reader->file_bytes()) return {};
  return damaged(reader->where(), offset, "something stands behind the end of the base");
}

/// The commits behind `begin`, up to `end` if another journal goes on there: then all of them must be there, since they
/// were synced before that one was begun.
Status Journal::load_journal(std::uint64_t begin, std::optional<std::uint64_t> end, const Replay& replay) {
  auto reader = PartReader::open(*files_, folder_, {JournalKind::journal, begin});
  if (!reader) return std::unexpected(reader.error());
  const bool is_first = !base_commit_ && begin == 0;
  if (is_first) slot_ = reader->header().slot;
  if (is_first) store_ = reader->header().store;
  if (reader->header() != header(JournalKind::journal, begin))
    return damaged(reader->where(), 0, "the file is of another store");
  begin_ = begin;
  last_begin_ = end_ = journal_header_bytes;
  is_sealed_ = true;  // as long as it has no commit
  std::vector<Bytes> parts;
  std::vector<PartHead> heads;
  std::uint64_t offset = end_;
  while (!end || commit_ < *end) {
    const auto found = reader->read(offset);
    if (!found) return std::unexpected(found.error());
    if (!*found) break;
    const PartHead& head = **found;
    const bool seals = is_seal(head.kind) && head.commit == commit_ && parts.empty();
    const bool follows = !is_seal(head.kind) && head.commit == commit_ + 1 && head.number == parts.size() &&
                         (parts.empty() || head.attempt == heads.front().attempt);
    if (!seals && !follows) break;
    if (head.kind == PartKind::over) {
      const fs::path missing = folder_ / journal_name(JournalKind::journal, commit_);
      return fail(ErrorCode::corrupt, missing.string() + ": the file is missing");
    }
    if (seals) {
      const auto filled = filled_by(reader->part(), head);
      if (!filled || *filled > commit_) return damaged(reader->where(), offset, "the seal is none");
      filled_ = *filled;
      is_sealed_ = true;
    }
    offset += padded_part(head.bytes);
    if (seals) break;
    parts.push_back(reader->take_part());
    heads.push_back(head);
    if (head.kind != PartKind::last) continue;
    Changes changes;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (!changes.add(parts[i], heads[i])) return damaged(reader->where(), end_, "the commit does not hold rows");
    }
    if (Status replayed = replay(head.commit, changes.rows()); !replayed) return replayed;
    parts.clear();
    heads.clear();
    last_begin_ = std::exchange(end_, offset);
    ++commit_;
    is_sealed_ = false;
  }
  if (end && commit_ == *end) return {};
  if (end) return damaged(reader->where(), end_, "commit " + std::to_string(commit_ + 1) + " is not intact");
  return find_torn(*reader, parts.empty() ? offset : end_);
}

/// Nothing intact stands at this offset of the last journal. If anything behind it says that it was synced, it is
/// damage; else it was never promised to anybody.
Status Journal::find_torn(PartReader& reader, std::uint64_t offset) {
  const auto data = reader.find_data(offset);
  if (!data) return std::unexpected(data.error());
  if (*data == reader.file_bytes()) return {};
  const auto witness = reader.find_witness(offset, commit_ + 1);
  if (!witness) return std::unexpected(witness.error());
  if (*witness) {
    return damaged(reader.where(), offset,
                   "commit " + std::to_string(commit_ + 1) + " is not intact, though what stands at " +
                       std::to_string(**witness) + " was written after it was synced");
  }
  torn_ = TornCommit{reader.where(), offset, reader.file_bytes() - offset};
  return {};
}

/// What is reported is durable, and nothing that was written in vain stands where the next commit may end.
Status Journal::make_sure() {
  // A process that died before it could sync what it renamed leaves names that only the system's cache knows.
  if (Status synced = files_->sync_directory(folder_); !synced) return synced;
  auto file = files_->open(folder_ / journal_name(JournalKind::journal, begin_), files::Access::read_write);
  if (!file) return std::unexpected(file.error());
  file_ = std::move(*file);
  if (!torn_ && is_sealed_) return {};
  Bytes bytes(limits::engine_step_bytes, '\0');
  for (std::uint64_t done = 0; torn_ && done < torn_->bytes; done += bytes.size()) {
    const std::size_t size = std::min<std::uint64_t>(bytes.size(), torn_->bytes - done);
    if (Status cut = file_->write_at(torn_->offset + done, BytesView(bytes).substr(0, size)); !cut) return cut;
  }
  // The last commit may stand in the system's cache alone, after a sync that failed; a sync of now would not tell.
  if (!is_sealed_) {
    bytes.resize(end_ - last_begin_);
    const auto read = file_->read_at(last_begin_, bytes);
    if (!read) return std::unexpected(read.error());
    if (*read != bytes.size()) return fail(ErrorCode::io, "cannot read all of the last commit again");
    if (Status written = file_->write_at(last_begin_, bytes); !written) return written;
  }
  if (Status synced = file_->sync(); !synced) return synced;
  is_sealed_ = write_seal(PartKind::seal).has_value();
  return {};
}

/// Begins another journal. It has its name once its head is durable.
Status Journal::start_file(std::uint64_t commit) {
  const fs::path where = folder_ / journal_name(JournalKind::journal, commit);
  const fs::path temporary = where.string() + std::string(temporary_suffix);
  auto file = files_->create(temporary);
  if (!file) return std::unexpected(file.error());
  Status done = (*file)->write_at(0, encode_header(header(JournalKind::journal, commit)));
  if (done) done = (*file)->sync();
  if (done) done = files_->rename(temporary, where);
  if (!done) {
    static_cast<void>(files_->remove(temporary));
    return done;
  }
  if (Status synced = files_->sync_directory(folder_); !synced) return synced;
  if (file_) {
    // Without room for that word it goes unsaid: what is there must be gone on with.
    if (Status closed = close_file(); !closed && closed.error().code != ErrorCode::disk_full) return closed;
  }
  file_ = std::move(*file);
  begin_ = commit;
  last_begin_ = end_ = journal_header_bytes;
  is_sealed_ = true;
  static_cast<void>(write_seal(PartKind::seal));
  return {};
}

/// Another journal follows for good. Nothing that must not be lost stands there before this one says so.
Status Journal::close_file() {
  Status done = write_seal(PartKind::over);
  if (done) done = file_->sync();
  old_bytes_ += end_;
  return done;
}

/// Oldest first, so that what is left can always be told from a store that has lost something.
Status Journal::remove_before(std::uint64_t commit) {
  auto found = look_into(*files_, folder_);
  if (!found) return std::unexpected(found.error());
  std::vector<JournalName> old;
  for (const std::uint64_t each : found->bases) old.push_back({JournalKind::base, each});
  for (const std::uint64_t each : found->journals) old.push_back({JournalKind::journal, each});
  std::erase_if(old, [commit](const JournalName& each) { return each.commit >= commit; });
  for (const JournalName& each : old) {
    if (Status removed = files_->remove(folder_ / journal_name(each.kind, each.commit)); !removed) return removed;
  }
  return old.empty() ? Status{} : files_->sync_directory(folder_);
}

// ---- commits ----

Status Journal::append(const Overlay& overlay) {
  if (broken_) return std::unexpected(*broken_);
  ENSURE(file_ != nullptr);
  std::uint64_t offset = end_;
  if (Status written = write_commit(overlay, offset); !written) return remember(written);
  if (Status synced = file_->sync(); !synced) return remember(synced);
  last_begin_ = std::exchange(end_, offset);
  ++commit_;
  is_sealed_ = write_seal(PartKind::seal).has_value();
  return {};
}

Status Journal::write_commit(const Overlay& overlay, std::uint64_t& offset) {
  const std::uint32_t attempt = draw_attempt();
  const JournalName name{JournalKind::journal, begin_};
  std::uint32_t number = 0;
  const auto write = [&](PartKind kind) -> Status {
    const BytesView part = part_.end({store_, name, offset}, kind);
    if (Status written = file_->write_at(offset, part); !written) return written;
    offset += part.size();
    part_.begin(commit_ + 1, attempt, ++number);
    return {};
  };
  part_.begin(commit_ + 1, attempt, number);
  for (auto row = overlay.seek({}); row.valid(); row.next()) {
    const std::size_t bytes = journal_row_bytes(row.key().size(), row.value().size());
    if (part_.bytes() > part_head_bytes && part_.bytes() + bytes > limits::journal_part_bytes) {
      if (Status written = write(PartKind::rows); !written) return written;
    }
    if (row.erased()) {
      part_.erase(row.key());
    } else {
      part_.put(row.key(), row.value());
    }
  }
  return write(PartKind::last);
}

/// Behind the last commit it says that this one is synced, so that damage to it is not taken for the trace of a crash.
/// The next commit is written over it. It is not synced itself, and nothing depends on it.
Status Journal::write_seal(PartKind kind) {
  part_.begin(commit_, 0, 0);
  part_.filled(filled_);
  return file_->write_at(end_, part_.end({store_, {JournalKind::journal, begin_}, end_}, kind));
}

void Journal::note_filled(std::uint64_t commit) {
  ENSURE_LE(commit, commit_);
  if (broken_ || commit <= filled_) return;
  filled_ = commit;
  is_sealed_ = write_seal(PartKind::seal).has_value();
}

Status Journal::remember(Status status) {
  if (!status && status.error().code != ErrorCode::disk_full) broken_ = status.error();
  return status;
}

// ---- a new base ----

Status Journal::begin_base() {
  if (broken_) return std::unexpected(*broken_);
  ENSURE(!base_);
  if (begin_ != commit_) {
    if (Status started = start_file(commit_); !started) return remember(started);
  }
  auto base = std::make_unique<Base>(Base{.commit = commit_});
  const std::string name = journal_name(JournalKind::base, commit_) + std::string(temporary_suffix);
  auto file = files_->create(folder_ / name);
  if (!file) return remember(std::unexpected(file.error()));
  base->file = std::move(*file);
  base->part.begin(base->commit, base->attempt, 0);
  base_ = std::move(base);
  const Status written = base_->file->write_at(0, encode_header(header(JournalKind::base, commit_)));
  if (!written) give_up_base();
  return remember(written);
}

Status Journal::add_to_base(BytesView key, std::optional<BytesView> value) {
  ENSURE(base_ != nullptr);
  const std::size_t bytes = journal_row_bytes(key.size(), value ? value->size() : 0);
  const bool is_full = !base_->last_key.empty() && base_->part.bytes() + bytes > limits::journal_part_bytes;
  if (is_full || (!base_->last_key.empty() && key <= base_->last_key)) {
    if (Status written = write_base_part(PartKind::rows); !written) return written;
  }
  if (value) {
    base_->part.put(key, *value);
  } else {
    base_->part.erase(key);
  }
  base_->last_key = key;
  return {};
}

Status Journal::write_base_part(PartKind kind) {
  const BytesView part = base_->part.end({store_, {JournalKind::base, base_->commit}, base_->offset}, kind);
  Status done = base_->file->write_at(base_->offset, part);
  if (done) base_->offset += part.size();
  const bool is_due = base_->offset - base_->synced >= limits::engine_step_bytes || kind == PartKind::last;
  if (done && is_due) {
    done = base_->file->sync();
    base_->synced = base_->offset;
  }
  if (!done) {
    give_up_base();
    return remember(done);
  }
  base_->part.begin(base_->commit, base_->attempt, ++base_->parts);
  base_->last_key.clear();
  return {};
}

Status Journal::end_base() {
  ENSURE(base_ != nullptr);
  if (Status written = write_base_part(PartKind::last); !written) return written;
  const fs::path where = folder_ / journal_name(JournalKind::base, base_->commit);
  if (Status named = files_->rename(where.string() + std::string(temporary_suffix), where); !named) {
    give_up_base();
    return remember(named);
  }
  if (Status synced = files_->sync_directory(folder_); !synced) return remember(synced);
  base_commit_ = base_->commit;
  base_bytes_ = base_->offset;
  old_bytes_ = 0;
  base_.reset();
  // What cannot be removed goes with the next opening.
  if (Status removed = remove_before(*base_commit_); !removed && removed.error().code == ErrorCode::sync_failed)
    return remember(removed);
  return {};
}

void Journal::give_up_base() {
  if (!base_) return;
  const std::string name = journal_name(JournalKind::base, base_->commit) + std::string(temporary_suffix);
  base_.reset();
  // What cannot be removed goes with the next opening.
  static_cast<void>(files_->remove(folder_ / name));
}

}  // namespace parley::store
