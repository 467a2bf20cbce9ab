#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "common/app/command.hpp"
#include "common/app/settings.hpp"
#include "common/archive/archive.hpp"
#include "common/base/chain.hpp"
#include "common/base/entropy.hpp"
#include "common/base/random.hpp"
#include "common/wal/posix_file_system.hpp"
#include "logger/compaction/command_reduction.hpp"
#include "recovery/state_builder.hpp"

/// What compaction saves and costs. `measure_compaction FOLDER [ENTRIES] [BYTES] [KEYS] [PERIOD]`: makes archives of
/// sets below FOLDER, which must be on the disk to be measured, one for each mode and for keys that are drawn evenly or
/// by Zipf 0.99, and removes them. What was just written is in the system's cache.
namespace {

using namespace parley;
using Clock = std::chrono::steady_clock;
using Mode = archive::CompactionOptions::Mode;

struct Load {
  std::uint64_t entries = 400'000;
  std::size_t bytes = 1024;
  std::uint64_t keys = 100'000;
  std::uint64_t period = 100'000;
};

template <class T>
T must(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().what.c_str()), std::exit(1);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// Keys by their rank, the first most often: rank r with a chance in proportion to 1 / r^skew.
class Keys {
 public:
  Keys(std::uint64_t count, double skew) : chances_(count) {
    double sum = 0;
    for (std::uint64_t rank = 0; rank < count; ++rank)
      chances_[rank] = sum += std::pow(static_cast<double>(rank + 1), -skew);
    for (double& chance : chances_) chance /= sum;
  }
  std::string draw(Random& random) const {
    const double at =
        static_cast<double>(random.below(std::uint64_t{1} << 52)) / static_cast<double>(std::uint64_t{1} << 52);
    return "key" + std::to_string(std::ranges::lower_bound(chances_, at) - chances_.begin());
  }

 private:
  std::vector<double> chances_;
};

/// What a cluster commits: its settings, sessions, then sets by these in turn.
class Commands {
 public:
  static constexpr std::uint64_t sessions = 16;
  Commands(const ClusterId& cluster, const Keys& keys, std::size_t bytes)
      : keys_(keys), value_(bytes, 'v'), last_{Index{}, Term{1}, chain_start(cluster), {}} {}

  Entry next() {
    const std::uint64_t number = last_.index.value;
    if (number == 0) return make(EntryKind::settings, app::encode_settings({}));
    if (number <= sessions)
      return make(EntryKind::command, app::encode_command({.operation = app::OpenSession{number}}));
    const RequestSeq seq{number / sessions};
    const std::string key = keys_.draw(random_);
    const Bytes head = std::to_string(number) + " ";
    head.copy(value_.data(), head.size());
    return make(EntryKind::command,
                app::encode_command({SessionId{2 + number % sessions}, seq, seq, app::Set{key, value_}}));
  }

 private:
  Entry make(EntryKind kind, Bytes payload) {
    Entry entry{last_.index.next(), Term{1}, kind, {}, SharedBytes(std::move(payload)), {}};
    entry.digest = chain_next(last_.digest, entry);
    last_ = {entry.index, entry.term, entry.digest, entry.time};
    return entry;
  }

  const Keys& keys_;
  Bytes value_;
  wal::Start last_;
  Random random_{1};
};

struct Cost {
  double step_seconds = 0;  ///< of processor
  double longest_step = 0;
};

void settle(archive::Archive& archive, Cost& cost) {
  while (true) {
    const auto begin = Clock::now();
    const double before = processor_seconds();
    const bool more = must(archive.step());
    cost.step_seconds += processor_seconds() - before;
    cost.longest_step = std::max(cost.longest_step, seconds_since(begin));
    if (!more) return;
  }
}

std::uintmax_t bytes_in(const std::filesystem::path& folder) {
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) bytes += file.file_size();
  return bytes;
}

