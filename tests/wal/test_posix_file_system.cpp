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

TEST_CASE("files are created, written, read, renamed, listed and removed") {
  const TemporaryFolder temporary;
  const auto inner = temporary.path() / "a" / "b";
  wal::PosixFileSystem files;
  REQUIRE(files.make_directories(inner));
  REQUIRE(files.make_directories(inner));
  REQUIRE(files.make_directories(inner / ""));
  CHECK(files.list(inner)->empty());
  CHECK(files.list(inner / "none")->empty());
  {
    auto file = files.create(inner / "one");
    REQUIRE(file);
    REQUIRE((*file)->reserve(100));
    REQUIRE((*file)->write_at(3, "abc"));
    REQUIRE((*file)->sync());
    CHECK(*(*file)->size() == 100);
    Bytes bytes(200, 'x');
    CHECK(*(*file)->read_at(0, bytes) == 100);
    CHECK(bytes.substr(0, 100) == Bytes(3, '\0') + "abc" + Bytes(94, '\0'));
  }
  REQUIRE(files.rename(inner / "one", inner / "two"));
  REQUIRE(files.sync_directory(inner));
  CHECK(*files.list(inner) == std::vector<std::string>{"two"});
  CHECK(*files.free_bytes(inner) > 0);
  REQUIRE(files.remove(inner / "two"));
  CHECK(files.list(inner)->empty());
}

TEST_CASE("errors of the system name the file and what was tried") {
  const TemporaryFolder temporary;
  wal::PosixFileSystem files;
  const auto missing = temporary.path() / "missing";
  const auto check = [&](const Error& error) {
    CHECK(error.code == ErrorCode::io);
    CHECK(error.what.find(missing.string()) != std::string::npos);
  };
  check(files.open(missing, wal::Access::read_only).error());
  check(files.remove(missing).error());
  check(files.rename(missing, missing).error());
  check(files.sync_directory(missing).error());
  check(files.lock_directory(missing).error());
  check(files.free_bytes(missing).error());
  check(files.create(missing / "file").error());
  auto file = files.create(temporary.path() / "file");
  REQUIRE(file);
  auto reader = files.open(temporary.path() / "file", wal::Access::read_only);
  REQUIRE(reader);
  CHECK((*reader)->write_at(0, "x").error().code == ErrorCode::io);
  CHECK(files.list(temporary.path() / "file").error().code == ErrorCode::io);
}

TEST_CASE("a full device is told from one that fails") {
  wal::PosixFileSystem files;
  auto full = files.open("/dev/full", wal::Access::read_write);
  REQUIRE(full);
  CHECK((*full)->write_at(0, "x").error().code == ErrorCode::disk_full);
}

TEST_CASE("a folder is locked once, until its lock goes") {
  const TemporaryFolder temporary;
  wal::PosixFileSystem files;
  {
    const auto lock = files.lock_directory(temporary.path());
    REQUIRE(lock);
    CHECK(files.lock_directory(temporary.path()).error().code == ErrorCode::locked);
  }
  CHECK(files.lock_directory(temporary.path()));
}

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
