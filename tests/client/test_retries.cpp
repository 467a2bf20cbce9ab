#include "tests/client/client_testing.hpp"

using namespace parley;
using namespace parley::client;

namespace {

wire::ErrorReply refusal(ErrorWord word, std::uint32_t retry_after_ms = 0) {
  return {word, "said the server", retry_after_ms};
}

/// Answers the first `times` requests that are no OpenSession with `answer` (nothing: silence), and carries out the
/// rest.
auto first(FakeCluster& cluster, std::size_t times, std::optional<wire::ReplyBody> answer) {
  return [&cluster, times, answer](const wire::Request& request) mutable -> std::optional<wire::ReplyBody> {
    const auto* write = std::get_if<wire::WriteRequest>(&request.body);
    if (write != nullptr && app::decode_command(write->command.view())->session == SessionId{})
      return cluster.carry_out(request);
    if (times == 0) return cluster.carry_out(request);
    --times;
    return answer;
  };
}

}  // namespace

TEST_CASE("a write whose answer is lost is sent again with the same number and takes effect once") {
  Fixture f;
  CHECK(set(f, "k", "1").ok());
  CHECK(set(f, "other", "x").ok());
  f.cluster[0].frames.clear();
  f.cluster[0].answers_to_lose = 1;
  const Outcome outcome = f.run(app::CompareAndSet{"k", "1", "2"});
  CHECK(outcome.ok());  // carried out twice, the second time would be a mismatch
  CHECK(f.cluster.stored("k") == "2");
  const auto commands = f.cluster[0].commands();
  REQUIRE(commands.size() == 2);
  CHECK(commands[0] == commands[1]);
  const auto requests = f.cluster[0].requests();
  CHECK(requests[0].id != requests[1].id);
}

