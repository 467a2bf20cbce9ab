#include "common/base/limits.hpp"
#include "common/store/image.hpp"
#include "common/transfer/rows.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

namespace {

struct Stores {
  std::unique_ptr<Backend> make(const std::string& engine, const char* name) {
    return open_backend(engine, folder / name);
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
  for (std::size_t i = 0; i < count; ++i) rows["k" + std::to_string(i)] = Bytes(bytes, static_cast<char>('a' + i % 26));
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
  const std::string engine = ANY_ENGINE;
  CAPTURE(engine);
  Stores stores;
  const auto from = stores.make(engine, "from");
  const auto to = stores.make(engine, "to");
  const Model ours = many_rows(3000, 400);
  put(*from, ours);
  put(*to, {{"k1", "other"}, {"not in the image", "1"}});
  const auto before = to->snapshot();
  REQUIRE(before.has_value());

  BackendSink sink(*to, any_rows);
  CHECK(copy(*from, sink) > 4);
  CHECK(rows_of(*table_over(*to)).size() == 2);
  const auto complete = to->completed_image();
  REQUIRE(complete.has_value());
  REQUIRE(*complete != nullptr);
  CHECK((*complete)->get("k1") == BytesView(ours.at("k1")));

  REQUIRE(to->install_image().has_value());
  CHECK(rows_of(*table_over(*to)) == ours);
  CHECK((*before)->get("not in the image") == "1");
  CHECK((*before)->get("k1") == "other");
  put(*to, {{"behind the image", "2"}});
  CHECK(rows_of(*table_over(*to)).size() == ours.size() + 1);
  const auto gone = to->completed_image();
  REQUIRE(gone.has_value());
  CHECK(*gone == nullptr);
}

TEST_CASE("an image is of one moment, whatever is committed while it is read") {
  const std::string engine = ANY_ENGINE;
  CAPTURE(engine);
  Stores stores;
  const auto from = stores.make(engine, "from");
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
    put(*from, {{"k1999", "later"}, {"zzz", std::to_string(round)}});
    REQUIRE(from->step().has_value());
  }
  CHECK(seen == ours);
}

TEST_CASE("an empty store makes an image without chunks, a large row one of its own") {
  const std::string engine = ANY_ENGINE;
  CAPTURE(engine);
  Stores stores;
  const auto from = stores.make(engine, "from");
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
  const std::string engine = REAL_ENGINE;
  CAPTURE(engine);
  Stores stores;
  const auto to = stores.make(engine, "to");
  put(*to, {{"r", "v"}});
  BackendSink sink(*to, any_rows);
  REQUIRE(sink.begin().has_value());
  CHECK_FALSE(sink.add("not rows").has_value());
  sink.discard();
  Bytes rows;
  transfer::append_row(rows, Bytes(5000, 'r'), "v");
  REQUIRE(sink.begin().has_value());
  const bool is_taken = sink.add(rows).has_value() && sink.complete({}).has_value();
  CHECK_FALSE(is_taken);
  sink.discard();
  CHECK(rows_of(*table_over(*to)) == Model{{"r", "v"}});
}

TEST_CASE("a new image throws away what came of the one before") {
  const std::string engine = ANY_ENGINE;
  CAPTURE(engine);
  Stores stores;
  const auto from = stores.make(engine, "from");
  const auto to = stores.make(engine, "to");
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
  const std::string engine = REAL_ENGINE;
  CAPTURE(engine);
  TemporaryFolder folder;
  for (const bool completes : {true, false}) {
    CAPTURE(completes);
    {
      const auto to = open_backend(engine, folder / "to");
      BackendSink sink(*to, any_rows);
      REQUIRE(sink.begin().has_value());
      Bytes rows;
      transfer::append_row(rows, "k7", "v");
      REQUIRE(sink.add(rows).has_value());
      if (completes) REQUIRE(sink.complete({}).has_value());
    }
    const auto to = open_backend(engine, folder / "to");
    const auto image = to->completed_image();
    REQUIRE(image.has_value());
    CHECK((*image != nullptr) == completes);
    if (completes) {
      CHECK((*image)->get("k7") == "v");
      to->discard_image();
    }
  }
}

TEST_CASE("rows that are not what was said never count as a complete image, and are seen as they were put") {
  const std::string engine = ANY_ENGINE;
  CAPTURE(engine);
  Stores stores;
  const auto backend = stores.make(engine, "store");
  put(*backend, {{"ours", "1"}});
  int asked = 0;
  bool is_right = false;
  BackendSink sink(*backend, [&](const Snapshot& rows, const transfer::ImageHead& said) -> Status {
    ++asked;
    CHECK(said.index == Index{7});
    CHECK(rows.get("k9") == "value");
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
  transfer::append_row(rows, "k9", "value");
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
