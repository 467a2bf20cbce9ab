#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

/// Keys of the page, and whether there is more.
std::pair<std::vector<Bytes>, bool> page(Replica& replica, const Scan& scan) {
  const Reply reply = replica.application().query(scan);
  REQUIRE(reply.word == ErrorWord::ok);
  const auto& rows = std::get<ReplyRows>(reply.body);
  std::vector<Bytes> keys;
  for (const Row& row : rows.rows) keys.push_back(row.key);
  return {keys, rows.more};
}

using Page = std::pair<std::vector<Bytes>, bool>;

}  // namespace

TEST_CASE("a get gives the value, or says that there is none") {
  Replica replica;
  const SessionId session = replica.open_session();
  replica.run(session, 1, Set{"k", "v"});
  CHECK(replica.application().query(Get{"k"}) == Reply{.body = ReplyValue{"v"}});
  CHECK(replica.application().query(Get{"other"}).word == ErrorWord::not_found);
  CHECK(replica.application().query(Get{""}).word == ErrorWord::invalid);
  CHECK(replica.application().query(Get{Bytes(limits::key_bytes + 1, 'k')}).word == ErrorWord::too_large);
}

TEST_CASE("a scan gives the rows of a prefix in byte order, page by page") {
  Replica replica;
  const SessionId session = replica.open_session();
  std::uint64_t seq = 0;
  for (const char* key : {"b", "ab", "a", "aa", "\xff\xff", "ac", "m", "s"}) replica.run(session, ++seq, Set{key, key});
  CHECK(page(replica, {}) == Page{{"a", "aa", "ab", "ac", "b", "m", "s", "\xff\xff"}, false});
  CHECK(page(replica, {"a", "", 0}) == Page{{"a", "aa", "ab", "ac"}, false});
  CHECK(page(replica, {"a", "", 4}) == Page{{"a", "aa", "ab", "ac"}, false});
  CHECK(page(replica, {"a", "", 3}) == Page{{"a", "aa", "ab"}, true});
  CHECK(page(replica, {"a", "aa", 3}) == Page{{"ab", "ac"}, false});
  CHECK(page(replica, {"a", "aaa", 0}) == Page{{"ab", "ac"}, false});  // the last key may have been deleted since
  CHECK(page(replica, {"\xff", "", 0}) == Page{{"\xff\xff"}, false});
  CHECK(page(replica, {"b", "a", 0}) == Page{{"b"}, false});
  CHECK(page(replica, {"a", "b", 0}) == Page{{}, false});
  CHECK(page(replica, {"x", "", 0}) == Page{{}, false});
  CHECK(replica.application().query(Scan{Bytes(limits::key_bytes + 1, 'k'), "", 0}).word == ErrorWord::too_large);
  CHECK(replica.application().query(Scan{"", Bytes(limits::key_bytes + 1, 'k'), 0}).word == ErrorWord::too_large);
}

TEST_CASE("a page of a scan is bounded in rows and in bytes, and never empty for its bytes") {
  Replica replica;
  for (std::size_t i = 0; i < limits::scan_rows + 5; ++i) replica.table().put("kr" + std::to_string(10000 + i), "v");
  const auto [keys, more] = page(replica, {"r", "", 1'000'000});
  CHECK(keys.size() == limits::scan_rows);
  CHECK(more);
  CHECK(page(replica, {"r", keys.back(), 0}).first.size() == 5);

  const Bytes half(limits::scan_bytes / 2, 'v');
  for (const char* key : {"kx1", "kx2", "kx3"}) replica.table().put(key, half);
  CHECK(page(replica, {"x", "", 0}) == Page{{"x1"}, true});
  replica.table().put("kx1", Bytes(limits::scan_bytes + 100, 'v'));
  CHECK(page(replica, {"x", "", 0}) == Page{{"x1"}, true});
  CHECK(page(replica, {"x", "x2", 0}) == Page{{"x3"}, false});
}
