// What the engines have in common.
#include <atomic>
#include <fstream>
#include <thread>

#include "common/app/application.hpp"
#include "common/base/limits.hpp"
#include "common/store/inspect.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

TEST_CASE("a new store is made whole, whatever an earlier attempt left") {
  const std::string engine = REAL_ENGINE;
  CAPTURE(engine);
  TemporaryFolder folder;
  std::filesystem::create_directories(folder / "store.making");
  std::ofstream(folder / "store.making/data.mdb") << "half of a store";
  std::ofstream(folder / "store.making/000000000000.journal") << "half of a store";
  const auto backend = open_backend(engine, folder / "store");
  CHECK(std::filesystem::exists(folder / "store"));
  CHECK_FALSE(std::filesystem::exists(folder / "store.making"));
  CHECK(rows_of(*table_over(*backend)).empty());
}

TEST_CASE("a store is not made where its parent is no folder") {
  TemporaryFolder folder;
  std::ofstream(folder / "file") << "no folder";
  files::PosixFileSystem machine;
  const auto check = [](const auto& backend) {
    REQUIRE_FALSE(backend.has_value());
    CHECK(backend.error().code == ErrorCode::io);
    CHECK(backend.error().what.find("file/store") != std::string::npos);
  };
  check(LmdbBackend::open(folder / "file/store", small_quota));
  check(JournaledBackend::open(machine, folder / "file/store", small_options(true)));
}

TEST_CASE("a store whose files are gone is not taken for a new one") {
  const std::string engine = REAL_ENGINE;
  CAPTURE(engine);
  TemporaryFolder folder;
  std::filesystem::create_directories(folder / "store");
  files::PosixFileSystem machine;
  const auto check = [](const auto& backend) {
    REQUIRE_FALSE(backend.has_value());
    CHECK(backend.error().code == ErrorCode::corrupt);
  };
  if (engine == "lmdb") {
    check(LmdbBackend::open(folder / "store", small_quota));
  } else {
    check(JournaledBackend::open(machine, folder / "store", small_options(engine == "disk")));
  }
}

TEST_CASE("rows survive closing, with empty values, long values and the longest keys") {
  const std::string engine = REAL_ENGINE;
  CAPTURE(engine);
  TemporaryFolder folder;
  const Model rows = {{"k1", ""},
                      {"k2", Bytes(10000, 'v')},
                      {"r", ""},
                      {"rb", Bytes(limits::value_bytes, 'v')},
                      {Bytes(limits::key_bytes + 1, 'r'), "long"}};
  {
    const auto backend = open_backend(engine, folder / "store");
    const auto table = table_over(*backend);
    for (const auto& [key, value] : rows) table->put(key, value);
    flush(*table, *backend);
    REQUIRE(backend->step().has_value());
    table->put("lost", "v");
  }
  const auto backend = open_backend(engine, folder / "store");
  CHECK(rows_of(*table_over(*backend)) == rows);
}

TEST_CASE("a snapshot may outlive its backend") {
  const std::string engine = REAL_ENGINE;
  CAPTURE(engine);
  TemporaryFolder folder;
  std::unique_ptr<WriteBehindTable> table;
  {
    const auto backend = open_backend(engine, folder / "store");
    table = table_over(*backend);
    table->put("k7", "v");
    flush(*table, *backend);
    while (*backend->step()) {
    }
    REQUIRE(table->refresh().has_value());
  }
  std::filesystem::remove_all(folder / "store");
  CHECK(table->get("k7") == "v");
}

TEST_CASE("a snapshot stays at its commit while rows change and go") {
  const std::string engine = ANY_ENGINE;
  CAPTURE(engine);
  TemporaryFolder folder;
  const auto backend = open_backend(engine, folder / "store");
  Random random(5);
  Model now;
  std::map<std::shared_ptr<Snapshot>, Model> then;
  const auto check = [](const Snapshot& snapshot, const Model& rows) {
    Model seen;
    for (const auto row = snapshot.seek({}); row->valid(); row->next()) seen.emplace(row->key(), row->value());
    REQUIRE(seen == rows);
    for (const auto& [key, value] : rows) REQUIRE(snapshot.get(key) == BytesView(value));
  };
  for (int round = 0; round < 60; ++round) {
    Overlay overlay;
    for (int i = 0; i < 20; ++i) {
      const Bytes key = random_key(random);
      if (random.one_in(3)) {
        overlay.erase(key);
        now.erase(key);
      } else {
        now[key] = random_value(random);
        overlay.put(key, now[key]);
      }
    }
    REQUIRE(backend->commit(overlay).has_value());
    if (random.one_in(2)) {
      REQUIRE(backend->step().has_value());
    }
    auto snapshot = backend->snapshot();
    REQUIRE(snapshot.has_value());
    check(**snapshot, now);
    if (random.one_in(3)) then.emplace(std::move(*snapshot), now);
    if (random.one_in(4) && !then.empty()) then.erase(then.begin());
    for (const auto& [old, rows] : then) check(*old, rows);
  }
  for (auto& [old, rows] : then) {
    REQUIRE(old->renew().has_value());
    check(*old, now);
  }
}

