#include <catch2/catch.hpp>

#include "common/raft/quorum.hpp"

using namespace parley;
using namespace parley::raft;

namespace {

Membership halves(std::vector<std::uint64_t> voters, std::vector<std::uint64_t> outgoing = {}) {
  Membership membership;
  for (const auto id : voters) membership.voters.push_back(ServerId{id});
  for (const auto id : outgoing) membership.outgoing.push_back(ServerId{id});
  return membership;
}

}  // namespace

TEST_CASE("the index that a majority has") {
  struct Row {
    std::string what;
    Membership membership;
    std::map<std::uint64_t, std::uint64_t> match;
    std::uint64_t agreed;
  };
  const std::vector<Row> rows = {
      {"nobody votes, nothing is agreed", halves({}), {{1, 9}}, 0},
      {"one decides alone", halves({1}), {{1, 7}}, 7},
      {"two must both have it", halves({1, 2}), {{1, 7}, {2, 4}}, 4},
      {"the middle of three", halves({1, 2, 3}), {{1, 7}, {2, 4}, {3, 5}}, 5},
      {"a silent one counts as having nothing", halves({1, 2, 3}), {{1, 7}}, 0},
      {"four need three", halves({1, 2, 3, 4}), {{1, 9}, {2, 8}, {3, 3}, {4, 1}}, 3},
      {"five need three", halves({1, 2, 3, 4, 5}), {{1, 9}, {2, 8}, {3, 3}, {4, 1}}, 3},
      {"who is no voter does not count", halves({1, 2, 3}), {{1, 2}, {4, 9}, {5, 9}}, 0},
      {"both halves must agree", halves({1, 2, 3}, {3, 4, 5}), {{1, 9}, {2, 9}, {3, 5}, {4, 4}}, 4},
      {"a half that has nothing holds back the other", halves({1}, {2, 3}), {{1, 9}, {2, 9}}, 0},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.what) {
      const auto match = [&row](ServerId id) {
        const auto at = row.match.find(id.value);
        return Index{at == row.match.end() ? 0 : at->second};
      };
      CHECK(quorum_match(row.membership, match) == Index{row.agreed});
    }
  }
}

TEST_CASE("the outcome of an election") {
  struct Row {
    std::string what;
    Membership membership;
    std::map<ServerId, bool> votes;
    Tally tally;
  };
  const auto yes = [](std::vector<std::uint64_t> ids, std::vector<std::uint64_t> no = {}) {
    std::map<ServerId, bool> votes;
    for (const auto id : ids) votes[ServerId{id}] = true;
    for (const auto id : no) votes[ServerId{id}] = false;
    return votes;
  };
  const std::vector<Row> rows = {
      {"without voters nobody wins", halves({}), yes({1, 2}), Tally::lost},
      {"a single voter elects itself", halves({1}), yes({1}), Tally::won},
      {"one of two is not enough", halves({1, 2}), yes({1}), Tally::pending},
      {"two of three", halves({1, 2, 3}), yes({1, 2}), Tally::won},
      {"one of three, one against", halves({1, 2, 3}), yes({1}, {2}), Tally::pending},
      {"two of three against", halves({1, 2, 3}), yes({1}, {2, 3}), Tally::lost},
      {"two of four against leaves no majority", halves({1, 2, 3, 4}), yes({1}, {2, 3}), Tally::lost},
      {"votes of others are no votes", halves({1, 2, 3}), yes({1, 4, 5, 6}), Tally::pending},
      {"refusals of others are none either", halves({1, 2, 3}), yes({1}, {4, 5, 6}), Tally::pending},
      {"both halves of a joint configuration", halves({1, 2, 3}, {1, 4, 5}), yes({1, 2, 4}), Tally::won},
      {"only the new half", halves({1, 2, 3}, {1, 4, 5}), yes({1, 2, 3}), Tally::pending},
      {"only the old half", halves({1, 2, 3}, {1, 4, 5}), yes({1, 4, 5}), Tally::pending},
      {"one half lost is all lost", halves({1, 2, 3}, {1, 4, 5}), yes({1, 2, 3}, {4, 5}), Tally::lost},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.what) { CHECK(tally_votes(row.membership, row.votes) == row.tally); }
  }
}

TEST_CASE("a quorum is a majority of each half") {
  const auto agree = [](std::vector<std::uint64_t> ids) {
    return [ids](ServerId id) { return std::ranges::find(ids, id.value) != ids.end(); };
  };
  CHECK_FALSE(is_quorum(halves({}), agree({1})));
  CHECK(is_quorum(halves({1, 2, 3}), agree({2, 3})));
  CHECK_FALSE(is_quorum(halves({1, 2, 3, 4}), agree({2, 3})));
  CHECK_FALSE(is_quorum(halves({1, 2, 3}, {3, 4, 5}), agree({1, 2, 3})));
  CHECK(is_quorum(halves({1, 2, 3}, {3, 4, 5}), agree({1, 3, 5})));
}
