#include "client/load/load.hpp"

#include <numeric>
#include <set>

#include "tests/client/load_testing.hpp"

using namespace parley;
using namespace parley::client;
using namespace parley::client::load;

namespace {

std::uint64_t ops_of(const std::vector<SecondRow>& rows) {
  return std::accumulate(rows.begin(), rows.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const SecondRow& row) { return sum + row.ops; });
}

/// Answers each frame only after so long. `most`: how many requests waited for that at once.
void answer_late(LoadFixture& f, std::uint64_t delay_us, std::size_t* most = nullptr) {
  FakeServer& server = f.cluster[0];
  f.settings.silence_us = 100 * delay_us;
  server.holds_answers = true;
  server.handler = [&f, &server, delay_us, most,
                    frames = std::size_t{0}](const wire::Request& request) mutable -> std::optional<wire::ReplyBody> {
    if (frames != server.frames.size()) {
      frames = server.frames.size();
      f.cluster.after(delay_us, [&server, most] {
        std::size_t held = 0;
        for (const auto& each : server.held) held += each.frame.replies.size();
        if (most != nullptr) *most = std::max(*most, held);
        server.replies.push_back(std::move(server.held.front()));
        server.held.pop_front();
      });
    }
    return f.cluster.carry_out(request);
  };
}

}  // namespace

TEST_CASE("a load of a given number of requests makes exactly those, and counts misses apart") {
  LoadFixture f(3);
  f.options.clients = 10;
  f.options.sockets = 3;
  f.options.requests = 500;
  f.options.keys = 50;
  std::size_t reads = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    f.cluster[i].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
      if (std::holds_alternative<wire::ReadRequest>(request.body)) ++reads;
      return f.cluster.carry_out(request);
    };
  }
  const LoadResult result = f.run();
  CHECK(result.ops == 500);
  CHECK(result.misses == 500);
  CHECK(result.error_count() == 0);
  CHECK(result.latency.count() == 500);
  CHECK(reads == 500);
  CHECK(result.latency_by_kind[LoadFixture::kind("get")].count() == 500);
  CHECK(f.cluster.connections == 3);
  CHECK(ops_of(result.seconds) == 500);
}

TEST_CASE("the keys of a load are written first, each once, with sixteen bytes") {
  LoadFixture f;
  f.options.keys = 2000;
  f.options.requests = 300;
  f.options.clients = 4;
  f.options.value_size = {10, 10};
  Load load = f.make();
  CHECK(load.prepare().ok());
  CHECK(f.cluster[0].commands().size() == 2000);
  const auto last = f.cluster.stored("k000000000001999");
  REQUIRE(last.has_value());
  CHECK(last->size() == 10);
  CHECK_FALSE(f.cluster.stored("k000000000002000").has_value());
  CHECK(load.run().front().misses == 0);
}

TEST_CASE("keys that cannot be written end a load before it begins") {
  LoadFixture f;
  f.options.keys = 2000;
  f.cluster[0].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    if (f.cluster.stored("k000000000000100")) return wire::ErrorReply{ErrorWord::quota, "full", 0};
    return f.cluster.carry_out(request);
  };
  const Outcome problem = f.make().prepare();
  CHECK(problem.word == ErrorWord::quota);
  CHECK(f.cluster[0].commands().size() < 2000);
}

TEST_CASE("every request of a load is recorded, also those that are answered after its end, and errors by word") {
  LoadFixture f;
  f.options.clients = 8;
  f.options.time_ms = 2000;
  f.options.think_ms = 100;
  f.options.mix = LoadFixture::mix("set=1");
  std::size_t begun = 0;
  f.cluster[0].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    ++begun;
    if (begun % 5 == 0) return wire::ErrorReply{ErrorWord::quota, "full", 0};
    return f.cluster.carry_out(request);
  };
  const LoadResult result = f.run();
  CHECK(result.elapsed_us >= 2'000'000);
  CHECK(result.latency.count() == begun - 1);  // but for the opening of the session
  CHECK(errors_of(result, ErrorWord::quota) == result.error_count());
  CHECK(result.error_count() >= 20);
  // What was under way at the end is recorded, but no operation of that time.
  CHECK(result.ops + result.error_count() <= result.latency.count());
  CHECK(result.ops + result.error_count() + f.options.clients >= result.latency.count());
  CHECK(result.latency.count() <= 8 * 21);  // each thinks for a tenth of a second
}

