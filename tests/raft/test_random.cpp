#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>

#include "common/base/random.hpp"
#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

// A few hundred clusters, each from one seed: messages are lost, doubled and reordered, disks and applications are
// slow, servers crash between their writes, links fail in one or both directions, members come and go. All invariants
// are checked after every step; then the faults end, and everyone must agree within a few election timeouts. One seed
// is run alone, with its story, by
//   PARLEY_SEED=17 test_raft "one seed*"

namespace {

constexpr int storm_steps = 800;

class Weather {
 public:
  explicit Weather(std::uint64_t seed)
      : random_(seed),
        cluster_({.voters = random_.between(1, 5),
                  .learners = random_.below(2),
                  .loggers = random_.below(2),
                  .adjust = [seed](Options& options) {
                    options.seed = seed * 100 + options.self.value;
                    options.append_bytes = 400;
                    options.inflight_appends = 3;
                    options.inflight_bytes = 1000;
                    options.uncommitted_bytes = 2000;
                    options.unapplied_bytes = 500;
                    options.entry_cache_bytes = 600;
                    options.pending_reads = 5;
                    options.replace_ticks = 30;
                  }}) {
    cluster_.on_broken = [seed](const std::string& sentences) { FAIL("seed " << seed << " breaks" << sentences); };
    for (const auto id : cluster_.ids())
      cluster_.server(id).holds_apply = cluster_.server(id).holds_reads = cluster_.server(id).holds_disk = true;
  }

  Cluster& cluster() { return cluster_; }

  void storm(int steps) {
    for (int step = 0; step < steps; ++step) act();
  }

  /// The faults end. True if all agree soon after.
  bool calm_down() {
    cluster_.heal();
    for (const auto id : cluster_.ids()) {
      if (!cluster_.is_up(id)) restart(id);
      Cluster::Server& server = cluster_.server(id);
      server.holds_disk = server.holds_apply = server.holds_reads = false;
    }
    cluster_.run();
    for (int i = 0; i < 40; ++i) {
      cluster_.tick_all(10);
      if (agree()) return true;
    }
    return false;
  }

 private:
  std::uint64_t someone() {
    const auto ids = cluster_.ids();
    return ids[random_.below(ids.size())];
  }

  void restart(std::uint64_t id) {
    Cluster::Server& server = cluster_.server(id);
    cluster_.restart(id, Index{random_.between(0, server.storable.value)});
    server.holds_disk = true;
    server.holds_apply = server.holds_reads = true;
    // Whoever was taken in and forgot it is asked again by who sees to its process.
    if (cluster_.core(id).cluster().is_nil()) cluster_.adopt(id);
    cluster_.collect(id);
  }

  void act() {
    const std::uint64_t id = someone();
    const std::uint64_t dice = random_.below(1000);
    if (!cluster_.is_up(id)) {
      if (dice < 100) restart(id);
    } else if (dice < 250) {
      cluster_.tick(id);
    } else if (dice < 600) {
      move_message();
    } else if (dice < 720) {
      if (!cluster_.server(id).writes.empty()) finish_a_write(id);
    } else if (dice < 780) {
      cluster_.serve_wanted(id);
    } else if (dice < 840) {
      cluster_.finish_apply(id);
    } else if (dice < 900) {
      cluster_.propose(id, std::string(random_.below(60), 'x'));
    } else if (dice < 920) {
      read(id);
    } else if (dice < 925) {
      cluster_.crash(id, random_.below(3));
    } else if (dice < 945) {
      change_links();
    } else if (dice < 955) {
      change_members(id);
    } else if (dice < 958) {
      cluster_.step(id, TransferLeadership{ServerId{random_.one_in(2) ? 0 : someone()}});
    } else if (dice < 970) {
      cluster_.step(id, Unreachable{ServerId{someone()}});
    } else if (dice < 985) {
      cluster_.step(id, ClockInput{{random_.below(1'000'000), random_.below(1'000'000)}});
    } else {
      batch(id);
    }
    check_reads();
  }

