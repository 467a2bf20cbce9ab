#include <map>

#include "common/app/application.hpp"
#include "common/app/reduced.hpp"
#include "common/base/random.hpp"
#include "recovery/state_builder.hpp"
#include "tests/app/log_maker.hpp"
#include "tests/recovery/recovery_testing.hpp"

using namespace parley;
using namespace parley::recovery;
using namespace parley::recovery::testing;

namespace {

using Rows = std::map<Bytes, Bytes>;

Rows rows_in(const fs::path& folder) {
  auto backend = store::LmdbBackend::open(folder / "store", limits::GiB);
  REQUIRE(backend);
  const auto snapshot = (*backend)->snapshot();
  REQUIRE(snapshot);
  Rows rows;
  for (auto row = (*snapshot)->seek({}); row->valid(); row->next()) rows.emplace(row->key(), row->value());
  return rows;
}

/// A random history as a source has it: some sets without their values, if their keys are not compared.
std::vector<transfer::RangeEntry> history(std::uint64_t seed, std::uint64_t quota, int entries) {
  app::LogMaker maker(seed, quota);
  Random random(seed);
  std::vector<transfer::RangeEntry> made;
  for (int i = 0; i < entries; ++i) {
    transfer::RangeEntry item{maker.next(), std::nullopt};
    auto left = item.entry.kind == EntryKind::command && random.one_in(4) ? app::reduce(item.entry.payload.view())
                                                                          : std::nullopt;
    if (left) {
      item.payload_hash = blake2b(item.entry.payload.view());
      item.entry.payload = SharedBytes(*std::move(left));
    }
    made.push_back(std::move(item));
  }
  return made;
}

struct Made {
  app::Meta meta;
  Rows rows;
  std::optional<Bytes> incomplete_key;
  Index last_complete;
};

/// Replays it in pieces of random sizes, with commits in between.
Made replayed(const std::vector<transfer::RangeEntry>& log, std::size_t hands, std::uint64_t seed) {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "made";
  auto builder = StateBuilder::begin(folder, {.hands = hands, .overlay_bytes = 20'000});
  REQUIRE(builder);
  Random random(seed);
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t end = std::min(log.size(), at + 1 + random.below(900));
    REQUIRE(builder->apply(
        {log.begin() + static_cast<std::ptrdiff_t>(at), log.begin() + static_cast<std::ptrdiff_t>(end)}));
    at = end;
  }
  builder->settle();
  Made made{builder->meta(), {}, builder->incomplete_key(), builder->last_complete()};
  REQUIRE(builder->sync());
  made.rows = rows_in(folder.string() + ".making");
  return made;
}

}  // namespace

TEST_CASE("several threads make the state, the digest and every row that one thread makes") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const std::uint64_t quota = seed % 2 == 0 ? 6000 : limits::GiB;
    const auto log = history(seed, quota, 4000);
    const Made alone = replayed(log, 0, seed);
    for (const std::size_t hands : {1, 2, 3}) {
      INFO("seed " << seed << ", hands " << hands);
      const Made together = replayed(log, hands, seed + hands);
      CHECK(together.meta == alone.meta);
      CHECK(together.incomplete_key == alone.incomplete_key);
      CHECK(together.last_complete == alone.last_complete);
      REQUIRE(together.rows == alone.rows);
    }
  }
}

TEST_CASE("a long history of few sessions is replayed by several threads, in any pieces") {
  const auto log = some_log(30'000, 700);
  std::vector<transfer::RangeEntry> items;
  for (const Entry& entry : log) items.push_back({entry, std::nullopt});
  const Made alone = replayed(items, 0, 1);
  const Made together = replayed(items, 2, 2);
  CHECK(together.meta.digest == log.back().digest);
  CHECK(together.meta == alone.meta);
  CHECK(together.rows == alone.rows);
}

TEST_CASE("what several threads have begun is finished before an entry that nobody understands") {
  const TemporaryFolder temporary;
  auto builder = StateBuilder::begin(temporary.path() / "made", {.hands = 2});
  REQUIRE(builder);
  const auto log = some_log(50, 5);
  std::vector<transfer::RangeEntry> items;
  for (const Entry& entry : log) items.push_back({entry, std::nullopt});
  items[40].payload_hash = Digest{};
  const Status applied = builder->apply(items);
  REQUIRE_FALSE(applied);
  CHECK(applied.error().code == ErrorCode::corrupt);
  CHECK(applied.error().what.find("entry 41 means nothing") != std::string::npos);
  CHECK(builder->meta().applied == Index{40});
}
