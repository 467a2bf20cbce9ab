#include "common/app/chat/chat.hpp"
#include "common/base/chat_limits.hpp"
#include "node/password_desk.hpp"
#include "tests/app/chat_testing.hpp"
#include "tests/node/askers.hpp"

using namespace parley;
using namespace parley::node;
namespace chat = parley::app::chat;

namespace {

app::CommandId id(std::uint64_t seq) { return {SessionId{7}, RequestSeq{seq}, 0}; }

wire::PasswordRequest request(std::uint64_t seq, const chat::Operation& operation, const char* password = "secret",
                              const char* new_password = "") {
  const app::Command command{SessionId{7}, RequestSeq{seq}, RequestSeq{seq}, operation};
  return {
      SharedBytes(app::encode_command(command)), {}, SharedBytes(Bytes(password)), SharedBytes(Bytes(new_password))};
}

struct Desk {
  chat::ChatFixture state;
  Admission admission;
  PasswordDesk passwords{admission, 500};
  Answers answers;
  explicit Desk(bool leader_known = true) { passwords.leader_changed(leader_known); }

  void add(std::uint64_t seq, const chat::Operation& operation, std::uint64_t deadline_us = 1000) {
    REQUIRE_FALSE(passwords.add(asker(seq), id(seq), request(seq, operation), deadline_us));
  }
  /// The reads of all that wait are confirmed.
  std::optional<PasswordWork> next() {
    while (const auto round = passwords.take_round()) passwords.ready({round->id, state.replica.meta().applied});
    return passwords.take_work({state.replica.table(), state.replica.meta(), state.cluster_us}, answers);
  }
  PasswordWork work() {
    auto found = next();
    REQUIRE(found);
    CHECK_FALSE(next());
    return *std::move(found);
  }
  template <class T>
  T finish(const PasswordDone& done) {
    const auto finished = passwords.finish(done, answers);
    REQUIRE(finished.has_value());
    CHECK(finished->waiters.size() == 1);
    bytes = finished->command;
    const auto command = app::decode_command(bytes.view());
    REQUIRE(command.has_value());
    CHECK(app::id_of(*command) == finished->id);
    return std::get<T>(std::get<chat::Operation>(command->operation));
  }
  SharedBytes bytes;  ///< of the command that was finished last
};

const chat::TokenId token = chat::token("t");

}  // namespace

TEST_CASE("a user is created with the hash of the password, which itself goes no further") {
  Desk desk;
  desk.add(1, chat::CreateUser{"amy", ""});
  const PasswordWork work = desk.work();
  CHECK_FALSE(work.is_to_verify);
  CHECK(work.is_to_hash);
  CHECK(work.new_password == "secret");
  CHECK(desk.finish<chat::CreateUser>({work.ticket, false, "the hash"}) == chat::CreateUser{"amy", "the hash"});
  CHECK(desk.bytes.view().find("secret") == BytesView::npos);
  CHECK(desk.passwords.size() == 0);
  CHECK(desk.admission.requests() == 0);
  CHECK(desk.admission.bytes() == 0);
}

TEST_CASE("a login is verified against what the rows say, and says of which password") {
  Desk desk;
  const chat::TokenId amy = desk.state.user("amy");
  REQUIRE(desk.state.word(chat::ChangePassword{amy, 1, true, "second hash"}) == ErrorWord::ok);
  desk.add(1, chat::Login{"AMY", token, 0, false});
  const PasswordWork work = desk.work();
  CHECK(work.is_to_verify);
  CHECK_FALSE(work.is_to_hash);
  CHECK(work.hash == "second hash");
  CHECK(work.password == "secret");
  SECTION("if it is right") {
    CHECK(desk.finish<chat::Login>({work.ticket, true, ""}) == chat::Login{"AMY", token, 2, true});
  }
  SECTION("if it is wrong") {
    CHECK(desk.finish<chat::Login>({work.ticket, false, ""}) == chat::Login{"AMY", token, 2, false});
  }
}

