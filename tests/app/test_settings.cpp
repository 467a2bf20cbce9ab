#include "common/base/engine_limits.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

ErrorWord apply_settings(Replica& replica, const Settings& settings) {
  return replica.apply(EntryKind::settings, encode_settings(settings)).reply.word;
}

}  // namespace

TEST_CASE("a node whose settings differ is told in which, by flag and both values") {
  Settings ours;
  CHECK(difference(ours, ours).empty());
  Settings theirs{"disk", 2048, 7, 8, 9, 10, 11};
  const auto all = difference(ours, theirs);
  REQUIRE(all.size() == 7);
  CHECK(all[0] == "-engine is lmdb here and disk in the cluster");
  CHECK(all[1] == "-slot is 1024 here and 2048 in the cluster");
  CHECK(all[2] == "-quota is 8589934592 here and 7 in the cluster");
  ours = theirs;
  ours.sessions = 12;
  CHECK(difference(ours, theirs) == std::vector<std::string>{"-sessions is 12 here and 11 in the cluster"});
}

TEST_CASE("settings that cannot be used are named and never decoded") {
  const auto refused = [](auto change, const std::string& flag) {
    Settings settings;
    change(settings);
    const auto problem = problem_of(settings);
    REQUIRE(problem.has_value());
    CHECK(problem->starts_with(flag + " is "));
    CHECK_FALSE(decode_settings(encode_settings(settings)));
  };
  CHECK_FALSE(problem_of(Settings{}));
  refused([](Settings& s) { s.engine = "tape"; }, "-engine");
  refused([](Settings& s) { s.slot = 0; }, "-slot");
  const auto with_disk = [](std::uint32_t slot) {
    return [slot](Settings& s) {
      s.engine = "disk";
      s.slot = slot;
    };
  };
  refused(with_disk(limits::least_slot_bytes - 1), "-slot");
  refused(with_disk(limits::value_bytes + 1), "-slot");
  CHECK_FALSE(problem_of(Settings{.engine = "disk", .slot = limits::least_slot_bytes}));
  refused([](Settings& s) { s.quota_bytes = 0; }, "-quota");
  refused([](Settings& s) { s.key_bytes = limits::key_bytes + 1; }, "-key-bytes");
  refused([](Settings& s) { s.value_bytes = limits::value_bytes + 1; }, "-value-bytes");
  refused([](Settings& s) { s.session_window = 0; }, "-session-window");
  refused([](Settings& s) { s.session_window = limits::session_window + 1; }, "-session-window");
  refused([](Settings& s) { s.sessions = 0; }, "-sessions");
}

TEST_CASE("a later settings entry replaces the first, but never what rows were written by") {
  Replica replica;
  CHECK(replica.meta().in_force() == Settings{});
  const Settings first{.quota_bytes = 1000, .session_window = 4};
  REQUIRE(apply_settings(replica, first) == ErrorWord::ok);
  CHECK(replica.meta().settings == first);

  Settings later = first;
  later.quota_bytes = 2000;
  later.key_bytes = 10;
  REQUIRE(apply_settings(replica, later) == ErrorWord::ok);
  CHECK(replica.meta().settings == later);

  Settings other = later;
  SECTION("the window") { other.session_window = 8; }
  SECTION("the engine") { other.engine = "memory"; }
  SECTION("the slot") { other.slot = 1; }
  CHECK(apply_settings(replica, other) == ErrorWord::invalid);
  CHECK(replica.apply(EntryKind::settings, "none").reply.word == ErrorWord::invalid);
  CHECK(replica.meta().settings == later);
  CHECK(replica.meta().applied == Index{4});
}

TEST_CASE("without settings the defaults are in force, and their window stays once a session is open") {
  Replica replica;
  const SessionId session = replica.open_session();
  CHECK(replica.run(session, 1, Set{"k", "v"}).reply.word == ErrorWord::ok);
  CHECK(apply_settings(replica, Settings{.session_window = 4}) == ErrorWord::invalid);
  CHECK(apply_settings(replica, Settings{}) == ErrorWord::ok);
}

TEST_CASE("where the engine is disk the quota may be raised, and never lowered") {
  Replica replica;
  Settings settings{.engine = "disk", .slot = 100, .quota_bytes = 1000};
  REQUIRE(apply_settings(replica, settings) == ErrorWord::ok);
  settings.quota_bytes = 2000;
  REQUIRE(apply_settings(replica, settings) == ErrorWord::ok);
  settings.quota_bytes = 1999;
  CHECK(apply_settings(replica, settings) == ErrorWord::invalid);
  CHECK(replica.meta().in_force().quota_bytes == 2000);
}

TEST_CASE("with the engine disk what fits no slot is answered so in apply, by writes and by reads") {
  Replica replica;
  REQUIRE(apply_settings(replica, Settings{.engine = "disk", .slot = 100, .quota_bytes = 1000}) == ErrorWord::ok);
  const SessionId session = replica.open_session();
  CHECK(replica.run(session, 1, Set{"9", "v"}).reply.word == ErrorWord::ok);
  CHECK(replica.run(session, 2, Set{"10", "v"}).reply.word == ErrorWord::too_large);
  CHECK(replica.run(session, 3, Set{"key", "v"}).reply.word == ErrorWord::invalid);
  CHECK(replica.run(session, 4, Delete{"8"}).reply.word == ErrorWord::not_found);
  CHECK(replica.run(session, 5, Delete{"08"}).reply.word == ErrorWord::invalid);
  CHECK(replica.application().query(Get{"9"}).word == ErrorWord::ok);
  CHECK(replica.application().query(Get{"8"}).word == ErrorWord::not_found);
  CHECK(replica.application().query(Get{"10"}).word == ErrorWord::too_large);
  CHECK(replica.application().query(Get{"key"}).word == ErrorWord::invalid);
}