TEST_CASE("clients go on after errors, for as long as the load lasts") {
  LoadFixture f;
  f.options.clients = 5;
  f.options.time_ms = 10'000;
  f.options.think_ms = 10;
  f.settings.timeout_us = 500'000;
  f.cluster.after(2'000'000, [&] { f.cluster[0].is_reachable = false; });
  f.cluster.after(6'000'000, [&] { f.cluster[0].is_reachable = true; });
  const LoadResult result = f.run();
  // For four seconds each client waited for half a second, again and again.
  CHECK(result.error_count() >= 5 * 7);
  CHECK(result.error_count() == errors_of(result, ErrorWord::no_leader) + errors_of(result, ErrorWord::timeout));
  REQUIRE(result.seconds.size() == 10);
  CHECK(result.seconds[1].ops > 400);
  CHECK(result.seconds[4].ops == 0);
  CHECK(result.seconds[4].errors >= 5);
  CHECK(result.seconds[9].ops > 400);
}

TEST_CASE("a client may have several requests outstanding, and so many at most") {
  LoadFixture f;
  f.options.clients = 3;
  f.options.outstanding = 7;
  f.options.sockets = 2;
  f.options.requests = 210;
  std::size_t most = 0;
  answer_late(f, 1000, &most);
  const LoadResult result = f.run();
  CHECK(result.ops == 210);
  CHECK(most == 21);
  CHECK(result.elapsed_us == 10 * 1000);
}

