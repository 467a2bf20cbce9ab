#pragma once
#include <catch2/catch.hpp>

#include "common/app/application.hpp"
#include "recovery/recovery.hpp"
#include "tests/recovery/recovery_testing.hpp"
#include "tests/replica/range_server.hpp"

namespace parley::recovery::testing {

using replica::testing::Server;
using transfer::testing::FakeLog;

/// Makes entries as a cluster would have committed them: settings, a membership, a session, and then sets of some keys,
/// deletes and compare-and-set. Two with one seed write the same.
class Writer {
 public:
  explicit Writer(std::uint64_t seed = 1) : random_(seed) {}

  void write(FakeLog& log, std::uint64_t entries) {
    for (std::uint64_t i = 0; i < entries; ++i) write_one(log);
  }

 private:
  void write_one(FakeLog& log) {
    const std::uint64_t index = log.last().next().value;
    if (index == 1) return log.append(app::encode_settings({}), EntryKind::settings);
    if (index == 2) return log.append("members of a cluster that is gone", EntryKind::membership);
    if (index == 3) return log.append(encode_command(app::Command{.operation = app::OpenSession{1}}));
    if (random_.one_in(50)) return log.append("", EntryKind::noop);
    const Bytes key = "key" + std::to_string(random_.below(200));
    const Bytes value(random_.below(300), static_cast<char>('a' + random_.below(26)));
    app::Operation operation = app::Set{key, value};
    if (random_.one_in(5)) operation = app::Delete{key};
    if (random_.one_in(5)) operation = app::CompareAndSet{key, "", value};
    const RequestSeq seq{seq_++};
    log.append(encode_command(app::Command{SessionId{3}, seq, seq, operation}));
  }

  Random random_;
  std::uint64_t seq_ = 1;
};

/// A server with so many entries of the same history.
struct FakeSource : Server {
  explicit FakeSource(std::uint64_t entries, std::uint64_t seed = 1, ClusterId id = transfer::testing::cluster(1))
      : Server(id), writer(seed) {
    write(entries);
  }
  void write(std::uint64_t entries) {
    store.with_log([&](FakeLog& entries_of) { writer.write(entries_of, entries); });
    head_changed();
  }
  /// Changes the log, and tells of it.
  template <class Change>
  void change(Change act) {
    store.with_log([&](FakeLog& entries) { act(entries); });
    head_changed();
  }
  void trim_before(std::uint64_t first) {
    change([first](FakeLog& entries) { entries.trim_before(Index{first}); });
  }
  /// An image of the state behind this entry, whose log must be whole; `spoil` may change a row.
  void add_image(std::uint64_t index, std::string_view spoiled_key = {});

  Writer writer;
};

/// What applying these entries of the log one by one gives.
struct State {
  app::MemoryTable table;
  app::Meta meta;
  std::uint64_t commands = 0;
};
inline State state_at(const FakeLog& log, std::uint64_t index) {
  State state;
  auto application = app::Application::open(state.table);
  REQUIRE(application);
  for (std::uint64_t i = 1; i <= index; ++i) {
    (void)application->apply(log.at(Index{i}).entry);
    state.commands += log.at(Index{i}).entry.kind == EntryKind::command ? 1 : 0;
  }
  application->save_meta();
  state.meta = application->meta();
  return state;
}

inline void FakeSource::add_image(std::uint64_t index, std::string_view spoiled_key) {
  const auto point = store.with_log([&](FakeLog& entries) { return entries.point(Index{index}); });
  const State state = store.with_log([&](FakeLog& entries) { return state_at(entries, index); });
  std::vector<Bytes> pieces(1);
  for (const auto& [key, value] : state.table.rows()) {
    if (key != spoiled_key) transfer::append_row(pieces.back(), key, value);
    if (pieces.back().size() > 2000) pieces.emplace_back();
  }
  store.add_image({point.index, point.term, point.digest, point.time, Index{2}, {}}, std::move(pieces));
  head_changed();
}

/// A recovery in this process, from these servers.
struct Run {
  TemporaryFolder temporary;
  SystemClock clock;
  mq::Context context{{.io_threads = 1, .max_sockets = 200}};
  RecoveryRequest request;
  std::vector<std::string> reports;
  std::unique_ptr<Recovery> recovery;

  explicit Run(const std::vector<Address>& addresses) {
    request.sources.addresses = addresses;
    request.sources.timeout_us = 20'000'000;
    request.folder = temporary.path() / "made";
    request.keeps_folder = true;
    request.hands = 2;
  }
  Result<Outcome> run() {
    recovery = std::make_unique<Recovery>(
        context, clock, request, [this](const std::string& text) { reports.push_back(text); }, [](const Progress&) {});
    auto outcome = recovery->run();
    recovery.reset();
    // Whatever happened: a folder that is whole, or none.
    CHECK(fs::exists(request.folder) == (outcome.has_value() && request.keeps_folder && outcome->installed));
    CHECK_FALSE(fs::exists(request.folder.string() + ".making"));
    return outcome;
  }
  Outcome succeed() {
    auto outcome = run();
    if (!outcome) FAIL(outcome.error().what);
    return *std::move(outcome);
  }
  Error fail() {
    const auto outcome = run();
    REQUIRE_FALSE(outcome);
    return outcome.error();
  }
  [[nodiscard]] bool said(std::string_view part) const {
    return std::ranges::any_of(reports, [&](const std::string& text) { return text.find(part) != std::string::npos; });
  }
};

}  // namespace parley::recovery::testing
