#include "client/cli/status_text.hpp"
#include "client/cluster_status.hpp"
#include "tests/client/cli_testing.hpp"

using namespace parley;
using namespace parley::client;
using namespace parley::client::cli;

namespace {

wire::MemberInfo member(std::uint64_t server, const std::string& role) {
  const std::string name = "n" + std::to_string(server - 1);
  return {ServerId{server}, name, role, "127.0.0.1:12000", "127.0.0.1:" + std::to_string(server), "", ""};
}

StatusAnswer answer(std::uint64_t server, const std::string& role, std::uint64_t applied) {
  StatusAnswer given;
  given.address = Address{}.with_port(static_cast<std::uint16_t>(server));
  given.cluster.bytes[0] = 1;
  given.status.self = member(server, role);
  given.status.term = Term{3};
  given.status.commit = given.status.applied = Index{applied};
  given.status.health = "ok";
  return given;
}

StatusAnswer with_digests(StatusAnswer given, std::uint8_t digest, std::uint8_t state) {
  given.status.digest_at = Index{9};
  given.status.digest_there.bytes[0] = digest;
  given.status.state_there.bytes[0] = state;
  return given;
}

std::vector<std::string> healths(const ClusterStatus& status) {
  std::vector<std::string> all;
  for (const MemberStatus& each : status.members) all.push_back(each.health);
  return all;
}

/// Lets the servers of a fixture answer for themselves.
void serve_status(CliFixture& f, std::size_t servers, const std::vector<wire::MemberInfo>& members) {
  for (std::size_t at = 0; at < servers; ++at) {
    f.cluster[at].handler = [=, &f](const wire::Request& request) -> std::optional<wire::ReplyBody> {
      if (std::holds_alternative<wire::MembersRequest>(request.body)) return wire::MembersReply{members};
      const auto* asked = std::get_if<wire::StatusRequest>(&request.body);
      if (asked == nullptr) return f.cluster.carry_out(request);
      auto given = answer(at + 1, at == 0 ? "leader" : "follower", 10 + at).status;
      given.digest_at = asked->digest_at;
      return given;
    };
  }
}

}  // namespace

TEST_CASE("members are joined with their own answers, and those that gave none are down") {
  const auto status = assemble_status({member(1, "leader"), member(2, "follower"), member(3, "follower")},
                                      {answer(2, "leader", 20), answer(3, "follower", 15)});
  CHECK(status.leader == "n1");
  CHECK(status.term == Term{3});
  REQUIRE(status.members.size() == 3);
  CHECK_FALSE(status.members[0].answer.has_value());
  CHECK(status.members[0].member.role == "follower");  // another leads
  CHECK(status.members[0].health == "does not answer");
  CHECK(status.members[1].lag == 0);
  CHECK(status.members[2].lag == 5);
  CHECK_FALSE(status.is_divergent);
}

TEST_CASE("who answers and is no member is listed as such") {
  auto removed = answer(3, "learner", 4);
  auto waiting = answer(4, "learner", 0);
  waiting.cluster = {};
  waiting.status.health = "waits to join a cluster";
  const auto status = assemble_status({member(1, "leader")}, {answer(1, "leader", 5), removed, waiting});
  CHECK(healths(status) == std::vector<std::string>{"ok", "no member any more", "waits to join a cluster"});
}

TEST_CASE("replicas with other digests than most at the same index are named") {
  auto status = assemble_status({}, {answer(1, "leader", 9), answer(2, "follower", 9), answer(3, "follower", 9)});
  SECTION("all equal") {
    compare_digests(status, {with_digests(answer(1, "leader", 9), 1, 1), with_digests(answer(2, "follower", 9), 1, 1)});
    CHECK_FALSE(status.is_divergent);
  }
  SECTION("one has another log") {
    compare_digests(status, {with_digests(answer(1, "leader", 9), 1, 1), with_digests(answer(2, "follower", 9), 2, 2),
                             with_digests(answer(3, "follower", 9), 1, 1)});
    CHECK(status.is_divergent);
    CHECK(healths(status) == std::vector<std::string>{"ok", "DIGEST DIFFERS at index 9; ok", "ok"});
  }
  SECTION("one has another state from the same log") {
    compare_digests(status, {with_digests(answer(1, "leader", 9), 1, 1), with_digests(answer(2, "follower", 9), 1, 1),
                             with_digests(answer(3, "follower", 9), 1, 2)});
    CHECK(healths(status) == std::vector<std::string>{"ok", "ok", "STATE DIFFERS at index 9; ok"});
  }
  SECTION("of two either may be wrong") {
    compare_digests(status, {with_digests(answer(1, "leader", 9), 1, 1), with_digests(answer(2, "follower", 9), 2, 1)});
    CHECK(healths(status) ==
          std::vector<std::string>{"DIGEST DIFFERS at index 9; ok", "DIGEST DIFFERS at index 9; ok", "ok"});
  }
  SECTION("what is no longer remembered says nothing") {
    auto forgotten = with_digests(answer(2, "follower", 9), 7, 7);
    forgotten.status.digest_at = Index{};
    compare_digests(status, {with_digests(answer(1, "leader", 9), 1, 1), forgotten});
    CHECK_FALSE(status.is_divergent);
  }
}

