#include "common/app/application.hpp"
#include "common/store/inspect.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

namespace {

/// A log that uses every operation. The engine of the simulation has no name in settings.
std::vector<Entry> make_log(std::uint64_t seed, std::size_t entries, const std::string& engine = "lmdb") {
  Random random(seed);
  std::vector<Entry> log;
  std::vector<std::uint64_t> sessions;
  std::map<std::uint64_t, std::uint64_t> seqs;
  while (log.size() < entries) {
    const Index index{log.size() + 1};
    EntryKind kind = EntryKind::command;
    Bytes payload;
    const Bytes key = random.one_in(8) ? random_key(random) : std::to_string(random.below(60));
    const Bytes value = random_value(random);
    if (log.empty()) {
      kind = EntryKind::settings;
      // As many slots as make some keys too great.
      payload = app::encode_settings({.engine = engine == "simulated" ? "lmdb" : engine,
                                      .slot = 4096,
                                      .quota_bytes = 200'000,
                                      .session_window = 8,
                                      .sessions = 4});
    } else if (random.one_in(20) || sessions.empty()) {
      sessions.push_back(index.value);
      payload = app::encode_command({.operation = app::OpenSession{index.value}});
    } else {
      const SessionId session{sessions[sessions.size() - 1 - random.below(std::min<std::size_t>(sessions.size(), 5))]};
      const RequestSeq seq{random.one_in(6) ? std::max<std::uint64_t>(seqs[session.value], 1) : ++seqs[session.value]};
      const app::Operation operations[] = {app::Set{key, value}, app::Set{key, value}, app::Delete{key},
                                           app::CompareAndSet{key, "x", value}};
      payload = app::encode_command({session, seq, seq, operations[random.below(4)]});
    }
    log.push_back({index, Term{1}, kind, {index.value, 0}, SharedBytes(payload), blake2b(payload)});
  }
  return log;
}

std::optional<app::Application> open_application(app::Table& table) {
  auto application = app::Application::open(table);
  INFO((application ? "" : application.error().what));
  REQUIRE(application.has_value());
  return *std::move(application);
}

/// A replica that is killed at any moment and replays its log from where its store stands.
class MortalReplica {
 public:
  MortalReplica(Backend& backend, const std::vector<Entry>& log) : backend_(backend), log_(log) { start(); }

  void start() {
    table_ = table_over(backend_);
    application_ = open_application(*table_);
    CHECK(application_->applied() == flushed_);
  }
  void kill() {
    application_.reset();
    table_.reset();
    frozen_.reset();
  }
  void apply_next() { application_->apply(log_[application_->applied().value]); }
  void freeze() {
    if (frozen_) return;
    application_->save_meta();
    frozen_ = table_->freeze();
    frozen_at_ = application_->applied();
  }
  void flush(bool dies_before_it_hears) {
    if (!frozen_) return;
    REQUIRE(backend_.commit(*frozen_).has_value());
    flushed_ = frozen_at_;
    if (dies_before_it_hears) return;
    REQUIRE(table_->flushed().has_value());
    frozen_.reset();
  }
  [[nodiscard]] bool done() const { return application_->applied().value == log_.size(); }
  [[nodiscard]] app::Application& application() { return *application_; }
  [[nodiscard]] WriteBehindTable& table() { return *table_; }

 private:
  Backend& backend_;
  const std::vector<Entry>& log_;
  std::unique_ptr<WriteBehindTable> table_;
  std::optional<app::Application> application_;
  std::shared_ptr<const Overlay> frozen_;
  Index frozen_at_;
  Index flushed_;
};

void live_through(MortalReplica& replica, std::uint64_t seed) {
  Random random(seed);
  while (!replica.done()) {
    replica.apply_next();
    if (random.one_in(15)) replica.freeze();
    const bool dies = random.one_in(60);
    if (random.one_in(15)) replica.flush(dies);
    if (dies) {
      replica.kill();
      replica.start();
    }
  }
  replica.freeze();
  replica.flush(false);
  replica.freeze();
  replica.flush(false);
}

}  // namespace

