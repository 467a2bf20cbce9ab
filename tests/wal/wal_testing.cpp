#include "tests/wal/wal_testing.hpp"

#include "common/base/chain.hpp"

namespace parley::wal_testing {

wal::Identity test_identity() {
  wal::Identity identity;
  for (std::size_t at = 0; at < identity.cluster.bytes.size(); ++at)
    identity.cluster.bytes[at] = static_cast<std::uint8_t>(at + 1);
  identity.server = ServerId{0x1122334455667788};
  return identity;
}

EntryMaker::EntryMaker(const ClusterId& cluster) : history_{{Index{0}, Term{0}, chain_start(cluster), {}}} {}

Entry EntryMaker::next(Term term, BytesView payload, EntryKind kind) {
  const wal::Start& last = history_.back();
  Entry entry{last.index.next(),           term, kind, {last.index.value * 10, last.index.value * 1000},
              SharedBytes(Bytes(payload)), {}};
  entry.digest = chain_next(last.digest, entry);
  history_.push_back({entry.index, entry.term, entry.digest, entry.time});
  return entry;
}

std::vector<Entry> EntryMaker::many(Term term, std::size_t count, std::size_t bytes) {
  std::vector<Entry> entries;
  for (std::size_t made = 0; made < count; ++made) {
    Bytes payload = std::to_string(last().index.value + 1);
    payload.resize(std::max(payload.size(), bytes), '.');
    entries.push_back(next(term, payload));
  }
  return entries;
}

void EntryMaker::go_back_to(Index index) {
  while (history_.back().index >= index) history_.pop_back();
  REQUIRE(!history_.empty());
}

wal::Batch batch_of(const std::vector<Entry>& entries) {
  wal::Batch batch;
  batch.entries.emplace_back(entries);
  return batch;
}

wal::Log create_log(wal::FileSystem& files, const wal::Options& options, const wal::Identity& identity) {
  auto log = wal::Log::create(files, folder, identity, options);
  if (!log) FAIL(log.error().what);
  return std::move(*log);
}

wal::OpenedLog open_log(wal::FileSystem& files, const wal::Options& options) {
  auto opened = wal::Log::open(files, folder, options);
  if (!opened) FAIL(opened.error().what);
  return std::move(*opened);
}

void write(wal::Log& log, const wal::Batch& batch) {
  const Status written = log.write(batch);
  if (!written) FAIL(written.error().what);
}

void write(wal::Log& log, const std::vector<Entry>& entries) { write(log, batch_of(entries)); }

void write_and_sync(wal::Log& log, const wal::Batch& batch) {
  write(log, batch);
  const Status synced = log.sync();
  if (!synced) FAIL(synced.error().what);
}

void write_and_sync(wal::Log& log, const std::vector<Entry>& entries) { write_and_sync(log, batch_of(entries)); }

void make_spare(wal::Log& log) {
  auto more = log.prepare();
  while (more && *more) more = log.prepare();
  if (!more) FAIL(more.error().what);
  REQUIRE(log.has_spare());
}

std::vector<Entry> read_all(const wal::Log& log) {
  auto entries = log.read(log.first(), log.last().index, std::numeric_limits<std::size_t>::max());
  if (!entries) FAIL(entries.error().what);
  return std::move(*entries);
}

std::vector<Entry> joined(std::vector<Entry> first, const std::vector<Entry>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::filesystem::path segment_path(std::uint64_t sequence) { return folder / wal::segment_name(sequence); }

}  // namespace parley::wal_testing
