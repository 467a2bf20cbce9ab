#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

TEST_CASE("numbers in row keys sort as numbers") {
  Bytes last;
  const std::vector<std::uint64_t> numbers = {0, 1, 255, 256, 65535, 1ULL << 40, ~0ULL};
  for (const std::uint64_t number : numbers) {
    const Bytes key(RowKey(RowSpace::session).add_number(number, 8).view());
    CHECK(key.size() == 9);
    CHECK(last < key);
    last = key;
  }
}

TEST_CASE("a table in memory gives rows in byte order from any key on") {
  MemoryTable table;
  for (const char* key : {"b", "a", "\xff", "ab", "B"}) table.put(key, Bytes("value of ") + key);
  table.put("a", "again");
  table.erase("b");
  table.erase("never there");
  CHECK(table.get("a") == "again");
  CHECK_FALSE(table.get("b").has_value());
  const auto keys_from = [&table](BytesView from, std::size_t most) {
    std::vector<Bytes> keys;
    table.scan(from, [&](BytesView key, BytesView) {
      keys.emplace_back(key);
      return keys.size() < most;
    });
    return keys;
  };
  CHECK(keys_from("", 9) == std::vector<Bytes>{"B", "a", "ab", "\xff"});
  CHECK(keys_from("ab", 9) == std::vector<Bytes>{"ab", "\xff"});
  CHECK(keys_from("aa", 1) == std::vector<Bytes>{"ab"});
}