TEST_CASE("a replica killed again and again has the state of one that never stopped") {
  const std::string engine = ANY_ENGINE;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const std::vector<Entry> log = make_log(seed, 1500, engine);
    app::MemoryTable memory;
    auto steady = open_application(memory);
    for (const Entry& entry : log) steady->apply(entry);
    steady->save_meta();

    CAPTURE(engine, seed);
    TemporaryFolder folder;
    std::unique_ptr<Backend> backend = open_backend(engine, folder / "store");
    MortalReplica mortal(*backend, log);
    live_through(mortal, seed);
    CHECK(mortal.application().meta() == steady->meta());
    CHECK(rows_of(mortal.table()) == Model(memory.rows().begin(), memory.rows().end()));
    CHECK(rows_of(*table_over(*backend)) == Model(memory.rows().begin(), memory.rows().end()));
  }
}

TEST_CASE("a stopped store tells what its last flush left, and is verified row by row") {
  const std::string engine = REAL_ENGINE;
  CAPTURE(engine);
  TemporaryFolder folder;
  const std::vector<Entry> log = make_log(7, 1000, engine);
  app::Meta flushed;
  {
    const auto backend = open_backend(engine, folder / "store");
    const auto fresh = table_over(*backend);
  }
  SECTION("before the first flush") {
    const auto meta = inspect_store(folder / "store");
    REQUIRE(meta.has_value());
    CHECK_FALSE(meta->has_value());
    const auto report = verify_store(folder / "store");
    REQUIRE(report.has_value());
    CHECK_FALSE(report->meta.has_value());
    CHECK(report->rows == 0);
  }
  SECTION("after some") {
    Model rows;
    {
      const auto backend = open_backend(engine, folder / "store");
      const auto table = table_over(*backend);
      auto application = open_application(*table);
      for (std::size_t i = 0; i < 900; ++i) {
        application->apply(log[i]);
        if (i % 100 != 99) continue;
        application->save_meta();
        flush(*table, *backend);
      }
      flushed = application->meta();
      rows = rows_of(*table);
      for (std::size_t i = 900; i < 1000; ++i) application->apply(log[i]);
    }
    const auto meta = inspect_store(folder / "store");
    REQUIRE(meta.has_value());
    CHECK(*meta == flushed);
    CHECK(flushed.applied == Index{900});
    const auto report = verify_store(folder / "store");
    INFO((report ? "" : report.error().what));
    REQUIRE(report.has_value());
    CHECK(report->meta == flushed);
    CHECK(report->rows == rows.size());
    CHECK(report->key_value_rows == flushed.keys);
    CHECK(report->key_value_bytes + 64 * flushed.keys == flushed.used_bytes);
    CHECK(report->file_bytes >= report->row_bytes);
  }
}

TEST_CASE("verify finds rows that the application did not leave") {
  const std::string engine = REAL_ENGINE;
  CAPTURE(engine);
  TemporaryFolder folder;
  const auto damaged_by = [&](BytesView key, BytesView value) {
    {
      const auto backend = open_backend(engine, folder / "store");
      const auto table = table_over(*backend);
      auto application = open_application(*table);
      application->save_meta();
      table->put(key, value);
      flush(*table, *backend);
    }
    const auto report = verify_store(folder / "store");
    REQUIRE_FALSE(report.has_value());
    CHECK(report.error().code == ErrorCode::corrupt);
    return report.error().what;
  };
  const std::string file = (folder / (engine == "lmdb" ? "store/data.mdb" : "store")).string() + ": ";
  SECTION("a row that the quota does not count") {
    CHECK(damaged_by("k7", "v").starts_with(file + "the meta row counts "));
  }
  SECTION("a row of no space") { CHECK(damaged_by("zyx", "v") == file + "a row belongs to no known space"); }
  SECTION("a session that is none") { CHECK(damaged_by("syz", "v") == file + "a row of a session is none"); }
  SECTION("a meta row that is none") {
    CHECK(damaged_by(app::meta_key().view(), "v") == file + "the meta row is none");
    const auto meta = inspect_store(folder / "store");
    REQUIRE_FALSE(meta.has_value());
    CHECK(meta.error().what == file + "the meta row is none");
  }
}