TEST_CASE("the requests of an open loop begin at their times, whatever is unanswered, and are timed from then") {
  LoadFixture f;
  f.options.clients = 5000;
  f.options.sockets = 20;
  f.options.rate = 1000;
  f.options.time_ms = 3000;
  // For a second nobody is answered.
  f.cluster[0].holds_answers = true;
  f.cluster.after(1'000'000, [&] {
    f.cluster[0].holds_answers = false;
    f.cluster[0].release();
  });
  f.settings.silence_us = 10'000'000;
  const LoadResult result = f.run();
  CHECK(result.latency.count() >= 2990);
  CHECK(result.latency.count() <= 3010);
  CHECK(result.ops + 5 >= result.latency.count());
  CHECK(result.missed <= 1);
  CHECK(result.latency.max() >= 990'000);
  CHECK(result.latency.percentile(80) >= 300'000);
  CHECK(result.latency.percentile(50) < 50'000);
}

TEST_CASE("requests of an open loop that find no client free begin when one is, and are timed from their times") {
  LoadFixture f;
  f.options.clients = 1;
  f.options.rate = 100;
  f.options.time_ms = 2000;
  answer_late(f, 20'000);  // half as fast as they are offered
  const LoadResult result = f.run();
  CHECK(result.ops >= 98);
  CHECK(result.ops <= 101);
  CHECK(result.missed >= 98);
  CHECK(result.missed <= 101);
  // The hundredth should have begun after a second, and was answered after two.
  CHECK(result.latency.max() >= 990'000);
  CHECK(result.latency.max() <= 1'050'000);
  CHECK(result.latency.percentile(50) >= 450'000);
  CHECK(result.latency.percentile(50) <= 550'000);
}

TEST_CASE("requests of an open loop that find no client free until the end never begin, and are counted") {
  LoadFixture f;
  f.options.clients = 10;
  f.options.rate = 500;
  f.options.time_ms = 2000;
  f.cluster[0].is_deaf = true;
  const LoadResult result = f.run();
  CHECK(result.ops == 0);
  CHECK(result.latency.count() == 10);
  CHECK(result.missed >= 985);
  CHECK(result.missed <= 991);
}

TEST_CASE("answers that say busy are counted though the client asks again") {
  LoadFixture f;
  f.options.clients = 4;
  f.options.requests = 40;
  std::size_t asked = 0;
  f.cluster[0].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    if (++asked % 2 == 1) return wire::ErrorReply{ErrorWord::busy, "", 1};
    return f.cluster.carry_out(request);
  };
  const LoadResult result = f.run();
  CHECK(result.ops == 40);
  CHECK(result.error_count() == 0);
  CHECK(result.answers == asked);
  CHECK(result.busy_answers == asked - 40);
}

TEST_CASE("what a warm-up does is told and not counted") {
  LoadFixture f;
  f.options.clients = 2;
  f.options.requests = 10;
  f.options.warmup_ms = 1000;
  f.options.think_ms = 50;
  const LoadResult result = f.run();
  CHECK(result.latency.count() == 10);
  CHECK(f.cluster[0].requests().size() >= 10 + 2 * 18);
  CHECK(ops_of(f.told["warmup"]) >= 2 * 18);
  CHECK(ops_of(result.seconds) == 10);
}

TEST_CASE("an open loop that fell behind in its warm-up begins its measurement without that") {
  LoadFixture f;
  f.options.clients = 1;
  f.options.rate = 100;
  f.options.warmup_ms = 5000;
  f.options.time_ms = 1000;
  f.cluster[0].is_deaf = true;
  f.settings.timeout_us = 100'000;
  f.cluster.after(4'950'000, [&] { f.cluster[0].is_deaf = false; });
  const LoadResult result = f.run();
  CHECK(result.ops >= 85);
  CHECK(result.latency.percentile(99) <= 200'000);
}

TEST_CASE("each second has a row, and the rows add up to the whole") {
  LoadFixture f;
  f.options.clients = 3;
  f.options.time_ms = 3500;
  f.options.think_ms = 20;
  answer_late(f, 5'000);
  const LoadResult result = f.run();
  REQUIRE(result.seconds.size() == 4);
  CHECK(ops_of(result.seconds) == result.ops);
  for (std::size_t at = 0; at < 4; ++at) {
    const SecondRow& row = result.seconds[at];
    CHECK(row.at_us == (at < 3 ? (at + 1) * 1'000'000 : 3'500'000));
    CHECK(row.elapsed_us == (at < 3 ? 1'000'000U : 500'000U));
    CHECK(row.p50_us >= 5'000);
    CHECK(row.p50_us <= row.p90_us);
    CHECK(row.p90_us <= row.p99_us);
    CHECK(row.p99_us <= row.max_us + row.max_us / 100);
  }
  CHECK(result.seconds[0].ops >= 3 * 38);
  CHECK(result.seconds[3].ops >= 3 * 18);
  CHECK(f.told["load"].size() == 4);
}

TEST_CASE("several targets are loaded at once, each with all that is asked for") {
  LoadFixture f(2);
  const auto addresses = f.cluster.addresses();
  f.targets = {{"first", {addresses[0]}, true}, {"second", {addresses[1]}, false}};
  f.cluster[0].leader = f.cluster[0].name;
  f.cluster[1].leader = f.cluster[1].name;
  f.cluster[1].leader_address = addresses[1].text();
  f.options.clients = 2;
  f.options.time_ms = 2000;
  f.options.think_ms = 10;
  f.options.keys = 30;
  f.cluster[1].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    if (f.cluster.clock.now_us % 3 == 0) return wire::ErrorReply{ErrorWord::disk_full, "", 0};
    return f.cluster.carry_out(request);
  };
  Load load = f.make();
  REQUIRE(load.prepare().ok());
  CHECK(f.cluster[0].commands().size() == 30);
  CHECK(f.cluster[1].commands().empty());
  const auto results = load.run();
  REQUIRE(results.size() == 2);
  CHECK(results[0].ops >= 2 * 198);
  CHECK(results[0].error_count() == 0);
  CHECK(results[0].misses == 0);
  CHECK(results[1].error_count() == errors_of(results[1], ErrorWord::disk_full));
  CHECK(results[1].error_count() > 0);
  CHECK(results[1].ops > 0);
  const LoadResult all = sum(results);
  CHECK(all.ops == results[0].ops + results[1].ops);
  CHECK(all.latency.count() == results[0].latency.count() + results[1].latency.count());
  CHECK(all.error_count() == results[1].error_count());
  CHECK(f.told["load"].size() == 4);
}

TEST_CASE("each kind of operation of a mix is what its name says") {
  LoadFixture f;
  f.options.keys = 5;
  f.options.requests = 60;
  f.options.clients = 1;
  f.options.scan_rows = 3;
  struct Asked {
    std::size_t gets = 0, scans = 0, sets = 0, deletes = 0, cas = 0;
  };
  const auto ask = [&](const std::string& mix) {
    f.options.mix = LoadFixture::mix(mix);
    Load load = f.make();
    REQUIRE(load.prepare().ok());
    f.cluster[0].frames.clear();
    const LoadResult result = load.run().front();
    CHECK(result.ops == 60);
    CHECK(result.error_count() == 0);
    Asked asked;
    for (const auto& command : f.cluster[0].commands()) {
      asked.sets += std::holds_alternative<app::Set>(command.operation) ? 1 : 0;
      asked.deletes += std::holds_alternative<app::Delete>(command.operation) ? 1 : 0;
      asked.cas += std::holds_alternative<app::CompareAndSet>(command.operation) ? 1 : 0;
    }
    for (const auto& request : f.cluster[0].requests()) {
      const auto* read = std::get_if<wire::ReadRequest>(&request.body);
      if (read == nullptr) continue;
      const auto query = app::decode_query(read->query.view());
      REQUIRE(query.has_value());
      if (const auto* scan = std::get_if<app::Scan>(&*query)) CHECK(scan->limit == 3);
      ++(std::holds_alternative<app::Get>(*query) ? asked.gets : asked.scans);
    }
    return std::pair(asked, result.misses);
  };
  CHECK(ask("set=1").first.sets == 60);
  CHECK(ask("get=1").first.gets == 60);
  CHECK(ask("scan=1").first.scans == 60);
  const auto [deleting, missing] = ask("delete=1");
  CHECK(deleting.deletes == 60);
  CHECK(missing == 55);
  const auto [comparing, mismatches] = ask("cas=1");
  CHECK(comparing.gets == 60);
  CHECK(comparing.cas == 60);
  CHECK(mismatches == 0);
}

TEST_CASE("clients that compare-and-set one key at once mismatch, which is no error") {
  LoadFixture f;
  f.options.keys = 1;
  f.options.requests = 100;
  f.options.clients = 4;
  f.options.mix = LoadFixture::mix("cas=1");
  answer_late(f, 100);
  Load load = f.make();
  REQUIRE(load.prepare().ok());
  const LoadResult result = load.run().front();
  CHECK(result.ops == 100);
  CHECK(result.misses >= 50);
  CHECK(result.misses <= 90);
  CHECK(result.error_count() == 0);
}

TEST_CASE("a load of the chat makes its users and chats, and each client acts as one of them") {
  LoadFixture f;
  f.options.mix = LoadFixture::mix("send=2,messages=1,history=1");
  f.options.chat = {.users = 10, .chats = 4, .chats_per_user = 2};
  f.options.clients = 20;
  f.options.requests = 400;
  f.options.value_size = {20, 30};
  std::size_t most_passwords = 0;
  std::map<std::string, std::size_t> said;  // by chat
  answer_late(f, 1'000);
  auto late = f.cluster[0].handler;
  f.cluster[0].handler = [&, late](const wire::Request& request) mutable {
    std::size_t passwords = 0;
    for (const auto& each : f.cluster[0].frames.back().requests)
      passwords += std::holds_alternative<wire::PasswordRequest>(each.body) ? 1 : 0;
    most_passwords = std::max(most_passwords, passwords);
    return late(request);
  };
  Load load = f.make();
  REQUIRE(load.prepare().ok());
  CHECK(f.told["prepare"].size() >= 1);
  CHECK(ops_of(f.told["prepare"]) == 10);
  CHECK(most_passwords > 0);
  CHECK(most_passwords <= 4);
  const LoadResult result = load.run().front();
  CHECK(result.ops == 400);
  CHECK(result.error_count() == 0);
  CHECK(result.misses == 0);
  CHECK(result.latency_by_kind[LoadFixture::kind("send")].count() > 150);
  std::set<std::string> senders;
  for (const auto& command : f.cluster[0].commands()) {
    const auto* chat = std::get_if<app::chat::Operation>(&command.operation);
    const auto* send = chat != nullptr ? std::get_if<app::chat::Send>(chat) : nullptr;
    if (send == nullptr) continue;
    senders.insert(send->token.text());
    ++said[std::string(send->chat)];
    CHECK(send->text.size() >= 20);
    CHECK(send->text.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == BytesView::npos);
  }
  CHECK(senders.size() == 10);
  CHECK(said.size() == 4);
}

TEST_CASE("users that cannot be made end a load before it begins") {
  LoadFixture f;
  f.options.mix = LoadFixture::mix("send=1");
  f.cluster[0].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    if (std::holds_alternative<wire::PasswordRequest>(request.body))
      return wire::ErrorReply{ErrorWord::quota, "full", 0};
    return f.cluster.carry_out(request);
  };
  CHECK(f.make().prepare().word == ErrorWord::quota);
}
