#include <catch2/catch.hpp>

#include <map>

#include "common/base/fairness_limits.hpp"
#include "node/pending_writes.hpp"
#include "tests/node/askers.hpp"

using namespace parley;
using namespace parley::node;

namespace {

app::CommandId command(std::uint64_t seq) { return {SessionId{7}, RequestSeq{seq}, 0}; }
SharedBytes bytes(std::string text) { return SharedBytes(std::move(text)); }
const wire::AppReply done{Index{9}, SharedBytes(Bytes("ok"))};

struct Desk {
  Admission admission;
  PendingWrites writes{admission, 100};
  Answers answers;
  explicit Desk(bool leader_known = true) { writes.leader_changed(leader_known); }
};

}  // namespace

TEST_CASE("a command is proposed once and answered when it is applied") {
  Desk desk;
  REQUIRE_FALSE(desk.writes.add(asker(1), command(1), bytes("a"), 1000));
  REQUIRE_FALSE(desk.writes.add(asker(2), command(2), bytes("b"), 1000));
  const auto proposal = desk.writes.take_proposal();
  REQUIRE(proposal);
  CHECK(proposal->commands == std::vector{bytes("a"), bytes("b")});
  CHECK_FALSE(desk.writes.take_proposal());

  desk.writes.applied(command(1), done, false, desk.answers);
  REQUIRE(desk.answers.size() == 1);
  CHECK(desk.answers[0].to == asker(1));
  CHECK(std::get<wire::AppReply>(desk.answers[0].body) == done);
  CHECK(desk.admission.requests() == 1);
}

TEST_CASE("a duplicate of a command in flight gets the same answer when it comes") {
  Desk desk;
  REQUIRE_FALSE(desk.writes.add(asker(1), command(1), bytes("a"), 1000));
  REQUIRE(desk.writes.take_proposal());
  REQUIRE_FALSE(desk.writes.add(asker(5, "c2"), command(1), bytes("a"), 1000));
  CHECK_FALSE(desk.writes.take_proposal());
  desk.writes.applied(command(1), done, false, desk.answers);
  CHECK(desk.answers.size() == 2);
  CHECK(desk.admission.requests() == 0);
  CHECK(desk.admission.bytes() == 0);
}

TEST_CASE("whoever sends other bytes under the number of a command in flight waits for that one, and counts for it") {
  Desk desk;
  REQUIRE_FALSE(desk.writes.add(asker(1), command(1), bytes(std::string(1000, 'a')), 1000));
  REQUIRE_FALSE(desk.writes.add(asker(2), command(1), bytes("b"), 1000));
  REQUIRE_FALSE(desk.writes.add(asker(3), command(1), {}, 1000));
  CHECK(desk.admission.bytes() == 3000);
  const auto proposal = desk.writes.take_proposal();
  REQUIRE(proposal);
  CHECK(proposal->commands == std::vector{bytes(std::string(1000, 'a'))});
  desk.writes.applied(command(1), done, false, desk.answers);
  CHECK(desk.answers.size() == 3);
  CHECK(desk.admission.requests() == 0);
  CHECK(desk.admission.bytes() == 0);
}

TEST_CASE("what is applied answers the command that it was, whatever stood there before") {
  for (std::uint64_t first = 1; first <= 3; ++first) {
    Desk desk;
    for (std::uint64_t seq = 1; seq <= 3; ++seq)
      REQUIRE_FALSE(desk.writes.add(asker(seq), command(seq), bytes("a"), 1000));
    REQUIRE(desk.writes.take_proposal());
    // Another leader has put something else where these were to stand.
    desk.writes.leader_changed(true);
    desk.writes.applied(command(7), done, false, desk.answers);
    CHECK(desk.answers.empty());
    desk.writes.applied(command(first), done, false, desk.answers);
    REQUIRE(desk.answers.size() == 1);
    CHECK(desk.answers[0].to == asker(first));
  }
}

TEST_CASE("without a leader commands wait, and are refused as certainly not done when their time is up") {
  Desk desk(false);
  REQUIRE_FALSE(desk.writes.add(asker(1), command(1), bytes("a"), 1000));
  REQUIRE_FALSE(desk.writes.add(asker(2), command(2), bytes("b"), 3000));
  CHECK_FALSE(desk.writes.take_proposal());
  desk.writes.expire(1000, desk.answers);
  REQUIRE(desk.answers.size() == 1);
  CHECK(error_of(desk.answers[0]) == ErrorWord::no_leader);
  desk.writes.leader_changed(true);
  CHECK(desk.writes.take_proposal()->commands.size() == 1);
}

TEST_CASE("a command that was proposed and not applied in time has an unknown outcome") {
  Desk desk;
  REQUIRE_FALSE(desk.writes.add(asker(1), command(1), bytes("a"), 1000));
  REQUIRE(desk.writes.take_proposal());
  desk.writes.expire(2000, desk.answers);
  REQUIRE(desk.answers.size() == 1);
  CHECK(error_of(desk.answers[0]) == ErrorWord::timeout);
  CHECK(desk.admission.requests() == 0);
}

