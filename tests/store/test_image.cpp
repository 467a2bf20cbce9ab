#include "common/base/limits.hpp"
#include "common/store/image.hpp"
#include "common/transfer/rows.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

namespace {

/// The two backends behave alike; each test is run with both.
struct Stores {
  std::unique_ptr<Backend> make(bool is_real, const char* name) {
    if (is_real) return open_lmdb(folder / name);
    return std::make_unique<sim::SimulatedBackend>();
  }
  TemporaryFolder folder;
};

void put(Backend& backend, const Model& rows) {
  Overlay overlay;
  for (const auto& [key, value] : rows) overlay.put(key, value);
  REQUIRE(backend.commit(overlay).has_value());
}

Model many_rows(std::size_t count, std::size_t bytes) {
  Model rows;
  for (std::size_t i = 0; i < count; ++i)
    rows["key " + std::to_string(i)] = Bytes(bytes, static_cast<char>('a' + i % 26));
  return rows;
}

Status any_rows(const Snapshot&, const transfer::ImageHead&) { return {}; }

/// Everything of one backend goes into the image of another. How many pieces it took.
std::size_t copy(Backend& from, BackendSink& to) {
  auto snapshot = from.snapshot();
  REQUIRE(snapshot.has_value());
  SnapshotSource source(*std::move(snapshot));
  REQUIRE(to.begin().has_value());
  std::size_t pieces = 0;
  while (const auto rows = source.next()) {
    ++pieces;
    CHECK(rows->size() <= limits::image_chunk_most_bytes);
    REQUIRE(to.add(*rows).has_value());
  }
  REQUIRE(to.complete({}).has_value());
  return pieces;
}

}  // namespace

TEST_CASE("an image takes the place of the rows, all of them, and snapshots of before go on with those of before") {
  const bool is_real = GENERATE(true, false);
  CAPTURE(is_real);
  Stores stores;
  const auto from = stores.make(is_real, "from");
  const auto to = stores.make(is_real, "to");
  const Model ours = many_rows(3000, 400);
  put(*from, ours);
  put(*to, {{"key 1", "other"}, {"not in the image", "1"}});
  const auto before = to->snapshot();
  REQUIRE(before.has_value());

  BackendSink sink(*to, any_rows);
  CHECK(copy(*from, sink) > 4);
  CHECK(rows_of(*table_over(*to)).size() == 2);
  const auto complete = to->completed_image();
  REQUIRE(complete.has_value());
  REQUIRE(*complete != nullptr);
  CHECK((*complete)->get("key 1") == BytesView(ours.at("key 1")));

  REQUIRE(to->install_image().has_value());
  CHECK(rows_of(*table_over(*to)) == ours);
  CHECK((*before)->get("not in the image") == "1");
  CHECK((*before)->get("key 1") == "other");
  put(*to, {{"behind the image", "2"}});
  CHECK(rows_of(*table_over(*to)).size() == ours.size() + 1);
  const auto gone = to->completed_image();
  REQUIRE(gone.has_value());
  CHECK(*gone == nullptr);
}

TEST_CASE("an image is of one moment, whatever is committed while it is read") {
  const bool is_real = GENERATE(true, false);
  Stores stores;
  const auto from = stores.make(is_real, "from");
  const Model ours = many_rows(2000, 400);
  put(*from, ours);
  auto snapshot = from->snapshot();
  REQUIRE(snapshot.has_value());
  SnapshotSource source(*std::move(snapshot));
  Model seen;
  for (int round = 0;; ++round) {
    const auto rows = source.next();
    if (!rows) break;
    REQUIRE(transfer::visit_rows(*rows, [&](BytesView key, BytesView value) { seen.emplace(key, value); }));
    put(*from, {{"key 1999", "later"}, {"zzz", std::to_string(round)}});
  }
  CHECK(seen == ours);
}

