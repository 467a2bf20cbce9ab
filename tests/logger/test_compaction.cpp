#include "common/app/application.hpp"
#include "logger/compaction/command_reduction.hpp"
#include "logger/compaction/compaction_options.hpp"
#include "logger/tools/archive_entries.hpp"
#include "logger/tools/diff.hpp"
#include "tests/app/log_maker.hpp"
#include "tests/logger/tools_testing.hpp"

using namespace parley;
using namespace parley::logger;
using namespace parley::logger_testing;
using archive::CompactionOptions;
using sim::SimulatedFileSystem;
using sim::Unsynced;
using Mode = CompactionOptions::Mode;

namespace {

constexpr Mode modes[] = {Mode::immediate, Mode::interval, Mode::delayed};

/// A state that grows entry by entry.
class Replay {
 public:
  void apply(const archive::ArchivedEntry& archived) {
    if (archived.is_reduced()) {
      REQUIRE(application_.apply_reduced(archived.entry));
    } else {
      (void)application_.apply(archived.entry);
    }
  }
  [[nodiscard]] const app::MemoryTable& table() const { return table_; }
  [[nodiscard]] const Digest& state() const { return application_.meta().state; }

 private:
  app::MemoryTable table_;
  app::Application application_ = good(app::Application::open(table_));
};

/// A log of commands that make sense or do not, by chance.
ClusterLog random_log(std::uint64_t seed, std::size_t entries) {
  ClusterLog log;
  app::LogMaker maker(seed);
  for (std::size_t number = 0; number < entries; ++number) {
    const Entry entry = maker.next();
    // A membership is never empty.
    const bool is_none = entry.kind == EntryKind::membership && entry.payload.empty();
    log.add(is_none ? EntryKind::noop : entry.kind, entry.payload.view());
  }
  return log;
}

/// How many entries of the archive in the first folder are reduced. It and the plain log lead to the same state at
/// every entry, and at the end of every window to the same rows.
std::size_t compare(wal::FileSystem& disk, const ClusterLog& log, std::uint64_t period) {
  auto entries = good(tools::ArchiveEntries::open(disk, first_folder));
  Replay plain;
  Replay compacted;
  std::size_t reduced = 0;
  Index last;
  bool are_same = true;
  while (const auto archived = good(entries.next())) {
    last = archived->entry.index;
    reduced += archived->is_reduced();
    plain.apply({log.at(last.value), std::nullopt});
    compacted.apply(*archived);
    are_same &= plain.state() == compacted.state();
    if (last.value % period == 0) are_same &= plain.table().rows() == compacted.table().rows();
  }
  CHECK(are_same);
  CHECK(last == log.last());
  CHECK(plain.table().rows() == compacted.table().rows());
  return reduced;
}

}  // namespace

TEST_CASE("a plain and a compacted archive lead to the same state everywhere, and to the same rows where windows end") {
  std::size_t reduced = 0;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    SimulatedFileSystem disk;
    Random random(seed);
    CompactionOptions options;
    options.mode = modes[seed % 3];
    options.period = Count{10 + random.below(300)};
    options.worth = 1'000'000;
    options.save_bytes = random.below(50'000);
    INFO("seed " << seed << ", period " << options.period.value);
    const ClusterLog log = random_log(seed, 1000);
    ArchiveMaker archive(disk, log);
    archive.compact(options);
    while (archive.live().last().index < log.last()) {
      archive.take(std::min(log.last(), archive.live().last().index + Count{1 + random.below(200)}));
      archive.seal();
      if (random.one_in(3)) archive.restart();
      if (random.one_in(5)) {
        options.period = Count{10 + random.below(300)};
        archive.compact(options);
        archive.restart();
      }
    }
    const archive::Summary summary = good(archive_testing::verify(disk, first_folder));
    // With periods that changed, what all of them have in common: where the archive ends.
    const std::size_t found = compare(disk, log, 1'000'000);
    CHECK(summary.reduced == found);
    reduced += found;
  }
  CHECK(reduced > 2000);
}

TEST_CASE("the state at the end of each window is kept") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SimulatedFileSystem disk;
    CompactionOptions options;
    options.mode = modes[seed % 3];
    options.period = Count{10 + seed * 17};
    options.worth = 1'000'000;
    INFO("seed " << seed);
    const ClusterLog log = random_log(seed, 1000);
    ArchiveMaker archive(disk, log);
    archive.compact(options);
    archive.take(log.last());
    archive.seal();
    CHECK(compare(disk, log, options.period.value) > 0);
  }
}