TEST_CASE("nobody's password is verified as well, so that it takes as long") {
  Desk desk;
  const chat::TokenId gone = desk.state.user("gone");
  REQUIRE(desk.state.word(chat::DisableUser{gone, 1, true}) == ErrorWord::ok);
  desk.add(1, chat::Login{"nobody", token, 0, false});
  desk.add(2, chat::Login{"gone", token, 0, false});
  desk.add(3, chat::DisableUser{token, 0, false});
  const auto check = [&](const PasswordWork& work) {
    CHECK(work.is_to_verify);
    CHECK(work.hash.empty());
    return PasswordDone{work.ticket, false, ""};
  };
  CHECK(desk.finish<chat::Login>(check(desk.work())) == chat::Login{"nobody", token, 0, false});
  CHECK(desk.finish<chat::Login>(check(desk.work())) == chat::Login{"gone", token, 0, false});
  CHECK(desk.finish<chat::DisableUser>(check(desk.work())) == chat::DisableUser{token, 0, false});
}

TEST_CASE("changing a password verifies the old one and hashes the new one") {
  Desk desk;
  const chat::TokenId amy = desk.state.user("amy");
  REQUIRE_FALSE(
      desk.passwords.add(asker(1), id(1), request(1, chat::ChangePassword{amy, 0, false, ""}, "old", "new"), 1000));
  const PasswordWork work = desk.work();
  CHECK(work.is_to_verify);
  CHECK(work.is_to_hash);
  CHECK(work.password == "old");
  CHECK(work.new_password == "new");
  SECTION("if the old one is right") {
    CHECK(desk.finish<chat::ChangePassword>({work.ticket, true, "hash"}) == chat::ChangePassword{amy, 1, true, "hash"});
  }
  SECTION("and sets none if it is wrong, which apply counts") {
    const auto change = desk.finish<chat::ChangePassword>({work.ticket, false, ""});
    CHECK(change == chat::ChangePassword{amy, 1, false, ""});
    CHECK(desk.state.run(change).detail == "wrong password");
  }
}

