#include <unistd.h>

#include "common/wal/posix_file_system.hpp"
#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;

TEST_CASE("an archive lives on a real file system as on the simulated one") {
  std::string name = (std::filesystem::temp_directory_path() / "parley-archive-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  const archive::Layout where{std::filesystem::path(name) / "log0"};
  wal::PosixFileSystem files;
  History history;
  Index last;
  {
    Logger logger(files, history, where, 64 * limits::KiB);
    good(logger.start());
    CHECK(archive::Archive::open(files, where.root, wal::OpenMode::use).error().code == ErrorCode::locked);
    REQUIRE(logger.fill(4));
    good(logger.retire(2));
    good(logger.settle());
    good(logger.restart_behind(logger.last() + Count{100}));
    REQUIRE(logger.fill(3));
    good(logger.retire());
    good(logger.settle());
    good(logger.add_image(logger.last()));
    good(logger.archive().truncate_before(logger.archive().manifest().segments[1].last.index.next()));
    good(logger.settle());
    last = logger.last();
    const archive::Summary summary = good(verify(files, where.root));
    CHECK(summary.gaps.size() == 1);
    CHECK(summary.last.index == last);
  }
  Logger logger(files, history, where, 64 * limits::KiB);
  good(logger.start());
  CHECK_FALSE(logger.archive().has_work());
  const Index first = logger.archive().first();
  const auto sealed = read_sealed(logger.archive(), first);
  CHECK(sealed == history.between(first, sealed.back().index));
  CHECK(good(walk_all(files, last, where)).back() == history.at(last));
  std::filesystem::remove_all(name);
}
