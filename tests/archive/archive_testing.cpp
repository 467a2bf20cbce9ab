#include "tests/archive/archive_testing.hpp"

#include "common/base/chain.hpp"
#include "common/transfer/rows.hpp"
#include "common/wal/folder.hpp"

namespace parley::archive_testing {

using wal_testing::test_identity;

wal::Options live_options(const archive::Layout& where, std::size_t segment_bytes) {
  return {segment_bytes, true, where.sealed()};
}

archive::ImageFileHead image_head(const wal::Start& at) {
  return {test_identity().cluster,
          {at.index, at.term, at.digest, at.time, Index{1}, SharedBytes(Bytes("the members"))}};
}

Bytes some_rows(Index index, std::size_t chunk, std::size_t count) {
  Bytes rows;
  for (std::size_t row = 0; row < count; ++row) {
    const std::string number = std::to_string(1000 + chunk * count + row);
    transfer::append_row(rows, "key" + number, "of " + std::to_string(index.value) + ", " + number);
  }
  return rows;
}

const Entry& History::at(Index index) {
  ENSURE_LT(Index{0}, index);
  while (entries_.size() < index.value) {
    const Term term{entries_.size() / 200 + 1};
    entries_.push_back(maker_.many(term, 1, bytes_).front());
  }
  return entries_[static_cast<std::size_t>(index.value - 1)];
}

wal::Start History::place(Index index) {
  if (index == Index{}) return {{}, {}, chain_start(wal_testing::test_identity().cluster), {}};
  const Entry& entry = at(index);
  return {entry.index, entry.term, entry.digest, entry.time};
}

std::vector<Entry> History::between(Index from, Index to) {
  std::vector<Entry> found;
  for (; from <= to; from = from.next()) found.push_back(at(from));
  return found;
}

Status Logger::start() {
  auto opened = archive::Archive::open(disk_, layout_.root, wal::OpenMode::use);
  if (!opened) return std::unexpected(opened.error());
  archive_.emplace(std::move(*opened));
  if (compaction_) archive_->compact_with(std::make_unique<EveryThird>(), *compaction_);
  const auto exists = wal::Log::exists(disk_, layout_.live());
  if (!exists) return std::unexpected(exists.error());
  if (*exists) {
    auto log = wal::Log::open(disk_, layout_.live(), options_);
    if (!log) return std::unexpected(log.error());
    log_.emplace(std::move(log->log));
  } else {
    auto log = wal::Log::create(disk_, layout_.live(), test_identity(), options_);
    if (!log) return std::unexpected(log.error());
    log_.emplace(std::move(*log));
  }
  tell_archive();
  return {};
}

void Logger::die() {
  log_.reset();
  archive_.reset();
}

void Logger::tell_archive() {
  const wal::Segment& first = log_->segments().front();
  archive_->live_begins(first.sequence, first.before);
}

bool Logger::write(std::size_t count) {
  const auto entries = history_.between(last().next(), last() + Count{count});
  wal::Batch batch = wal_testing::batch_of(entries);
  batch.commit = last();
  return log_->write(batch) && log_->sync();
}

bool Logger::fill(std::size_t segments) {
  while (log_->segments().size() < segments) {
    if (!write(10)) return false;
  }
  return true;
}

Status Logger::retire(std::size_t kept) {
  const auto& segments = log_->segments();
  if (segments.size() <= kept) return {};
  const Status trimmed = log_->trim_before(segments[segments.size() - kept].before.index.next());
  if (trimmed) tell_archive();
  return trimmed;
}

Status Logger::add_image(Index index, std::size_t chunks) {
  const auto writer = archive_->image_writer();
  writer->expect(image_head(history_.place(index)));
  Status done = writer->begin();
  for (std::size_t chunk = 0; done && chunk < chunks; ++chunk) done = writer->add(some_rows(index, chunk));
  if (done) done = writer->complete(image_head(history_.place(index)).image);
  return done ? archive_->add_image(index) : done;
}

Status Logger::restart_behind(Index index) {
  if (Status added = add_image(index); !added) return added;
  if (Status started = log_->start_after(history_.place(index), {Index{1}, "the members"}); !started) return started;
  tell_archive();
  return {};
}

Status Logger::settle() {
  while (true) {
    const auto more = archive_->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
  }
}

void good(const Status& status) {
  if (!status) FAIL(status.error().what);
}

Result<archive::Summary> verify(wal::FileSystem& files, const std::filesystem::path& folder) {
  archive::Verifier verifier(files, folder);
  while (true) {
    const auto more = verifier.step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return verifier.summary();
  }
}

std::vector<Entry> read_sealed(archive::Archive& archive, Index from, std::size_t max_bytes) {
  std::vector<Entry> all;
  while (true) {
    const auto entries = good(archive.read(from, Index{UINT64_MAX}, max_bytes)).entries;
    if (entries.empty()) return all;
    for (const archive::ArchivedEntry& archived : entries) {
      REQUIRE_FALSE(archived.is_reduced());
      all.push_back(archived.entry);
    }
    from = all.back().index.next();
  }
}

Result<std::vector<archive::ArchivedEntry>> walk_archived(wal::FileSystem& files, Index from,
                                                          const archive::Layout& where) {
  const auto opened = archive::Archive::open(files, where.root, wal::OpenMode::inspect);
  if (!opened) return std::unexpected(opened.error());
  archive::Walk walk(files, where, opened->manifest(), from);
  std::vector<archive::ArchivedEntry> all;
  while (true) {
    const auto step = walk.advance();
    if (!step) return std::unexpected(step.error());
    if (*step == archive::Walk::Step::end) return all;
    if (*step == archive::Walk::Step::entry) all.push_back(walk.entry());
  }
}

Result<std::vector<Entry>> walk_all(wal::FileSystem& files, Index from, const archive::Layout& where) {
  const auto walked = walk_archived(files, from, where);
  if (!walked) return std::unexpected(walked.error());
  std::vector<Entry> all;
  for (const archive::ArchivedEntry& archived : *walked) {
    REQUIRE_FALSE(archived.is_reduced());
    all.push_back(archived.entry);
  }
  return all;
}

bool is_kept(const archive::ArchivedEntry& archived, const Entry& entry) {
  if (!archived.is_reduced()) return archived.entry == entry;
  Entry reduced = entry;
  reduced.payload = SharedBytes(Bytes(entry.payload.view().substr(0, EveryThird::left)));
  return entry.index.value % 3 == 0 && archived.entry == reduced &&
         archived.payload_hash == blake2b(entry.payload.view());
}

void EveryThird::stand_at(Index index) {
  last_ = index;
  unnecessary_.clear();
}

Status EveryThird::add_rows(BytesView rows) {
  rows_ += rows;
  return {};
}

Status EveryThird::end_image() {
  last_.reset();
  unnecessary_.clear();
  return {};
}

Bytes EveryThird::checkpoint() {
  REQUIRE(unnecessary_.empty());
  return "at " + std::to_string(last_->value);
}

Status EveryThird::restore(BytesView checkpoint) {
  REQUIRE(checkpoint.starts_with("at "));
  stand_at(Index{std::stoull(Bytes(checkpoint.substr(3)))});
  return {};
}

Status EveryThird::take(const archive::ArchivedEntry& archived) {
  const Index index = archived.entry.index;
  if (last_) REQUIRE(index == last_->next());
  last_ = index;
  if (index.value % 3 == 0) unnecessary_.push_back(index);
  return {};
}

std::vector<Index> EveryThird::end_window() { return std::exchange(unnecessary_, {}); }

void check_kept(wal::FileSystem& disk, Logger& logger, History& history, const Promises& promises) {
  archive::Archive& archive = logger.archive();
  const archive::Manifest& manifest = archive.manifest();
  CHECK(manifest.begin.index < std::max(promises.truncated, Index{1}));
  for (const Index index : promises.images) {
    if (index >= manifest.begin.index) CHECK(manifest.image_of(index));
  }
  const auto pass_gaps = [&](Index at) {
    while (const archive::Gap* gap = manifest.gap_behind(at.previous())) at = gap->to().next();
    return at;
  };
  const auto entries = good(walk_archived(disk));
  Index next = manifest.begin.index.next();
  bool are_right = true;
  for (const archive::ArchivedEntry& archived : entries) {
    next = pass_gaps(next);
    are_right &= archived.entry.index == next && is_kept(archived, history.at(next));
    next = next.next();
  }
  CHECK(are_right);
  next = pass_gaps(next);
  CHECK(next == logger.last().next());
  if (logger.last() < promises.restart || promises.restart == Index{0}) CHECK(logger.last() >= promises.synced);
  const archive::Summary summary = good(verify(disk));
  CHECK(summary.entries == entries.size());
  CHECK(summary.last == logger.log().last());
  for (const auto& folder : {layout.root, layout.sealed(), layout.images()}) {
    for (const std::string& name : good(disk.list(folder))) CHECK_FALSE(name.ends_with(".tmp"));
  }
  // Each segment is sealed or live.
  const std::uint64_t first_live = logger.log().segments().front().sequence;
  CHECK(manifest.next_sequence() == first_live);
  const auto sealed = good(wal::look_into(disk, archive.layout().sealed())).segments;
  CHECK((sealed.empty() || sealed.back() < first_live));
}

}  // namespace parley::archive_testing