TEST_CASE("an overlay without rows is committed") {
  const std::string engine = ANY_ENGINE;
  CAPTURE(engine);
  TemporaryFolder folder;
  const auto backend = open_backend(engine, folder / "store");
  CHECK(backend->commit(Overlay()).has_value());
  CHECK(rows_of(*table_over(*backend)).empty());
}

TEST_CASE("a store with rows of every kind is opened again, and so is one that took an image") {
  const std::string engine = REAL_ENGINE;
  CAPTURE(engine);
  TemporaryFolder folder;
  auto backend = open_backend(engine, folder / "store");
  {
    const auto table = table_over(*backend);
    auto application = app::Application::open(*table);
    std::uint64_t seq = 0;
    const auto apply = [&](const app::Operation& operation) {
      const Index index = application->applied().next();
      app::Command command{.operation = operation};
      if (++seq > 1) command = {SessionId{1}, RequestSeq{seq - 1}, RequestSeq{seq - 1}, operation};
      const SharedBytes payload(app::encode_command(command));
      const auto outcome =
          application->apply({index, Term{1}, EntryKind::command, {index.value, index.value}, payload, {}});
      CHECK(outcome.reply.word == ErrorWord::ok);
    };
    apply(app::OpenSession{1});
    apply(app::Set{"1", "value"});
    apply(app::SetExpiring{"2", "value", 1'000'000, {}});
    apply(app::LeaseGrant{1'000'000});
    apply(app::SetExpiring{"3", "value", 0, app::LeaseId{4}});
    apply(app::Increment{"4", 5});
    apply(app::chat::Operation(app::chat::CreateUser{"amy", "hash"}));
    application->save_meta();
    flush(*table, *backend);
  }
  SECTION("as it is") {}
  SECTION("by an image") {
    const Model rows = rows_of(*table_over(*backend));
    const auto image = backend->begin_image();
    REQUIRE(image.has_value());
    Overlay overlay;
    for (const auto& [key, value] : rows) overlay.put(key, value);
    REQUIRE((*image)->commit(overlay).has_value());
    REQUIRE(backend->complete_image().has_value());
    REQUIRE(backend->install_image().has_value());
  }
  while (*backend->step()) {
  }
  backend.reset();
  backend = open_backend(engine, folder / "store");
  CHECK(app::Application::open(*table_over(*backend)).has_value());
  backend.reset();
  const auto report = verify_store(folder / "store");
  INFO((report ? "" : report.error().what));
  CHECK(report.has_value());
}

TEST_CASE("one thread reads and changes rows while another commits") {
  const std::string engine = REAL_ENGINE;
  CAPTURE(engine);
  TemporaryFolder folder;
  const auto backend = open_backend(engine, folder / "store");
  const auto table = table_over(*backend);
  Model model;
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 100; ++i) {
      const Bytes key = random_key(random);
      model[key] = random_value(random);
      table->put(key, model[key]);
    }
    const auto frozen = table->freeze();
    Status committed;
    std::atomic<bool> done = false;
    std::jthread store_actor([&] {
      committed = backend->commit(*frozen);
      const auto stepped = backend->step();
      if (!stepped) committed = std::unexpected(stepped.error());
      done = true;
    });
    // At least once, and for as long as the commit takes.
    do {
      const Bytes key = random_key(random);
      if (random.one_in(3)) {
        table->erase(key);
        model.erase(key);
      } else {
        model[key] = random_value(random);
        table->put(key, model[key]);
      }
      const auto expected = model.lower_bound(key);
      const Model first = rows_of(*table, key, 1);
      REQUIRE((expected == model.end() ? first.empty() : first == Model{*expected}));
    } while (!done);
    store_actor.join();
    REQUIRE(committed.has_value());
    REQUIRE(table->flushed().has_value());
    REQUIRE(rows_of(*table) == model);
  }
}
