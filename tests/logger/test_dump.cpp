#include "logger/tools/dump.hpp"

#include "common/app/reduced.hpp"
#include "common/app/transaction.hpp"
#include "common/raft/membership.hpp"
#include "logger/tools/entry_json.hpp"
#include "tests/logger/tools_testing.hpp"

using namespace parley;
using namespace parley::logger;
using namespace parley::logger_testing;
using sim::SimulatedFileSystem;
using tools::Answer;

namespace {

struct Dumped : Said {
  Result<Answer> answer = Answer::yes;
};

Dumped dump(wal::FileSystem& files, Index from = Index{1}, Index to = Index{UINT64_MAX},
            const std::filesystem::path& folder = first_folder) {
  config::ToolOptions options;
  options.folder = folder.string();
  options.from = from;
  options.to = to;
  Dumped dumped;
  dumped.answer = tools::dump(files, options, dumped.console());
  return dumped;
}

/// A line of JSON begins with the index.
std::vector<std::uint64_t> indexes_of(const std::string& text) {
  std::vector<std::uint64_t> indexes;
  for (const std::string& line : lines_of(text)) {
    REQUIRE(line.starts_with("{\"index\":"));
    indexes.push_back(std::stoull(line.substr(9)));
  }
  return indexes;
}

std::vector<std::uint64_t> numbers(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> all;
  for (; from <= to; ++from) all.push_back(from);
  return all;
}

std::string digest_part(const ClusterLog& log, std::uint64_t index) {
  return "\"digest\":\"" + log.at(index).digest.text() + "\",\"cluster_us\":" + std::to_string((index - 1) * 10) + "}";
}

void add_sets(ClusterLog& log, std::size_t count) {
  log.open_session();
  for (std::size_t number = 0; number < count; ++number)
    log.run(app::Set{"key" + std::to_string(number % 10), Bytes(100, 'v')});
}

}  // namespace

