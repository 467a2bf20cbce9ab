#include <parley/parley.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>
#include <vector>

#include "common/base/client_limits.hpp"
#include "tests/client/library_testing.hpp"

using namespace parley;
using namespace parley::client;
using namespace std::chrono_literals;

TEST_CASE("calls in blocking form give what was asked for, or the word that says why not") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  const auto written = cluster.set("k", "one");
  REQUIRE(written.has_value());
  CHECK(written->index > 0);
  const auto got = cluster.get("k");
  REQUIRE(got.has_value());
  CHECK(got->bytes == "one");
  CHECK(got->index >= written->index);
  CHECK_FALSE(got->age.has_value());

  CHECK(cluster.get("other").error().word == Word::not_found);
  CHECK(cluster.remove("other").error().word == Word::not_found);
  CHECK(cluster.compare_and_set("other", "", "x").error().word == Word::not_found);
  const auto mismatch = cluster.compare_and_set("k", "two", "three");
  REQUIRE_FALSE(mismatch.has_value());
  CHECK(mismatch.error().word == Word::mismatch);
  CHECK(mismatch.error().value == "one");
  CHECK(cluster.compare_and_set("k", "one", "two").has_value());
  CHECK(cluster.remove("k").has_value());
  CHECK(cluster.get("k").error().word == Word::not_found);

  CHECK(cluster.set("", "v").error().word == Word::invalid);
  CHECK(cluster.set(std::string(limits::key_bytes + 1, 'k'), "v").error().word == Word::too_large);
  CHECK(cluster.get(std::string(limits::key_bytes + 1, 'k')).error().word == Word::too_large);
}

TEST_CASE("every word has its text, and a failure says both") {
  CHECK(text(Word::not_found) == "not_found");
  CHECK(text(Word::session_expired) == "session_expired");
  for (int number = 1; number <= static_cast<int>(Word::timeout); ++number)
    CHECK(text(static_cast<Word>(number)) == text(static_cast<ErrorWord>(number)));
  CHECK(Failure{Word::quota, "8 GiB", std::nullopt}.message() == "quota: 8 GiB");
  CHECK(Failure{Word::quota, "", std::nullopt}.message() == "quota");
}

TEST_CASE("a stale read says how old it is, the others do not") {
  LibraryFixture f;
  std::vector<wire::ReadMode> asked;
  f.fake[0].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    wire::ReplyBody reply = f.fake.carry_out(request);
    const auto* read = std::get_if<wire::ReadRequest>(&request.body);
    if (read == nullptr) return reply;
    asked.push_back(read->mode);
    if (read->mode != wire::ReadMode::stale) return reply;
    std::get<wire::AppReply>(reply).age_ms = asked.size() > 3 ? wire::unknown_age : 70;
    return reply;
  };
  Cluster& cluster = f.open();
  REQUIRE(cluster.set("k", "v"));
  CHECK_FALSE(cluster.get("k")->age.has_value());
  CHECK_FALSE(cluster.get("k", {.mode = ReadMode::lease})->age.has_value());
  CHECK(cluster.get("k", {.mode = ReadMode::stale})->age == 70ms);
  CHECK(cluster.scan({.prefix = "k"}, {.mode = ReadMode::stale})->age == std::chrono::milliseconds::max());
  f.close();
  CHECK(asked ==
        std::vector{wire::ReadMode::linearizable, wire::ReadMode::lease, wire::ReadMode::stale, wire::ReadMode::stale});
}

TEST_CASE("a scan turns pages") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  for (char c = 'a'; c <= 'g'; ++c) REQUIRE(cluster.set(std::string("p/") + c, std::string(1, c)));
  REQUIRE(cluster.set("q", "other"));
  std::string found;
  std::vector<std::size_t> sizes;
  for (Range range{.prefix = "p/", .after = "", .limit = 3};;) {
    const auto page = cluster.scan(range);
    REQUIRE(page.has_value());
    for (const Row& row : page->rows) found += row.value;
    sizes.push_back(page->rows.size());
    if (!page->more) break;
    range.after = page->rows.back().key;
  }
  CHECK(found == "abcdefg");
  CHECK(sizes == std::vector<std::size_t>{3, 3, 1});
  CHECK(cluster.scan({.prefix = "nothing"})->rows.empty());
  CHECK(cluster.scan({.prefix = std::string(limits::key_bytes + 1, 'k')}).error().word == Word::too_large);
}

TEST_CASE("callbacks are called by one other thread, and may begin further calls but not wait") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  std::vector<std::thread::id> threads;
  std::optional<Answer<Written>> waited;
  std::optional<bool> drained;
  std::optional<Word> status;
  std::string got;
  REQUIRE(cluster.set("a", "1", [&](const Answer<Written>&) {
    threads.push_back(std::this_thread::get_id());
    waited = cluster.set("b", "2");
    drained = cluster.drain(1s);
    status = cluster.status().error().word;
    (void)cluster.get("a", [&](const Answer<Value>& answer) {
      threads.push_back(std::this_thread::get_id());
      got = answer->bytes;
    });
  }));
  REQUIRE(cluster.drain(60s));
  CHECK(got == "1");
  REQUIRE(threads.size() == 2);
  CHECK(threads[0] == threads[1]);
  CHECK(threads[0] != std::this_thread::get_id());
  CHECK(waited->error().word == Word::invalid);
  CHECK(drained == false);
  CHECK(status == Word::invalid);
  CHECK(cluster.get("b").error().word == Word::not_found);
}

