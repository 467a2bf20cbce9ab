#include <catch2/catch.hpp>

#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

// What a follower does with appends (figure 2 of the Raft paper, "AppendEntries RPC, receiver implementation"). The
// follower under test is 1; its log begins as 1@1 2@1, both committed. Server 2 leads in term 3.

namespace {

struct UnderTest : Cluster {
  UnderTest() {
    isolate(1);
    deliver(words(2, 1, 2, append(2, 1, 2, {command(3, 2), command(4, 2), command(5, 2)})));
    run();
    (void)take_sent();
  }
  /// The only answer to an append of term 3.
  std::string answer(AppendRequest request, std::uint64_t term = 3) {
    deliver(words(2, 1, term, std::move(request)));
    run();
    const auto sent = take_sent();
    return sent.size() == 1 ? describe(sent.front()) : std::to_string(sent.size()) + " answers";
  }
};

}  // namespace

TEST_CASE("figure 2, append, rule 1: an append of an earlier term changes nothing") {
  UnderTest follower;
  follower.answer(append(5, 2, 2), 3);
  CHECK(follower.answer(append(5, 2, 5, {command(6, 2)}), 2) == "n1 -> n2 heartbeat_reply, term 3: round 0");
  CHECK(terms_of(follower.core(1)) == "1@1 2@1 3@2 4@2 5@2");
  CHECK(follower.core(1).commit() == Index{2});
}

TEST_CASE("figure 2, append, rule 2: an append is rejected where the log lacks its previous entry") {
  UnderTest follower;
  SECTION("a gap") {
    CHECK(follower.answer(append(8, 2, 2, {command(9, 3)})) ==
          "n1 -> n2 rejected, term 3: no match at 8, perhaps at 5@2");
  }
  SECTION("another term, later than ours: ours may agree") {
    CHECK(follower.answer(append(4, 3, 2, {command(5, 3)})) ==
          "n1 -> n2 rejected, term 3: no match at 4, perhaps at 4@2");
  }
  SECTION("another term, earlier than ours: nothing of our later term can agree") {
    CHECK(follower.answer(append(4, 1, 2, {command(5, 3)})) ==
          "n1 -> n2 rejected, term 3: no match at 4, perhaps at 2@1");
  }
  CHECK(terms_of(follower.core(1)) == "1@1 2@1 3@2 4@2 5@2");
  CHECK(follower.core(1).commit() == Index{2});
}

TEST_CASE("figure 2, append, rule 3: an entry that conflicts is deleted with all that follow it") {
  UnderTest follower;
  CHECK(follower.answer(append(3, 2, 2, {command(4, 3)})) == "n1 -> n2 accepted, term 3: up to 4");
  CHECK(terms_of(follower.core(1)) == "1@1 2@1 3@2 4@3");
  CHECK(follower.server(1).disk.last() == Index{4});
}

TEST_CASE("figure 2, append, rule 4: what is not in the log is appended") {
  UnderTest follower;
  CHECK(follower.answer(append(4, 2, 2, {command(5, 2), command(6, 3), command(7, 3)})) ==
        "n1 -> n2 accepted, term 3: up to 7");
  CHECK(terms_of(follower.core(1)) == "1@1 2@1 3@2 4@2 5@2 6@3 7@3");
}

TEST_CASE("figure 2, append, rule 5: the commit index follows the leader, up to the last entry that was verified") {
  UnderTest follower;
  SECTION("an append that verifies less than is committed") {
    follower.answer(append(3, 2, 5));
    CHECK(follower.core(1).commit() == Index{3});
  }
  SECTION("an append that verifies all") {
    follower.answer(append(4, 2, 5, {command(5, 2)}));
    CHECK(follower.core(1).commit() == Index{5});
  }
  SECTION("a commit that lies behind is no step back") {
    follower.answer(append(5, 2, 5));
    follower.answer(append(5, 2, 3));
    CHECK(follower.core(1).commit() == Index{5});
  }
  SECTION("a heartbeat") {
    follower.deliver(words(2, 1, 3, Heartbeat{Index{4}, 0}));
    CHECK(follower.core(1).commit() == Index{4});
  }
}