  void finish_a_write(std::uint64_t id) {
    // There may be no room for the entries.
    random_.one_in(5) ? cluster_.finish_hard_states(id) : cluster_.finish_write(id);
  }

  /// Delivers, loses or doubles one message, which need not be the oldest.
  void move_message() {
    auto& wire = cluster_.wire();
    if (wire.empty()) return;
    const std::size_t at = random_.one_in(3) ? random_.below(wire.size()) : 0;
    const Message message = wire[at];
    if (!random_.one_in(20)) wire.erase(wire.begin() + static_cast<std::ptrdiff_t>(at));
    if (random_.one_in(12)) return;
    cluster_.deliver(message);
  }

  /// Many inputs, one output.
  void batch(std::uint64_t id) {
    for (std::uint64_t i = random_.between(1, 5); i > 0; --i) {
      auto& wire = cluster_.wire();
      const auto mine = std::ranges::find(wire, ServerId{id}, &Message::to);
      if (mine == wire.end()) break;
      const Message message = *mine;
      wire.erase(mine);
      cluster_.step_only(id, message);
    }
    cluster_.collect(id);
  }

  void change_links() {
    if (random_.one_in(2)) return cluster_.heal();
    const std::uint64_t from = someone();
    const std::uint64_t to = someone();
    if (random_.one_in(4)) return cluster_.isolate(from);
    if (random_.one_in(4)) return cluster_.rule(Cluster::Rule::hold, from, to);
    cluster_.rule(Cluster::Rule::drop, from, to);
  }

  void change_members(std::uint64_t id) {
    const std::uint64_t dice = random_.below(4);
    if (dice == 0) {
      cluster_.change(id, RemoveMember{node_name(ServerId{someone()})});
    } else if (dice == 1 && cluster_.ids().size() < 8) {
      const std::uint64_t newcomer = cluster_.ids().back() + 1;
      cluster_.add_blank(newcomer);
      cluster_.server(newcomer).holds_disk = true;
      cluster_.change(id, AddMember{cluster_.member(newcomer, random_.below(3) != 0)});
    } else {
      Member member = cluster_.member(someone());
      if (random_.one_in(3)) member.addresses.client = "elsewhere";
      cluster_.change(id, AddMember{member});
    }
  }

  // A read must see everything that anyone knew to be committed when it was asked.
  void read(std::uint64_t id) {
    const Index known = cluster_.memory().committed();
    floors_[cluster_.read(id)] = known;
  }
  void check_reads() {
    for (const auto id : cluster_.ids()) {
      for (const ReadReady& ready : cluster_.server(id).reads_ready) {
        if (ready.index < floors_.at(ready.id))
          FAIL("read " << ready.id << " at " << ready.index << " is older than " << floors_.at(ready.id));
      }
      cluster_.server(id).reads_ready.clear();
    }
  }

  /// There is one leader, and its members have the same log, applied.
  bool agree() {
    for (const auto id : cluster_.ids()) {
      const Core& leader = cluster_.core(id);
      if (leader.role() != Role::leader || leader.membership().is_joint()) continue;
      return std::ranges::all_of(leader.membership().members, [&](const Member& member) {
        const Core& core = cluster_.core(member.server.value);
        return core.log().last_digest() == leader.log().last_digest() && core.applied() == leader.log().last() &&
               core.leader() == leader.self();
      });
    }
    return false;
  }

  Random random_;
  Cluster cluster_;
  std::map<std::uint64_t, Index> floors_;
};

}  // namespace

TEST_CASE("clusters in bad weather keep every invariant, and agree when it ends") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Weather weather(seed);
    weather.storm(storm_steps);
    INFO("seed " << seed);
    REQUIRE(weather.calm_down());
  }
}

TEST_CASE("one seed, told", "[.]") {
  const char* seed = std::getenv("PARLEY_SEED");
  REQUIRE(seed != nullptr);
  Weather weather(std::strtoull(seed, nullptr, 10));
  weather.cluster().narrate = [](const std::string& line) { std::cout << line << '\n'; };
  weather.storm(storm_steps);
  CHECK(weather.calm_down());
}