/// Until the rows of all sealed entries are durable; the shortest of three times.
double recover_once(archive::Archive& archive, const std::filesystem::path& folder) {
  const auto begin = Clock::now();
  auto builder = must(recovery::StateBuilder::begin(folder));
  for (Index next{1}; next <= archive.last();) {
    auto run = must(archive.read(next, archive.last(), limits::MiB));
    next = run.entries.back().entry.index.next();
    must(builder.apply(std::move(run.entries)));
  }
  builder.settle();
  must(builder.sync());
  return seconds_since(begin);
}

double recover(archive::Archive& archive, const std::filesystem::path& folder) {
  double shortest = recover_once(archive, folder);
  for (int time = 1; time < 3; ++time) shortest = std::min(shortest, recover_once(archive, folder));
  return shortest;
}

void measure(const std::filesystem::path& folder, const Load& load, const char* drawn, const Keys& keys,
             const char* name, std::optional<Mode> mode) {
  wal::PosixFileSystem files;
  auto archive = must(archive::Archive::open(files, folder, wal::OpenMode::use));
  if (mode) {
    archive::CompactionOptions options;
    options.mode = *mode;
    options.period = Count{load.period};
    archive.compact_with(logger::make_command_reduction(), options);
  }
  wal::Options options;
  options.retire_into = archive.layout().sealed();
  const wal::Identity identity{draw_cluster_id(), draw_server_id()};
  auto log = must(wal::Log::create(files, archive.layout().live(), identity, options));
  Commands commands(identity.cluster, keys, load.bytes);
  Cost cost;
  const auto begin = Clock::now();
  while (log.last().index.value < load.entries) {
    std::vector<Entry> entries;
    for (int made = 0; made < 1000; ++made) entries.push_back(commands.next());
    wal::Batch batch;
    batch.entries.emplace_back(entries);
    must(log.write(batch));
    must(log.sync());
    if (log.segments().size() == 1) continue;
    must(log.trim_before(log.segments().back().before.index.next()));
    archive.live_begins(log.segments().front().sequence, log.segments().front().before);
    settle(archive, cost);
  }
  const double written = seconds_since(begin);
  const auto sealed = static_cast<double>(archive.last().value);
  const auto bytes = static_cast<double>(bytes_in(archive.layout().sealed()));
  const double recovered = recover(archive, folder / "recovered");
  std::printf("| %s | %s | %.0f | %.0f | %.2f | %.1f | %.0f | %.2f |\n", drawn, name, sealed, bytes / limits::MiB,
              written, cost.step_seconds / sealed * 1e6, cost.longest_step * 1e3, recovered);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: measure_compaction FOLDER [ENTRIES] [BYTES] [KEYS] [PERIOD]\n");
    return 2;
  }
  Load load;
  const auto argument = [&](int at, auto otherwise) -> std::uint64_t {
    return argc > at ? std::strtoull(argv[at], nullptr, 10) : otherwise;
  };
  load.entries = argument(2, load.entries);
  load.bytes = argument(3, load.bytes);
  load.keys = argument(4, load.keys);
  load.period = argument(5, load.period);
  std::printf(
      "| keys | -compact | sealed entries | MiB sealed | s to write, sync and seal | us of processor an entry | "
      "longest step, ms | s to recover |\n"
      "|---|---|---|---|---|---|---|---|\n");
  const std::pair<const char*, std::optional<Mode>> modes[] = {
      {"off", std::nullopt}, {"immediate", Mode::immediate}, {"interval", Mode::interval}, {"delayed", Mode::delayed}};
  for (const double skew : {0.0, 0.99}) {
    const Keys keys(load.keys, skew);
    for (const auto& [name, mode] : modes) {
      const std::filesystem::path folder = std::filesystem::path(argv[1]) / "measure_compaction";
      measure(folder, load, skew == 0 ? "even" : "Zipf 0.99", keys, name, mode);
      std::filesystem::remove_all(folder);
    }
  }
}
