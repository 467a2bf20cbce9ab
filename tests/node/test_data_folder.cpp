#include <catch2/catch.hpp>
#include <fstream>

#include "common/base/chain.hpp"
#include "common/base/entropy.hpp"
#include "common/store/engine.hpp"
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

namespace {

/// Makes a folder of a cluster with these settings, whose first entry is applied and, if so said, flushed.
void found(const std::filesystem::path& folder, const app::Settings& settings, bool flushes) {
  auto opened = DataFolder::open(folder, settings, small_log, Damage::refuses, obs::Logger::silent());
  REQUIRE(opened.has_value());
  const ClusterId cluster = draw_cluster_id();
  Entry entry{Index{1}, Term{1}, EntryKind::settings, {}, SharedBytes(app::encode_settings(settings)), {}};
  entry.digest = chain_next(chain_start(cluster), entry);
  wal::Batch batch;
  batch.hard_state = raft::HardState{Term{1}, opened->server};
  batch.adopt = cluster;
  batch.entries.emplace_back(&entry, 1);
  REQUIRE(opened->log.write(batch).has_value());
  REQUIRE(opened->log.sync().has_value());
  if (!flushes) return;
  opened->machine->enqueue({entry});
  opened->machine->apply_next();
  opened->machine->freeze(0);
  REQUIRE(opened->backend->commit(*opened->machine->take_frozen()).has_value());
}

app::Settings with_engine(const std::string& engine, std::uint32_t slot = 1024) {
  return {.engine = engine, .slot = slot};
}

}  // namespace

TEST_CASE("a node whose engine or slots are not those of its cluster refuses to start and names the difference") {
  const bool flushes = GENERATE(false, true);
  const std::string engine = GENERATE(as<std::string>{}, "lmdb", "memory", "disk");
  CAPTURE(flushes, engine);
  const store::TemporaryFolder temporary;
  const std::filesystem::path folder = temporary / "data";
  found(folder, with_engine(engine), flushes);
  const auto refused = [&](const app::Settings& settings, const std::string& difference) {
    for (const Damage damage : {Damage::refuses, Damage::begins_anew}) {
      const auto opened = DataFolder::open(folder, settings, small_log, damage, obs::Logger::silent());
      REQUIRE_FALSE(opened.has_value());
      CHECK(opened.error().code == ErrorCode::usage);
      CHECK(opened.error().what.ends_with("belongs to a cluster with other settings: " + difference));
    }
  };
  for (const char* other : {"lmdb", "memory", "disk"}) {
    if (other == engine) continue;
    refused(with_engine(other), "-engine is " + std::string(other) + " here and " + engine + " in the cluster");
  }
  refused(with_engine(engine, 2048), "-slot is 2048 here and 1024 in the cluster");
  CHECK_FALSE(std::filesystem::exists(folder / "damaged-1"));
  const auto again = DataFolder::open(folder, with_engine(engine), small_log, Damage::refuses, obs::Logger::silent());
  REQUIRE(again.has_value());
  CHECK(again->machine->applied() == Index{flushes ? 1U : 0U});
}

TEST_CASE("a node that was no member yet may be started again with another engine") {
  const store::TemporaryFolder temporary;
  const std::filesystem::path folder = temporary / "data";
  const std::vector<app::Settings> all = {with_engine("lmdb"), with_engine("memory"), with_engine("disk"),
                                          with_engine("disk", 4096), with_engine("lmdb")};
  std::optional<ServerId> server;
  for (const app::Settings& settings : all) {
    const auto opened = DataFolder::open(folder, settings, small_log, Damage::refuses, obs::Logger::silent());
    INFO((opened ? "" : opened.error().what));
    REQUIRE(opened.has_value());
    if (server) CHECK(opened->server == *server);
    server = opened->server;
    wal::PosixFileSystem files;
    const auto made = store::engine_of(files, DataFolder::store_of(folder));
    REQUIRE(made.has_value());
    CHECK(store::fits(**made, settings));
  }
}

TEST_CASE("a damaged store of any engine is made again from a log that is whole") {
  const std::string engine = GENERATE(as<std::string>{}, "lmdb", "memory", "disk");
  CAPTURE(engine);
  const store::TemporaryFolder temporary;
  const std::filesystem::path folder = temporary / "data";
  found(folder, with_engine(engine), true);
  const char* const file = engine == "lmdb" ? "data.mdb" : "000000000000.journal";
  std::filesystem::resize_file(folder / "store" / file, 1000);
  const auto opened = DataFolder::open(folder, with_engine(engine), small_log, Damage::refuses, obs::Logger::silent());
  INFO((opened ? "" : opened.error().what));
  REQUIRE(opened.has_value());
  CHECK(opened->machine->applied() == Index{0});
  CHECK(std::filesystem::exists(folder / "damaged-1" / "store" / file));
}
