#include <catch2/catch.hpp>

#include "common/base/chain.hpp"
#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

// The checks themselves are checked: each is shown a state that no correct core reaches, and must name it.

namespace {

Restored with_log(std::vector<Entry> entries, std::uint64_t term, std::uint64_t commit) {
  Restored restored;
  restored.cluster.bytes[0] = 7;
  restored.hard_state = {Term{term}, nobody};
  Digest digest = chain_start(restored.cluster);
  restored.start.digest = digest;
  for (Entry& entry : entries) {
    digest = entry.digest = chain_next(digest, entry);
    if (restored.runs.empty() || restored.runs.back().term != entry.term)
      restored.runs.push_back({entry.index, entry.term});
    restored.last = entry.index;
  }
  restored.last_digest = digest;
  restored.tail = std::move(entries);
  restored.commit = Index{commit};
  return restored;
}

Core core_with(std::uint64_t id, Restored restored) { return Core(short_options(ServerId{id}), std::move(restored)); }

/// A leader of term `term`, which it reaches alone.
Core leader_with(std::uint64_t id, std::uint64_t term, std::vector<Entry> entries) {
  Restored restored = with_log(std::move(entries), term - 1, 0);
  restored.memberships = {
      {Index{}, Membership{{{ServerId{id}, node_name(ServerId{id}), {}, true}}, {ServerId{id}}, {}}}};
  Core core = core_with(id, std::move(restored));
  core.step(Tick{});
  const Output output = core.take_output();
  core.step(Persisted{output.persist->sequence});
  return core;
}

bool names(const BrokenSentences& broken, const std::string& part) {
  return std::ranges::any_of(broken,
                             [&part](const std::string& sentence) { return sentence.find(part) != std::string::npos; });
}

BrokenSentences across(const Core& one, const Core& other) {
  return broken_across(std::vector<const Core*>{&one, &other});
}

}  // namespace

TEST_CASE("a sound core breaks nothing") {
  const Core core = core_with(1, with_log({command(1, 1), command(2, 3)}, 3, 1));
  CHECK(broken_in(core).empty());
  CHECK(broken_between(remember(core), core).empty());
}

TEST_CASE("an entry of a term that the server has not reached is named") {
  CHECK(names(broken_in(core_with(1, with_log({command(1, 1), command(2, 3)}, 2, 1))), "no entry is of a term later"));
}

TEST_CASE("a digest that does not follow is named") {
  Restored restored = with_log({command(1, 1), command(2, 1)}, 1, 0);
  restored.tail[1].digest.bytes[5] ^= 1;
  restored.last_digest = restored.tail[1].digest;
  CHECK(names(broken_in(core_with(1, restored)), "every digest follows"));
}

TEST_CASE("cluster time that goes back is named") {
  std::vector<Entry> entries = {command(1, 1), command(2, 1)};
  entries[0].time.cluster_us = 9;
  CHECK(names(broken_in(core_with(1, with_log(entries, 1, 0))), "cluster time never goes back"));
}

TEST_CASE("a membership that is not the last one in the log is named") {
  Entry membership = command(2, 1, "");
  membership.kind = EntryKind::membership;
  CHECK(names(broken_in(core_with(1, with_log({command(1, 1), membership}, 1, 0))), "the last one in the log"));
}

TEST_CASE("what goes back between two moments is named") {
  const Core core = core_with(1, with_log({command(1, 1), command(2, 3)}, 3, 1));
  const auto broken_if = [&core](auto change) {
    CoreMemory before = remember(core);
    change(before);
    return broken_between(before, core);
  };
  CHECK(names(broken_if([](CoreMemory& m) { m.hard_state.term = Term{4}; }), "the term never goes back"));
  CHECK(names(broken_if([](CoreMemory& m) { m.hard_state.vote = ServerId{2}; }), "a vote is given once"));
  CHECK(names(broken_if([](CoreMemory& m) { m.commit = Index{2}; }), "the commit index never falls"));
  CHECK(names(broken_if([](CoreMemory& m) { m.handed_over = Index{1}; }), "stays handed over"));
  CHECK(names(broken_if([](CoreMemory& m) { m.applied = Index{1}; }), "stays applied"));
  CHECK(names(broken_if([](CoreMemory& m) { m.durable_term = Term{4}; }), "stays confirmed"));
  CHECK(names(broken_if([](CoreMemory& m) { m.commit_digest->bytes[0] ^= 1; }), "what is committed never changes"));
  CHECK(names(broken_if([](CoreMemory& m) { m.start = Index{1}; }), "what was trimmed does not come back"));
}