TEST_CASE("dump prints each kind of entry as a line of JSON") {
  SimulatedFileSystem disk;
  ClusterLog log;
  log.settings({});
  log.add(EntryKind::noop, {});
  raft::Membership members;
  members.members = {{ServerId{1}, *NodeId::parse("node0"), {"127.0.0.1:12000", "127.0.0.1:11000", "", ""}, true},
                     {ServerId{2}, *NodeId::parse("log0"), {"127.0.0.1:12003", "", "", ""}, false}};
  members.voters = {ServerId{1}};
  log.add(EntryKind::membership, raft::encode_membership(members));
  log.add(EntryKind::time, {});
  log.open_session(0x1122334455667788);
  log.run(app::Set{"k", "v\n"});
  log.run(app::Set{"\xff", "\x80"});
  log.run(app::CompareAndSet{"k", "old", "new"});
  log.run(app::Delete{"k"});
  log.run(app::CloseSession{});
  log.add(EntryKind::command, "no command");
  log.run(app::SetExpiring{"k", "v", 90, {}});
  log.run(app::SetExpiring{"k", "v", 0, app::LeaseId{7}});
  log.run(app::LeaseGrant{90});
  log.run(app::LeaseKeepAlive{app::LeaseId{7}});
  log.run(app::LeaseRevoke{app::LeaseId{7}});
  log.run(app::Increment{"k", -5});
  log.run(app::DeleteIf{"k", "v"});
  const Bytes parts = app::encode_transaction({{{app::Compare::How::less, "a", "x"}, {app::Compare::How::absent, "b"}},
                                               {app::Get{"k"}, app::Set{"k", "v"}, app::SetExpiring{"k", "v", 90, {}}},
                                               {app::Delete{"k"}, app::Increment{"k", 1}}});
  log.run(app::Transaction{parts});
  ArchiveMaker archive(disk, log);
  archive.take(log.last());
  const Dumped dumped = dump(disk);
  CHECK(good(dumped.answer) == Answer::yes);
  CHECK(dumped.remarks.empty());
  const std::vector<std::string> lines = lines_of(dumped.out);
  REQUIRE(lines.size() == 19);
  std::size_t next = 11;
  for (const char* end :
       {R"("key":"k","value":"v","ttl_us":90})", R"("key":"k","value":"v","lease":7})", R"("ttl_us":90})",
        R"("lease":7})", R"("lease":7})", R"("key":"k","by":-5})", R"("key":"k","expected":"v"})",
        R"("compare":[{"key":"a","is":"less","value":"x"},{"key":"b","is":"absent"}],)"
        R"("then":[{"op":"get","key":"k"},{"op":"set","key":"k","value":"v"},)"
        R"({"op":"set","key":"k","value":"v","ttl_us":90}],)"
        R"("else":[{"op":"delete","key":"k"},{"op":"incr","key":"k","by":1}]})"}) {
    CHECK(lines[next].find(end) != std::string::npos);
    ++next;
  }
  CHECK(lines[13].find(R"("op":"lease_grant")") != std::string::npos);
  CHECK(lines[18].find(R"("op":"txn")") != std::string::npos);
  CHECK(lines[0] ==
        R"({"index":1,"term":1,"kind":"settings","time":0,"settings":{"engine":"lmdb","slot":1024,)"
        R"("quota_bytes":8589934592,"key_bytes":400,"value_bytes":1048576,"session_window":256,"sessions":4096},)" +
            digest_part(log, 1));
  CHECK(lines[1] == R"({"index":2,"term":1,"kind":"noop","time":1000,)" + digest_part(log, 2));
  CHECK(lines[2] == R"({"index":3,"term":1,"kind":"membership","time":2000,"membership":{"members":[)"
                    R"({"id":"node0","server":"0000000000000001","role":"voter","raft":"127.0.0.1:12000",)"
                    R"("client":"127.0.0.1:11000","join":"","recovery":""},)"
                    R"({"id":"log0","server":"0000000000000002","role":"logger","raft":"127.0.0.1:12003",)"
                    R"("client":"","join":"","recovery":""}],"voters":["0000000000000001"]},)" +
                        digest_part(log, 3));
  CHECK(lines[3] == R"({"index":4,"term":1,"kind":"time","time":3000,)" + digest_part(log, 4));
  CHECK(lines[4] == R"({"index":5,"term":1,"kind":"command","time":4000,"command":{"op":"open_session","session":0,)"
                    R"("seq":0,"lowest_unanswered":1,"nonce":"1122334455667788"},)" +
                        digest_part(log, 5));
  CHECK(lines[5] == R"({"index":6,"term":1,"kind":"command","time":5000,"command":{"op":"set","session":5,"seq":1,)"
                    R"("lowest_unanswered":1,"key":"k","value":"v\n"},)" +
                        digest_part(log, 6));
  CHECK(lines[6].find(R"("key_base64":"/w==","value_base64":"gA==")") != std::string::npos);
  CHECK(lines[7].find(
            R"("op":"cas","session":5,"seq":3,"lowest_unanswered":3,"key":"k","expected":"old","value":"new")") !=
        std::string::npos);
  CHECK(lines[8].find(R"({"op":"delete","session":5,"seq":4,"lowest_unanswered":4,"key":"k"})") != std::string::npos);
  CHECK(lines[9].find(R"({"op":"close_session","session":5,"seq":5,"lowest_unanswered":5})") != std::string::npos);
  CHECK(lines[10].find(R"("command":{"op":"unknown","payload_base64":"bm8gY29tbWFuZA=="})") != std::string::npos);
}

