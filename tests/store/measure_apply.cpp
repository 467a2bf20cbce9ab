// Measures, for people: microseconds that apply takes for a set in a session, over a write-behind table over LMDB, and
// milliseconds of a flush. Not a test. Usage: measure_apply [FOLDER [KEYS [VALUE_BYTES]]]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "common/app/application.hpp"
#include "common/base/random.hpp"
#include "common/store/lmdb_backend.hpp"
#include "common/store/write_behind_table.hpp"

using namespace parley;

namespace {

using Timer = std::chrono::steady_clock;

double elapsed_us(Timer::time_point since) {
  return std::chrono::duration<double, std::micro>(Timer::now() - since).count();
}

/// Some sessions that take turns in setting random keys.
class Workload {
 public:
  Workload(std::size_t sessions, std::size_t keys, std::size_t value_bytes)
      : seqs_(sessions, 1), keys_(keys), value_(value_bytes, 'v') {}

  [[nodiscard]] std::vector<Entry> open_sessions() {
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < seqs_.size(); ++i) entries.push_back(entry({.operation = app::OpenSession{i}}));
    return entries;
  }
  [[nodiscard]] std::vector<Entry> sets(std::size_t count, bool in_order) {
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t session = i % seqs_.size();
      char key[32];
      std::snprintf(key, sizeof key, "key-%012zu", in_order ? i % keys_ : random_.below(keys_));
      const RequestSeq seq{seqs_[session]++};
      entries.push_back(entry({SessionId{session + 1}, seq, seq, app::Set{key, value_}}));
    }
    return entries;
  }

 private:
  Entry entry(const app::Command& command) {
    last_ = last_.next();
    return {last_, Term{1}, EntryKind::command, {}, SharedBytes(app::encode_command(command)), {}};
  }

  Random random_{1};
  Index last_;
  std::vector<std::uint64_t> seqs_;
  std::size_t keys_;
  Bytes value_;
};

void apply_all(app::Application& application, const std::vector<Entry>& entries, const char* what) {
  const auto start = Timer::now();
  std::size_t failed = 0;
  for (const Entry& entry : entries) failed += application.apply(entry).reply.word == ErrorWord::ok ? 0 : 1;
  const double each_us = elapsed_us(start) / static_cast<double>(entries.size());
  std::printf("%-58s %8.3f us each (%zu, %zu failed)\n", what, each_us, entries.size(), failed);
}

void flush(app::Application& application, store::WriteBehindTable& table, store::Backend& backend) {
  application.save_meta();
  const std::size_t rows = table.active_rows();
  const std::size_t bytes = table.active_bytes();
  const auto overlay = table.freeze();
  auto start = Timer::now();
  const Status committed = backend.commit(*overlay);
  const double commit_us = elapsed_us(start);
  start = Timer::now();
  auto dropped = table.flushed();
  const double flushed_us = elapsed_us(start);
  std::printf("  flush of %zu rows (%zu KiB): commit %.1f ms, flushed() %.1f us, %s\n", rows, bytes / 1024,
              commit_us / 1000, flushed_us, committed && dropped ? "ok" : "failed");
}

}  // namespace

int main(int count, char** arguments) {
  const std::filesystem::path folder = count > 1 ? arguments[1] : "measure_apply.store";
  const std::size_t keys = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 100'000;
  const std::size_t value_bytes = count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 128;
  std::filesystem::remove_all(folder);
  auto backend = store::LmdbBackend::open(folder, limits::quota_bytes);
  if (!backend) return std::fprintf(stderr, "%s\n", backend.error().what.c_str()), 1;
  auto snapshot = (*backend)->snapshot();
  if (!snapshot) return std::fprintf(stderr, "%s\n", snapshot.error().what.c_str()), 1;
  store::WriteBehindTable table(*std::move(snapshot));
  auto application = app::Application::open(table);
  Workload workload(64, keys, value_bytes);
  apply_all(*application, workload.open_sessions(), "open a session");
  for (std::size_t done = 0; done < keys; done += 100'000) {
    apply_all(*application, workload.sets(std::min<std::size_t>(100'000, keys), keys <= 100'000), "set, new key");
    if (keys > 100'000) flush(*application, table, **backend);
  }
  apply_all(*application, workload.sets(100'000, false), "set, key in the active overlay");
  apply_all(*application, workload.sets(100'000, false), "set, key in the active overlay");
  flush(*application, table, **backend);
  apply_all(*application, workload.sets(100'000, false), "set, key in LMDB");
  flush(*application, table, **backend);
  application->save_meta();
  const auto frozen = table.freeze();
  apply_all(*application, workload.sets(100'000, false), "set, an (empty) overlay frozen");
  const auto usage = (*backend)->usage();
  std::printf("map %zu MiB, high water %zu MiB\n", std::size_t{usage.map_bytes >> 20},
              std::size_t{usage.high_water_bytes >> 20});
  std::filesystem::remove_all(folder);
  return 0;
}
