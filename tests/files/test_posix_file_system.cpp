#include <catch2/catch.hpp>
#include <cstdlib>

#include "common/files/posix_file_system.hpp"

using namespace parley;

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "parley-files-XXXXXX").string();
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
  files::PosixFileSystem system;
  REQUIRE(system.make_directories(inner));
  REQUIRE(system.make_directories(inner));
  REQUIRE(system.make_directories(inner / ""));
  CHECK(system.list(inner)->empty());
  CHECK(system.list(inner / "none")->empty());
  {
    auto file = system.create(inner / "one");
    REQUIRE(file);
    REQUIRE((*file)->reserve(100));
    REQUIRE((*file)->write_at(3, "abc"));
    REQUIRE((*file)->sync());
    CHECK(*(*file)->size() == 100);
    Bytes bytes(200, 'x');
    CHECK(*(*file)->read_at(0, bytes) == 100);
    CHECK(bytes.substr(0, 100) == Bytes(3, '\0') + "abc" + Bytes(94, '\0'));
  }
  REQUIRE(system.rename(inner / "one", inner / "two"));
  REQUIRE(system.sync_directory(inner));
  CHECK(*system.list(inner) == std::vector<std::string>{"two"});
  CHECK(*system.free_bytes(inner) > 0);
  REQUIRE(system.remove(inner / "two"));
  CHECK(system.list(inner)->empty());
}

TEST_CASE("errors of the system name the file and what was tried") {
  const TemporaryFolder temporary;
  files::PosixFileSystem system;
  const auto missing = temporary.path() / "missing";
  const auto check = [&](const Error& error) {
    CHECK(error.code == ErrorCode::io);
    CHECK(error.what.find(missing.string()) != std::string::npos);
  };
  check(system.open(missing, files::Access::read_only).error());
  check(system.remove(missing).error());
  check(system.rename(missing, missing).error());
  check(system.sync_directory(missing).error());
  check(system.lock_directory(missing).error());
  check(system.free_bytes(missing).error());
  check(system.create(missing / "file").error());
  auto file = system.create(temporary.path() / "file");
  REQUIRE(file);
  auto reader = system.open(temporary.path() / "file", files::Access::read_only);
  REQUIRE(reader);
  CHECK((*reader)->write_at(0, "x").error().code == ErrorCode::io);
  CHECK(system.list(temporary.path() / "file").error().code == ErrorCode::io);
}

TEST_CASE("a full device is told from one that fails") {
  files::PosixFileSystem system;
  auto full = system.open("/dev/full", files::Access::read_write);
  REQUIRE(full);
  CHECK((*full)->write_at(0, "x").error().code == ErrorCode::disk_full);
}

TEST_CASE("a folder is locked once, until its lock goes") {
  const TemporaryFolder temporary;
  files::PosixFileSystem system;
  {
    const auto lock = system.lock_directory(temporary.path());
    REQUIRE(lock);
    CHECK(system.lock_directory(temporary.path()).error().code == ErrorCode::locked);
  }
  CHECK(system.lock_directory(temporary.path()));
}

TEST_CASE("a mapping shows what is written later, and outlives the file's object and its name") {
  const TemporaryFolder temporary;
  files::PosixFileSystem system;
  std::shared_ptr<const files::Mapping> mapping;
  {
    auto file = system.create(temporary.path() / "file");
    REQUIRE(file);
    REQUIRE((*file)->write_at(9999, "x"));
    auto mapped = (*file)->map(10000);
    REQUIRE(mapped);
    mapping = *mapped;
    CHECK(mapping->bytes().substr(0, 3) == Bytes(3, '\0'));
    REQUIRE((*file)->write_at(5000, "abc"));
    CHECK((*file)->map(0).value()->bytes().empty());
  }
  REQUIRE(system.remove(temporary.path() / "file"));
  CHECK(mapping->bytes().size() == 10000);
  CHECK(mapping->bytes().substr(5000, 3) == "abc");
  CHECK(mapping->bytes().back() == 'x');
}

TEST_CASE("holes are passed over") {
  const TemporaryFolder temporary;
  files::PosixFileSystem system;
  auto file = system.create(temporary.path() / "file");
  REQUIRE(file);
  CHECK(*(*file)->next_data(0) == 0);
  constexpr std::uint64_t far = std::uint64_t{1} << 30;
  REQUIRE((*file)->write_at(far, "x"));
  // Where the file system has holes, it is the block of that byte.
  CHECK(*(*file)->next_data(0) <= far);
  CHECK(*(*file)->next_data(far) == far);
  CHECK(*(*file)->next_data(far + 1) == far + 1);
}