TEST_CASE("an append that matches, late or twice, never truncates what stands behind it") {
  UnderTest follower;
  CHECK(follower.answer(append(2, 1, 2, {command(3, 2)})) == "n1 -> n2 accepted, term 3: up to 3");
  CHECK(follower.answer(append(2, 1, 2, {command(3, 2), command(4, 2)})) == "n1 -> n2 accepted, term 3: up to 4");
  CHECK(follower.answer(append(2, 1, 2)) == "n1 -> n2 accepted, term 3: up to 2");
  CHECK(terms_of(follower.core(1)) == "1@1 2@1 3@2 4@2 5@2");
}

TEST_CASE("an append that was overtaken by a commit acknowledges the commit and touches nothing") {
  UnderTest follower;
  follower.answer(append(5, 2, 5));
  CHECK(follower.answer(append(2, 1, 2, {command(3, 2)})) == "n1 -> n2 accepted, term 3: up to 5");
  CHECK(follower.answer(append(0, 0, 2)) == "n1 -> n2 accepted, term 3: up to 5");
  CHECK(terms_of(follower.core(1)) == "1@1 2@1 3@2 4@2 5@2");
}

TEST_CASE("an append that begins below the commit index is taken for what it brings beyond it") {
  UnderTest follower;
  follower.answer(append(4, 2, 4));
  CHECK(follower.answer(append(2, 1, 4, {command(3, 2), command(4, 2), command(5, 2), command(6, 3)})) ==
        "n1 -> n2 accepted, term 3: up to 6");
  CHECK(terms_of(follower.core(1)) == "1@1 2@1 3@2 4@2 5@2 6@3");
}

TEST_CASE("what is committed is never truncated, whatever a leader says") {
  UnderTest follower;
  follower.answer(append(5, 2, 5));
  follower.answer(append(2, 1, 5, {command(3, 3), command(4, 3)}));
  CHECK(terms_of(follower.core(1)) == "1@1 2@1 3@2 4@2 5@2");
}

TEST_CASE("entries that no leader sends are ignored") {
  UnderTest follower;
  SECTION("a gap between them") {
    CHECK(follower.answer(append(5, 2, 2, {command(6, 3), command(8, 3)})) == "0 answers");
  }
  SECTION("a gap before them") { CHECK(follower.answer(append(5, 2, 2, {command(7, 3)})) == "0 answers"); }
  SECTION("terms that fall") { CHECK(follower.answer(append(5, 2, 2, {command(6, 3), command(7, 2)})) == "0 answers"); }
  SECTION("a term below that of the previous entry") {
    CHECK(follower.answer(append(5, 2, 2, {command(6, 1)})) == "0 answers");
  }
  SECTION("a term after the leader's own") { CHECK(follower.answer(append(5, 2, 2, {command(6, 4)})) == "0 answers"); }
  SECTION("a membership that is none") {
    Entry broken = command(6, 3, "no membership");
    broken.kind = EntryKind::membership;
    CHECK(follower.answer(append(5, 2, 2, {broken})) == "0 answers");
  }
  SECTION("an index at the end of all numbers") {
    CHECK(follower.answer(append(UINT64_MAX, 2, 2, {command(0, 3)})) ==
          "n1 -> n2 rejected, term 3: no match at 18446744073709551615, perhaps at 5@2");
  }
  CHECK(terms_of(follower.core(1)) == "1@1 2@1 3@2 4@2 5@2");
}

TEST_CASE("the digest of an entry is computed where it arrives") {
  UnderTest follower;
  Entry forged = command(6, 3);
  forged.digest.bytes[0] = 1;
  follower.answer(append(5, 2, 2, {forged}));
  const Core& core = follower.core(1);
  CHECK(core.log().last() == Index{6});
  CHECK(core.log().last_digest() != forged.digest);
  CHECK(broken_in(core).empty());
}
