#include <catch2/catch.hpp>

#include "common/base/hex.hpp"
#include "common/base/limits.hpp"
#include "common/raft/membership_history.hpp"
#include "tests/raft/describe.hpp"

using namespace parley;
using namespace parley::raft;

namespace {

Member member(std::uint64_t id, bool wants_vote = true) {
  return {ServerId{id}, harness::node_name(ServerId{id}), {"r", "c", "", ""}, wants_vote};
}

Membership of_three() { return {{member(1), member(2), member(3, false)}, {ServerId{1}, ServerId{2}}, {ServerId{1}}}; }

}  // namespace

TEST_CASE("the bytes of a membership are golden, since they stand in every log") {
  const Membership membership{{member(1), member(0x0203, false)}, {ServerId{1}}, {}};
  CHECK(to_hex(encode_membership(membership)) ==
        "01"        // version
        "02000000"  // members
        "0100000000000000"
        "02000000"
        "6e31"
        "01000000"
        "72"
        "01000000"
        "63"
        "00000000"
        "00000000"
        "01"
        "0302000000000000"
        "04000000"
        "6e353135"
        "01000000"
        "72"
        "01000000"
        "63"
        "00000000"
        "00000000"
        "00"
        "01000000"
        "0100000000000000"  // voters
        "00000000");        // outgoing
}

TEST_CASE("a membership survives its bytes") {
  CHECK(decode_membership(encode_membership(of_three())) == of_three());
  CHECK(decode_membership(encode_membership({})) == Membership{});
}

TEST_CASE("bytes that are no membership are refused") {
  const Bytes good = encode_membership(of_three());
  SECTION("every truncation, and anything that is left over") {
    for (std::size_t size = 0; size < good.size(); ++size)
      CHECK_FALSE(decode_membership(BytesView(good).substr(0, size)));
    CHECK_FALSE(decode_membership(good + "x"));
  }
  SECTION("another version") {
    Bytes other = good;
    other[0] = 2;
    CHECK_FALSE(decode_membership(other));
  }
  const auto refuses = [](Membership membership) { return !decode_membership(encode_membership(membership)); };
  SECTION("members out of order or twice") {
    CHECK(refuses({{member(2), member(1)}, {}, {}}));
    CHECK(refuses({{member(1), member(1)}, {}, {}}));
  }
  SECTION("voters out of order or twice") {
    CHECK(refuses({{member(1), member(2)}, {ServerId{2}, ServerId{1}}, {}}));
    CHECK(refuses({{member(1), member(2)}, {ServerId{1}, ServerId{1}}, {}}));
  }
  SECTION("a voter that is no member, in either half") {
    CHECK(refuses({{member(1)}, {ServerId{2}}, {}}));
    CHECK(refuses({{member(1)}, {ServerId{1}}, {ServerId{2}}}));
  }
  SECTION("an outgoing half without an incoming one") { CHECK(refuses({{member(1)}, {}, {ServerId{1}}})); }
  SECTION("a member that is nobody") {
    CHECK(refuses({{Member{nobody, harness::node_name(ServerId{1}), {}, true}}, {}, {}}));
  }
  SECTION("an address beyond its bound") {
    Member far = member(1);
    far.addresses.raft = std::string(limits::address_bytes + 1, 'x');
    CHECK(refuses({{far}, {}, {}}));
  }
  SECTION("more members than there may be") {
    Membership crowd;
    for (std::uint64_t id = 1; id <= limits::members + 1; ++id) crowd.members.push_back(member(id));
    CHECK(refuses(crowd));
  }
  SECTION("a count that asks for more than there is") {
    Bytes liar("\x01\xff\xff\xff\xff", 5);
    CHECK_FALSE(decode_membership(liar));
  }
}

TEST_CASE("a member is found by its server and by its name") {
  const Membership membership = of_three();
  REQUIRE(membership.find(ServerId{3}) != nullptr);
  CHECK(membership.find(ServerId{3})->name.text() == "n3");
  CHECK(membership.find(ServerId{4}) == nullptr);
  CHECK(membership.find(harness::node_name(ServerId{2}))->server == ServerId{2});
  CHECK(membership.find(harness::node_name(ServerId{9})) == nullptr);
  CHECK(membership.is_voter(ServerId{1}));
  CHECK_FALSE(membership.is_voter(ServerId{3}));
}

TEST_CASE("the configuration in force is the last in the log, and rolls back with it") {
  const Membership one{{member(1)}, {ServerId{1}}, {}};
  const Membership two{{member(1), member(2)}, {ServerId{1}}, {}};
  MembershipHistory history;
  CHECK(history.current_index() == Index{0});
  history.append(Index{2}, one);
  history.append(Index{5}, two);
  CHECK(history.current() == two);
  CHECK_FALSE(history.truncate_from(Index{6}));
  CHECK(history.truncate_from(Index{5}));
  CHECK(history.current() == one);
  history.append(Index{7}, two);
  history.committed(Index{6});
  CHECK(history.truncate_from(Index{7}));
  CHECK(history.current_index() == Index{2});
  CHECK(history.truncate_from(Index{2}) == false);
}