TEST_CASE("all five calls work in callback form") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  std::atomic<int> good = 0;
  const auto count = [&good](const auto& answer) { good += answer.has_value() ? 1 : 0; };
  REQUIRE(cluster.set("k", "v", count));
  REQUIRE(cluster.drain(60s));
  REQUIRE(cluster.get("k", count));
  REQUIRE(cluster.scan({.prefix = "k"}, count, {.timeout = 1s}));
  REQUIRE(cluster.compare_and_set("k", "v", "w", count));
  REQUIRE(cluster.drain(60s));
  REQUIRE(cluster.remove("k", count, {.timeout = 1s}));
  REQUIRE(cluster.drain(60s));
  CHECK(good == 5);
}

TEST_CASE("a closed client calls what was not called yet, once, and begins nothing more") {
  LibraryFixture f;
  f.fake[0].is_deaf = true;
  f.is_frozen = true;
  std::vector<Word> words;
  std::vector<bool> begun;
  Cluster& cluster = f.open();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(cluster.set("k", "v", [&](const Answer<Written>& answer) {
      words.push_back(answer.error().word);
      begun.push_back(cluster.set("k", "v", [&](const Answer<Written>&) { words.push_back(Word::exists); }));
    }));
  }
  REQUIRE(cluster.get("k", [&](const Answer<Value>& answer) { words.push_back(answer.error().word); }));
  CHECK_FALSE(cluster.drain(1ms));
  CHECK(words.empty());
  f.close();
  CHECK(words == std::vector{Word::timeout, Word::timeout, Word::timeout, Word::timeout});
  CHECK(begun == std::vector{false, false, false});
}

TEST_CASE("beyond its bounds a client takes no call, and takes calls again once others have ended") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  const std::string large(limits::value_bytes, 'v');
  std::size_t sets = 0;
  std::size_t gets = 0;
  std::atomic<std::size_t> ended = 0;
  const auto count = [&ended](const auto&) { ++ended; };
  // In a callback, so that none ends meanwhile.
  REQUIRE(cluster.get("k", [&](const Answer<Value>&) {
    while (cluster.set("k", large, count)) ++sets;
    while (cluster.get("none", count)) ++gets;
  }));
  REQUIRE(cluster.drain(60s));
  CHECK(sets == limits::library_bytes / limits::value_bytes - 1);
  CHECK(sets + gets < limits::library_calls);
  CHECK(ended == sets + gets);

  gets = 0;
  REQUIRE(cluster.get("k", [&](const Answer<Value>&) {
    while (cluster.get("none", count)) ++gets;
  }));
  REQUIRE(cluster.drain(60s));
  CHECK(gets == limits::library_calls - 1);
  CHECK(cluster.get("k").has_value());
}

TEST_CASE("calls end in time when nobody answers, and say whether they may have been carried out") {
  LibraryFixture f;
  f.fake[0].is_deaf = true;
  Cluster& cluster = f.open();
  CHECK(cluster.set("k", "v", {.timeout = 100ms}).error().word == Word::no_leader);  // no session, so never sent
  CHECK(cluster.get("k", {.timeout = 100ms}).error().word == Word::timeout);
  f.close();
  f.fake[0].is_deaf = false;
  f.fake[0].is_reachable = false;
  CHECK(f.open().get("k", {.timeout = 100ms}).error().word == Word::no_leader);
}

TEST_CASE("when the session was closed the writes go on in another") {
  LibraryFixture f;
  std::size_t writes = 0;
  f.fake[0].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    if (std::holds_alternative<wire::WriteRequest>(request.body) && ++writes == 3) f.fake.expire_sessions();
    return f.fake.carry_out(request);
  };
  Cluster& cluster = f.open();
  CHECK(cluster.set("a", "1").has_value());
  CHECK(cluster.set("b", "2").has_value());
  CHECK(cluster.set("c", "3").has_value());
  f.close();
  CHECK(writes == 6);  // two sessions opened, three writes, one of them sent again with another number
  CHECK(f.fake.stored("b") == "2");
}

TEST_CASE("options that make no sense are refused") {
  const std::vector<Options> all = {{.servers = {}},
                                    {.servers = {"nonsense"}},
                                    {.servers = {"127.0.0.1:0"}},
                                    {.servers = {"127.0.0.1:1", "127.0.0.1:99999"}},
                                    {.servers = {"127.0.0.1:1"}, .timeout = 0ms},
                                    {.servers = {"127.0.0.1:1"}, .timeout = -5s}};
  for (const Options& options : all) {
    const auto opened = Cluster::open(options);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().word == Word::invalid);
    CHECK_FALSE(opened.error().detail.empty());
  }
}

TEST_CASE("a client can be moved") {
  LibraryFixture f;
  LibraryFixture other;
  Cluster moved = std::move(f.open());
  CHECK(moved.set("k", "v").has_value());
  f.close();
  CHECK(moved.get("k")->bytes == "v");
  moved = std::move(other.open());
  CHECK(moved.get("k").error().word == Word::not_found);
}
