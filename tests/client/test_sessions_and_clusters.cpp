#include "tests/client/client_testing.hpp"

using namespace parley;
using namespace parley::client;

TEST_CASE("a command whose session expired before it was sent again is carried out in a new one") {
  Fixture f;
  CHECK(set(f, "k", "1").ok());
  f.cluster.expire_sessions();
  f.cluster[0].frames.clear();
  std::size_t answered = 0;
  for (int i = 0; i < 20; ++i) {
    f.client.submit(app::Set{"k", std::to_string(i)}, [&](Outcome&& outcome) { answered += outcome.ok() ? 1 : 0; });
  }
  f.pass(10'000);
  CHECK(answered == 20);
  CHECK(f.client.counters().sessions_opened == 2);
  const auto commands = f.cluster[0].commands();
  REQUIRE(commands.size() == 40);
  CHECK(commands[20].session != commands[0].session);
  CHECK(commands[20].seq == RequestSeq{1});
  CHECK(commands[39].seq == RequestSeq{20});
}

TEST_CASE("a command that was sent twice before its session expired has an unknown outcome") {
  Fixture f;
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].answers_to_lose = 1;
  std::optional<Outcome> outcome;
  f.client.submit(app::CompareAndSet{"k", "1", "2"}, f.keep(outcome));
  f.client.step();
  f.cluster.expire_sessions();
  const Outcome ended = f.await(outcome);
  CHECK(ended.word == ErrorWord::timeout);
  CHECK(f.cluster.stored("k") == "2");  // had it been given a new number, it would have been answered a mismatch
  CHECK(set(f, "k", "3").ok());
}

TEST_CASE("a command whose session expired and for which none can be opened says so") {
  Fixture f;
  CHECK(set(f, "k", "1").ok());
  f.cluster.expire_sessions();
  f.cluster[0].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    const auto command = app::decode_command(std::get<wire::WriteRequest>(request.body).command.view());
    if (std::holds_alternative<app::OpenSession>(command->operation)) return std::nullopt;
    return f.cluster.carry_out(request);
  };
  CHECK(set(f, "k", "2", 900'000).word == ErrorWord::session_expired);
  CHECK(f.cluster.stored("k") == "1");
}

TEST_CASE("an opening of a session that is answered twice gives one session") {
  Fixture f(2);
  f.cluster[0].holds_answers = true;
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].holds_answers = false;
  f.cluster[0].release();
  for (int i = 0; i < 3; ++i) CHECK(set(f, "k", "2").ok());
  CHECK(f.client.counters().sessions_opened == 1);
}

TEST_CASE("the cluster is learnt from the first answer and named in every frame after it") {
  Fixture f;
  CHECK(f.client.cluster().is_nil());
  CHECK(set(f, "k", "1").ok());
  CHECK(f.client.cluster() == f.cluster[0].cluster);
  CHECK(f.cluster[0].frames.front().cluster.is_nil());
  CHECK(f.cluster[0].frames.back().cluster == f.cluster[0].cluster);
}

TEST_CASE("a server that belongs to another cluster is refused, naming both") {
  Fixture f;
  CHECK(set(f, "k", "1").ok());
  const ClusterId ours = f.cluster[0].cluster;
  f.cluster[0].cluster.bytes[0] = 9;
  f.cluster[0].handler = [](const wire::Request&) { return wire::ErrorReply{ErrorWord::denied, "another cluster", 0}; };
  const Outcome outcome = set(f, "k", "2");
  CHECK(outcome.word == ErrorWord::denied);
  CHECK(outcome.detail.find(ours.text()) != std::string::npos);
  CHECK(outcome.detail.find(f.cluster[0].cluster.text()) != std::string::npos);
  CHECK(f.client.cluster() == ours);
  CHECK(set(f, "k", "3").word == ErrorWord::denied);
}

TEST_CASE("a foreign server among others is left alone") {
  Fixture f(3);
  f.cluster.elect(1);
  CHECK(set(f, "k", "1").ok());
  f.cluster[0].cluster.bytes[0] = 9;
  f.cluster[0].handler = [](const wire::Request&) { return wire::ErrorReply{ErrorWord::denied, "another cluster", 0}; };
  CHECK(f.get("k", wire::ReadMode::stale).ok());
  f.cluster[0].frames.clear();
  f.cluster[1].is_reachable = false;
  for (int i = 0; i < 5; ++i) CHECK(set(f, "k", "2").ok());
  CHECK(f.cluster[0].frames.empty());
  CHECK_FALSE(f.cluster[2].frames.empty());
}

TEST_CASE("a server that belongs to no cluster yet is passed over") {
  Fixture f(2);
  f.cluster[0].cluster = {};
  f.cluster[0].leader.clear();
  f.cluster[0].handler = [](const wire::Request&) {
    return wire::ErrorReply{ErrorWord::not_member, "waits to join", 0};
  };
  CHECK(set(f, "k", "1").ok());
  CHECK(f.client.cluster() == f.cluster[1].cluster);
}

TEST_CASE("what is meant for one server is never sent to another") {
  Fixture f(2);
  f.cluster[1].is_deaf = true;
  std::optional<Outcome> outcome;
  f.client.submit_to(f.cluster[1].address, wire::StatusRequest{}, f.keep(outcome), 5'000'000);
  CHECK(f.await(outcome).word == ErrorWord::timeout);
  CHECK(f.cluster[0].frames.empty());
  CHECK(f.cluster[1].frames.size() >= 2);
}

TEST_CASE("a server that was only asked by name gets nothing else") {
  Fixture f(2, 1);
  std::optional<Outcome> outcome;
  f.client.submit_to(f.cluster[1].address, wire::StatusRequest{}, f.keep(outcome));
  CHECK(f.await(outcome).ok());
  f.cluster[1].frames.clear();
  f.cluster[0].is_deaf = true;
  CHECK(f.get("k").word == ErrorWord::timeout);
  CHECK(f.cluster[1].frames.empty());
}