TEST_CASE("a leader that loses an entry, or what it knew of a peer, is named") {
  const Core leader = leader_with(1, 3, {command(1, 1)});
  REQUIRE(leader.role() == Role::leader);
  CHECK(broken_in(leader).empty());
  CoreMemory before = remember(leader);
  before.last_term = Term{2};
  CHECK(names(broken_between(before, leader), "a leader only appends"));
  before = remember(leader);
  before.last_digest.bytes[0] ^= 1;
  CHECK(names(broken_between(before, leader), "a leader never changes an entry"));
  before = remember(leader);
  before.role = Role::follower;
  CHECK(names(broken_between(before, leader), "a leader was a candidate"));
}

TEST_CASE("two leaders of a term are named, at one moment and over time") {
  const Core one = leader_with(1, 3, {});
  const Core other = leader_with(2, 3, {});
  CHECK(names(across(one, other), "election safety"));
  ClusterMemory memory;
  CHECK(memory.observe(one).empty());
  CHECK(names(memory.observe(other), "election safety"));
}

TEST_CASE("logs that share an entry and differ before it are named") {
  const Core one = core_with(1, with_log({command(1, 1, "a"), command(2, 1)}, 2, 0));
  const Core other = core_with(2, with_log({command(1, 1, "b"), command(2, 1), command(3, 2)}, 2, 0));
  CHECK(names(across(one, other), "log matching"));
}

TEST_CASE("different entries that are both committed are named, at one moment and over time") {
  const Core one = core_with(1, with_log({command(1, 1), command(2, 1)}, 2, 2));
  const Core other = core_with(2, with_log({command(1, 1), command(2, 2)}, 2, 2));
  CHECK(names(across(one, other), "state machine safety"));
  ClusterMemory memory;
  CHECK(memory.observe(one).empty());
  CHECK(memory.committed() == Index{2});
  CHECK(names(memory.observe(other), "state machine safety"));
}

TEST_CASE("a leader that lacks what was committed is named, at one moment and over time") {
  const Core leader = leader_with(1, 5, {command(1, 1)});
  const Core other = core_with(2, with_log({command(1, 1), command(2, 2), command(3, 2)}, 2, 3));
  CHECK(names(across(leader, other), "leader completeness"));
  ClusterMemory memory;
  CHECK(memory.observe(other).empty());
  CHECK(names(memory.observe(leader), "the newest leader has everything"));
}

TEST_CASE("promises that contradict each other are named") {
  ClusterMemory memory;
  CHECK(memory.observe_sent(words(1, 2, 5, VoteReply{true})).empty());
  CHECK(memory.observe_sent(words(1, 2, 5, VoteReply{true})).empty());
  CHECK(memory.observe_sent(words(1, 3, 5, VoteReply{false})).empty());
  CHECK(memory.observe_sent(words(1, 3, 6, VoteReply{true})).empty());
  CHECK(names(memory.observe_sent(words(1, 3, 5, VoteReply{true})), "votes once in a term"));
  CHECK(names(memory.observe_sent(words(1, 3, 6, VoteRequest{})), "votes once in a term"));
  CHECK(memory.observe_sent(words(2, 1, 5, append(0, 0, 0))).empty());
  CHECK(names(memory.observe_sent(words(3, 1, 5, append(0, 0, 0))), "one server sends appends in a term"));
}
