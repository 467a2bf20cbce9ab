// The key-value store, from a program: `kv SERVER[,SERVER...]`, for example `kv 127.0.0.1:11000`.
#include <parley/parley.hpp>

#include <atomic>
#include <charconv>
#include <chrono>
#include <iostream>
#include <sstream>
#include <string>

using namespace std::chrono_literals;

// Every call gives what was asked for, or a failure: a stable word and a text for people.
template <class T>
T value_or_exit(parley::Answer<T> answer) {
  if (answer) return *std::move(answer);
  std::cerr << "kv: " << answer.error().message() << '\n';
  std::exit(1);
}

// Doubles a number, whoever else changes it at the same time: each tries again until nobody was faster.
int double_it(parley::Cluster& cluster, const std::string& key) {
  for (;;) {
    const auto present = value_or_exit(cluster.get(key));
    int number = 0;
    std::from_chars(present.bytes.data(), present.bytes.data() + present.bytes.size(), number);
    const auto written = cluster.compare_and_set(key, present.bytes, std::to_string(number * 2));
    if (written) return number * 2;
    // Anything else than `mismatch` is a reason to stop. After `timeout` it may have been doubled, or not.
    if (written.error().word != parley::Word::mismatch) value_or_exit(written);
  }
}

// Who holds the lock works on while it keeps its lease alive, every third of its time or so. If it dies, the lease ends
// after that time, and with it the key.
void work_with_lock(parley::Cluster& cluster, const std::string& name) {
  const auto lease = value_or_exit(cluster.grant_lease(10s));
  using Transaction = parley::Transaction;
  const auto taken =
      value_or_exit(cluster.transact({.compares = {{"lock", parley::Compare::Is::absent}},
                                      .then = {Transaction::Set{.key = "lock", .value = name, .lease = lease.id},
                                               Transaction::Increment{.key = "locked"}},
                                      .otherwise = {Transaction::Get{"lock"}}}));
  if (taken.held) {
    std::cout << "lock: taken by " << name << ", time " << taken.items[1].value.value_or("?") << '\n';
    value_or_exit(cluster.keep_lease_alive(lease.id));
    std::cout << "lease: " << value_or_exit(cluster.lease_info(lease.id)).keys << " key\n";
  } else {
    std::cout << "lock: held by " << taken.items[0].value.value_or("nobody any more") << '\n';
  }
  value_or_exit(cluster.revoke_lease(lease.id));
  if (taken.held) std::cout << "lock: " << text(cluster.get("lock").error().word) << '\n';
}

int main(int argc, char** argv) {
  // All nodes of the cluster, or some: the others are found, and whoever leads is followed.
  parley::Options options;
  std::istringstream servers(argc > 1 ? argv[1] : "127.0.0.1:11000");
  for (std::string server; std::getline(servers, server, ',');) options.servers.push_back(server);
  auto cluster = value_or_exit(parley::Cluster::open(options));

  // A write is done when a majority has it on disk. It takes effect once, however often it had to be sent.
  const auto written = value_or_exit(cluster.set("colour/sky", "blue"));
  std::cout << "written by entry " << written.index << '\n';

  // A read sees all that was acknowledged before it began, unless a staler answer will do.
  std::cout << "sky: " << value_or_exit(cluster.get("colour/sky")).bytes << '\n';
  const auto stale = value_or_exit(cluster.get("colour/sky", {.mode = parley::ReadMode::stale, .timeout = 2s}));
  std::cout << "sky, at most " << stale.age.value_or(0ms).count() << " ms ago: " << stale.bytes << '\n';
  if (const auto grass = cluster.get("colour/grass"); !grass) {
    std::cout << "grass: " << text(grass.error().word) << '\n';
  }

  value_or_exit(cluster.set("count", "20"));
  std::cout << "count: " << value_or_exit(cluster.increment("count")).number << '\n';
  std::cout << "doubled: " << double_it(cluster, "count") << '\n';

  // A key may end by itself, or hang on a lease with others; a transaction looks and writes in one step.
  value_or_exit(cluster.set("colour/dusk", "violet", {.ttl = 1h}));
  work_with_lock(cluster, "kv");

  // Callback form: many calls at once. Callbacks run on the cluster's own thread, so they are short.
  std::atomic<int> done = 0;
  for (int i = 0; i < 100; ++i) {
    const bool is_taken =
        cluster.set("colour/" + std::to_string(i), "grey", [&done](parley::Answer<parley::Written> answer) {
          if (answer) ++done;
        });
    if (!is_taken) std::cerr << "kv: too much is under way\n";
  }
  if (!cluster.drain(10s)) std::cerr << "kv: not all was answered\n";
  std::cout << done << " written at once\n";

  // A page of rows after the other, in the order of their keys' bytes.
  value_or_exit(cluster.remove_if("colour/dusk", "violet"));
  std::size_t rows = 0;
  for (parley::Range range{.prefix = "colour/", .after = "", .limit = 30};;) {
    const auto page = value_or_exit(cluster.scan(range));
    rows += page.rows.size();
    if (!page.more) break;
    range.after = page.rows.back().key;
  }
  std::cout << rows << " colours\n";

  // What has changed under a prefix, from an entry on, and what will change: the feed goes on for as long as the
  // program likes, at another node if one dies. Here the first change is enough.
  auto feed = value_or_exit(cluster.watch({.prefix = "colour/", .from = written.index}));
  const auto change = value_or_exit(feed.next(10s));
  std::cout << "entry " << change.index << ": " << change.key << " = " << change.value.value_or("(removed)") << '\n';

  const auto status = value_or_exit(cluster.status());
  std::cout << "led by " << status.leader << ", " << status.members.size() << " members\n";
}
