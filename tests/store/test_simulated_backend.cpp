#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

TEST_CASE("the simulated backend fails one commit when told, and changes nothing by it") {
  sim::SimulatedBackend backend;
  const auto table = table_over(backend);
  table->put("k", "v");
  const auto frozen = table->freeze();
  backend.fail_next_commit({ErrorCode::sync_failed, "as the test wants"});
  const Status failed = backend.commit(*frozen);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == ErrorCode::sync_failed);
  CHECK(backend.rows().empty());
  CHECK(backend.commits() == 0);
  REQUIRE(backend.commit(*frozen).has_value());
  CHECK(backend.rows() == Model{{"k", "v"}});
  CHECK(backend.commits() == 1);
}

TEST_CASE("the simulated backend keeps what was committed over a crash, and nothing over a wipe") {
  sim::SimulatedBackend backend;
  {
    const auto table = table_over(backend);
    table->put("k", "v");
    flush(*table, backend);
    table->put("k", "lost");
  }
  backend.fail_next_commit({ErrorCode::io, "never seen"});
  backend.crash();
  CHECK(rows_of(*table_over(backend)) == Model{{"k", "v"}});
  CHECK(backend.commit(Overlay()).has_value());
  backend.wipe();
  CHECK(rows_of(*table_over(backend)).empty());
}

TEST_CASE("a simulated snapshot stays at its commit while rows change and go") {
  sim::SimulatedBackend backend;
  Overlay first;
  first.put("a", "1");
  first.put("b", "1");
  REQUIRE(backend.commit(first).has_value());
  const auto snapshot = backend.snapshot();
  REQUIRE(snapshot.has_value());
  Overlay second;
  second.erase("a");
  second.put("b", "2");
  second.put("c", "2");
  REQUIRE(backend.commit(second).has_value());
  CHECK((*snapshot)->get("a") == "1");
  CHECK((*snapshot)->get("b") == "1");
  CHECK_FALSE((*snapshot)->get("c").has_value());
  std::size_t rows = 0;
  for (const auto row = (*snapshot)->seek({}); row->valid(); row->next()) ++rows;
  CHECK(rows == 2);
  REQUIRE((*snapshot)->renew().has_value());
  CHECK_FALSE((*snapshot)->get("a").has_value());
  CHECK((*snapshot)->get("b") == "2");
  CHECK(backend.rows() == Model{{"b", "2"}, {"c", "2"}});
}
