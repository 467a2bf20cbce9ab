#include "tests/client/client_testing.hpp"

using namespace parley;
using namespace parley::client;

TEST_CASE("what is written is read back") {
  Fixture f;
  const Outcome written = set(f, "k", "v");
  CHECK(written.ok());
  CHECK(written.index == Index{2});  // the session was opened by the first entry
  const Outcome read = f.get("k");
  REQUIRE(read.value() != nullptr);
  CHECK(*read.value() == "v");
  CHECK(read.index == Index{2});
  CHECK(read.cluster == f.cluster[0].cluster);
  CHECK(f.client.outstanding() == 0);
}

TEST_CASE("a session is opened with the first write and numbers are dense") {
  Fixture f;
  (void)f.get("k");
  CHECK(f.client.counters().sessions_opened == 0);
  for (int i = 0; i < 5; ++i) CHECK(set(f, "k", std::to_string(i)).ok());
  CHECK(f.client.counters().sessions_opened == 1);
  const auto commands = f.cluster[0].commands();
  REQUIRE(commands.size() == 5);
  for (std::uint64_t i = 0; i < 5; ++i) {
    CHECK(commands[i].session == SessionId{1});
    CHECK(commands[i].seq == RequestSeq{i + 1});
    CHECK(commands[i].lowest_unanswered == RequestSeq{i + 1});
  }
}

TEST_CASE("errors of the application are passed on with the present value") {
  Fixture f;
  CHECK(f.get("k").word == ErrorWord::not_found);
  CHECK(f.run(app::Delete{"k"}).word == ErrorWord::not_found);
  CHECK(f.run(app::CompareAndSet{"k", "a", "b"}).word == ErrorWord::not_found);
  CHECK(set(f, "k", "v").ok());
  const Outcome mismatch = f.run(app::CompareAndSet{"k", "a", "b"});
  CHECK(mismatch.word == ErrorWord::mismatch);
  REQUIRE(mismatch.value() != nullptr);
  CHECK(*mismatch.value() == "v");
  CHECK(f.run(app::CompareAndSet{"k", "v", "w"}).ok());
  CHECK(f.cluster.stored("k") == "w");
}

TEST_CASE("a page of rows is scanned") {
  Fixture f;
  for (const char* key : {"a1", "a2", "a3", "b"}) CHECK(set(f, key, "v").ok());
  std::optional<Outcome> outcome;
  f.client.submit(app::Scan{"a", {}, 2}, wire::ReadMode::linearizable, f.keep(outcome));
  const Outcome page = f.await(outcome);
  const auto* rows = std::get_if<app::ReplyRows>(&page.body);
  REQUIRE(rows != nullptr);
  REQUIRE(rows->rows.size() == 2);
  CHECK(rows->rows[1].key == "a2");
  CHECK(rows->more);
}

TEST_CASE("what breaks a limit is refused unsent, and not from within submit") {
  Fixture f;
  const std::string long_key(limits::key_bytes + 1, 'k');
  const std::string long_value(limits::value_bytes + 1, 'v');
  const Write writes[] = {app::Set{long_key, "v"}, app::Set{"k", long_value}, app::Set{"", "v"}, app::Delete{long_key}};
  const ErrorWord words[] = {ErrorWord::too_large, ErrorWord::too_large, ErrorWord::invalid, ErrorWord::too_large};
  for (std::size_t i = 0; i < std::size(writes); ++i) {
    std::optional<Outcome> outcome;
    f.client.submit(writes[i], f.keep(outcome));
    CHECK_FALSE(outcome.has_value());
    CHECK(f.client.outstanding() == 1);
    CHECK(f.await(outcome).word == words[i]);
    CHECK_FALSE(outcome->detail.empty());
  }
  CHECK(f.get(long_key).word == ErrorWord::too_large);
  CHECK(f.get("").word == ErrorWord::invalid);
  CHECK(f.cluster[0].frames.empty());
}

TEST_CASE("the largest value is written and read back") {
  Fixture f;
  const std::string key(limits::key_bytes, 'k');
  const std::string value(limits::value_bytes, 'v');
  CHECK(set(f, key, value).ok());
  const Outcome read = f.get(key);
  REQUIRE(read.value() != nullptr);
  CHECK(*read.value() == value);
}

TEST_CASE("what is submitted between two steps travels in one frame") {
  Fixture f;
  CHECK(set(f, "k", "v").ok());
  f.cluster[0].frames.clear();
  int answered = 0;
  for (int i = 0; i < 100; ++i) {
    f.client.submit(app::Set{"k" + std::to_string(i), "v"}, [&](Outcome&& outcome) { answered += outcome.ok(); });
    f.client.submit(app::Get{"k"}, wire::ReadMode::linearizable, [&](Outcome&& outcome) { answered += outcome.ok(); });
  }
  CHECK(f.cluster[0].frames.empty());
  f.client.step();
  REQUIRE(f.cluster[0].frames.size() == 1);
  CHECK(f.cluster[0].frames[0].requests.size() == 200);
  f.client.step();
  CHECK(answered == 200);
}

