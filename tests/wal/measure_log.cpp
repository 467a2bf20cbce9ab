#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "common/base/chain.hpp"
#include "common/base/entropy.hpp"
#include "common/wal/log.hpp"
#include "common/wal/posix_file_system.hpp"

/// What a batch costs on a disk, beside the bare write and sync of as many bytes. `measure_log FOLDER [ENTRIES]
/// [BYTES]`: makes a log below FOLDER, which must be on the disk to be measured, and removes it.
namespace {

using namespace parley;
using Clock = std::chrono::steady_clock;

constexpr int rounds = 3000;

double us_each(Clock::time_point begin, int count) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count() / count;
}

template <class T>
T must(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().what.c_str()), std::exit(1);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::vector<Entry> make_entries(wal::Start& last, std::size_t count, std::size_t bytes) {
  std::vector<Entry> entries;
  for (std::size_t made = 0; made < count; ++made) {
    Entry entry{last.index.next(), Term{1}, EntryKind::command, {}, SharedBytes(Bytes(bytes, 'p')), {}};
    entry.digest = chain_next(last.digest, entry);
    last = {entry.index, entry.term, entry.digest, entry.time};
    entries.push_back(std::move(entry));
  }
  return entries;
}

void measure_bare(wal::FileSystem& files, const std::filesystem::path& folder, std::size_t bytes) {
  const auto file = must(files.create(folder / "bare"));
  const Bytes zeros(limits::MiB, '\0');
  for (std::size_t at = 0; at < limits::segment_bytes; at += zeros.size()) must(file->write_at(at, zeros));
  must(file->sync());
  const Bytes batch(bytes, 'b');
  const auto begin = Clock::now();
  std::uint64_t at = 0;
  for (int round = 0; round < rounds; ++round) {
    must(file->write_at(at, batch));
    must(file->sync());
    at = at + 2 * bytes < limits::segment_bytes ? at + bytes : 0;
  }
  std::printf("bare write and sync      %8.1f us\n", us_each(begin, rounds));
  must(files.remove(folder / "bare"));
}

void measure_log(wal::FileSystem& files, const std::filesystem::path& folder, std::size_t count, std::size_t bytes,
                 bool sync) {
  const wal::Identity identity{draw_cluster_id(), draw_server_id()};
  wal::Log log = must(wal::Log::create(files, folder / "log", identity, {limits::segment_bytes, sync}));
  while (must(log.prepare())) {
  }
  wal::Start last = log.last();
  std::vector<std::vector<Entry>> batches;
  for (int round = 0; round < rounds; ++round) batches.push_back(make_entries(last, count, bytes));
  wal::Batch batch;
  const auto begin = Clock::now();
  for (const auto& entries : batches) {
    batch.entries.assign(1, entries);
    must(log.write(batch));
    must(log.sync());
  }
  const double each = us_each(begin, rounds);
  const wal::Counters& counters = log.counters();
  std::printf("log, %-7s             %8.1f us, %.3f writes, %.3f syncs, %.0f bytes, in %llu segments\n",
              sync ? "synced" : "no sync", each, static_cast<double>(counters.writes) / rounds,
              static_cast<double>(counters.syncs) / rounds, static_cast<double>(counters.bytes) / rounds,
              static_cast<unsigned long long>(counters.segments));
  const auto read = Clock::now();
  const auto entries = must(log.read(log.first(), log.last().index, ~std::size_t{0}));
  std::printf("read all                 %8.3f us an entry\n", us_each(read, static_cast<int>(entries.size())));
}

void measure_open(wal::FileSystem& files, const std::filesystem::path& folder) {
  const auto begin = Clock::now();
  const auto opened = must(wal::Log::open(files, folder / "log", {}));
  std::printf("open, verifying all      %8.3f us an entry\n",
              us_each(begin, static_cast<int>(opened.recovered.last.index.value)));
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "measure_log FOLDER [ENTRIES] [BYTES]\n");
    return 2;
  }
  const std::filesystem::path folder = std::filesystem::path(arguments[1]) / "measure_log";
  const std::size_t entries = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 64;
  const std::size_t bytes = count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 160;
  wal::PosixFileSystem files;
  must(files.make_directories(folder));
  measure_bare(files, folder, entries * wal::entry_record_bytes(bytes) + wal::small_record_bytes);
  for (const bool sync : {true, false}) {
    measure_log(files, folder, entries, bytes, sync);
    measure_open(files, folder);
    std::filesystem::remove_all(folder / "log");
  }
  std::filesystem::remove_all(folder);
  return 0;
}
