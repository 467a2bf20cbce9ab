// What it uses of the tests' sources asserts by Catch, which here only has to be there.
#define CATCH_CONFIG_RUNNER
#include <cstdio>
#include <cstdlib>

#include "common/transport/range_client.hpp"
#include "tests/replica/range_server.hpp"

/// Prints how fast entries go from a source in memory through a RangeActor and a RangeClient, whose chain is computed
/// and compared: both sides in one process, over loopback. Usage: measure_ranges [entries, 1000000] [bytes of a
/// payload, 128] [window in KiB, 2048]
using namespace parley;

namespace {

std::uint64_t argument(int count, char** values, int index, std::uint64_t fallback) {
  return index < count ? std::strtoull(values[index], nullptr, 10) : fallback;
}

}  // namespace

int main(int count, char** values) {
  const std::uint64_t entries = argument(count, values, 1, 1'000'000);
  const std::uint64_t bytes = argument(count, values, 2, 128);
  const std::uint64_t window = argument(count, values, 3, 2048) * limits::KiB;

  replica::testing::Server server;
  server.append(static_cast<int>(entries), bytes);
  auto client = transport::RangeClient::connect(server.context, server.at, {});
  if (!client) return 1;
  const SystemClock clock;
  const std::uint64_t begin = clock.now().monotonic_us;
  client->open_entries({Index{1}, Index{entries}, chain_start(server.store.id())}, window, 60'000'000, begin);
  std::uint64_t came = 0;
  std::uint64_t chunks = 0;
  while (true) {
    const auto event = client->await(clock, clock.now().monotonic_us + 60'000'000);
    if (!event) return 1;
    if (const auto* more = std::get_if<transport::EntriesCame>(&*event)) {
      came += more->entries.size();
      ++chunks;
      continue;
    }
    if (!std::holds_alternative<transport::EntriesEnded>(*event)) return 1;
    break;
  }
  const double seconds = static_cast<double>(clock.now().monotonic_us - begin) / 1e6;
  std::printf(
      "%llu entries of %llu bytes, window %llu KiB: %.2f s, %.0f entries/s, %.0f MB/s of payloads, %llu chunks\n",
      static_cast<unsigned long long>(came), static_cast<unsigned long long>(bytes),
      static_cast<unsigned long long>(window / limits::KiB), seconds, static_cast<double>(came) / seconds,
      static_cast<double>(came * bytes) / seconds / 1e6, static_cast<unsigned long long>(chunks));
  return 0;
}
