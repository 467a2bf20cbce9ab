// follow_by_thousands: a chat that thousands follow, a message now and then, and when it came to each of them.
#include <parley/parley.hpp>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "client/chat_user.hpp"
#include "common/app/follow.hpp"
#include "common/config/addresses.hpp"
#include "common/config/option_table.hpp"
#include "common/mq/descriptor_limit.hpp"
#include "tests/followers/crowd.hpp"
#include "tests/followers/stage.hpp"

namespace parley::followers {
namespace {

constexpr int exit_done = 0;
constexpr int exit_wrong = 1;
constexpr int exit_usage = 2;
/// How long followers may take to come, and messages beyond the last one.
constexpr std::uint64_t patience_us = 300'000'000;
/// Descriptors beside those of connections.
constexpr std::uint64_t other_descriptors = 300;

struct Arguments {
  std::vector<Address> servers;
  std::uint64_t feeds = 10'000;
  std::uint64_t connections = 0;
  std::uint64_t users = 100;
  std::uint64_t messages = 60;
  std::uint64_t interval_ms = 1'000;
  std::uint64_t size = 100;
  bool waits = false;
};

void declare(config::OptionTable& table, Arguments& arguments) {
  const auto flag = [](std::string meaning, std::string shown = {}) {
    return config::About{
        .meaning = std::move(meaning), .shown_default = std::move(shown), .where = config::Where::flag_only};
  };
  table.parsed_list<Address>("servers", &arguments.servers, config::read_target,
                             {.meaning = "nodes of the cluster, over which followers are spread evenly",
                              .value = "HOST:PORT,...",
                              .required = true,
                              .where = config::Where::flag_only});
  table.number("feeds", &arguments.feeds, {.min = 1, .max = 60'000}, flag("followers of the chat"));
  table.number("connections", &arguments.connections, {.min = 0, .max = 60'000},
               flag("over which they come", "one for each"));
  table.number("users", &arguments.users, {.min = 1, .max = 10'000}, flag("as whom they follow, in turn"));
  table.number("messages", &arguments.messages, {.min = 1, .max = 1'000'000}, flag("that are sent"));
  table.duration("interval", &arguments.interval_ms, {.min_ms = 0, .max_ms = 60'000}, flag("between two messages"));
  table.size("size", &arguments.size, {.min = 32, .max = 65'536}, flag("bytes of a message"));
  table.flag("wait", &arguments.waits, flag("for a line of standard input before followers come, and before messages"));
}

int wrong(int code, const std::string& what) {
  fmt::print(stderr, "follow_by_thousands: {}\n", what);
  return code;
}

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

std::string text_of_message(std::uint64_t now_us, std::uint64_t size) {
  std::string text = fmt::format("{} ", now_us);
  text.resize(std::max<std::size_t>(text.size(), size), '.');
  return text;
}

class Measurement {
 public:
  Measurement(const Arguments& arguments, ChatUser& sender, std::string chat, Crowd& crowd, const Clock& clock)
      : arguments_(arguments), sender_(sender), chat_(std::move(chat)), crowd_(crowd), clock_(clock) {}

  Status let_followers_come() {
    const std::uint64_t began_us = now_us();
    while (crowd_.open_feeds() < arguments_.feeds) {
      if (auto stepped = crowd_.step(10'000); !stepped) return stepped;
      if (now_us() - began_us > patience_us)
        return fail(ErrorCode::unreachable, fmt::format("only {} followers have come", crowd_.open_feeds()));
    }
    say(fmt::format(R"({{"phase":"followers","seconds":{:.2f}}})", static_cast<double>(now_us() - began_us) / 1e6));
    return {};
  }

  /// A message at each of its times, whatever became of those before it.
  Status send_all() {
    const std::uint64_t began_us = now_us();
    for (std::uint64_t sent = 0; sent < arguments_.messages;) {
      const std::uint64_t due_us = began_us + sent * arguments_.interval_ms * 1000;
      const std::uint64_t now = now_us();
      if (now < due_us) {
        if (auto stepped = crowd_.step(std::min<std::uint64_t>(due_us - now, 100'000)); !stepped) return stepped;
        continue;
      }
      const bool is_taken = sender_.send(
          chat_, text_of_message(now, arguments_.size), "m" + std::to_string(sent),
          [this](const Answer<ChatSent>& answer) { ++(answer ? acknowledged_ : failed_); }, {std::chrono::seconds(60)});
      if (!is_taken) return fail(ErrorCode::refused, "too many messages are under way");
      ++sent;
    }
    return {};
  }

  /// Until each follower has had all of them.
  Status await_all() {
    const std::uint64_t began_us = now_us();
    while (acknowledged_ + failed_ < arguments_.messages || crowd_.tally().delivered < expected()) {
      if (now_us() - began_us > patience_us) break;
      if (auto stepped = crowd_.step(10'000); !stepped) return stepped;
    }
    // What comes twice may come late: a page of each is on its way at most.
    for (int i = 0; i < 20; ++i) {
      if (auto stepped = crowd_.step(50'000); !stepped) return stepped;
    }
    return {};
  }

  /// All were told all of it once.
  [[nodiscard]] bool is_right() const {
    const Tally& tally = crowd_.tally();
    return failed_ == 0 && tally.delivered == expected() && tally.missing + tally.repeated + tally.malformed == 0;
  }
  [[nodiscard]] std::string report() const {
    const Tally& tally = crowd_.tally();
    const auto share = static_cast<double>(tally.in_time) / static_cast<double>(std::max<std::uint64_t>(1, expected()));
    return fmt::format(
        R"({{"phase":"done","feeds":{},"messages":{},"acknowledged":{},"failed":{},"expected":{},"delivered":{},)"
        R"("missing":{},"repeated":{},"malformed":{},"refusals":{},"lost_connections":{},"within_1s":{:.6f},)"
        R"("latency_us":{{"p50":{},"p90":{},"p99":{},"p999":{},"max":{}}}}})",
        arguments_.feeds, arguments_.messages, acknowledged_.load(), failed_.load(), expected(), tally.delivered,
        tally.missing, tally.repeated, tally.malformed, tally.refusals, tally.lost, share,
        tally.latency_us.percentile(50), tally.latency_us.percentile(90), tally.latency_us.percentile(99),
        tally.latency_us.percentile(99.9), tally.latency_us.max());
  }

 private:
  [[nodiscard]] std::uint64_t now_us() const { return clock_.now().monotonic_us; }
  [[nodiscard]] std::uint64_t expected() const { return acknowledged_ * arguments_.feeds; }

  const Arguments& arguments_;
  ChatUser& sender_;
  std::string chat_;
  Crowd& crowd_;
  const Clock& clock_;
  std::atomic<std::uint64_t> acknowledged_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
};

Status measure(const Arguments& arguments, bool& is_right) {
  Options options;
  for (const Address& server : arguments.servers) options.servers.push_back(server.text());
  auto cluster = Cluster::open(options);
  if (!cluster) return fail(ErrorCode::usage, cluster.error().message());
  auto stage = set_stage(*cluster, arguments.users);
  if (!stage) return std::unexpected(stage.error());
  say(R"({"phase":"users"})");
  std::string line;
  if (arguments.waits) std::getline(std::cin, line);

  const SystemClock clock;
  Crowd::Settings settings;
  settings.servers = arguments.servers;
  settings.feeds = arguments.feeds;
  settings.connections = arguments.connections == 0 ? arguments.feeds : arguments.connections;
  for (const ChatUser& user : stage->users) {
    const auto token = client::ChatToken::from_secret(user.token());
    settings.followers.push_back({app::encode_follow(app::FollowChat{token->id(), stage->chat}), Bytes(user.token())});
  }
  auto crowd = Crowd::create(std::move(settings), clock);
  if (!crowd) return std::unexpected(crowd.error());
  Measurement measurement(arguments, stage->users.front(), stage->chat, **crowd, clock);
  if (auto come = measurement.let_followers_come(); !come) return come;
  if (arguments.waits) std::getline(std::cin, line);
  auto done = measurement.send_all();
  if (done) done = measurement.await_all();
  if (!cluster->drain(std::chrono::seconds(60)) && done)
    done = fail(ErrorCode::unreachable, "messages stay unanswered");
  say(measurement.report());
  if (const std::string& why = (*crowd)->tally().last_refusal; !why.empty())
    fmt::print(stderr, "follow_by_thousands: the last feed that was begun again: {}\n", why);
  is_right = measurement.is_right();
  return done;
}

int run(int argc, char** argv) {
  Arguments arguments;
  config::OptionTable table({"follow_by_thousands -servers HOST:PORT,... [flags]"});
  declare(table, arguments);
  const auto parsed = table.parse(argc, argv);
  if (!parsed) return wrong(exit_usage, parsed.error().what);
  if (parsed->ask == config::Ask::help) {
    fmt::print("{}", table.help());
    return exit_done;
  }
  if (arguments.connections > arguments.feeds) return wrong(exit_usage, "-connections: more than -feeds");
  const std::uint64_t connections = arguments.connections == 0 ? arguments.feeds : arguments.connections;
  if (const auto enough = mq::check_descriptor_limit(connections + other_descriptors); !enough)
    return wrong(exit_usage, enough.error().what);
  bool is_right = false;
  if (const auto done = measure(arguments, is_right); !done) return wrong(exit_wrong, done.error().what);
  return is_right ? exit_done : exit_wrong;
}

}  // namespace
}  // namespace parley::followers

int main(int argc, char** argv) { return parley::followers::run(argc, argv); }