TEST_CASE("a silent server is left for another within a fraction of a second") {
  Fixture f(3);
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].is_deaf = true;
  const std::uint64_t begin = f.cluster.clock.now_us;
  CHECK(set(f, "k", "2").ok());
  CHECK(f.cluster.clock.now_us - begin < 250'000);
  // The next one goes there at once.
  const std::uint64_t next = f.cluster.clock.now_us;
  CHECK(set(f, "k", "3").ok());
  CHECK(f.cluster.clock.now_us - next < 1'000);
}

TEST_CASE("a server whose connection is gone is left at once") {
  Fixture f(3);
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].is_reachable = false;
  const std::uint64_t begin = f.cluster.clock.now_us;
  CHECK(set(f, "k", "2").ok());
  CHECK(f.cluster.clock.now_us - begin < 1'000);
}

TEST_CASE("all that waited for a silent server moves together") {
  Fixture f(2);
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].is_deaf = true;
  std::size_t answered = 0;
  for (int i = 0; i < 200; ++i) {
    f.client.submit(app::Set{"k" + std::to_string(i), "v"},
                    [&](Outcome&& outcome) { answered += outcome.ok() ? 1 : 0; });
  }
  f.pass(250'000);
  CHECK(answered == 200);
  CHECK(f.cluster[1].frames.size() <= 3);
}

TEST_CASE("a late answer to an earlier try counts") {
  Fixture f(2);
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].holds_answers = true;
  f.cluster[1].is_deaf = true;
  std::optional<Outcome> outcome;
  f.client.submit(app::Set{"k", "2"}, f.keep(outcome));
  f.pass(400'000);
  REQUIRE_FALSE(outcome.has_value());
  REQUIRE_FALSE(f.cluster[1].frames.empty());  // it was tried there as well
  f.cluster[0].release();
  const std::uint64_t begin = f.cluster.clock.now_us;
  CHECK(f.await(outcome).ok());
  CHECK(f.cluster.clock.now_us - begin < 1'000);
}

TEST_CASE("answers to both tries end an operation once") {
  Fixture f(2);
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].holds_answers = true;
  CHECK(set(f, "k", "2").ok());
  f.cluster[0].release();
  f.pass(10'000);
  CHECK(f.client.counters().replies_unknown == 1);
  CHECK(f.get("k").ok());
}

TEST_CASE("writes and strong reads go to the leader that a reply names, stale reads stay") {
  Fixture f(3);
  f.cluster.elect(2);
  CHECK(f.get("k", wire::ReadMode::stale).word == ErrorWord::not_found);
  for (FakeServer* server : {&f.cluster[0], &f.cluster[2]}) server->frames.clear();
  CHECK(set(f, "k", "1").ok());
  CHECK(f.get("k").ok());
  CHECK(f.get("k", wire::ReadMode::lease).ok());
  CHECK(f.cluster[0].frames.empty());
  CHECK(f.cluster[2].requests().size() == 4);
  CHECK(f.get("k", wire::ReadMode::stale).ok());
  CHECK(f.cluster[0].requests().size() == 1);
  CHECK(f.cluster[1].frames.empty());
}

TEST_CASE("a leader that was not configured is connected to") {
  Fixture f(3, 1);
  f.cluster.elect(2);
  CHECK(set(f, "k", "1").ok());
  CHECK(set(f, "k", "2").ok());
  CHECK_FALSE(f.cluster[2].frames.empty());
  CHECK(f.cluster[1].frames.empty());
}

TEST_CASE("a leader that cannot be reached does not stop what a follower would forward") {
  Fixture f(2);
  f.cluster.elect(1);
  f.cluster[1].is_reachable = false;
  const std::uint64_t begin = f.cluster.clock.now_us;
  for (int i = 0; i < 10; ++i) CHECK(set(f, "k", "1").ok());
  CHECK(f.cluster.clock.now_us - begin < 200'000);
}

TEST_CASE("a hint to the leader that has just fallen silent is not followed") {
  Fixture f(3);
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].is_deaf = true;  // the others go on naming it
  const std::uint64_t begin = f.cluster.clock.now_us;
  for (int i = 0; i < 10; ++i) CHECK(set(f, "k", "2").ok());
  CHECK(f.cluster.clock.now_us - begin < 250'000);
}

TEST_CASE("after a failover the new leader is found while others still name the old one") {
  Fixture f(3);
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].is_reachable = false;
  f.cluster[0].is_deaf = true;
  // Followers hold what they get until somebody leads.
  for (std::size_t at : {1U, 2U}) f.cluster[at].is_deaf = true;
  f.cluster.after(400'000, [&] {
    f.cluster.elect(2);
    for (std::size_t at : {1U, 2U}) f.cluster[at].is_deaf = false;
  });
  const std::uint64_t begin = f.cluster.clock.now_us;
  CHECK(set(f, "k", "2").ok());
  CHECK(f.cluster.clock.now_us - begin < 1'000'000);
}

TEST_CASE("busy is tried again after the time that the server names") {
  Fixture f;
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].handler = first(f.cluster, 1, refusal(ErrorWord::busy, 120));
  const std::uint64_t begin = f.cluster.clock.now_us;
  CHECK(set(f, "k", "2").ok());
  CHECK(f.cluster.clock.now_us - begin >= 120'000);
  CHECK(f.cluster.clock.now_us - begin < 200'000);
}

TEST_CASE("pauses between refusals grow") {
  Fixture f;
  f.cluster[0].handler = [](const wire::Request&) { return refusal(ErrorWord::busy); };
  std::optional<Outcome> outcome;
  f.client.submit(app::Get{"k"}, wire::ReadMode::linearizable, f.keep(outcome), 5'000'000);
  CHECK(f.await(outcome).word == ErrorWord::busy);
  CHECK(f.cluster[0].requests().size() < 20);
  CHECK(f.cluster[0].requests().size() > 5);
}

TEST_CASE("without a leader the next server is asked") {
  Fixture f(2);
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].handler = [](const wire::Request&) { return refusal(ErrorWord::no_leader); };
  CHECK(set(f, "k", "2").ok());
  CHECK_FALSE(f.cluster[1].frames.empty());
}

TEST_CASE("of servers that know of no leader each is asked in its turn, whatever was believed before") {
  for (const std::size_t leader : {0U, 1U, 2U, 3U, 4U}) {
    for (const bool had_another : {false, true}) {
      DYNAMIC_SECTION("server " << leader << " leads, " << (had_another ? "another one did" : "the first question")) {
        Fixture f(5);
        if (had_another) {
          f.cluster.elect((leader + 2) % 5);
          CHECK(set(f, "k", "1").ok());
        }
        f.cluster.elect(leader);
        for (std::size_t at = 0; at < 5; ++at) {
          if (at == leader) continue;
          f.cluster[at].leader.clear();
          f.cluster[at].leader_address.clear();
          f.cluster[at].handler = [](const wire::Request&) { return refusal(ErrorWord::no_leader); };
        }
        CHECK(set(f, "k", "2").ok());
      }
    }
  }
}

TEST_CASE("at the deadline a write is told apart that may have been carried out") {
  Fixture f;
  CHECK(set(f, "k", "1").ok());
  const std::uint64_t begin = f.cluster.clock.now_us;
  SECTION("no answer: unknown") {
    f.cluster[0].is_deaf = true;
    const Outcome outcome = set(f, "k", "2", 700'000);
    CHECK(outcome.word == ErrorWord::timeout);
    CHECK(f.cluster.clock.now_us - begin >= 700'000);
    CHECK(f.cluster.clock.now_us - begin < 710'000);
  }
  SECTION("every try refused: certain") {
    f.cluster[0].handler = [](const wire::Request&) { return refusal(ErrorWord::no_leader); };
    const Outcome outcome = set(f, "k", "2", 700'000);
    CHECK(outcome.word == ErrorWord::no_leader);
    CHECK(outcome.detail == "said the server");
  }
  SECTION("one try lost and the others refused: unknown") {
    f.cluster[0].handler = [lost = false](const wire::Request&) mutable -> std::optional<wire::ReplyBody> {
      if (!std::exchange(lost, true)) return std::nullopt;
      return refusal(ErrorWord::busy);
    };
    CHECK(set(f, "k", "2", 700'000).word == ErrorWord::timeout);
  }
  SECTION("a refusal that ends it, after a lost try: unknown") {
    f.cluster[0].handler = [lost = false](const wire::Request&) mutable -> std::optional<wire::ReplyBody> {
      if (!std::exchange(lost, true)) return std::nullopt;
      return refusal(ErrorWord::disk_full);
    };
    CHECK(set(f, "k", "2").word == ErrorWord::timeout);
  }
  SECTION("the server gave up after proposing it: unknown") {
    f.cluster[0].handler = [](const wire::Request&) { return refusal(ErrorWord::timeout); };
    CHECK(set(f, "k", "2", 700'000).word == ErrorWord::timeout);
  }
  SECTION("never sent: certain") {
    f.cluster[0].is_reachable = false;
    const Outcome outcome = set(f, "k", "2", 700'000);
    CHECK(outcome.word == ErrorWord::no_leader);
    CHECK(outcome.detail.find(f.cluster[0].address.text()) != std::string::npos);
  }
}

TEST_CASE("a write that no session could be opened for was certainly not done") {
  Fixture f;
  SECTION("nobody answers") {
    f.cluster[0].is_deaf = true;
    CHECK(set(f, "k", "1", 700'000).word == ErrorWord::no_leader);
  }
  SECTION("nobody is there") {
    f.cluster[0].is_reachable = false;
    const Outcome outcome = set(f, "k", "1");
    CHECK(outcome.word == ErrorWord::no_leader);
    CHECK(outcome.detail.find(f.cluster[0].address.text()) != std::string::npos);
  }
  SECTION("too busy") {
    f.cluster[0].handler = [](const wire::Request&) { return refusal(ErrorWord::busy); };
    CHECK(set(f, "k", "1", 700'000).word == ErrorWord::busy);
  }
  CHECK(f.cluster[0].commands().empty());
}

TEST_CASE("a read that nobody answers times out, and one that is refused says why") {
  Fixture f;
  f.cluster[0].is_deaf = true;
  CHECK(f.get("k").word == ErrorWord::timeout);
  f.cluster[0].is_deaf = false;
  f.cluster[0].handler = [](const wire::Request&) { return refusal(ErrorWord::no_leader); };
  CHECK(f.get("k").word == ErrorWord::no_leader);
}

TEST_CASE("the same answer come twice does not make an unknown outcome certain") {
  Fixture f;
  CHECK(set(f, "k", "1").ok());
  std::optional<std::uint64_t> refused;
  f.cluster[0].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    if (refused) return std::nullopt;  // the second try is lost
    refused = request.id;
    return refusal(ErrorWord::busy);
  };
  std::optional<Outcome> outcome;
  f.client.submit(app::Set{"k", "2"}, f.keep(outcome), 600'000);
  f.pass(100'000);
  REQUIRE(refused.has_value());
  auto again = f.cluster[0].frame();
  again.replies.push_back({*refused, refusal(ErrorWord::busy)});
  f.cluster[0].replies.push_back({1, again});
  CHECK(f.await(outcome).word == ErrorWord::timeout);
}

TEST_CASE("a number that was given up does not hold the window") {
  Fixture f;
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].is_deaf = true;
  CHECK(set(f, "k", "2", 300'000).word == ErrorWord::timeout);
  f.cluster[0].is_deaf = false;
  f.cluster[0].frames.clear();
  CHECK(set(f, "k", "3").ok());
  const auto commands = f.cluster[0].commands();
  REQUIRE(commands.size() == 1);
  CHECK(commands[0].seq == RequestSeq{3});
  CHECK(commands[0].lowest_unanswered == RequestSeq{3});
}

TEST_CASE("servers are told less time than is left, so that they answer before it is over") {
  Fixture f;
  f.cluster[0].is_deaf = true;
  (void)f.get("k");
  const auto requests = f.cluster[0].requests();
  REQUIRE(requests.size() >= 2);
  CHECK(requests[0].deadline_ms < 5000);
  CHECK(requests[0].deadline_ms > 4500);
  CHECK(requests[1].deadline_ms < requests[0].deadline_ms);
}

TEST_CASE("a present value that was too long to keep is read again") {
  Fixture f;
  const std::string value(2 * limits::kept_reply_bytes, 'v');
  CHECK(set(f, "k", value).ok());
  f.cluster[0].answers_to_lose = 1;
  const Outcome outcome = f.run(app::CompareAndSet{"k", "x", "y"});
  CHECK(outcome.word == ErrorWord::mismatch);
  REQUIRE(outcome.value() != nullptr);
  CHECK(*outcome.value() == value);
  CHECK(set(f, "k", "w").ok());  // the number of the compare-and-set was settled
  CHECK(f.cluster[0].commands().back().lowest_unanswered == RequestSeq{3});
}