TEST_CASE("an archive of values that are soon replaced becomes smaller, and is still the same as a plain one") {
  SimulatedFileSystem disk;
  ClusterLog log;
  log.settings({});
  log.open_session();
  for (int number = 0; number < 2000; ++number) log.run(app::Set{"key" + std::to_string(number % 20), Bytes(500, 'v')});
  ArchiveMaker plain(disk, log, second_folder);
  plain.take(log.last());
  plain.seal();
  ArchiveMaker archive(disk, log);
  CompactionOptions options;
  options.period = Count{200};
  archive.compact(options);
  archive.take(log.last());
  archive.seal();
  const archive::Summary summary = good(archive_testing::verify(disk, first_folder));
  const archive::Summary whole = good(archive_testing::verify(disk, second_folder));
  CHECK(summary.reduced > 1600);
  CHECK(summary.payload_bytes < whole.payload_bytes / 3);
  CHECK(summary.file_bytes < whole.file_bytes * 3 / 5);
  CHECK(summary.last == whole.last);
  Said said;
  CHECK(good(tools::diff(disk, first_folder, second_folder, said.console())) == tools::Answer::yes);
  CHECK(said.out == "they are equal up to entry 2002\n" + std::to_string(summary.reduced) +
                        " entries are reduced in one of them\n");
}

TEST_CASE("compaction goes on from an image behind a gap, and what it left out there leads on from that image") {
  SimulatedFileSystem disk;
  const ClusterLog log = random_log(5, 1500);
  ArchiveMaker archive(disk, log);
  CompactionOptions options;
  options.period = Count{50};
  options.worth = 1'000'000;
  archive.compact(options);
  archive.take(Index{500});
  archive.seal();
  archive.restart_behind(Index{700});
  archive.take(log.last());
  archive.seal();
  auto entries = good(tools::ArchiveEntries::open(disk, first_folder, Index{701}));
  Replay plain;
  for (std::uint64_t index = 1; index <= 700; ++index) plain.apply({log.at(index), std::nullopt});
  Replay behind_image;
  for (std::uint64_t index = 1; index <= 700; ++index) behind_image.apply({log.at(index), std::nullopt});
  std::size_t reduced = 0;
  while (const auto archived = good(entries.next())) {
    plain.apply({log.at(archived->entry.index.value), std::nullopt});
    behind_image.apply(*archived);
    reduced += archived->is_reduced();
  }
  CHECK(reduced > 30);
  CHECK(plain.state() == behind_image.state());
  CHECK(plain.table().rows() == behind_image.table().rows());
}

TEST_CASE("what a reduction has saved is what it goes on from") {
  const ClusterLog log = random_log(9, 900);
  const auto all = make_command_reduction();
  all->begin();
  auto restored = make_command_reduction();
  std::vector<Index> expected;
  std::vector<Index> found;
  for (const Entry& entry : log.entries()) {
    good(all->take({entry, std::nullopt}));
    if (entry.index > Index{300}) good(restored->take({entry, std::nullopt}));
    if (entry.index.value % 100 != 0) continue;
    const auto more = all->end_window();
    if (entry.index > Index{300}) {
      expected.insert(expected.end(), more.begin(), more.end());
      const auto same = restored->end_window();
      found.insert(found.end(), same.begin(), same.end());
    }
    if (entry.index == Index{300} || entry.index == Index{600}) {
      const Bytes saved = all->checkpoint();
      restored = make_command_reduction();
      good(restored->restore(saved));
      CHECK(restored->checkpoint() == saved);
    }
  }
  CHECK(expected.size() > 50);
  CHECK(found == expected);
  CHECK_FALSE(restored->restore("nonsense"));
  CHECK_FALSE(restored->restore(""));
}

TEST_CASE("the flags of a logger say how its archives are compacted") {
  config::LoggerOptions options;
  CHECK_FALSE(compaction_options(options));
  options.compact_period = 77;
  const std::pair<std::string, Mode> words[] = {
      {"immediate", Mode::immediate}, {"interval", Mode::interval}, {"delayed", Mode::delayed}};
  for (const auto& [word, mode] : words) {
    options.compact = word;
    const auto compaction = compaction_options(options);
    REQUIRE(compaction);
    CHECK(compaction->mode == mode);
    CHECK(compaction->period == Count{77});
  }
}
