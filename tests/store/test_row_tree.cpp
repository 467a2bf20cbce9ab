#include "common/base/engine_limits.hpp"
#include "common/store/row_tree.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

namespace {

Model rows_in(const RowTree& tree, BytesView from = {}) {
  Model rows;
  for (auto at = tree.seek(from); at.valid(); at.next()) {
    REQUIRE((rows.empty() || rows.rbegin()->first < at.row().key()));
    rows.emplace(at.row().key(), at.row().value());
  }
  return rows;
}

/// Some changes of some rows, made to a model as well; keys are numbers of so many digits.
RowTree change(const RowTree& tree, Model& model, Random& random, std::size_t changes, std::uint64_t keys) {
  std::map<Bytes, std::optional<Bytes>> wanted;
  for (std::size_t i = 0; i < changes; ++i) {
    Bytes key = std::to_string(random.below(keys));
    wanted[std::move(key)] = random.one_in(2) ? std::nullopt : std::optional<Bytes>(random_value(random));
  }
  std::vector<RowChange> list;
  std::size_t lost = 0;
  for (const auto& [key, value] : wanted) {
    list.push_back({key, value ? StoredRow::make(key, *value) : RowRef()});
    lost += model.contains(key) ? 1 : 0;
    if (value) {
      model[key] = *value;
    } else {
      model.erase(key);
    }
  }
  RowTree after = tree.changed(list, [&](const StoredRow& row) {
    REQUIRE(wanted.contains(Bytes(row.key())));
    --lost;
  });
  REQUIRE(lost == 0);
  return after;
}

}  // namespace

TEST_CASE("a tree knows what a map knows, and stays as it is while others are made of it") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Random random(seed);
    RowTree tree;
    Model model;
    std::vector<std::pair<RowTree, Model>> before;
    for (int round = 0; round < 120; ++round) {
      // It grows and shrinks, by much and by little.
      const std::uint64_t keys = random.one_in(10) ? 20'000 : 400;
      tree = change(tree, model, random, random.one_in(8) ? 1 + random.below(3000) : 1 + random.below(20), keys);
      if (random.one_in(10)) before.emplace_back(tree, model);
      if (!random.one_in(6)) continue;
      REQUIRE(rows_in(tree) == model);
      for (int i = 0; i < 20; ++i) {
        const Bytes key = std::to_string(random.below(keys));
        const StoredRow* const row = tree.find(key);
        REQUIRE((row != nullptr) == model.contains(key));
        if (row != nullptr) REQUIRE(row->value() == model[key]);
        REQUIRE(rows_in(tree, key) == Model(model.lower_bound(key), model.end()));
      }
    }
    for (const auto& [old, rows] : before) REQUIRE(rows_in(old) == rows);
  }
}

TEST_CASE("an empty tree has nothing, and a tree of which all is erased is empty") {
  RowTree tree;
  CHECK(tree.empty());
  CHECK(tree.find("k") == nullptr);
  CHECK_FALSE(tree.seek("").valid());
  Model model;
  std::vector<RowChange> all;
  std::vector<RowChange> none;
  std::vector<Bytes> keys;
  for (int i = 0; i < 5000; ++i) keys.push_back(std::to_string(100'000 + i));
  for (const Bytes& key : keys) {
    all.push_back({key, StoredRow::make(key, "v")});
    none.push_back({key, RowRef()});
  }
  const auto nothing = [](const StoredRow&) { FAIL("nothing was there"); };
  tree = tree.changed(none, nothing);
  CHECK(tree.empty());
  const RowTree full = tree.changed(all, nothing);
  CHECK(rows_in(full).size() == 5000);
  std::size_t gone = 0;
  CHECK(full.changed(none, [&](const StoredRow&) { ++gone; }).empty());
  CHECK(gone == 5000);
  CHECK(rows_in(full).size() == 5000);
}

TEST_CASE("a row whose value lies elsewhere has its length and no bytes of it") {
  const RowRef row = StoredRow::make_elsewhere("k17", 1000);
  CHECK(row->key() == "k17");
  CHECK(row->is_elsewhere());
  CHECK(row->value_bytes() == 1000);
  CHECK(row->value().empty());
  CHECK(row->memory_bytes() < 100);
}
