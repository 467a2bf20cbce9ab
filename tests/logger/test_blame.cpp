#include "logger/tools/blame.hpp"

#include <algorithm>

#include "common/app/application.hpp"
#include "common/app/reduced.hpp"
#include "common/app/reducer.hpp"
#include "common/app/transaction.hpp"
#include "logger/tools/key_history.hpp"
#include "tests/app/log_maker.hpp"
#include "tests/logger/tools_testing.hpp"

using namespace parley;
using namespace parley::logger;
using namespace parley::logger_testing;
using sim::SimulatedFileSystem;
using tools::Answer;

namespace {

Said blame(wal::FileSystem& files, Answer expected, const Bytes& key = "k", bool json = false) {
  config::ToolOptions options;
  options.folder = first_folder.string();
  options.key = key;
  options.json = json;
  Said said;
  CHECK(good(tools::blame(files, options, said.console())) == expected);
  return said;
}

/// The last fields of each line: operation, outcome, value.
std::vector<std::string> ends_of(const std::string& text) {
  std::vector<std::string> ends;
  for (const std::string& line : lines_of(text)) {
    std::size_t at = 0;
    for (int field = 0; field < 3; ++field) at = line.find('\t', at) + 1;
    ends.push_back(line.substr(at));
  }
  return ends;
}

}  // namespace

TEST_CASE("blame lists the writes to a key, and what became of them") {
  SimulatedFileSystem disk;
  ClusterLog log;
  log.settings({});
  log.open_session();
  log.run(app::Set{"other", "x"});
  log.run(app::CompareAndSet{"k", "a", "b"});
  log.run(app::Set{"k", "value one"});
  log.again(app::Set{"k", "value one"});
  log.run(app::CompareAndSet{"k", "a", "b"});
  log.run(app::CompareAndSet{"k", "value one", Bytes(100, 'b')});
  log.run(app::Set{"k", "\xff"});
  log.run(app::Delete{"k"});
  log.run(app::Delete{"k"});
  log.run(app::CloseSession{});
  log.run(app::Set{"k", "late"});
  ArchiveMaker archive(disk, log);
  archive.take(log.last());
  const Said said = blame(disk, Answer::yes);
  CHECK(said.remarks.empty());
  CHECK(ends_of(said.out) == std::vector<std::string>{"cas\tnot_found\t\"b\"", "set\tok\t\"value one\"",
                                                      "set\tduplicate\t\"value one\"", "cas\tmismatch\t\"b\"",
                                                      "cas\tok\t100 bytes", "set\tok\t1 bytes", "delete\tok\t",
                                                      "delete\tnot_found\t", "set\tsession_expired\t\"late\""});
  CHECK(lines_of(said.out)[0] == "4\t1970-01-01T00:00:00.003000Z\tsession 2 seq 2\tcas\tnot_found\t\"b\"");
  const Said json = blame(disk, Answer::yes, "k", true);
  REQUIRE(lines_of(json.out).size() == 9);
  CHECK(lines_of(json.out)[0].starts_with(R"({"index":4,"term":1,"kind":"command",)"));
  CHECK(lines_of(json.out)[0].ends_with(R"(,"outcome":"not_found"})"));
  const Said none = blame(disk, Answer::no, "nobody");
  CHECK(none.out.empty());
  CHECK(none.remarks == "nothing in entries 1 to 13 writes this key\n");
}

TEST_CASE("blame tells when a key ended, and what numbers and transactions made of it") {
  SimulatedFileSystem disk;
  ClusterLog log;
  log.settings({});
  log.open_session();
  log.run(app::SetExpiring{"k", "7", 15, {}});  // an entry comes each 10 us
  log.run(app::Increment{"k", 2});
  log.run(app::Set{"other", "x"});
  log.run(app::LeaseGrant{1000});  // 6
  log.run(app::SetExpiring{"k", "a", 0, app::LeaseId{6}});
  log.run(app::Increment{"k", 1});
  log.run(app::LeaseRevoke{app::LeaseId{6}});
  const Bytes own = app::encode_transaction({{{app::Compare::How::absent, "k"}}, {app::Set{"k", "b"}}, {}});
  log.run(app::Transaction{own});
  log.run(app::Transaction{own});
  const Bytes others = app::encode_transaction({{{app::Compare::How::exists, "other"}}, {app::Set{"k", "c"}}, {}});
  log.run(app::Transaction{others});
  log.run(app::DeleteIf{"k", "c"});
  log.run(app::Set{"k", "d"});
  log.run(app::DeleteIf{"k", "d"});
  ArchiveMaker archive(disk, log);
  archive.take(log.last());
  const Said said = blame(disk, Answer::yes);
  CHECK(ends_of(said.out) == std::vector<std::string>{"set\tok\t\"7\"", "incr\tok\t\"9\"", "end\tok\t",
                                                      "set\tok\t\"a\"", "incr\tmismatch\t", "lease_revoke\tok\t",
                                                      "txn\tok\t\"b\"", "txn\tok (no change)\t", "txn\tunknown\t",
                                                      "delete\tunknown\t", "set\tok\t\"d\"", "delete\tok\t"});
  CHECK(lines_of(said.out)[2] == "5\t1970-01-01T00:00:00.004000Z\tits time\tend\tok\t");
  const Said json = blame(disk, Answer::yes, "k", true);
  CHECK(lines_of(json.out)[2].ends_with(R"(,"write":"end","outcome":"ok"})"));
}