TEST_CASE("who must wait after wrong passwords is refused before anything is hashed") {
  Desk desk;
  desk.state.create_user("amy");
  for (const char* name : {"amy", "nobody"}) {
    for (int i = 0; i < 3; ++i) desk.state.run(chat::Login{name, token, name == std::string("amy") ? 1U : 0U, false});
  }
  desk.add(1, chat::Login{"amy", token, 0, false});
  desk.add(2, chat::Login{"nobody", token, 0, false});
  desk.state.pass(400'000);
  CHECK_FALSE(desk.next());
  REQUIRE(desk.answers.size() == 2);
  for (const Answer& answer : desk.answers) {
    const auto& error = std::get<wire::ErrorReply>(answer.body);
    CHECK(error.error == ErrorWord::denied);
    CHECK(error.detail == "too many wrong passwords: wait 1 s");
    CHECK(error.retry_after_ms == 601);
  }
  CHECK(desk.passwords.size() == 0);
  CHECK(desk.admission.requests() == 0);
  desk.state.pass(600'000);
  desk.add(3, chat::Login{"amy", token, 0, false});
  CHECK(desk.next());
}

TEST_CASE("a request that comes again while it is here joins the first") {
  Desk desk;
  desk.add(1, chat::CreateUser{"amy", ""});
  REQUIRE_FALSE(desk.passwords.add(asker(9, "c2"), id(1), request(1, chat::CreateUser{"amy", ""}), 2000));
  CHECK(desk.passwords.size() == 1);
  const PasswordWork work = desk.work();
  REQUIRE_FALSE(desk.passwords.add(asker(10), id(1), request(1, chat::CreateUser{"another", ""}, "longer one"), 2000));
  CHECK_FALSE(desk.next());
  const auto finished = desk.passwords.finish({work.ticket, false, "hash"}, desk.answers);
  REQUIRE(finished.has_value());
  CHECK(finished->waiters.size() == 3);
  CHECK(desk.admission.requests() == 0);
  CHECK(desk.admission.bytes() == 0);
}

TEST_CASE("beyond the queue the answer is busy, until one is done") {
  Desk desk;
  for (std::uint64_t seq = 1; seq <= limits::password_queue; ++seq) desk.add(seq, chat::CreateUser{"amy", ""});
  const auto more = [&] { return desk.passwords.add(asker(99), id(99), request(99, chat::CreateUser{"b", ""}), 1000); };
  const auto busy = more();
  REQUIRE(busy.has_value());
  CHECK(busy->error == ErrorWord::busy);
  CHECK(busy->retry_after_ms > 0);
  const PasswordWork work = desk.work();
  CHECK(more().has_value());  // being hashed, it still takes its place
  REQUIRE(desk.passwords.finish({work.ticket, false, "hash"}, desk.answers).has_value());
  CHECK_FALSE(more().has_value());
}

TEST_CASE("what cannot be hashed for want of memory is answered busy") {
  Desk desk;
  desk.add(1, chat::CreateUser{"amy", ""});
  const PasswordWork work = desk.work();
  CHECK_FALSE(desk.passwords.finish({work.ticket, false, "", true}, desk.answers).has_value());
  REQUIRE(desk.answers.size() == 1);
  CHECK(error_of(desk.answers[0]) == ErrorWord::busy);
  CHECK(desk.admission.requests() == 0);
}

TEST_CASE("without a leader requests wait, and are refused when their time is up") {
  Desk desk(false);
  desk.add(1, chat::CreateUser{"amy", ""}, 1000);
  desk.add(2, chat::CreateUser{"bob", ""}, 3000);
  CHECK_FALSE(desk.next());
  desk.passwords.expire(1000, desk.answers);
  REQUIRE(desk.answers.size() == 1);
  CHECK(desk.answers[0].to == asker(1));
  CHECK(error_of(desk.answers[0]) == ErrorWord::no_leader);
  CHECK(desk.passwords.size() == 1);
  desk.passwords.set_leader_known(true);
  CHECK(desk.next());
}

TEST_CASE("one who joined later waits longer, and the user is read for him") {
  Desk desk(false);
  desk.add(1, chat::CreateUser{"amy", ""}, 1000);
  REQUIRE_FALSE(desk.passwords.add(asker(2), id(1), request(1, chat::CreateUser{"amy", ""}), 5000));
  desk.passwords.expire(1000, desk.answers);
  CHECK(desk.answers.size() == 1);
  desk.passwords.leader_changed(true);
  const PasswordWork work = desk.work();
  const auto finished = desk.passwords.finish({work.ticket, false, "hash"}, desk.answers);
  REQUIRE(finished.has_value());
  REQUIRE(finished->waiters.size() == 1);
  CHECK(finished->waiters[0].asker == asker(2));
}

TEST_CASE("nobody waits for ever for what is being hashed, and nothing is left behind") {
  Desk desk;
  desk.add(1, chat::CreateUser{"amy", ""}, 1000);
  const PasswordWork work = desk.work();
  desk.passwords.expire(1000, desk.answers);
  REQUIRE(desk.answers.size() == 1);
  CHECK(error_of(desk.answers[0]) == ErrorWord::busy);
  CHECK(desk.admission.requests() == 0);
  CHECK(desk.passwords.size() == 1);
  const auto finished = desk.passwords.finish({work.ticket, false, "hash"}, desk.answers);
  REQUIRE(finished.has_value());
  CHECK(finished->waiters.empty());
  CHECK(desk.passwords.size() == 0);
  CHECK_FALSE(desk.passwords.finish({work.ticket, false, "hash"}, desk.answers).has_value());
}

TEST_CASE("one for whom nobody waits any more when its turn comes is not hashed") {
  Desk desk;
  desk.add(1, chat::CreateUser{"amy", ""}, 5000);
  desk.add(2, chat::CreateUser{"bob", ""}, 1000);
  desk.add(3, chat::CreateUser{"eve", ""}, 5000);
  const PasswordWork first = desk.work();
  desk.passwords.expire(1000, desk.answers);
  REQUIRE(desk.answers.size() == 1);
  CHECK(desk.answers[0].to == asker(2));
  CHECK(error_of(desk.answers[0]) == ErrorWord::busy);
  CHECK(desk.passwords.size() == 2);
  CHECK(desk.finish<chat::CreateUser>({first.ticket, false, "hash"}).name == "amy");
  CHECK(desk.finish<chat::CreateUser>({desk.work().ticket, false, "hash"}).name == "eve");
  CHECK_FALSE(desk.next());
}

TEST_CASE("a read that a leader has no time for refuses the request that it was for") {
  Desk desk;
  desk.add(1, chat::CreateUser{"amy", ""});
  const auto round = desk.passwords.take_round();
  REQUIRE(round);
  desk.passwords.refused({round->id, raft::Refusal::busy}, desk.answers);
  REQUIRE(desk.answers.size() == 1);
  CHECK(desk.answers[0].to == asker(1));
  CHECK(error_of(desk.answers[0]) == ErrorWord::busy);
  CHECK(desk.passwords.size() == 0);
  CHECK(desk.admission.requests() == 0);
}
