#include "recovery/state_builder.hpp"

#include <catch2/catch.hpp>

#include "common/app/reduced.hpp"
#include "common/transfer/rows.hpp"
#include "node/data_folder.hpp"
#include "tests/recovery/recovery_testing.hpp"

using namespace parley;
using namespace parley::recovery::testing;
using recovery::StateBuilder;
namespace fs = std::filesystem;

namespace {

StateBuilder begun(const fs::path& folder) {
  auto builder = StateBuilder::begin(folder);
  if (!builder) FAIL(builder.error().what);
  return *std::move(builder);
}

Status apply(StateBuilder& builder, const Entry& entry) { return builder.apply({{entry, std::nullopt}}); }

Status apply_reduced(StateBuilder& builder, Entry entry) {
  const Digest hash = blake2b(entry.payload.view());
  entry.payload = SharedBytes(app::reduce(entry.payload.view()).value());
  return builder.apply({{std::move(entry), hash}});
}

void apply_all(StateBuilder& builder, const std::vector<Entry>& log) {
  for (const Entry& entry : log) REQUIRE(apply(builder, entry));
  builder.settle();
}

node::DataFolder opened(const fs::path& folder, const app::Settings& settings = {}) {
  auto data = node::DataFolder::open(folder, settings, {}, node::Damage::refuses, obs::Logger::silent());
  if (!data) FAIL(data.error().what);
  return *std::move(data);
}

}  // namespace

TEST_CASE("a folder that was built from a log is one that a node can found a new cluster from") {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "new";
  const auto log = some_log(2000, 100);
  app::Meta meta;
  {
    StateBuilder builder = begun(folder);
    apply_all(builder, log);
    meta = builder.meta();
    REQUIRE(builder.finish());
  }
  CHECK_FALSE(fs::exists(folder.string() + ".making"));
  const node::DataFolder data = opened(folder);
  CHECK(data.restored.cluster.is_nil());
  CHECK(data.restored.memberships.empty());
  CHECK(data.restored.start.index == log.back().index);
  CHECK(data.restored.start.digest == log.back().digest);
  CHECK(data.restored.hard_state.term == Term{2});
  CHECK(data.machine->meta().state == meta.state);
  CHECK(data.machine->meta().membership.empty());
  const app::Reply reply = data.machine->query(app::Get{"k7"});
  CHECK(std::get<app::ReplyValue>(reply.body).value == Bytes(100, static_cast<char>('a' + 1907 % 26)));
}

TEST_CASE("a folder that was built has a store of the engine that the cluster had, and its state") {
  const std::string engine = GENERATE(as<std::string>{}, "lmdb", "memory", "disk");
  const std::size_t hands = GENERATE(0U, 2U);
  CAPTURE(engine, hands);
  const app::Settings settings{.engine = engine, .slot = 256};
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "new";
  app::Meta meta;
  {
    auto builder = StateBuilder::begin(folder, {.hands = hands});
    REQUIRE(builder);
    apply_all(*builder, some_log(5000, 3000, settings));
    meta = builder->meta();
    REQUIRE(builder->finish());
  }
  CHECK(fs::exists(folder / "store" / "data.mdb") == (engine == "lmdb"));
  CHECK(fs::exists(folder / "store" / "values") == (engine == "disk"));
  CHECK(std::distance(fs::directory_iterator(folder), {}) == 2);
  for (const char* other : {"lmdb", "memory", "disk"}) {
    if (other == engine) continue;
    const auto refused = node::DataFolder::open(folder, {.engine = other, .slot = 256}, {}, node::Damage::refuses,
                                                obs::Logger::silent());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::usage);
  }
  const node::DataFolder data = opened(folder, settings);
  CHECK(data.machine->meta().state == meta.state);
  const app::Reply reply = data.machine->query(app::Get{engine == "disk" ? "2007" : "k2007"});
  CHECK(std::get<app::ReplyValue>(reply.body).value == Bytes(100, static_cast<char>('a' + 2007 % 26)));
}