TEST_CASE("frames are kept under their bound of requests and of bytes") {
  Fixture f;
  CHECK(set(f, "k", "v").ok());
  f.cluster[0].frames.clear();
  std::size_t answered = 0;
  const auto count = [&](Outcome&& outcome) { answered += outcome.ok() ? 1 : 0; };
  SECTION("requests") {
    const std::size_t many = limits::requests_per_frame + 10;
    for (std::size_t i = 0; i < many; ++i) f.client.submit(app::Get{"k"}, wire::ReadMode::linearizable, count);
    f.pass(1000);
    CHECK(answered == many);
    CHECK(f.cluster[0].frames.size() == 2);
  }
  SECTION("bytes") {
    const std::string value(limits::value_bytes / 2, 'v');
    for (int i = 0; i < 9; ++i) f.client.submit(app::Set{"k", value}, count);
    f.pass(1000);
    CHECK(answered == 9);
    CHECK(f.cluster[0].frames.size() == 3);
  }
}

TEST_CASE("writes beyond the session's window wait for the oldest answer") {
  Fixture f;
  CHECK(set(f, "k", "v").ok());
  f.cluster[0].frames.clear();
  f.cluster[0].holds_answers = true;
  std::size_t answered = 0;
  for (std::size_t i = 0; i < limits::session_window + 50; ++i) {
    f.client.submit(app::Set{"k", std::to_string(i)}, [&](Outcome&& outcome) { answered += outcome.ok() ? 1 : 0; });
  }
  f.client.step();
  f.client.step();
  CHECK(f.cluster[0].commands().size() == limits::session_window);
  f.cluster[0].holds_answers = false;
  f.cluster[0].release();
  f.pass(10'000);
  CHECK(answered == limits::session_window + 50);
  CHECK(f.cluster.stored("k") == std::to_string(limits::session_window + 49));
  CHECK(f.client.counters().requests_repeated == 0);
}

TEST_CASE("no more writes are under way than the cluster has said that a session may have") {
  Fixture f;
  app::Settings settings;
  settings.session_window = 3;
  f.cluster.settle(settings);
  CHECK(set(f, "k", "v").ok());
  f.cluster[0].frames.clear();
  f.cluster[0].holds_answers = true;
  std::size_t answered = 0;
  for (int i = 0; i < 20; ++i)
    f.client.submit(app::Set{"k", std::to_string(i)}, [&](Outcome&& outcome) { answered += outcome.ok() ? 1 : 0; });
  f.client.step();
  f.client.step();
  CHECK(f.cluster[0].commands().size() == 3);
  f.cluster[0].holds_answers = false;
  f.cluster[0].release();
  f.pass(10'000);
  CHECK(answered == 20);
  CHECK(f.cluster.stored("k") == "19");
}

TEST_CASE("operations may be submitted from within callbacks") {
  Fixture f;
  int left = 1000;
  Callback next;
  next = [&](Outcome&& outcome) {
    CHECK(outcome.ok());
    if (--left > 0) f.client.submit(app::Set{"k", std::to_string(left)}, next);
  };
  f.client.submit(app::Set{"k", "first"}, next);
  f.pass(1'000'000);
  CHECK(left == 0);
  CHECK(f.cluster.stored("k") == "1");
}

TEST_CASE("more operations than a client may have are answered busy") {
  Fixture f;
  f.cluster[0].is_deaf = true;
  std::size_t busy = 0;
  const auto count = [&](Outcome&& outcome) { busy += outcome.word == ErrorWord::busy ? 1 : 0; };
  for (std::size_t i = 0; i < limits::client_operations + 3; ++i) {
    f.client.submit(app::Get{"k"}, wire::ReadMode::linearizable, count);
  }
  f.client.step();
  CHECK(busy == 3);
  CHECK(f.client.outstanding() == limits::client_operations);
}

TEST_CASE("a callback is called exactly once, in the end with every word") {
  Fixture f;
  f.cluster[0].handler = [](const wire::Request&) { return wire::ErrorReply{ErrorWord::disk_full, "no room", 0}; };
  const Outcome outcome = f.get("k");
  CHECK(outcome.word == ErrorWord::disk_full);
  CHECK(outcome.detail == "no room");
  // A write fails with the word by which its session was refused.
  CHECK(set(f, "k", "v").word == ErrorWord::disk_full);
}

TEST_CASE("what is refused within a callback ends with the next step, which is due at once") {
  Fixture f;
  std::optional<Outcome> refused;
  // The first refusal is told by a step that takes no more of them.
  f.client.submit(app::Set{"", "v"}, [&](Outcome&&) { f.client.submit(app::Set{"", "v"}, f.keep(refused)); });
  f.client.step();
  CHECK_FALSE(refused.has_value());
  CHECK(f.client.next_wake_us() <= f.cluster.clock.now_us);
  f.client.step();
  REQUIRE(refused.has_value());
  CHECK(refused->word == ErrorWord::invalid);
  CHECK(f.client.next_wake_us() == UINT64_MAX);
}
