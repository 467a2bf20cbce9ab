#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "common/obs/profile.hpp"

using namespace parley;
using namespace parley::obs;
namespace fs = std::filesystem;

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / ("parley-profile-" + std::string(6, 'X'))).string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] fs::path operator/(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

}  // namespace

#ifdef PARLEY_NO_PROFILER

TEST_CASE("a build with a sanitizer has no profiler and says so") {
  TemporaryFolder folder;
  const auto cpu = CpuProfile::start(folder / "cpu");
  REQUIRE_FALSE(cpu);
  CHECK(cpu.error().code == ErrorCode::usage);
  CHECK(cpu.error().what.find("sanitizer") != std::string::npos);
  CHECK_FALSE(HeapProfile::start(folder / "heap"));
  CHECK_FALSE(fs::exists(folder / "heap"));
}

#else

namespace {

std::string content_of(const fs::path& file) {
  std::ostringstream out;
  out << std::ifstream(file, std::ios::binary).rdbuf();
  return out.str();
}

}  // namespace

TEST_CASE("a profile of the processor is written when it is finished") {
  TemporaryFolder folder;
  {
    auto profile = CpuProfile::start(folder / "cpu");
    REQUIRE(profile);
    CHECK_FALSE(CpuProfile::start(folder / "second"));
  }
  // The header of the format: words of the machine's size, of which the first is 0 and the second is 3.
  const std::string content = content_of(folder / "cpu");
  REQUIRE(content.size() > 40);
  CHECK(content.substr(0, 16) == std::string("\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0", 16));
  CHECK(content.find("test_profile") != std::string::npos);

  auto again = CpuProfile::start(folder / "again");
  REQUIRE(again);
  again->finish();
  again->finish();
  CHECK(fs::exists(folder / "again"));
}

TEST_CASE("a profile of the heap tells what is still in use when it is finished") {
  TemporaryFolder folder;
  auto profile = HeapProfile::start(folder / "heap");
  REQUIRE(profile);
  CHECK_FALSE(HeapProfile::start(folder / "second"));
  const auto kept = std::make_unique<std::vector<char> >(12'345'678);
  REQUIRE(profile->finish());
  REQUIRE(profile->finish());
  const std::string content = content_of(folder / "heap");
  CHECK(content.starts_with("heap profile:"));
  CHECK(content.find("12345678") != std::string::npos);
  CHECK(content.find("MAPPED_LIBRARIES") != std::string::npos);
}

TEST_CASE("a profile that cannot be written is refused at the start") {
  TemporaryFolder folder;
  const auto cpu = CpuProfile::start(folder / "no/such/folder");
  REQUIRE_FALSE(cpu);
  CHECK(cpu.error().code == ErrorCode::io);
  CHECK(cpu.error().what.find("no/such/folder") != std::string::npos);
  const auto heap = HeapProfile::start(folder / "no/such/folder");
  REQUIRE_FALSE(heap);
  CHECK(heap.error().what.find("No such file or directory") != std::string::npos);
}

#endif