TEST_CASE("an image and the entries behind it give the state that all entries give") {
  const TemporaryFolder temporary;
  const auto log = some_log(300, 10);
  StateBuilder whole = begun(temporary.path() / "whole");
  apply_all(whole, log);
  const app::Meta meta = whole.meta();

  // The image is what a node would send of the first half.
  app::MemoryTable table;
  auto half = app::Application::open(table);
  REQUIRE(half);
  for (std::size_t at = 0; at < 150; ++at) (void)half->apply(log[at]);
  half->save_meta();
  StateBuilder builder = begun(temporary.path() / "half");
  Bytes rows;
  for (const auto& [key, value] : table.rows()) transfer::append_row(rows, key, value);
  REQUIRE(builder.add_rows(rows));
  transfer::ImageHead head{Index{150}, Term{2}, log[149].digest, log[149].time, {}, {}};
  SECTION("of what was said") {
    REQUIRE(builder.end_image(head));
    for (std::size_t at = 150; at < log.size(); ++at) REQUIRE(apply(builder, log[at]));
    builder.settle();
    CHECK(builder.meta().state == meta.state);
    REQUIRE(builder.finish());
    CHECK(opened(temporary.path() / "half").machine->meta().state == meta.state);
  }
  SECTION("of another entry than was said") {
    head.index = Index{151};
    const Status ended = builder.end_image(head);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == ErrorCode::corrupt);
    CHECK(ended.error().what.find("as of entry 150") != std::string::npos);
  }
  SECTION("and not with an entry left out") {
    REQUIRE(builder.end_image(head));
    const Status applied = apply(builder, log[151]);
    REQUIRE_FALSE(applied);
    CHECK(applied.error().what.find("entry 152 came where 151 is next") != std::string::npos);
  }
}

TEST_CASE("values that were left out must be replaced before the state is whole") {
  const TemporaryFolder temporary;
  auto log = some_log(4, 2);
  StateBuilder whole = begun(temporary.path() / "whole");
  apply_all(whole, log);
  StateBuilder builder = begun(temporary.path() / "reduced");
  for (std::size_t at = 0; at < log.size(); ++at) {
    // k1 k0 k1 k0: of the first two nothing need be kept.
    const bool is_replaced = at == 3 || at == 4;
    REQUIRE((is_replaced ? apply_reduced(builder, log[at]) : apply(builder, log[at])));
    builder.settle();
    CHECK(builder.incomplete_key().has_value() == (at >= 3 && at < 6));
    CHECK(builder.last_complete() == Index{at >= 3 && at < 6 ? 3 : at + 1});
  }
  CHECK(builder.meta().state == whole.meta().state);
  REQUIRE(builder.finish());
}

TEST_CASE("no folder is made of a state that is not whole, and nothing is left of it") {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "new";
  {
    StateBuilder empty = begun(folder);
    CHECK_FALSE(empty.finish());
  }
  CHECK(fs::is_empty(temporary.path()));
  const auto log = some_log(1, 1);
  {
    StateBuilder builder = begun(folder);
    for (std::size_t at = 0; at < 3; ++at) REQUIRE(apply(builder, log[at]));
    REQUIRE(apply_reduced(builder, log[3]));
    const Status finished = builder.finish();
    REQUIRE_FALSE(finished);
    CHECK(finished.error().code == ErrorCode::refused);
    CHECK(finished.error().what.find("the nearest state below is as of entry 3") != std::string::npos);
  }
  CHECK(fs::is_empty(temporary.path()));
}

TEST_CASE("a folder may be written with a separator behind it, and be there already, empty") {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "made";
  fs::create_directories(folder);
  StateBuilder builder = begun(folder.string() + "/");
  apply_all(builder, some_log(20, 5));
  REQUIRE(builder.finish());
  CHECK(opened(folder).restored.start.index == Index{23});
  CHECK(std::distance(fs::directory_iterator(temporary.path()), {}) == 1);
}

TEST_CASE("a folder with something in it is left alone") {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "full";
  fs::create_directories(folder / "store");
  const auto builder = StateBuilder::begin(folder);
  REQUIRE_FALSE(builder);
  CHECK(builder.error().code == ErrorCode::usage);
  fs::remove(folder / "store");
  CHECK(StateBuilder::begin(folder));
}
