#include "logger/tools/verify.hpp"

#include "tests/logger/tools_testing.hpp"

using namespace parley;
using namespace parley::logger;
using namespace parley::logger_testing;
using sim::SimulatedFileSystem;
using tools::Answer;

namespace {

void add_entries(ClusterLog& log, std::size_t count) {
  for (std::size_t number = 0; number < count; ++number) log.add(EntryKind::command, Bytes(100, 'c'));
}

std::string verified(wal::FileSystem& files, const std::filesystem::path& folder = first_folder) {
  Said said;
  CHECK(good(tools::verify(files, folder, said.console())) == Answer::yes);
  return said.remarks + said.out;
}

std::string line(const std::string& what, const std::string& value) {
  return "\n" + what + std::string(16 - what.size(), ' ') + value + "\n";
}

Error error_of(wal::FileSystem& files, const std::filesystem::path& folder) {
  Said said;
  const auto answer = tools::verify(files, folder, said.console());
  REQUIRE_FALSE(answer);
  CHECK(said.out.empty());
  return answer.error();
}

}  // namespace

TEST_CASE("verify says what an archive has") {
  SimulatedFileSystem disk;
  ClusterLog log;
  add_entries(log, 600);
  ArchiveMaker archive(disk, log);
  archive.take(Index{250});
  archive.seal();
  archive.restart_behind(Index{400});
  archive.take(Index{420});
  archive.seal();
  const std::string text = verified(disk);
  CHECK(text.starts_with("cluster         " + log.cluster().text() + "\n"));
  CHECK(text.find(line("entries", "270")) != std::string::npos);
  CHECK(text.find(line("first", "1")) != std::string::npos);
  CHECK(text.find(line("last", "420")) != std::string::npos);
  CHECK(text.find(line("digest", log.at(420).digest.text())) != std::string::npos);
  CHECK(text.find(line("payload bytes", "27000")) != std::string::npos);
  CHECK(text.find(line("gap", "251 to 400 are missing; the image at 400 leads on")) != std::string::npos);
  CHECK(text.find("\nimage           of the state at 400, ") != std::string::npos);
  CHECK(text.find(line("seek indexes", "complete")) != std::string::npos);
  CHECK(text.find("torn") == std::string::npos);
  CHECK(text.ends_with("\nok\n"));
}

TEST_CASE("verify says what is missing without harm, and what a crash left") {
  SimulatedFileSystem disk;
  ClusterLog log;
  add_entries(log, 600);
  ArchiveMaker archive(disk, log);
  archive.take(Index{250});
  archive.seal();
  disk.lose(archive.archive().layout().index(1));
  CHECK(verified(disk).find(line("seek indexes", "1 missing, made again when they are needed")) != std::string::npos);
  // The last batch of the live log: nothing declares it synced yet.
  archive.take(Index{255});
  const auto& segment = archive.live().segments().back();
  disk.flip_bit(archive.archive().layout().live() / wal::segment_name(segment.sequence), segment.end_offset() - 50, 1);
  CHECK(verified(disk).find("\ntorn end        ") != std::string::npos);
}

TEST_CASE("verify of a damaged archive names the file, the offset and the entry") {
  SimulatedFileSystem disk;
  ClusterLog log;
  add_entries(log, 600);
  ArchiveMaker archive(disk, log);
  archive.take(Index{250});
  archive.seal();
  const std::filesystem::path where = archive.archive().layout().segment(1);
  disk.flip_bit(where, 4096 + 32 + 2 * 184 + 30, 1);
  const Error error = error_of(disk, first_folder);
  CHECK(error.code == ErrorCode::corrupt);
  CHECK(error.what == where.string() + ": offset 4496, where entry 3 should stand: no intact record stands there");
}

TEST_CASE("an archive of the days before there were manifests is verified as a live log") {
  SimulatedFileSystem disk;
  ClusterLog log;
  add_entries(log, 20);
  ArchiveMaker archive(disk, log);
  archive.take(log.last());
  disk.lose(archive.archive().layout().manifest());
  const std::string text = verified(disk);
  CHECK(text.starts_with("there is no manifest yet: this is a live log alone\ncluster         "));
  CHECK(text.find(line("entries", "20")) != std::string::npos);
  CHECK(text.find(line("digest", log.at(20).digest.text())) != std::string::npos);
}

TEST_CASE("verify says what a folder is that is no archive") {
  SimulatedFileSystem disk;
  ClusterLog log;
  add_entries(log, 20);
  ArchiveMaker archive(disk, log);
  archive.take(log.last());
  good(disk.make_directories("/data/node"));
  REQUIRE(wal::Log::create(disk, "/data/node/log", wal_testing::test_identity(), wal_testing::small_segments));
  const auto says = [&](const std::filesystem::path& folder) {
    const Error error = error_of(disk, folder);
    CHECK(error.code == ErrorCode::usage);
    return error.what;
  };
  CHECK(says("/nowhere") == "/nowhere holds no archive");
  CHECK(says(first_folder / "live") ==
        "/data/log0/live holds no archive; it is the live log of one: name the folder above it");
  CHECK(says("/data/node") == "/data/node holds no archive; it is a node's data folder: parley-node verify reads it");
  CHECK(says("/data/node/log") == "/data/node/log holds no archive; it is a log");
}
