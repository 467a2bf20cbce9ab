#include "common/base/hex.hpp"
#include "common/store/slot_file.hpp"
#include "tests/sim/files/simulated_file_system.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

namespace {

using Lengths = std::map<std::uint64_t, std::uint32_t>;

/// Slots of 32 bytes in simulated files.
struct Slots {
  static constexpr std::uint32_t slot = 32;

  Slots() {
    REQUIRE(files.make_directories("/store").has_value());
    REQUIRE(SlotFile::create(files, "/store").has_value());
    REQUIRE(files.sync_directory("/store").has_value());
    file.emplace(open());
  }
  SlotFile open() {
    auto opened = SlotFile::open(files, "/store", slot, 1000, files::Access::read_write);
    REQUIRE(opened.has_value());
    return *std::move(opened);
  }
  Result<Lengths> scan() {
    Lengths lengths;
    const Status scanned = open().scan([](std::uint64_t) { return false; },
                                       [&](std::uint64_t number, std::uint32_t bytes) { lengths[number] = bytes; });
    if (!scanned) return std::unexpected(scanned.error());
    return lengths;
  }
  [[nodiscard]] Bytes bytes(std::uint64_t number) const {
    return files.contents("/store/values").substr(number * slot, slot);
  }

  sim::SimulatedFileSystem files;
  std::optional<SlotFile> file;
};

}  // namespace

TEST_CASE("a value stands at its number times the slot, behind its length and checksum") {
  Slots slots;
  REQUIRE(slots.file->put(3, "value", false).has_value());
  REQUIRE(slots.file->put(0, "", false).has_value());
  REQUIRE(slots.file->sync().has_value());
  CHECK(to_hex(slots.bytes(3)) ==
        "05000000"
        "3bd1b5ba66dc4019"
        "76616c7565" +
            std::string(30, '0'));
  CHECK(slots.bytes(1) == Bytes(32, '\0'));
  CHECK(slots.file->view()->value(3, 5) == "value");
  CHECK(slots.file->view()->value(0, 0).empty());
  CHECK(slots.scan() == Lengths{{0, 0}, {3, 5}});
}

TEST_CASE("a shorter value leaves nothing of a longer one, and an erased one nothing at all") {
  Slots slots;
  REQUIRE(slots.file->put(5, Bytes(20, 'x'), false).has_value());
  REQUIRE(slots.file->put(5, "y", false).has_value());
  CHECK(slots.bytes(5).substr(12) == "y" + Bytes(19, '\0'));
  REQUIRE(slots.file->erase(5, false).has_value());
  CHECK(slots.bytes(5) == Bytes(32, '\0'));
  REQUIRE(slots.file->erase(5000, false).has_value());
  CHECK(slots.scan()->empty());
}

TEST_CASE("a slot of which nobody knows what it has is written whole") {
  Slots slots;
  {
    auto file = slots.files.open("/store/values", files::Access::read_write);
    REQUIRE(file.has_value());
    REQUIRE((*file)->write_at(64, Bytes(32, '\x7f')).has_value());
    REQUIRE((*file)->write_at(96, Bytes(32, '\x01')).has_value());
    REQUIRE((*file)->sync().has_value());
  }
  slots.file.emplace(slots.open());
  CHECK_FALSE(slots.scan().has_value());
  REQUIRE(slots.file->put(2, "v", true).has_value());
  REQUIRE(slots.file->erase(3, true).has_value());
  CHECK(slots.scan() == Lengths{{2, 1}});
}

TEST_CASE("no bit of the file of slots can change unseen, be it of a value, of a slot without one or behind one") {
  Slots slots;
  for (const std::uint64_t number : {0, 1, 7}) REQUIRE(slots.file->put(number, "value", false).has_value());
  REQUIRE(slots.file->sync().has_value());
  const std::uint64_t bytes = slots.files.contents("/store/values").size();
  for (std::uint64_t offset = 0; offset < bytes; ++offset) {
    slots.files.flip_bit("/store/values", offset, offset % 8);
    const auto found = slots.scan();
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().code == ErrorCode::corrupt);
    CHECK(found.error().what.find("slot " + std::to_string(offset / 32) + " ") != std::string::npos);
    slots.files.flip_bit("/store/values", offset, offset % 8);
  }
  CHECK(slots.scan().has_value());
}

TEST_CASE("slots that mean nothing are passed over, whatever they hold") {
  Slots slots;
  REQUIRE(slots.file->put(1, "a", false).has_value());
  REQUIRE(slots.file->put(2, "b", false).has_value());
  REQUIRE(slots.file->sync().has_value());
  slots.files.flip_bit("/store/values", 33, 1);
  Lengths lengths;
  REQUIRE(slots.open()
              .scan([](std::uint64_t number) { return number == 1; },
                    [&](std::uint64_t number, std::uint32_t size) { lengths[number] = size; })
              .has_value());
  CHECK(lengths == Lengths{{2, 1}});
}

TEST_CASE("slots far apart on a real disk take no room in between, and are found again") {
  TemporaryFolder folder;
  files::PosixFileSystem machine;
  REQUIRE(machine.make_directories(folder / "store").has_value());
  REQUIRE(SlotFile::create(machine, folder / "store").has_value());
  const auto open = [&] {
    auto opened =
        SlotFile::open(machine, folder / "store", 1024, limits::slot_file_growth_bytes, files::Access::read_write);
    REQUIRE(opened.has_value());
    return *std::move(opened);
  };
  {
    SlotFile slots = open();
    for (const std::uint64_t number : {3, 5'000'000, 8'000'000}) {
      REQUIRE(slots.put(number, "value " + std::to_string(number), false).has_value());
    }
    REQUIRE(slots.sync().has_value());
    CHECK(slots.bytes() >= 8'000'000ULL * 1024);
    CHECK(slots.view()->value(5'000'000, 13) == "value 5000000");
  }
  const SlotFile slots = open();
  Lengths lengths;
  REQUIRE(slots
              .scan([](std::uint64_t) { return false; },
                    [&](std::uint64_t number, std::uint32_t size) { lengths[number] = size; })
              .has_value());
  CHECK(lengths == Lengths{{3, 7}, {5'000'000, 13}, {8'000'000, 13}});
}
