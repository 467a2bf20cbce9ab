#include "node/image_keeper.hpp"

#include "common/archive/image_reader.hpp"
#include "tests/node/image_testing.hpp"
#include "tests/sim/files/simulated_file_system.hpp"

using namespace parley;
using namespace parley::node;

namespace {

/// A backend with some state, and a place for images of it.
struct Keeping {
  Keeping() {
    REQUIRE(disk.make_directories("/images").has_value());
    put_state(backend, meta_at(Index{70}, Term{3}, blake2b("70")), "then");
    store::Overlay more;
    for (int number = 0; number < 9; ++number)
      more.put("more" + std::to_string(number), Bytes(limits::value_bytes, static_cast<char>('a' + number)));
    REQUIRE(backend.commit(more).has_value());
  }
  void begin() { keeper.begin(cluster, std::make_unique<archive::ImageFileWriter>(disk, "/images")); }

  sim::SimulatedFileSystem disk;
  sim::SimulatedBackend backend;
  ClusterId cluster{{1, 2, 3}};
  std::vector<Result<transfer::ImageHead>> kept;
  ImageKeeper keeper{backend, [this](Result<transfer::ImageHead> image) { kept.push_back(std::move(image)); }};
};

}  // namespace

TEST_CASE("an image is kept a step at a time, of one moment, and is said once") {
  Keeping keeping;
  CHECK_FALSE(keeping.keeper.step());
  keeping.begin();
  REQUIRE(keeping.keeper.step());
  put_state(keeping.backend, meta_at(Index{80}, Term{3}, {}), "now");
  int steps = 1;
  while (keeping.keeper.step()) ++steps;
  CHECK(steps >= 2);
  CHECK_FALSE(keeping.keeper.step());
  REQUIRE(keeping.kept.size() == 1);
  REQUIRE(keeping.kept[0].has_value());
  CHECK(keeping.kept[0]->index == Index{70});
  const auto image = archive::ImageFileReader::open(keeping.disk, "/images/00000000000000000070.image");
  REQUIRE(image.has_value());
  CHECK(image->head().cluster == keeping.cluster);
  CHECK(image->head().image == *keeping.kept[0]);
  CHECK(image->end().rows == 11);
}

TEST_CASE("an image for which there is no room is said to be none, and leaves nothing") {
  Keeping keeping;
  keeping.disk.set_capacity(2 * limits::MiB);
  keeping.begin();
  while (keeping.keeper.step()) {
  }
  REQUIRE(keeping.kept.size() == 1);
  REQUIRE_FALSE(keeping.kept[0].has_value());
  CHECK(keeping.kept[0].error().code == ErrorCode::disk_full);
  CHECK(keeping.disk.list("/images")->empty());
}

TEST_CASE("one that is given up is not spoken of, and pins nothing") {
  Keeping keeping;
  keeping.begin();
  REQUIRE(keeping.keeper.step());
  keeping.keeper.give_up();
  CHECK_FALSE(keeping.keeper.step());
  CHECK(keeping.kept.empty());
  CHECK(keeping.disk.list("/images")->empty());
  keeping.backend.crash();  // which no snapshot may outlive
}
