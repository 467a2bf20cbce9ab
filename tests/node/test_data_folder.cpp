#include <catch2/catch.hpp>
#include <fstream>

#include "node/data_folder.hpp"
#include "tests/store/temporary_folder.hpp"

using namespace parley;
using namespace parley::node;

namespace {

const wal::Options small_log{64 * limits::KiB, true};

Result<DataFolder> open(const std::filesystem::path& folder, Damage damage = Damage::refuses) {
  return DataFolder::open(folder, app::Settings{}, small_log, damage, obs::Logger::silent());
}

/// Opens it, has it vote in this term, and closes it.
ServerId vote_in(const std::filesystem::path& folder, Term term) {
  auto opened = open(folder);
  REQUIRE(opened.has_value());
  wal::Batch batch;
  batch.hard_state = raft::HardState{term, ServerId{7}};
  REQUIRE(opened->log.write(batch).has_value());
  REQUIRE(opened->log.sync().has_value());
  return opened->server;
}

}  // namespace

TEST_CASE("a folder that is opened again is the same server, with what it has promised") {
  const store::TemporaryFolder temporary;
  const ServerId before = vote_in(temporary / "data", Term{3});
  const auto again = open(temporary / "data");
  REQUIRE(again.has_value());
  CHECK_FALSE(again->is_new);
  CHECK(again->server == before);
  CHECK(again->restored.hard_state == raft::HardState{Term{3}, ServerId{7}});
}

TEST_CASE("a folder that was wiped is another server, which has promised nothing") {
  const store::TemporaryFolder temporary;
  const ServerId before = vote_in(temporary / "data", Term{3});
  std::filesystem::remove_all(temporary / "data");
  const auto wiped = open(temporary / "data");
  REQUIRE(wiped.has_value());
  CHECK(wiped->is_new);
  CHECK(wiped->server != before);
  CHECK(wiped->restored.cluster.is_nil());
  CHECK(wiped->restored.hard_state == raft::HardState{});
}

TEST_CASE("a folder whose log is damaged or gone is an error, or another server that has promised nothing") {
  const store::TemporaryFolder temporary;
  const std::filesystem::path folder = temporary / "data";
  const ServerId before = vote_in(folder, Term{3});
  SECTION("damaged") {
    std::fstream segment(DataFolder::log_of(folder) / "000000000001.segment");
    segment.seekp(100) << "damage";
    REQUIRE(segment.good());
  }
  SECTION("gone") { std::filesystem::remove_all(DataFolder::log_of(folder)); }
  CHECK(open(folder).error().code == ErrorCode::corrupt);
  const auto anew = open(folder, Damage::begins_anew);
  REQUIRE(anew.has_value());
  CHECK(anew->server != before);
  CHECK(anew->restored.cluster.is_nil());
  CHECK(anew->restored.hard_state == raft::HardState{});
  CHECK(std::filesystem::exists(folder / "damaged-1" / "store"));
}