TEST_CASE("a new leader is given again whatever was proposed to the old one") {
  Desk desk;
  REQUIRE_FALSE(desk.writes.add(asker(1), command(1), bytes("a"), 1000));
  const auto first = desk.writes.take_proposal();
  desk.writes.leader_changed(true);
  const auto second = desk.writes.take_proposal();
  REQUIRE(second);
  CHECK(second->commands == first->commands);
  CHECK(second->id != first->id);

  SECTION("and a refusal of the second is not certain, since the first may still be committed") {
    desk.writes.refused({second->id, raft::Refusal::busy}, desk.answers);
    CHECK(desk.answers.empty());
    desk.writes.applied(command(1), done, false, desk.answers);
    CHECK(desk.answers.size() == 1);
  }
  SECTION("which is proposed again in a while, since the first may as well be lost") {
    for (int refusals = 0; refusals < 3; ++refusals) {
      const auto again = refusals == 0 ? second : desk.writes.take_proposal();
      REQUIRE(again);
      CHECK(again->commands == first->commands);
      desk.writes.refused({again->id, refusals == 1 ? raft::Refusal::disk_full : raft::Refusal::busy}, desk.answers);
      CHECK_FALSE(desk.writes.take_proposal());
      desk.writes.expire(10, desk.answers);
      CHECK(desk.answers.empty());
    }
    REQUIRE(desk.writes.take_proposal());
    desk.writes.applied(command(1), done, false, desk.answers);
    REQUIRE(desk.answers.size() == 1);
    CHECK(std::get<wire::AppReply>(desk.answers[0].body) == done);
  }
  SECTION("and if nobody takes it in time, the outcome is unknown") {
    desk.writes.refused({second->id, raft::Refusal::busy}, desk.answers);
    desk.writes.expire(2000, desk.answers);
    REQUIRE(desk.answers.size() == 1);
    CHECK(error_of(desk.answers[0]) == ErrorWord::timeout);
    CHECK_FALSE(desk.writes.take_proposal());
  }
  SECTION("and if the session is gone when only the first can have been taken, that is the answer") {
    desk.writes.refused({second->id, raft::Refusal::busy}, desk.answers);
    desk.writes.applied(command(1), done, true, desk.answers);
    REQUIRE(desk.answers.size() == 1);
    CHECK(std::get<wire::AppReply>(desk.answers[0].body) == done);
  }
  SECTION("and a late refusal of the first changes nothing") {
    desk.writes.refused({first->id, raft::Refusal::busy}, desk.answers);
    CHECK(desk.answers.empty());
  }
}

TEST_CASE("a command that the leader is too busy for is answered busy, with a time to wait") {
  Desk desk;
  REQUIRE_FALSE(desk.writes.add(asker(1), command(1), bytes("a"), 1000));
  const auto proposal = desk.writes.take_proposal();
  desk.writes.refused({proposal->id, raft::Refusal::busy}, desk.answers);
  REQUIRE(desk.answers.size() == 1);
  CHECK(error_of(desk.answers[0]) == ErrorWord::busy);
  CHECK(std::get<wire::ErrorReply>(desk.answers[0].body).retry_after_ms > 0);
  CHECK_FALSE(desk.writes.is_waiting(command(1)));
}

TEST_CASE("a command that met no leader is kept for the next one") {
  Desk desk;
  REQUIRE_FALSE(desk.writes.add(asker(1), command(1), bytes("a"), 1000));
  const auto proposal = desk.writes.take_proposal();
  desk.writes.refused({proposal->id, raft::Refusal::no_leader}, desk.answers);
  CHECK(desk.answers.empty());
  CHECK_FALSE(desk.writes.take_proposal());
  desk.writes.set_leader_known(true);
  REQUIRE(desk.writes.take_proposal());
  CHECK_FALSE(desk.writes.take_proposal());
}

TEST_CASE("a proposal holds as many commands as an append may have bytes, but always one") {
  Desk desk;
  const std::string large(limits::append_bytes / 2, 'x');
  for (std::uint64_t i = 1; i <= 3; ++i) REQUIRE_FALSE(desk.writes.add(asker(i), command(i), bytes(large), 1000));
  const std::string largest(limits::command_bytes, 'y');
  REQUIRE_FALSE(desk.writes.add(asker(4), command(4), bytes(largest), 1000));
  std::vector<std::size_t> sizes;
  while (const auto proposal = desk.writes.take_proposal()) sizes.push_back(proposal->commands.size());
  CHECK(sizes == std::vector<std::size_t>{1, 1, 1, 1});
}

TEST_CASE("without its session a command that was proposed again may have been carried out the first time") {
  for (const bool again : {false, true}) {
    CAPTURE(again);
    Desk desk;
    REQUIRE_FALSE(desk.writes.add(asker(1), command(1), bytes("a"), 1000));
    REQUIRE(desk.writes.take_proposal());
    if (again) {
      desk.writes.leader_changed(true);
      REQUIRE(desk.writes.take_proposal());
    }
    desk.writes.applied(command(1), done, true, desk.answers);
    REQUIRE(desk.answers.size() == 1);
    if (again) {
      CHECK(error_of(desk.answers[0]) == ErrorWord::timeout);
    } else {
      CHECK(std::get<wire::AppReply>(desk.answers[0].body) == done);
    }
  }
}

