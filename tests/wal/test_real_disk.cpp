#include <cstdlib>

#include "common/wal/posix_file_system.hpp"
#include "tests/wal/wal_testing.hpp"

using namespace parley;
using namespace parley::wal_testing;

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "parley-wal-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a log on a real disk is written, reopened, trimmed and goes on") {
  const TemporaryFolder temporary;
  const auto where = temporary.path() / "data" / "log";
  const wal::Options options{64 * limits::KiB, true};
  wal::PosixFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  {
    auto log = wal::Log::create(files, where, test_identity(), options);
    REQUIRE(log);
    for (int batch = 0; batch < 40; ++batch) {
      const auto entries = maker.many(Term{1}, 20, 100);
      all = joined(all, entries);
      write_and_sync(*log, entries);
      REQUIRE(log->prepare());
    }
    CHECK(read_all(*log) == all);
    CHECK(log->segments().size() > 1);
    REQUIRE(log->trim_before(Index{500}));
    CHECK(log->first() > Index{1});
  }
  auto opened = wal::Log::open(files, where, options);
  REQUIRE(opened);
  CHECK(opened->recovered.last == maker.last());
  CHECK_FALSE(opened->recovered.torn);
  const auto more = maker.many(Term{1}, 5);
  write_and_sync(opened->log, more);
  all = joined(all, more);
  const auto found = read_all(opened->log);
  CHECK(found == std::vector<Entry>(all.end() - static_cast<std::ptrdiff_t>(found.size()), all.end()));
}
