#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "common/archive/archive.hpp"
#include "common/archive/verifier.hpp"
#include "common/base/chain.hpp"
#include "common/base/entropy.hpp"
#include "common/base/random.hpp"
#include "common/wal/posix_file_system.hpp"

/// What an archive costs: sealing, reading on, seeking, verifying. `measure_archive FOLDER [ENTRIES] [BYTES]`: makes an
/// archive below FOLDER, which must be on the disk to be measured, and removes it. What was just written is in the
/// system's cache.
namespace {

using namespace parley;
using Clock = std::chrono::steady_clock;

template <class T>
T must(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().what.c_str()), std::exit(1);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Says how fast it was: `entries` since `begin`, whose payloads have so many bytes.
void report(const char* what, Clock::time_point begin, std::uint64_t entries, std::size_t bytes) {
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double count = static_cast<double>(entries);
  std::printf("%-28s %8.3f s %10.0f entries/s %8.1f MiB/s of payload\n", what, seconds, count / seconds,
              count * static_cast<double>(bytes) / seconds / static_cast<double>(limits::MiB));
}

void write(wal::Log& log, std::uint64_t count, std::size_t bytes) {
  const SharedBytes payload(Bytes(bytes, 'p'));
  wal::Start last = log.last();
  while (count > 0) {
    std::vector<Entry> entries;
    for (std::size_t made = 0; made < 1000 && count > 0; ++made, --count) {
      Entry entry{last.index.next(), Term{1}, EntryKind::command, {}, payload, {}};
      entry.digest = chain_next(last.digest, entry);
      last = {entry.index, entry.term, entry.digest, entry.time};
      entries.push_back(std::move(entry));
    }
    wal::Batch batch;
    batch.entries.emplace_back(entries);
    must(log.write(batch));
    must(log.sync());
  }
}

void measure(wal::FileSystem& files, const std::filesystem::path& folder, std::uint64_t count, std::size_t bytes) {
  auto archive = must(archive::Archive::open(files, folder, wal::OpenMode::use));
  wal::Options options;
  options.retire_into = archive.layout().sealed();
  auto log = must(wal::Log::create(files, archive.layout().live(), {draw_cluster_id(), draw_server_id()}, options));
  auto begin = Clock::now();
  write(log, count, bytes);
  report("written and synced", begin, count, bytes);

  must(log.trim_before(log.last().index));
  archive.live_begins(log.segments().front().sequence, log.segments().front().before);
  begin = Clock::now();
  while (must(archive.step())) {
  }
  const std::uint64_t sealed = archive.last().value;
  report("sealed", begin, sealed, bytes);
  if (sealed == 0) return;

  begin = Clock::now();
  for (Index next{1}; next <= archive.last();)
    next = must(archive.read(next, archive.last(), limits::MiB)).entries.back().entry.index.next();
  report("read on", begin, sealed, bytes);

  constexpr std::uint64_t seeks = 2000;
  Random random(1);
  begin = Clock::now();
  for (std::uint64_t seek = 0; seek < seeks; ++seek) {
    const Index index{1 + random.below(sealed)};
    (void)must(archive.read(index, index, 1));
  }
  report("sought, one entry each", begin, seeks, bytes);

  begin = Clock::now();
  archive::Verifier verifier(files, folder);
  while (must(verifier.step())) {
  }
  report("verified", begin, verifier.summary().entries, bytes);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: measure_archive FOLDER [ENTRIES] [BYTES]\n");
    return 2;
  }
  const std::filesystem::path folder = std::filesystem::path(argv[1]) / "measure_archive";
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  const std::size_t bytes = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 128;
  parley::wal::PosixFileSystem files;
  measure(files, folder, count, bytes);
  std::filesystem::remove_all(folder);
}