TEST_CASE("dump shows what is said in a chat, and neither hashes of passwords nor of tokens") {
  SimulatedFileSystem disk;
  ClusterLog log;
  log.settings({});
  log.open_session(1);
  const Digest token = blake2b("token");
  const auto run = [&log](const app::chat::Operation& operation) { log.run(app::Operation(operation)); };
  run(app::chat::CreateUser{"amy", "$argon2id$secret"});
  run(app::chat::Login{"amy", token, 1, true});
  run(app::chat::ChangePassword{token, 1, false, "$argon2id$secret"});
  run(app::chat::CreateChat{token, "garden", "about", true});
  run(app::chat::Send{token, "garden", "hello\n", ""});
  run(app::chat::Edit{token, "garden", app::chat::EventSeq{1}, "hi"});
  run(app::chat::Invite{token, "garden", "bob"});
  ArchiveMaker archive(disk, log);
  archive.take(log.last());
  const Dumped dumped = dump(disk);
  CHECK(good(dumped.answer) == Answer::yes);
  const auto command = [&](std::size_t line, const std::string& behind) {
    const std::string head = std::to_string(line - 2) + ",\"lowest_unanswered\":" + std::to_string(line - 2);
    CHECK_THAT(lines_of(dumped.out).at(line - 1),
               Catch::Contains("\"session\":2,\"seq\":" + head + "," + behind + "},"));
  };
  for (const char* word : {"create_user", "login", "change_password", "create_chat", "send", "edit", "invite"})
    CHECK_THAT(dumped.out, Catch::Contains("{\"op\":\"" + std::string(word) + "\","));
  command(3, R"("password_hash":"omitted","name":"amy")");
  command(4, R"("token":"omitted","password_version":1,"right":true,"name":"amy")");
  command(5, R"("token":"omitted","password_hash":"omitted","password_version":1,"right":false)");
  command(6, R"("token":"omitted","name":"garden","description":"about","invite_only":true)");
  command(7, R"("token":"omitted","chat":"garden","text":"hello\n","key":"")");
  command(8, R"("token":"omitted","chat":"garden","seq":1,"text":"hi")");
  command(9, R"("token":"omitted","chat":"garden","user":"bob")");
  CHECK(dumped.out.find("argon2id") == std::string::npos);
  CHECK(dumped.out.find(token.text()) == std::string::npos);
}

TEST_CASE("a reduced entry is shown with the length and the digest of what it was to write") {
  const Bytes value(100, 'v');
  const Bytes payload = app::encode_command({SessionId{5}, RequestSeq{2}, RequestSeq{1}, app::Set{"k", value}});
  archive::ArchivedEntry archived;
  archived.entry = {Index{7}, Term{2}, EntryKind::command, {1, 2}, SharedBytes(*app::reduce(payload)), blake2b("d")};
  archived.payload_hash = blake2b(payload);
  CHECK(tools::entry_json(archived).done() ==
        R"({"index":7,"term":2,"kind":"command","time":2,"command":{"op":"set","session":5,"seq":2,)"
        R"("lowest_unanswered":1,"key":"k","value_bytes":100,"value_digest":")" +
            blake2b(value).text() + R"("},"digest":")" + blake2b("d").text() +
            R"(","cluster_us":1,"reduced":true,"payload_digest":")" + blake2b(payload).text() + "\"}");
}

TEST_CASE("dump prints what was asked for, from sealed and live segments") {
  SimulatedFileSystem disk;
  ClusterLog log;
  log.settings({});
  add_sets(log, 300);
  ArchiveMaker archive(disk, log);
  archive.take(Index{250});
  archive.seal();
  REQUIRE(archive.archive().last() > Index{100});
  archive.take(log.last());
  CHECK(indexes_of(dump(disk).out) == numbers(1, log.last().value));
  CHECK(indexes_of(dump(disk, Index{17}, Index{230}).out) == numbers(17, 230));
  CHECK(indexes_of(dump(disk, Index{230}, Index{230}).out) == numbers(230, 230));
  CHECK(indexes_of(dump(disk, log.last()).out) == numbers(log.last().value, log.last().value));
  const Dumped beyond = dump(disk, log.last().next(), Index{1000});
  CHECK(good(beyond.answer) == Answer::no);
  CHECK(beyond.out.empty());
  CHECK(beyond.remarks == "none of these entries is there; the last one is 302\n");
}

TEST_CASE("dump says what was truncated, and what is missing in a gap") {
  SimulatedFileSystem disk;
  ClusterLog log;
  log.settings({});
  add_sets(log, 600);
  ArchiveMaker archive(disk, log);
  archive.take(Index{250});
  archive.add_image(Index{200});
  archive.seal();
  good(archive.archive().truncate_before(Index{150}));
  archive.restart_behind(Index{400});
  archive.take(Index{420});
  archive.seal();
  const std::uint64_t begin = archive.archive().manifest().begin.index.value;
  REQUIRE(begin > 0);
  const Dumped all = dump(disk);
  auto expected = numbers(begin + 1, 250);
  for (const std::uint64_t number : numbers(401, 420)) expected.push_back(number);
  CHECK(indexes_of(all.out) == expected);
  CHECK(all.remarks == "1 to " + std::to_string(begin) +
                           " were truncated\n251 to 400 are missing: the logger took the state at 400 instead\n");
  CHECK(good(all.answer) == Answer::yes);
  const Dumped some = dump(disk, Index{240}, Index{260});
  CHECK(indexes_of(some.out) == numbers(240, 250));
  CHECK(some.remarks == "251 to 400 are missing: the logger took the state at 400 instead\n");
  const Dumped none = dump(disk, Index{260}, Index{270});
  CHECK(none.out.empty());
  CHECK(good(none.answer) == Answer::no);
  CHECK(none.remarks.starts_with("251 to 400 are missing"));
  const Dumped truncated = dump(disk, Index{1}, Index{2});
  CHECK(good(truncated.answer) == Answer::no);
  CHECK(truncated.remarks.starts_with("1 to 2 were truncated\n"));
}

