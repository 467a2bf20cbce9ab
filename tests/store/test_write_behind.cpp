#include "common/base/limits.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

namespace {

/// The table beside a model of it, through all that happens to it.
class Story {
 public:
  Story(Backend& backend, std::uint64_t seed) : backend_(backend), random_(seed), table_(table_over(backend)) {}

  void step() {
    switch (random_.below(24)) {
      case 0: freeze(); break;
      case 1: commit(); break;
      case 2: flushed(); break;
      case 3: REQUIRE(table_->refresh().has_value()); break;
      case 4: scan(); break;
      case 6: REQUIRE(backend_.step().has_value()); break;
      case 5:
        if (random_.one_in(5)) crash();
        break;
      default: change();
    }
    const Bytes key = random_key(random_);
    const auto value = table_->get(key);
    const auto expected = model_.find(key);
    REQUIRE(value.has_value() == (expected != model_.end()));
    if (value) REQUIRE(*value == expected->second);
  }
  void check_all() const { CHECK(rows_of(*table_) == model_); }
  void crash() {
    table_.reset();
    frozen_.reset();
    committed_ = false;
    model_ = durable_;
    table_ = table_over(backend_);
    check_all();
  }

 private:
  void change() {
    const Bytes key = random_key(random_);
    if (random_.one_in(3)) {
      table_->erase(key);
      model_.erase(key);
    } else {
      const Bytes value = random_value(random_);
      table_->put(key, value);
      model_[key] = value;
    }
  }
  void freeze() {
    if (table_->has_frozen()) return;
    frozen_ = table_->freeze();
    at_freeze_ = model_;
  }
  void commit() {
    if (!frozen_ || committed_) return;
    REQUIRE(backend_.commit(*frozen_).has_value());
    committed_ = true;
    durable_ = at_freeze_;
  }
  void flushed() {
    if (!committed_) return;
    const auto dropped = table_->flushed();
    REQUIRE(dropped.has_value());
    CHECK(*dropped == frozen_);
    frozen_.reset();
    committed_ = false;
  }
  void scan() {
    const Bytes from = random_key(random_);
    const std::size_t most = 1 + random_.below(30);
    Model expected;
    for (auto row = model_.lower_bound(from); row != model_.end() && expected.size() < most; ++row) {
      expected.insert(*row);
    }
    REQUIRE(rows_of(*table_, from, most) == expected);
  }

  Backend& backend_;
  Random random_;
  std::unique_ptr<WriteBehindTable> table_;
  std::shared_ptr<const Overlay> frozen_;
  bool committed_ = false;
  Model model_;
  Model at_freeze_;
  Model durable_;  ///< what a crash leaves
};

}  // namespace

TEST_CASE("rows read through overlays and backend as if there were one map, at every step of every round") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    TemporaryFolder folder;
    std::unique_ptr<Backend> backend;
    for (const char* engine : {"lmdb", "memory", "disk", "simulated"}) {
      DYNAMIC_SECTION(engine << ", seed " << seed) { backend = open_backend(engine, folder / "store"); }
    }
    if (!backend) continue;
    Story story(*backend, seed);
    for (int i = 0; i < 3000; ++i) story.step();
    story.check_all();
    story.crash();
  }
}

TEST_CASE("a tombstone hides a row of the backend until a flush removes it there") {
  TemporaryFolder folder;
  const std::string engine = ANY_ENGINE;
  CAPTURE(engine);
  const auto backend = open_backend(engine, folder / "store");
  const auto table = table_over(*backend);
  for (const char* key : {"k1", "k2", "k3"}) table->put(key, key);
  flush(*table, *backend);

  table->erase("k2");
  table->erase("never there");
  CHECK_FALSE(table->get("k2").has_value());
  CHECK(rows_of(*table) == Model{{"k1", "k1"}, {"k3", "k3"}});
  const auto frozen = table->freeze();
  CHECK(rows_of(*table) == Model{{"k1", "k1"}, {"k3", "k3"}});
  table->put("k2", "back");
  CHECK(rows_of(*table, "k2", 1) == Model{{"k2", "back"}});
  REQUIRE(backend->commit(*frozen).has_value());
  REQUIRE(table->flushed().has_value());
  CHECK(table->get("k2") == "back");
  CHECK(rows_of(*table_over(*backend)) == Model{{"k1", "k1"}, {"k3", "k3"}});
}

TEST_CASE("a snapshot taken before a commit does not see it, and the frozen overlay covers that until it moves on") {
  sim::SimulatedBackend backend;
  const auto table = table_over(backend);
  table->put("k", "v");
  const auto frozen = table->freeze();
  REQUIRE(backend.commit(*frozen).has_value());
  CHECK(table->get("k") == "v");
  REQUIRE(table->refresh().has_value());
  CHECK(table->get("k") == "v");
  CHECK(table->has_frozen());
  const auto dropped = table->flushed();
  REQUIRE(dropped.has_value());
  CHECK(*dropped == frozen);
  CHECK_FALSE(table->has_frozen());
  CHECK(table->get("k") == "v");
}

TEST_CASE("apply waits only when both overlays are full") {
  sim::SimulatedBackend backend;
  const auto table = table_over(backend);
  const auto fill = [&table] {
    const Bytes value(limits::MiB, 'v');
    for (int i = 0; !table->wants_freeze(); ++i) {
      CHECK(table->can_apply());
      table->put("k" + std::to_string(i), value);
    }
  };
  fill();
  CHECK(table->active_bytes() >= limits::overlay_bytes);
  CHECK(table->active_bytes() < limits::overlay_bytes + 2 * limits::MiB);
  CHECK(table->can_apply());
  const auto frozen = table->freeze();
  CHECK(table->active_bytes() == 0);
  fill();
  CHECK_FALSE(table->can_apply());
  REQUIRE(backend.commit(*frozen).has_value());
  REQUIRE(table->flushed().has_value());
  CHECK(table->can_apply());
  CHECK(table->wants_freeze());
}