TEST_CASE("blame goes on from an image where entries are missing, and says what it cannot know") {
  SimulatedFileSystem disk;
  ClusterLog log;
  log.settings({});
  log.open_session();
  for (int number = 0; number < 400; ++number) log.run(app::Set{"other", Bytes(100, 'v')});
  log.run(app::Set{"k", "before"});  // 403
  for (int number = 0; number < 47; ++number) log.run(app::Set{"other", Bytes(100, 'v')});
  log.run(app::CompareAndSet{"k", "before", "behind"});  // 451
  for (int number = 0; number < 100; ++number) log.run(app::Delete{"k"});
  ArchiveMaker archive(disk, log);
  SECTION("a gap") {
    archive.take(Index{100});
    archive.restart_behind(Index{450});
    archive.take(Index{453});
    const Said said = blame(disk, Answer::yes);
    CHECK(said.remarks == "101 to 450 are missing\n");
    CHECK(ends_of(said.out) == std::vector<std::string>{"cas\tok\t\"behind\"", "delete\tok\t", "delete\tnot_found\t"});
  }
  SECTION("a truncation, and an image further on") {
    archive.take(Index{500});
    archive.add_image(Index{451});
    archive.seal();
    good(archive.archive().truncate_before(Index{400}));
    const Index begin = archive.archive().manifest().begin.index;
    REQUIRE(begin > Index{200});
    REQUIRE(begin < Index{403});
    const Said said = blame(disk, Answer::yes);
    CHECK(said.remarks == "entries up to " + std::to_string(begin.value) + " were truncated\n");
    const auto ends = ends_of(said.out);
    REQUIRE(ends.size() == 51);
    CHECK(ends[0] == "set\tunknown\t\"before\"");
    CHECK(ends[1] == "cas\tunknown\t\"behind\"");
    CHECK(ends[2] == "delete\tok\t");
    CHECK(ends[3] == "delete\tnot_found\t");
  }
}

TEST_CASE("where the quota may have refused a write, blame says so, and knows again what certainly followed") {
  SimulatedFileSystem disk;
  ClusterLog log;
  log.settings({.quota_bytes = 1000});
  log.open_session();
  for (int number = 0; number < 8; ++number) log.run(app::Set{"other", Bytes(100, 'v')});
  log.run(app::Set{"k", "first"});
  log.run(app::CompareAndSet{"k", "first", "second"});
  log.run(app::Set{"k", ""});
  log.run(app::Delete{"k"});
  log.run(app::Delete{"k"});
  ArchiveMaker archive(disk, log);
  archive.take(log.last());
  CHECK(ends_of(blame(disk, Answer::yes).out) ==
        std::vector<std::string>{"set\tok or quota\t\"first\"", "cas\tunknown\t\"second\"", "set\tok or quota\t\"\"",
                                 "delete\tok or not_found\t", "delete\tnot_found\t"});
}

TEST_CASE("what blame says became of a command is what the application answered, whatever a log holds") {
  std::size_t known = 0;
  std::size_t known_transactions = 0;
  std::size_t ends = 0;
  std::size_t left_out = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    // At the quota, and far from it.
    app::LogMaker maker(seed, seed % 2 == 0 ? 2000 : limits::GiB);
    std::vector<Entry> entries;
    app::Reducer reducer;
    for (int number = 0; number < 800; ++number) {
      entries.push_back(maker.next());
      reducer.take(entries.back());
    }
    const std::vector<Index> unnecessary = reducer.end_window();
    const Bytes key = "key" + std::to_string(seed % 12);
    tools::KeyHistory history(key);
    history.begin_empty();
    app::MemoryTable table;
    auto truth = good(app::Application::open(table));
    for (const Entry& entry : entries) {
      const app::Outcome outcome = truth.apply(entry);
      archive::ArchivedEntry archived{entry, std::nullopt};
      const bool may_go = std::ranges::binary_search(unnecessary, entry.index);
      if (auto left = may_go ? app::reduce(entry.payload.view()) : std::nullopt) {
        archived.payload_hash = blake2b(entry.payload.view());
        archived.entry.payload = SharedBytes(*std::move(left));
        ++left_out;
      }
      const std::string word = outcome.duplicate ? "duplicate" : std::string(text(outcome.reply.word));
      const auto is_changed = [&](const app::KeyChange& change) { return change.key == key; };
      const auto ended = outcome.changes.first(outcome.ended);
      for (const tools::KeyWrite& write : good(history.take(archived))) {
        INFO("entry " << entry.index << ": " << write.operation << " " << write.outcome << ", in truth " << word);
        if (write.outcome == "unknown") continue;
        if (write.operation == "end" || write.operation == "lease_revoke") {
          CHECK(std::ranges::any_of(write.operation == "end" ? ended : outcome.changes, is_changed));
          ++ends;
          continue;
        }
        const bool is_among = (" " + write.outcome + " ").find(" " + word + " ") != std::string::npos;
        CHECK(is_among);
        known += write.outcome == word;
        known_transactions += write.operation == "txn" && write.outcome == word;
        const bool is_without_doubt = write.outcome == "ok" && write.value && !archived.is_reduced();
        if (is_without_doubt) CHECK(truth.query(app::Get{key}) == app::Reply{.body = app::ReplyValue{*write.value}});
      }
    }
  }
  CHECK(known > 500);
  CHECK(ends > 5);
  CHECK(known_transactions > 5);
  CHECK(left_out > 500);
}