TEST_CASE("dump of a damaged archive prints what stands before, and fails") {
  SimulatedFileSystem disk;
  ClusterLog log;
  log.settings({});
  add_sets(log, 300);
  ArchiveMaker archive(disk, log);
  archive.take(Index{250});
  archive.seal();
  disk.flip_bit(archive.archive().layout().segment(1), 9000, 3);
  const Dumped dumped = dump(disk);
  REQUIRE_FALSE(dumped.answer);
  CHECK(dumped.answer.error().code == ErrorCode::corrupt);
  const std::size_t printed = indexes_of(dumped.out).size();
  CHECK(printed > 0);
  CHECK(dumped.answer.error().what.find("where entry " + std::to_string(printed + 1) + " should stand") !=
        std::string::npos);
}

TEST_CASE("what cannot be printed ends a dump") {
  SimulatedFileSystem disk;
  ClusterLog log;
  add_sets(log, 3);
  ArchiveMaker archive(disk, log);
  archive.take(log.last());
  Said said;
  tools::Console console = said.console();
  console.print = [](std::string_view) -> Status { return fail(ErrorCode::io, "no room"); };
  config::ToolOptions options;
  options.folder = first_folder.string();
  const auto answer = tools::dump(disk, options, console);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().what == "no room");
}

TEST_CASE("an archive that is rewritten and truncated while it is read goes on with what there is now") {
  SimulatedFileSystem disk;
  ClusterLog log;
  log.settings({});
  add_sets(log, 600);
  ArchiveMaker archive(disk, log);
  archive.take(Index{500});
  archive.seal();
  archive.add_image(Index{400});
  config::ToolOptions options;
  options.folder = first_folder.string();
  Said said;
  tools::Console console = said.console();
  const auto truncate_at = [&](std::uint64_t index, Index first_kept) {
    console.print = [&, index, first_kept](std::string_view text) -> Status {
      said.out += text;
      if (text.starts_with("{\"index\":" + std::to_string(index) + ",")) {
        good(archive.archive().truncate_before(first_kept));
        while (good(archive.archive().step())) {
        }
      }
      return {};
    };
  };
  SECTION("what was read already is gone") {
    truncate_at(210, Index{200});
    CHECK(good(tools::dump(disk, options, console)) == Answer::yes);
    CHECK(indexes_of(said.out) == numbers(1, 500));
  }
  SECTION("what comes next is gone") {
    truncate_at(5, Index{400});
    const auto answer = tools::dump(disk, options, console);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ErrorCode::refused);
    CHECK(answer.error().what.find(" was truncated up to entry ") != std::string::npos);
  }
}

TEST_CASE("an archive that compacts itself while it is read is read to its end") {
  SimulatedFileSystem disk;
  ClusterLog log;
  log.settings({});
  add_sets(log, 800);
  ArchiveMaker archive(disk, log);
  archive.take(Index{700});
  archive.seal();
  archive::CompactionOptions compaction;
  compaction.period = Count{100};
  archive.compact(compaction);
  config::ToolOptions options;
  options.folder = first_folder.string();
  Said said;
  tools::Console console = said.console();
  console.print = [&](std::string_view text) -> Status {
    said.out += text;
    const auto more = archive.archive().step();
    return more ? Status{} : std::unexpected(more.error());
  };
  CHECK(good(tools::dump(disk, options, console)) == Answer::yes);
  CHECK(indexes_of(said.out) == numbers(1, 700));
  CHECK(said.out.find("\"reduced\":true") != std::string::npos);
  CHECK(said.out.find("\"value\":\"vvv") != std::string::npos);
}
