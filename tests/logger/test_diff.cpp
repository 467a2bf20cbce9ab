#include "logger/tools/diff.hpp"

#include "tests/logger/tools_testing.hpp"

using namespace parley;
using namespace parley::logger;
using namespace parley::logger_testing;
using sim::SimulatedFileSystem;
using tools::Answer;

namespace {

constexpr Bytes::value_type a_value = 'v';

void add_sets(ClusterLog& log, std::size_t count, const std::string& key = "k") {
  log.open_session();
  for (std::size_t number = 0; number < count; ++number) log.run(app::Set{key, Bytes(100, a_value)});
}

/// What is said of two archives, both ways round: the answer is the same.
std::string compared(wal::FileSystem& files, Answer expected) {
  Said said;
  CHECK(good(tools::diff(files, first_folder, second_folder, said.console())) == expected);
  Said swapped;
  CHECK(good(tools::diff(files, second_folder, first_folder, swapped.console())) == expected);
  return said.out;
}

}  // namespace

TEST_CASE("two archives of one history are equal, wherever each is sealed") {
  SimulatedFileSystem disk;
  ClusterLog log;
  add_sets(log, 300);
  ArchiveMaker first(disk, log);
  ArchiveMaker second(disk, log, second_folder);
  first.take(Index{200});
  first.seal();
  first.take(log.last());
  second.take(log.last());
  CHECK(compared(disk, Answer::yes) == "they are equal up to entry 301\n");
}

TEST_CASE("an archive that goes on where another ends does not differ from it") {
  SimulatedFileSystem disk;
  ClusterLog log;
  add_sets(log, 300);
  ArchiveMaker first(disk, log);
  ArchiveMaker second(disk, log, second_folder);
  first.take(Index{200});
  SECTION("that has some entries") {
    second.take(log.last());
    CHECK(compared(disk, Answer::yes) == "they are equal up to entry 200\n/data/log1 goes on behind it\n");
  }
  SECTION("that has none") { CHECK(compared(disk, Answer::yes) == "/data/log1 is empty\n"); }
}

TEST_CASE("the first entry in which two archives differ is shown, with what each has there") {
  SimulatedFileSystem disk;
  ClusterLog log;
  ClusterLog other;
  add_sets(log, 100);
  add_sets(other, 49);
  other.run(app::Delete{"k"});
  other.elect();
  ArchiveMaker first(disk, log);
  ArchiveMaker second(disk, other, second_folder);
  first.take(log.last());
  second.take(other.last());
  const auto lines = lines_of(compared(disk, Answer::no));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "they differ at entry 51: payload");
  CHECK(lines[1].starts_with(R"(< {"index":51,"term":1,"kind":"command")"));
  CHECK(lines[1].find(R"("op":"set")") != std::string::npos);
  CHECK(lines[2].starts_with(R"(> {"index":51,"term":1,"kind":"command")"));
  CHECK(lines[2].find(R"("op":"delete")") != std::string::npos);
}

TEST_CASE("archives of different clusters are said to be so") {
  SimulatedFileSystem disk;
  ClusterLog log;
  ClusterId elsewhere = log.cluster();
  elsewhere.bytes[0] ^= 1;
  ClusterLog other(elsewhere);
  add_sets(log, 10);
  add_sets(other, 10);
  ArchiveMaker first(disk, log);
  ArchiveMaker second(disk, other, second_folder);
  first.take(log.last());
  second.take(other.last());
  CHECK(compared(disk, Answer::no) == "they are of different clusters: /data/log0 of " + log.cluster().text() +
                                          ", /data/log1 of " + elsewhere.text() + "\n");
}

TEST_CASE("what one archive lacks in a gap or has truncated is compared by the digest behind it") {
  SimulatedFileSystem disk;
  ClusterLog log;
  ClusterLog other;
  add_sets(log, 500);
  add_sets(other, 500, "l");
  ArchiveMaker first(disk, log);
  first.take(Index{250});
  first.seal();
  first.restart_behind(Index{400});
  const auto fill = [&](const ClusterLog& from) {
    ArchiveMaker second(disk, from, second_folder);
    second.take(Index{450});
    second.add_image(Index{300});
    second.seal();
    good(second.archive().truncate_before(Index{300}));
    return second.archive().manifest().begin.index.value;
  };
  SECTION("the same") {
    const std::string begin = std::to_string(fill(log));
    CHECK(compared(disk, Answer::yes) ==
          "they are equal up to entry 400\n/data/log0 lacks 251 to 400\n"
          "/data/log1 goes on behind it\n/data/log1 begins behind entry " +
              begin + "\n");
    first.take(Index{420});
    CHECK(compared(disk, Answer::yes).starts_with("they are equal up to entry 420\n"));
  }
  SECTION("another history") {
    fill(other);
    const auto lines = lines_of(compared(disk, Answer::no));
    REQUIRE_FALSE(lines.empty());
    CHECK(lines[0] == "they differ before entry 401: what is there has another digest");
  }
}

TEST_CASE("archives that have nothing in common cannot be compared") {
  SimulatedFileSystem disk;
  ClusterLog log;
  add_sets(log, 500);
  ArchiveMaker first(disk, log);
  first.take(Index{50});
  ArchiveMaker second(disk, log, second_folder);
  second.take(Index{450});
  second.add_image(Index{400});
  second.seal();
  good(second.archive().truncate_before(Index{400}));
  CHECK(compared(disk, Answer::no) ==
        "they have no entry in common: /data/log0 ends with entry 50, and /data/log1 goes on behind entry " +
            std::to_string(second.archive().manifest().begin.index.value) + "\n");
}

TEST_CASE("a damaged archive is not compared") {
  SimulatedFileSystem disk;
  ClusterLog log;
  add_sets(log, 300);
  ArchiveMaker first(disk, log);
  ArchiveMaker second(disk, log, second_folder);
  first.take(log.last());
  second.take(log.last());
  disk.flip_bit(second_folder / "live" / wal::segment_name(1), 6000, 2);
  Said said;
  const auto answer = tools::diff(disk, first_folder, second_folder, said.console());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == ErrorCode::corrupt);
  CHECK(answer.error().what.starts_with("/data/log1/live/"));
}