TEST_CASE("an empty store makes an image without chunks, a large row one of its own") {
  Stores stores;
  const auto from = stores.make(true, "from");
  {
    auto snapshot = from->snapshot();
    REQUIRE(snapshot.has_value());
    CHECK_FALSE(SnapshotSource(*std::move(snapshot)).next());
  }
  put(*from, {{"a", "small"}, {"b", Bytes(limits::value_bytes, 'x')}, {"c", "small"}});
  auto snapshot = from->snapshot();
  REQUIRE(snapshot.has_value());
  SnapshotSource source(*std::move(snapshot));
  std::vector<std::size_t> sizes;
  while (const auto rows = source.next()) sizes.push_back(rows->size());
  CHECK(sizes == std::vector<std::size_t>{transfer::row_bytes("a", "small"),
                                          transfer::row_bytes("b", Bytes(limits::value_bytes, 'x')),
                                          transfer::row_bytes("c", "small")});
}

TEST_CASE("what is no rows, and a key that no row has, is refused and leaves the rows alone") {
  Stores stores;
  const auto to = stores.make(true, "to");
  put(*to, {{"k", "v"}});
  BackendSink sink(*to, any_rows);
  REQUIRE(sink.begin().has_value());
  CHECK_FALSE(sink.add("not rows").has_value());
  sink.discard();
  Bytes rows;
  transfer::append_row(rows, Bytes(5000, 'k'), "v");
  REQUIRE(sink.begin().has_value());
  const bool is_taken = sink.add(rows).has_value() && sink.complete({}).has_value();
  CHECK_FALSE(is_taken);
  sink.discard();
  CHECK(rows_of(*table_over(*to)) == Model{{"k", "v"}});
}

TEST_CASE("a new image throws away what came of the one before") {
  const bool is_real = GENERATE(true, false);
  Stores stores;
  const auto from = stores.make(is_real, "from");
  const auto to = stores.make(is_real, "to");
  put(*from, {{"new", "1"}});
  BackendSink sink(*to, any_rows);
  REQUIRE(sink.begin().has_value());
  Bytes rows;
  transfer::append_row(rows, "old", "1");
  REQUIRE(sink.add(rows).has_value());
  SECTION("that was not complete") {}
  SECTION("that was complete") { REQUIRE(sink.complete({}).has_value()); }
  copy(*from, sink);
  REQUIRE(to->install_image().has_value());
  CHECK(rows_of(*table_over(*to)) == Model{{"new", "1"}});
}

TEST_CASE("of a closed store a complete image is left, an incomplete one is not") {
  TemporaryFolder folder;
  for (const bool completes : {true, false}) {
    CAPTURE(completes);
    {
      const auto to = open_lmdb(folder / "to");
      BackendSink sink(*to, any_rows);
      REQUIRE(sink.begin().has_value());
      Bytes rows;
      transfer::append_row(rows, "k", "v");
      REQUIRE(sink.add(rows).has_value());
      if (completes) REQUIRE(sink.complete({}).has_value());
    }
    const auto to = open_lmdb(folder / "to");
    const auto image = to->completed_image();
    REQUIRE(image.has_value());
    CHECK((*image != nullptr) == completes);
    if (completes) {
      CHECK((*image)->get("k") == "v");
      to->discard_image();
    }
  }
}

TEST_CASE("rows that are not what was said never count as a complete image, and are seen as they were put") {
  const bool is_real = GENERATE(true, false);
  CAPTURE(is_real);
  Stores stores;
  const auto backend = stores.make(is_real, "store");
  put(*backend, {{"ours", "1"}});
  int asked = 0;
  bool is_right = false;
  BackendSink sink(*backend, [&](const Snapshot& rows, const transfer::ImageHead& said) -> Status {
    ++asked;
    CHECK(said.index == Index{7});
    CHECK(rows.get("key") == "value");
    CHECK_FALSE(rows.get("ours"));
    // Nobody could find it complete if the process died now.
    const auto complete = backend->completed_image();
    REQUIRE(complete.has_value());
    CHECK(*complete == nullptr);
    if (is_right) return {};
    return fail(ErrorCode::corrupt, "not what was said");
  });
  transfer::ImageHead head;
  head.index = Index{7};
  Bytes rows;
  transfer::append_row(rows, "key", "value");
  for (const bool right : {false, true}) {
    is_right = right;
    REQUIRE(sink.begin().has_value());
    REQUIRE(sink.add(rows).has_value());
    CHECK(sink.complete(head).has_value() == right);
    const auto complete = backend->completed_image();
    REQUIRE(complete.has_value());
    CHECK((*complete != nullptr) == right);
  }
  CHECK(asked == 2);
}