TEST_CASE("the status as a table and as JSON") {
  const auto status = assemble_status({member(1, "leader"), member(2, "follower")}, {answer(1, "leader", 7)});
  const std::string table =
      "cluster 01000000000000000000000000000000, leader n0, term 3\n"
      "ID  ROLE      UP   TERM  COMMIT  APPLIED  LAG  DIGEST        DURABILITY  ADDRESS      HEALTH\n"
      "n0  leader    yes  3     7       7        0    000000000000  fsync       127.0.0.1:1  ok\n"
      "n1  follower  no   -     -       -        -    -             -           127.0.0.1:2  does not answer\n";
  CHECK(status_table(status) == table);
  const std::string hash(64, '0');
  const std::string json =
      R"({"cluster":"01000000000000000000000000000000","leader":"n0","term":3,"divergent":false,"members":[)"
      R"({"id":"n0","role":"leader","up":true,"address":"127.0.0.1:1","term":3,"commit":7,"applied":7,"lag":0,)"
      R"("digest":")" +
      hash + R"(","state":")" + hash +
      R"(","durability":"fsync","first":0,"last":0,"flushed":0,"health":"ok"},)"
      R"({"id":"n1","role":"follower","up":false,"address":"127.0.0.1:2","term":null,"commit":null,)"
      R"("applied":null,"lag":null,"digest":null,"state":null,"durability":null,"first":null,"last":null,)"
      R"("flushed":null,"health":"does not answer"}]})";
  CHECK(status_json(status) == json);
}

TEST_CASE("the members as a table and as JSON") {
  const std::vector<wire::MemberInfo> members = {member(1, "leader")};
  const std::string json =
      R"([{"id":"n0","address":"127.0.0.1:1","role":"leader","raft":"127.0.0.1:12000","hjoin":"","hrecov":""}])";
  CHECK(members_json(members) == json);
  CHECK(members_table(members) == "ID  ROLE    ADDRESS      RAFT\nn0  leader  127.0.0.1:1  127.0.0.1:12000\n");
}

TEST_CASE("the status is gathered from every member, configured or not, and soon if one is down") {
  CliFixture f("", 3);
  serve_status(f, 3, {member(1, "leader"), member(2, "follower"), member(3, "follower")});
  ClientSettings settings = Fixture::settings(f.cluster, 2);
  Client two_known(f.cluster, f.cluster.clock, settings);
  f.cluster[1].is_deaf = true;
  const std::uint64_t begin = f.cluster.clock.now_us;
  const auto status = ask_status(two_known);
  REQUIRE(status.has_value());
  CHECK(f.cluster.clock.now_us - begin < 1'000'000);
  REQUIRE(status->members.size() == 3);
  CHECK(status->members[0].answer.has_value());
  CHECK_FALSE(status->members[1].answer.has_value());
  CHECK(status->members[2].answer.has_value());
  CHECK(status->notes.size() == 1);
}

TEST_CASE("digests are compared at an index that all have passed, and a difference fails the command") {
  CliFixture f("", 3);
  serve_status(f, 3, {member(1, "leader"), member(2, "follower"), member(3, "follower")});
  CHECK(f.run_command("status", {}) == 0);
  std::vector<Index> asked;
  for (const auto& request : f.cluster[2].requests()) {
    if (const auto* question = std::get_if<wire::StatusRequest>(&request.body)) asked.push_back(question->digest_at);
  }
  CHECK(asked == std::vector<Index>{Index{}, Index{10}});
  f.cluster[2].handler = [inner = f.cluster[2].handler](const wire::Request& request) {
    auto body = inner(request);
    if (auto* given = std::get_if<wire::StatusReply>(&*body)) given->state_there.bytes[5] = 1;
    return body;
  };
  CHECK(f.run_command("status", {}) == 1);
  CHECK(f.out.str().find("STATE DIFFERS at index 10") != std::string::npos);
}

