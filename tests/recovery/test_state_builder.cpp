#include "recovery/state_builder.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

#include "common/app/reduced.hpp"
#include "common/base/chain.hpp"
#include "common/transfer/rows.hpp"
#include "node/data_folder.hpp"

using namespace parley;
using recovery::StateBuilder;

namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "parley-recovery-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The log of a cluster: settings, a membership, a session, and sets of `keys` keys in turn.
std::vector<Entry> some_log(std::uint64_t sets, std::uint64_t keys) {
  std::vector<Entry> log;
  Digest digest = chain_start(ClusterId{});
  const auto append = [&](EntryKind kind, Bytes payload) {
    Entry entry{Index{log.size() + 1}, Term{2}, kind, {log.size() * 10, 5}, SharedBytes(std::move(payload)), {}};
    digest = entry.digest = chain_next(digest, entry);
    log.push_back(std::move(entry));
  };
  append(EntryKind::settings, app::encode_settings({}));
  append(EntryKind::membership, "members of a cluster that is gone");
  append(EntryKind::command, encode_command(app::Command{.operation = app::OpenSession{1}}));
  for (std::uint64_t seq = 1; seq <= sets; ++seq) {
    const Bytes key = "k" + std::to_string(seq % keys);
    const Bytes value(100, static_cast<char>('a' + seq % 26));
    append(EntryKind::command,
           encode_command(app::Command{SessionId{3}, RequestSeq{seq}, RequestSeq{seq}, app::Set{key, value}}));
  }
  return log;
}

StateBuilder begun(const fs::path& folder) {
  auto builder = StateBuilder::begin(folder);
  if (!builder) FAIL(builder.error().what);
  return *std::move(builder);
}

void apply_all(StateBuilder& builder, const std::vector<Entry>& log) {
  for (const Entry& entry : log) REQUIRE(builder.apply(entry));
}

node::DataFolder opened(const fs::path& folder) {
  auto data = node::DataFolder::open(folder, {}, {}, node::Damage::refuses, obs::Logger::silent());
  if (!data) FAIL(data.error().what);
  return *std::move(data);
}

}  // namespace

TEST_CASE("a folder that was built from a log is one that a node can found a new cluster from") {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "new";
  const auto log = some_log(2000, 100);
  app::Meta meta;
  {
    StateBuilder builder = begun(folder);
    apply_all(builder, log);
    CHECK(builder.commands() == 2001);
    meta = builder.meta();
    REQUIRE(builder.finish());
  }
  CHECK_FALSE(fs::exists(folder.string() + ".making"));
  const node::DataFolder data = opened(folder);
  CHECK(data.restored.cluster.is_nil());
  CHECK(data.restored.memberships.empty());
  CHECK(data.restored.start.index == log.back().index);
  CHECK(data.restored.start.digest == log.back().digest);
  CHECK(data.restored.hard_state.term == Term{2});
  CHECK(data.machine->meta().state == meta.state);
  CHECK(data.machine->meta().membership.empty());
  const app::Reply reply = data.machine->query(app::Get{"k7"});
  CHECK(std::get<app::ReplyValue>(reply.body).value == Bytes(100, static_cast<char>('a' + 1907 % 26)));
}

TEST_CASE("an image and the entries behind it give the state that all entries give") {
  const TemporaryFolder temporary;
  const auto log = some_log(300, 10);
  StateBuilder whole = begun(temporary.path() / "whole");
  apply_all(whole, log);
  const app::Meta meta = whole.meta();

  // The image is what a node would send of the first half.
  app::MemoryTable table;
  auto half = app::Application::open(table);
  REQUIRE(half);
  for (std::size_t at = 0; at < 150; ++at) (void)half->apply(log[at]);
  half->save_meta();
  StateBuilder builder = begun(temporary.path() / "half");
  Bytes rows;
  for (const auto& [key, value] : table.rows()) transfer::append_row(rows, key, value);
  REQUIRE(builder.add_rows(rows));
  transfer::ImageHead head{Index{150}, Term{2}, log[149].digest, log[149].time, {}, {}};
  SECTION("of what was said") {
    REQUIRE(builder.end_image(head));
    for (std::size_t at = 150; at < log.size(); ++at) REQUIRE(builder.apply(log[at]));
    CHECK(builder.meta().state == meta.state);
    CHECK(builder.commands() == log.size() - 150);
    REQUIRE(builder.finish());
    CHECK(opened(temporary.path() / "half").machine->meta().state == meta.state);
  }
  SECTION("of another entry than was said") {
    head.index = Index{151};
    const Status ended = builder.end_image(head);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == ErrorCode::corrupt);
    CHECK(ended.error().what.find("as of entry 150") != std::string::npos);
  }
  SECTION("and not with an entry left out") {
    REQUIRE(builder.end_image(head));
    const Status applied = builder.apply(log[151]);
    REQUIRE_FALSE(applied);
    CHECK(applied.error().what.find("entry 152 came where 151 is next") != std::string::npos);
  }
}

TEST_CASE("values that were left out must be replaced before the state is whole") {
  const TemporaryFolder temporary;
  auto log = some_log(4, 2);
  StateBuilder whole = begun(temporary.path() / "whole");
  apply_all(whole, log);
  StateBuilder builder = begun(temporary.path() / "reduced");
  for (std::size_t at = 0; at < log.size(); ++at) {
    // k1 k0 k1 k0: of the first two nothing need be kept.
    const bool is_replaced = at == 3 || at == 4;
    Entry entry = log[at];
    if (is_replaced) entry.payload = SharedBytes(app::reduce(entry.payload.view()).value());
    REQUIRE((is_replaced ? builder.apply_reduced(entry) : builder.apply(entry)));
    CHECK(builder.incomplete_key().has_value() == (at >= 3 && at < 6));
  }
  CHECK(builder.meta().state == whole.meta().state);
  REQUIRE(builder.finish());
}

TEST_CASE("no folder is made of a state that is not whole, and nothing is left of it") {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "new";
  {
    StateBuilder empty = begun(folder);
    CHECK_FALSE(empty.finish());
  }
  CHECK(fs::is_empty(temporary.path()));
  const auto log = some_log(1, 1);
  {
    StateBuilder builder = begun(folder);
    for (std::size_t at = 0; at < 3; ++at) REQUIRE(builder.apply(log[at]));
    Entry entry = log[3];
    entry.payload = SharedBytes(app::reduce(entry.payload.view()).value());
    REQUIRE(builder.apply_reduced(entry));
    const Status finished = builder.finish();
    REQUIRE_FALSE(finished);
    CHECK(finished.error().code == ErrorCode::corrupt);
  }
  CHECK(fs::is_empty(temporary.path()));
}

TEST_CASE("a folder with something in it is left alone") {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "full";
  fs::create_directories(folder / "store");
  const auto builder = StateBuilder::begin(folder);
  REQUIRE_FALSE(builder);
  CHECK(builder.error().code == ErrorCode::usage);
  fs::remove(folder / "store");
  CHECK(StateBuilder::begin(folder));
}
