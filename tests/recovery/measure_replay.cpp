// Measures, for people: how long a history takes to be replayed into a fresh store, by one thread and by several. Not a
// test. Usage: measure_replay [FOLDER [COMMANDS [VALUE_BYTES [KEYS [OVERLAY_MIB]]]]]; of the commands half are sets of
// random keys, half deletes, or all sets if COMMANDS is followed by "s".
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "common/app/command.hpp"
#include "common/app/settings.hpp"
#include "common/base/random.hpp"
#include "recovery/state_builder.hpp"

using namespace parley;

namespace {

using Timer = std::chrono::steady_clock;

double seconds_since(Timer::time_point since) { return std::chrono::duration<double>(Timer::now() - since).count(); }

std::vector<transfer::RangeEntry> make_log(std::uint64_t commands, std::size_t value_bytes, std::uint64_t keys,
                                           bool only_sets) {
  Random random(1);
  std::vector<transfer::RangeEntry> log;
  const auto append = [&](EntryKind kind, Bytes payload) {
    log.push_back({{Index{log.size() + 1}, Term{1}, kind, {}, SharedBytes(std::move(payload)), {}}, std::nullopt});
  };
  append(EntryKind::settings, app::encode_settings({}));
  constexpr std::uint64_t sessions = 64;
  for (std::uint64_t i = 0; i < sessions; ++i)
    append(EntryKind::command, encode_command(app::Command{.operation = app::OpenSession{i}}));
  const Bytes value(value_bytes, 'v');
  for (std::uint64_t i = 0; i < commands; ++i) {
    char key[32];
    std::snprintf(key, sizeof key, "key-%012llu", static_cast<unsigned long long>(random.below(keys)));
    const RequestSeq seq{1 + i / sessions};
    const bool is_set = only_sets || i % 2 == 0;
    const app::Operation operation = is_set ? app::Operation(app::Set{key, value}) : app::Operation(app::Delete{key});
    append(EntryKind::command, encode_command(app::Command{SessionId{2 + i % sessions}, seq, seq, operation}));
  }
  return log;
}

void replay(const std::vector<transfer::RangeEntry>& log, const std::string& folder, recovery::BuildOptions options) {
  auto builder = recovery::StateBuilder::begin(folder, options);
  if (!builder) std::printf("%s\n", builder.error().what.c_str()), std::exit(1);
  const auto begin = Timer::now();
  constexpr std::size_t piece = 900;
  for (std::size_t at = 0; at < log.size(); at += piece) {
    const auto from = log.begin() + static_cast<std::ptrdiff_t>(at);
    const auto to = log.begin() + static_cast<std::ptrdiff_t>(std::min(log.size(), at + piece));
    if (const Status applied = builder->apply({from, to}); !applied)
      std::printf("%s\n", applied.error().what.c_str()), std::exit(1);
  }
  builder->settle();
  const double applied = seconds_since(begin);
  const std::string state = builder->meta().state.text().substr(0, 16);
  if (const Status synced = builder->sync(); !synced) std::printf("%s\n", synced.error().what.c_str()), std::exit(1);
  std::printf("%zu hands: applied after %.2f s, durable after %.2f s; %.0f entries a second; state %s\n", options.hands,
              applied, seconds_since(begin), static_cast<double>(log.size()) / seconds_since(begin), state.c_str());
}

}  // namespace

int main(int count, char** arguments) {
  const std::string folder = count > 1 ? arguments[1] : "measure_replay.made";
  const std::uint64_t commands = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1'000'000;
  const bool only_sets = count > 2 && std::strchr(arguments[2], 's') != nullptr;
  const std::size_t value_bytes = count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 1024;
  const std::uint64_t keys = count > 4 ? std::strtoull(arguments[4], nullptr, 10) : 100'000;
  recovery::BuildOptions options;
  if (count > 5) options.overlay_bytes = std::strtoull(arguments[5], nullptr, 10) * limits::MiB;
  const auto log = make_log(commands, value_bytes, keys, only_sets);
  for (int round = 0; round < 2; ++round) {
    for (const std::size_t hands : {0, 1, 2, 3}) {
      options.hands = hands;
      replay(log, folder, options);
    }
  }
  return 0;
}