TEST_CASE("without an answer from any node the status ends with exit code 3") {
  CliFixture f("", 2);
  f.cluster[0].is_deaf = true;
  f.cluster[1].is_reachable = false;
  CHECK(f.run_command("status", {}) == 3);
  CHECK(f.out.str().empty());
}

TEST_CASE("members are removed, also when the answer was lost") {
  CliFixture f("", 2);
  std::vector<wire::MemberInfo> members = {member(1, "leader"), member(2, "follower")};
  f.cluster[0].handler = f.cluster[1].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    if (std::holds_alternative<wire::MembersRequest>(request.body)) return wire::MembersReply{members};
    const std::string name = std::get<wire::RemoveRequest>(request.body).name;
    const auto removed = std::erase_if(members, [&](const auto& each) { return each.name == name; });
    if (removed == 0) return wire::ErrorReply{ErrorWord::not_member, "no member has that name", 0};
    return wire::DoneReply{};
  };
  CHECK(f.run_command("remove", {"nobody"}) == 1);
  SECTION("answered") { CHECK(f.run_command("remove", {"n1"}) == 0); }
  SECTION("lost") {
    f.cluster[0].answers_to_lose = 1;
    CHECK(f.run_command("remove", {"n1"}) == 0);
  }
  CHECK(f.out.str() == "OK\n");
  CHECK(f.run_command("members", {}) == 0);
  CHECK(f.lines().size() == 2);
}

TEST_CASE("a waiting node is told to found a cluster only if no server is in one") {
  CliFixture f("", 2);
  bool is_founded = false;
  for (std::size_t at = 0; at < 2; ++at) {
    f.cluster[at].cluster = {};
    f.cluster[at].handler = [&, at](const wire::Request& request) -> std::optional<wire::ReplyBody> {
      if (std::holds_alternative<wire::StatusRequest>(request.body)) return answer(at + 1, "learner", 0).status;
      CHECK(at == 0);
      is_founded = true;
      return wire::DoneReply{};
    };
  }
  SECTION("none is") {
    CHECK(f.run_command("found", {}) == 0);
    CHECK(is_founded);
    CHECK(f.out.str() == "OK\n");
  }
  SECTION("one is") {
    f.cluster[1].cluster.bytes[0] = 1;
    CHECK(f.run_command("found", {}) == 1);
    CHECK_FALSE(is_founded);
    CHECK(f.err.str().find("denied") != std::string::npos);
  }
  SECTION("nobody answers") {
    f.cluster[0].is_deaf = f.cluster[1].is_deaf = true;
    CHECK(f.run_command("found", {}) == 3);
  }
}

TEST_CASE("a logger is asked for its archive, and what it has is compared with a node") {
  CliFixture f("", 1);
  wire::MemberInfo logger = member(2, "logger");
  logger.client_address.clear();
  logger.recovery_address = "127.0.0.1:777";
  wire::MemberInfo silent = member(3, "logger");
  silent.client_address.clear();
  silent.recovery_address = "127.0.0.1:778";
  serve_status(f, 1, {member(1, "leader"), logger, silent});
  Client client(f.cluster, f.cluster.clock, Fixture::settings(f.cluster, 1));
  transfer::RangeHead head;
  head.first = Index{1};
  head.last.index = Index{8};
  std::vector<Address> asked;
  const AskArchives ask = [&](const std::vector<Address>& addresses, const ClusterId&) {
    asked = addresses;
    return std::vector<ArchiveHead>{{addresses.front(), head}};
  };
  auto status = ask_status(client);
  REQUIRE(status);
  add_archives(client, *status, ask);
  CHECK(asked.size() == 2);
  CHECK(status->members[1].archive == head);
  CHECK(status->members[1].lag == 2);
  CHECK(status->members[1].health == "ok");
  CHECK(status->members[2].health == "does not answer");
  CHECK_FALSE(status->is_divergent);
  CHECK(status_json(*status).find(
            R"("id":"n1","role":"logger","up":true,"address":"127.0.0.1:777","term":0,"commit":8,)") !=
        std::string::npos);

  head.gaps.push_back({Index{3}, Index{5}});
  head.last.digest.bytes[0] = 9;
  auto differing = ask_status(client);
  REQUIRE(differing);
  add_archives(client, *differing, ask);
  CHECK(differing->is_divergent);
  CHECK(differing->members[1].health == "ARCHIVE DIFFERS at index 8; gap 3-5");
  CHECK(status_json(*differing).find(R"("gaps":[[3,5]],"images":[])") != std::string::npos);
}
