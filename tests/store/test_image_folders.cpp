#include <fstream>

#include "common/store/image_folders.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;
namespace fs = std::filesystem;

namespace {

/// Folders whose one file says what they were, in place of stores.
struct Folders {
  void make(const std::string& suffix, const std::string& what) {
    fs::create_directories(path(suffix));
    std::ofstream(path(suffix) / "what") << what;
  }
  [[nodiscard]] std::string at(const std::string& suffix) const {
    std::ifstream file(path(suffix) / "what");
    std::string what;
    file >> what;
    return what;
  }
  [[nodiscard]] fs::path path(const std::string& suffix) const { return store().string() + suffix; }
  [[nodiscard]] fs::path store() const { return folder / "store"; }

  TemporaryFolder folder;
};

}  // namespace

TEST_CASE("an image takes the name of the store and leaves nothing else behind") {
  Folders folders;
  folders.make("", "old");
  folders.make(".incoming", "new");
  REQUIRE(mark_image_complete(folders.store()).has_value());
  CHECK(folders.at(".image") == "new");
  CHECK(folders.at("") == "old");
  REQUIRE(put_image_in_place(folders.store()).has_value());
  CHECK(folders.at("") == "new");
  for (const char* suffix : {".incoming", ".image", ".old"}) CHECK_FALSE(fs::exists(folders.path(suffix)));
}

TEST_CASE("whatever step a crash fell into, the store is afterwards the old one or the new one, whole") {
  Folders folders;
  SECTION("while rows came in") {
    folders.make("", "old");
    folders.make(".incoming", "half");
    REQUIRE(tidy_image_folders(folders.store()).has_value());
    CHECK(folders.at("") == "old");
    CHECK_FALSE(fs::exists(folders.path(".incoming")));
  }
  SECTION("after the image was complete") {
    folders.make("", "old");
    folders.make(".image", "new");
    REQUIRE(tidy_image_folders(folders.store()).has_value());
    CHECK(folders.at("") == "old");
    CHECK(folders.at(".image") == "new");
  }
  SECTION("between the two renames") {
    folders.make(".old", "old");
    folders.make(".image", "new");
    REQUIRE(tidy_image_folders(folders.store()).has_value());
    CHECK(folders.at("") == "new");
    CHECK_FALSE(fs::exists(folders.path(".image")));
    CHECK_FALSE(fs::exists(folders.path(".old")));
  }
  SECTION("before the old store was removed") {
    folders.make(".old", "old");
    folders.make("", "new");
    REQUIRE(tidy_image_folders(folders.store()).has_value());
    CHECK(folders.at("") == "new");
    CHECK_FALSE(fs::exists(folders.path(".old")));
  }
  SECTION("the image is gone for another reason") {
    folders.make(".old", "old");
    REQUIRE(tidy_image_folders(folders.store()).has_value());
    CHECK(folders.at("") == "old");
  }
}

TEST_CASE("where there was never an image, nothing is touched, and a store that is not there is not made") {
  Folders folders;
  REQUIRE(tidy_image_folders(folders.store()).has_value());
  CHECK_FALSE(fs::exists(folders.store()));
  folders.make("", "ours");
  REQUIRE(tidy_image_folders(folders.store()).has_value());
  CHECK(folders.at("") == "ours");
}

TEST_CASE("an image that is not there cannot be put in place, and the error names it") {
  Folders folders;
  folders.make("", "old");
  const Status done = mark_image_complete(folders.store());
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().what.find("store.incoming") != std::string::npos);
  CHECK(folders.at("") == "old");
}
