#include <catch2/catch.hpp>

#include "common/base/limits.hpp"
#include "node/admin_desk.hpp"
#include "tests/node/askers.hpp"

using namespace parley;
using namespace parley::node;

namespace {

/// A desk of the leader, server 1, of a cluster with one other voter.
AdminDesk desk_of_a_leader(Answers& answers) {
  AdminDesk desk(ServerId{1}, 100);
  raft::Membership membership;
  for (std::uint64_t id = 1; id <= 2; ++id) {
    membership.members.push_back({ServerId{id}, *NodeId::parse("n" + std::to_string(id)), {}, true});
    membership.voters.push_back(ServerId{id});
  }
  desk.membership_changed(ClusterId{}, membership, answers);
  desk.leader_changed(ServerId{1}, answers);
  return desk;
}

bool is_busy(const AdminDesk::Begun& begun) {
  const auto* reply = std::get_if<wire::ReplyBody>(&begun);
  const auto* error = reply != nullptr ? std::get_if<wire::ErrorReply>(reply) : nullptr;
  return error != nullptr && error->error == ErrorWord::busy;
}

}  // namespace

TEST_CASE("what operators wait for is bounded, and answered at its deadline") {
  Answers answers;
  AdminDesk desk = desk_of_a_leader(answers);
  for (std::size_t i = 0; i < limits::admin_requests; ++i)
    REQUIRE_FALSE(is_busy(desk.begin(asker(i), wire::TransferLeaderRequest{"n2"}, 1'000)));
  CHECK(is_busy(desk.begin(asker(1), wire::TransferLeaderRequest{"n2"}, 1'000)));
  CHECK(is_busy(desk.begin(asker(1), wire::RemoveRequest{"n2"}, 1'000)));
  CHECK(desk.begin_found(asker(1), 1'000).has_value());
  CHECK(answers.empty());
  desk.expire(1'000, answers);
  CHECK(answers.size() == limits::admin_requests);
  CHECK_FALSE(is_busy(desk.begin(asker(1), wire::RemoveRequest{"n2"}, 1'000)));
}