namespace {

/// How many commands of each connection a proposal has, by the first letter of the command.
std::map<char, std::size_t> by_letter(const std::optional<raft::Propose>& proposal) {
  std::map<char, std::size_t> counts;
  if (!proposal) return counts;
  for (const SharedBytes& command : proposal->commands) ++counts[command.view().front()];
  return counts;
}

/// Adds `count` commands of a connection, numbered from `first` on.
void add_many(Desk& desk, const char* connection, const char* letter, std::uint64_t first, std::size_t count) {
  for (std::uint64_t i = first; i < first + count; ++i)
    REQUIRE_FALSE(desk.writes.add(asker(i, connection), command(i), bytes(letter), 10'000'000));
}

}  // namespace

TEST_CASE("of a flood no more is on its way at a time than its bound, and all of it in the end") {
  Desk desk;
  add_many(desk, "flood", "f", 1, 3000);
  desk.writes.set_now(1);
  CHECK(by_letter(desk.writes.take_proposal()) == std::map<char, std::size_t>{{'f', limits::proposed_commands}});
  CHECK_FALSE(desk.writes.take_proposal());
  std::uint64_t next = 1;
  for (; next <= 10; ++next) desk.writes.applied(command(next), done, false, desk.answers);
  CHECK(by_letter(desk.writes.take_proposal())['f'] == 10);
  while (desk.admission.requests() > 0) {
    desk.writes.applied(command(next++), done, false, desk.answers);
    (void)desk.writes.take_proposal();
  }
  CHECK(desk.answers.size() == 3000);
}

TEST_CASE("a connection with little to do goes before a flood, which then has less on its way") {
  Desk desk;
  desk.writes.set_now(1'000'000);
  add_many(desk, "flood", "f", 1, 3000);
  REQUIRE_FALSE(desk.writes.add(asker(1, "light"), command(5000), bytes("l"), 10'000'000));
  const auto counts = by_letter(desk.writes.take_proposal());
  CHECK(counts == std::map<char, std::size_t>{{'f', limits::proposed_commands}, {'l', 1}});
  // However much of the flood is on its way; and of that less from now on.
  desk.writes.applied(command(5000), done, false, desk.answers);
  for (std::uint64_t i = 1; i <= 200; ++i) desk.writes.applied(command(i), done, false, desk.answers);
  REQUIRE_FALSE(desk.writes.add(asker(2, "light"), command(5001), bytes("l"), 10'000'000));
  CHECK(by_letter(desk.writes.take_proposal()) == std::map<char, std::size_t>{{'l', 1}});
  for (std::uint64_t i = 201; i <= limits::proposed_commands - 5; ++i)
    desk.writes.applied(command(i), done, false, desk.answers);
  CHECK(by_letter(desk.writes.take_proposal())['f'] == limits::proposed_commands_beside_light - 5);
  // A while after the last of it the flood may fill its bound again.
  desk.writes.set_now(1'000'000 + limits::light_memory_us);
  CHECK(by_letter(desk.writes.take_proposal())['f'] ==
        limits::proposed_commands - limits::proposed_commands_beside_light);
}

TEST_CASE("connections with much to do take turns") {
  Desk desk;
  add_many(desk, "c1", "a", 1, 1500);
  add_many(desk, "c2", "b", 3001, 1500);
  const auto counts = by_letter(desk.writes.take_proposal());
  CHECK(counts ==
        std::map<char, std::size_t>{{'a', limits::proposed_commands / 2}, {'b', limits::proposed_commands / 2}});
}

TEST_CASE("what was refused, lost or proposed to a leader of before holds nothing up") {
  Desk desk;
  desk.writes.set_now(1);
  add_many(desk, "flood", "f", 1, 3000);
  auto proposal = desk.writes.take_proposal();
  REQUIRE(proposal);
  SECTION("refused") {
    desk.writes.refused({proposal->id, raft::Refusal::busy}, desk.answers);
    CHECK(desk.answers.size() == limits::proposed_commands);
    CHECK(by_letter(desk.writes.take_proposal())['f'] == limits::proposed_commands);
  }
  SECTION("another leader") {
    desk.writes.leader_changed(true);
    CHECK(by_letter(desk.writes.take_proposal())['f'] == limits::proposed_commands);
  }
  SECTION("lost") {
    desk.writes.expire(2, desk.answers);
    CHECK_FALSE(desk.writes.take_proposal());
    desk.writes.set_now(1 + limits::proposal_memory_us);
    desk.writes.expire(3, desk.answers);
    CHECK(by_letter(desk.writes.take_proposal())['f'] == limits::proposed_commands);
  }
  SECTION("given up by its clients") {
    desk.writes.expire(20'000'000, desk.answers);
    CHECK(desk.answers.size() == 3000);
    add_many(desk, "flood", "f", 5000, 2000);
    CHECK(by_letter(desk.writes.take_proposal())['f'] == limits::proposed_commands);
  }
}
