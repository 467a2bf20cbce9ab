#include "common/base/limits.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

namespace {

/// Nothing for a tombstone.
using Known = std::map<Bytes, std::optional<Bytes>>;

Known rows_from(const Overlay& overlay, BytesView from) {
  Known rows;
  for (auto row = overlay.seek(from); row.valid(); row.next()) {
    REQUIRE((rows.empty() || rows.rbegin()->first < row.key()));
    if (row.erased()) CHECK(row.value().empty());
    rows.emplace(row.key(), row.erased() ? std::nullopt : std::optional<Bytes>(row.value()));
  }
  return rows;
}

void check_equal(const Overlay& overlay, const Known& known, Random& random) {
  CHECK(overlay.rows() == known.size());
  CHECK(rows_from(overlay, {}) == known);
  for (int i = 0; i < 20; ++i) {
    const Bytes from = random_key(random);
    CHECK(rows_from(overlay, from) == Known(known.lower_bound(from), known.end()));
  }
}

}  // namespace

TEST_CASE("an overlay knows what a map knows, in the same order, tombstones included") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Random random(seed);
    Overlay overlay;
    Known known;
    for (int i = 0; i < 3000; ++i) {
      const Bytes key = random_key(random);
      if (random.one_in(4)) {
        overlay.erase(key);
        known[key] = std::nullopt;
      } else {
        const Bytes value = random_value(random);
        overlay.put(key, value);
        known[key] = value;
      }
      const Bytes other = random_key(random);
      const Overlay::Row* row = overlay.find(other);
      const auto expected = known.find(other);
      REQUIRE((row != nullptr) == (expected != known.end()));
      if (row == nullptr) continue;
      REQUIRE(row->erased == !expected->second.has_value());
      REQUIRE(row->value() == expected->second.value_or(""));
    }
    check_equal(overlay, known, random);
  }
}

TEST_CASE("an overlay grows by thousands of rows in any order") {
  const auto number_key = [](std::uint64_t number) {
    const Bytes text = std::to_string(number);
    return Bytes(6 - text.size(), '0') + text;
  };
  constexpr std::uint64_t count = 20'000;
  Overlay overlay;
  SECTION("ascending") {
    for (std::uint64_t i = 0; i < count; ++i) overlay.put(number_key(i), "v");
  }
  SECTION("descending") {
    for (std::uint64_t i = count; i-- > 0;) overlay.put(number_key(i), "v");
  }
  SECTION("from both ends") {
    for (std::uint64_t i = 0; i < count / 2; ++i) {
      overlay.put(number_key(i), "v");
      overlay.put(number_key(count - 1 - i), "v");
    }
  }
  SECTION("scattered") {
    for (std::uint64_t i = 0; i < count; ++i) overlay.put(number_key(i * 7919 % count), "v");
  }
  CHECK(overlay.rows() == count);
  std::uint64_t next = 0;
  for (auto row = overlay.seek({}); row.valid(); row.next()) REQUIRE(row.key() == number_key(next++));
  CHECK(next == count);
  for (std::uint64_t i = 0; i < count; ++i) REQUIRE(overlay.find(number_key(i)) != nullptr);
  CHECK(overlay.find("999999") == nullptr);
  CHECK(overlay.find("0") == nullptr);
}

TEST_CASE("an empty overlay has nothing to seek") {
  const Overlay overlay;
  CHECK(overlay.empty());
  CHECK(overlay.bytes() == 0);
  CHECK_FALSE(overlay.seek({}).valid());
  CHECK_FALSE(overlay.seek("k").valid());
  CHECK(overlay.find("k") == nullptr);
}

TEST_CASE("an overlay counts its rows, and values anew only when they outgrow their place") {
  Overlay overlay;
  overlay.put("key", Bytes(100, 'v'));
  const std::size_t one_row = 3 + 100 + limits::overlay_row_bytes;
  CHECK(overlay.bytes() == one_row);
  overlay.put("key", Bytes(100, 'w'));
  overlay.put("key", "short");
  overlay.erase("key");
  overlay.put("key", Bytes(100, 'x'));
  CHECK(overlay.bytes() == one_row);
  overlay.put("key", Bytes(101, 'x'));
  CHECK(overlay.bytes() == one_row + 101);
  overlay.erase("other");
  CHECK(overlay.bytes() == one_row + 101 + 5 + limits::overlay_row_bytes);
}

TEST_CASE("a row may be written with a part of its own value") {
  Overlay overlay;
  overlay.put("key", "0123456789");
  overlay.put("key", overlay.find("key")->value().substr(3));
  CHECK(overlay.find("key")->value() == "3456789");
}

TEST_CASE("an overlay takes values of a MiB") {
  Overlay overlay;
  for (int i = 0; i < 5; ++i) overlay.put("k" + std::to_string(i), Bytes(limits::MiB, static_cast<char>('a' + i)));
  for (int i = 0; i < 5; ++i) {
    REQUIRE(overlay.find("k" + std::to_string(i))->value() == Bytes(limits::MiB, static_cast<char>('a' + i)));
  }
  CHECK(overlay.bytes() > 5 * limits::MiB);
}
