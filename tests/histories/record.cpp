// record_history: clients that ask a cluster at random, and write down what they asked and were told.
#include <fmt/format.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#include "client/transport_network.hpp"
#include "common/base/entropy.hpp"
#include "common/config/addresses.hpp"
#include "common/config/option_table.hpp"
#include "common/mq/context.hpp"
#include "tests/histories/final_reads.hpp"
#include "tests/histories/visitor.hpp"

namespace parley::histories {
namespace {

constexpr int exit_done = 0;
constexpr int exit_unanswered = 1;
constexpr int exit_usage = 2;
constexpr int exit_unwritten = 3;

/// A client's socket for each server that it speaks to, and those of clients that have just died.
constexpr int most_sockets = 4096;

struct Arguments {
  std::string file;
  std::vector<Address> servers;
  std::uint64_t clients = 12;
  std::uint64_t keys = 8;
  std::uint64_t think_ms = 50;
  std::uint64_t time_ms = 0;
  std::uint64_t seed = 0;
  std::string final_node;
  std::uint64_t timeout_ms = 60'000;
};

void declare(config::OptionTable& table, Arguments& arguments) {
  const auto flag = [](std::string meaning, std::string shown = {}) {
    return config::About{
        .meaning = std::move(meaning), .shown_default = std::move(shown), .where = config::Where::flag_only};
  };
  table.parsed_list<Address>("servers", &arguments.servers, config::read_target,
                             {.meaning = "nodes of the cluster",
                              .value = "[HOST]:PORT,...",
                              .required = true,
                              .where = config::Where::flag_only});
  table.number("clients", &arguments.clients, {.min = 1, .max = 256},
               flag("each asks one thing at a time; every second speaks to one node alone, whoever leads"));
  table.number("keys", &arguments.keys, {.min = 1, .max = 10'000}, flag("that they share"));
  table.duration("think", &arguments.think_ms, {.min_ms = 0, .max_ms = 60'000, .plain_ms = 1},
                 flag("between an answer and the client's next request, on average"));
  table.duration("time", &arguments.time_ms, {.min_ms = 0, .max_ms = 86'400'000, .plain_ms = 1'000},
                 flag("how long they ask", "until SIGTERM or SIGINT"));
  table.number("seed", &arguments.seed, {}, flag("of everything that is drawn", "drawn at random"));
  table.text("final", &arguments.final_node,
             {.meaning = "go on with a history that ended: read all its keys through this node, which is at -servers",
              .value = "NODE",
              .shown_default = "none",
              .where = config::Where::flag_only});
  table.duration("timeout", &arguments.timeout_ms, {.min_ms = 1, .max_ms = 3'600'000, .plain_ms = 1'000},
                 flag("of each of the final reads"));
}

int wrong(int code, const std::string& what) {
  fmt::print(stderr, "record_history: {}\n", what);
  return code;
}

/// SIGTERM and SIGINT as something that can be waited for. Made before any thread, so that none of them is interrupted.
class StopSignal {
 public:
  StopSignal() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    descriptor_ = ::signalfd(-1, &signals, SFD_CLOEXEC);
  }
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal() { (void)::close(descriptor_); }
  /// Can be read once one has come; negative if the system has no descriptor for it.
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

/// Every second client speaks to one node, a different one each time; the others to all.
std::vector<Address> servers_of(std::uint64_t client, const std::vector<Address>& all) {
  if (client % 2 != 0) return all;
  return {all[client / 2 % all.size()]};
}

int record(const Arguments& arguments, const StopSignal& stop) {
  auto book = Book::create(arguments.file);
  if (!book) return wrong(exit_unwritten, book.error().what);
  mq::Context context({.max_sockets = most_sockets});
  client::TransportNetwork network(context);
  const SystemClock clock;
  Visit visit{.keys = arguments.keys, .think_ms = arguments.think_ms, .book = *book};
  Random random(arguments.seed != 0 ? arguments.seed : draw_u64());
  std::vector<std::unique_ptr<Visitor>> visitors;
  for (std::uint64_t number = 0; number < arguments.clients; ++number) {
    visitors.push_back(std::make_unique<Visitor>(network, clock, visit, fmt::format("c{}", number),
                                                 servers_of(number, arguments.servers), random.next()));
  }
  const std::uint64_t until_us =
      arguments.time_ms == 0 ? UINT64_MAX : clock.now().monotonic_us + arguments.time_ms * 1000;
  bool is_closing = false;
  while (book->status()) {
    is_closing = is_closing || clock.now().monotonic_us >= until_us;
    std::uint64_t wake_us = is_closing ? UINT64_MAX : until_us;
    for (const auto& visitor : visitors) {
      visitor->step(is_closing);
      wake_us = std::min(wake_us, visitor->next_wake_us(is_closing));
    }
    if (is_closing && std::ranges::all_of(visitors, [](const auto& visitor) { return visitor->is_idle(); })) break;
    const std::uint64_t now_us = clock.now().monotonic_us;
    // After the first signal there is nothing more to read.
    const int input = is_closing ? -1 : stop.descriptor();
    is_closing = network.wait(wake_us - std::min(wake_us, now_us), input) || is_closing;
  }
  return book->status() ? exit_done : wrong(exit_unwritten, book->status().error().what);
}

int read_finals(const Arguments& arguments) {
  if (arguments.servers.size() != 1) return wrong(exit_usage, "-servers: expected one, the node of -final");
  const auto history = read_history(arguments.file);
  if (!history) return wrong(exit_usage, history.error().what);
  std::set<std::string> keys;
  for (const Record& record : history->records) keys.insert(record.begin.key);
  auto book = Book::append(arguments.file, *history);
  if (!book) return wrong(exit_unwritten, book.error().what);
  mq::Context context;
  client::TransportNetwork network(context);
  const SystemClock clock;
  FinalReads reads(network, clock, *book, {keys.begin(), keys.end()}, arguments.final_node, arguments.servers.front(),
                   arguments.timeout_ms * 1000);
  if (const Status status = reads.run(); !status) return wrong(exit_unanswered, status.error().what);
  return exit_done;
}

int run(int argc, char** argv) {
  const StopSignal stop;
  Arguments arguments;
  config::OptionTable table(
      {"record_history FILE -servers A,B,C [flags]", "record_history FILE -servers A -final NODE",
       "exit codes: 0 done, 1 a final read was not answered, 2 usage, 3 the file cannot be written"});
  declare(table, arguments);
  const auto parsed = table.parse(argc, argv);
  if (!parsed) return wrong(exit_usage, parsed.error().what);
  if (parsed->ask != config::Ask::run) {
    fmt::print("{}", table.help());
    return exit_done;
  }
  if (parsed->positional.size() != 1) return wrong(exit_usage, "expected one file (-help tells more)");
  arguments.file = parsed->positional.front();
  return arguments.final_node.empty() ? record(arguments, stop) : read_finals(arguments);
}

}  // namespace
}  // namespace parley::histories

int main(int argc, char** argv) { return parley::histories::run(argc, argv); }
