#include "tests/raft/cluster.hpp"

#include <algorithm>

#include "common/base/chain.hpp"
#include "common/base/ensure.hpp"

namespace parley::raft::harness {

Options short_options(ServerId self) {
  Options options;
  options.self = self;
  options.heartbeat_ticks = 2;
  options.election_ticks = 10;
  options.replace_ticks = 100;
  options.seed = self.value;
  return options;
}

// ---- servers
// ------------------------------------------------------------------------------------------------------------

Cluster::Cluster(const Shape& shape) : adjust_(shape.adjust) {
  cluster_.bytes[0] = 7;
  Membership membership;
  const std::uint64_t all = shape.voters + shape.learners + shape.loggers;
  for (std::uint64_t id = 1; id <= all; ++id) {
    membership.members.push_back(member(id, id <= shape.voters + shape.learners));
    if (id <= shape.voters) membership.voters.push_back(ServerId{id});
  }
  Persist founding{1, std::nullopt, cluster_, HardState{Term{1}, nobody}, {}, Index{2}};
  Entry settings{Index{1}, Term{1}, EntryKind::settings, {}, SharedBytes("settings"), {}};
  settings.digest = chain_next(chain_start(cluster_), settings);
  Entry members{Index{2}, Term{1}, EntryKind::membership, {}, SharedBytes(encode_membership(membership)), {}};
  members.digest = chain_next(settings.digest, members);
  founding.entries = {settings, members};
  for (std::uint64_t id = 1; id <= all; ++id) {
    servers_[id].disk.write(founding);
    restart(id);
  }
}

Cluster::Server& Cluster::server(std::uint64_t id) {
  ENSURE(servers_.contains(id));
  return servers_.at(id);
}

Core& Cluster::core(std::uint64_t id) {
  ENSURE(is_up(id));
  return *server(id).core;
}

std::vector<std::uint64_t> Cluster::ids() const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, server] : servers_) ids.push_back(id);
  return ids;
}

const Leader& Cluster::leader_of(std::uint64_t id) {
  const Leader* leader = std::get_if<Leader>(&core(id).role_state());
  ENSURE(leader != nullptr);
  return *leader;
}

const Progress& Cluster::progress(std::uint64_t leader, std::uint64_t peer) {
  return leader_of(leader).peers.at(ServerId{peer});
}

Member Cluster::member(std::uint64_t id, bool wants_vote) const {
  return {ServerId{id}, node_name(ServerId{id}), {name_of(ServerId{id}) + ":12000", "", "", ""}, wants_vote};
}

void Cluster::add_blank(std::uint64_t id, bool adopts) {
  ENSURE(!servers_.contains(id));
  servers_[id];
  restart(id);
  if (adopts) adopt(id);
}

void Cluster::crash(std::uint64_t id, std::size_t written) {
  Server& crashed = server(id);
  ENSURE(crashed.core != nullptr);
  crashed.storable = std::min(crashed.core->applied(), crashed.core->stable());
  for (const Write& write : crashed.writes) {
    if (written == 0) break;
    --written;
    if (write.persist) crashed.disk.write(*write.persist);
  }
  crashed.core.reset();
  crashed.writes.clear();
  crashed.wanted.clear();
  crashed.to_apply.clear();
  say(name_of(ServerId{id}) + " crashes");
}

void Cluster::restart(std::uint64_t id, Index applied) {
  Server& starting = server(id);
  ENSURE(starting.core == nullptr);
  Options options = short_options(ServerId{id});
  if (adjust_) adjust_(options);
  Restored restored = starting.disk.restore(applied);
  const Index floor = restored.applied;
  // Of the life before, only the disk, the application's state and the way the test treats them go on.
  Server fresh;
  fresh.options = options;
  fresh.disk = std::move(starting.disk);
  fresh.holds_disk = starting.holds_disk;
  fresh.applied = std::move(starting.applied);
  starting = std::move(fresh);
  std::erase_if(starting.applied, [floor](const Entry& entry) { return entry.index > floor; });
  starting.core = std::make_unique<Core>(options, std::move(restored));
  starting.memory = remember(*starting.core);
  check(starting);
}

// ---- inputs
// -------------------------------------------------------------------------------------------------------------

void Cluster::step(std::uint64_t id, Input input) {
  step_only(id, std::move(input));
  collect(id);
}

void Cluster::step_only(std::uint64_t id, Input input) {
  core(id).step(std::move(input));
  check(server(id));
}

void Cluster::collect(std::uint64_t id) {
  Output output = core(id).take_output();
  check(server(id));
  distribute(server(id), std::move(output));
}

void Cluster::tick(std::uint64_t id, std::uint64_t times) {
  for (; times > 0; --times) step(id, Tick{});
}

void Cluster::tick_all(std::uint64_t times) {
  for (; times > 0; --times) {
    for (const std::uint64_t id : ids()) {
      if (is_up(id)) tick(id);
    }
    run();
  }
}

void Cluster::time_out(std::uint64_t id) {
  const std::size_t sent_before = sent_.size();
  const Term term_before = core(id).term();
  const auto campaigns = [&] {
    return core(id).term() > term_before ||
           std::any_of(sent_.begin() + static_cast<std::ptrdiff_t>(sent_before), sent_.end(), [&](const Message& m) {
             return m.from == ServerId{id} && std::holds_alternative<PreVoteRequest>(m.body);
           });
  };
  const std::uint32_t longest = 2 * server(id).options.election_ticks;
  for (std::uint32_t ticks = 0; ticks < longest && !campaigns(); ++ticks) tick(id);
  ENSURE(campaigns());
}

void Cluster::let_leader_be_forgotten(std::uint64_t id) {
  const std::vector<NetworkRule> rules = rules_;
  rule(Rule::drop, id, 0);
  if (core(id).role() == Role::follower) tick(id, server(id).options.election_ticks);
  rules_ = rules;
}

void Cluster::elect(std::uint64_t id) {
  for (const std::uint64_t other : ids()) {
    if (other != id && is_up(other)) let_leader_be_forgotten(other);
  }
  time_out(id);
  run();
  ENSURE(core(id).role() == Role::leader);
}

std::uint64_t Cluster::propose(std::uint64_t id, const std::string& command) {
  step(id, Propose{next_id_, {SharedBytes(command)}});
  return next_id_++;
}

std::uint64_t Cluster::read(std::uint64_t id, bool uses_lease) {
  step(id, ReadIndex{next_id_, uses_lease});
  return next_id_++;
}

std::uint64_t Cluster::change(std::uint64_t id, std::variant<AddMember, RemoveMember> wanted) {
  step(id, ChangeMembership{next_id_, std::move(wanted)});
  return next_id_++;
}

// ---- disk and application
// -----------------------------------------------------------------------------------------------

void Cluster::finish_write(std::uint64_t id) {
  Server& writing = server(id);
  ENSURE(!writing.writes.empty());
  Write write = std::move(writing.writes.front());
  writing.writes.pop_front();
  if (write.persist) writing.disk.write(*write.persist);
  for (Message& message : write.promised) post(std::move(message));
  if (write.persist) step(id, Persisted{write.persist->sequence});
}

void Cluster::finish_writes(std::uint64_t id) {
  while (!server(id).writes.empty()) finish_write(id);
}

void Cluster::finish_hard_states(std::uint64_t id) {
  Persist alone;
  std::vector<Message> free;
  for (Write& write : server(id).writes) {
    if (write.persist) alone.sequence = write.persist->sequence;
    if (write.persist && write.persist->hard_state)
      alone.hard_state = std::exchange(write.persist->hard_state, std::nullopt);
    if (write.persist && write.persist->adopt) alone.adopt = std::exchange(write.persist->adopt, std::nullopt);
    std::vector<Message> bound;
    for (Message& message : std::exchange(write.promised, {})) {
      (std::holds_alternative<AppendAccepted>(message.body) ? bound : free).push_back(std::move(message));
    }
    write.promised = std::move(bound);
  }
  server(id).disk.write(alone);
  for (Message& message : free) post(std::move(message));
  if (alone.sequence != 0) step(id, HardStatePersisted{alone.sequence});
}

void Cluster::finish_apply(std::uint64_t id) {
  Server& applying = server(id);
  while (!applying.to_apply.empty()) {
    Entry entry = std::move(applying.to_apply.front());
    applying.to_apply.pop_front();
    const Index index = entry.index;
    // Everyone applies the same entries, in order, without a gap.
    const Index before = applying.applied.empty() ? std::max(applying.disk.first().previous(), applying.image)
                                                  : applying.applied.back().index;
    ENSURE_EQ(index, before.next());
    ENSURE_EQ(applied_.try_emplace(index, entry.digest).first->second, entry.digest);
    applying.applied.push_back(std::move(entry));
    if (applying.to_apply.empty()) step(id, Applied{index});
  }
}

void Cluster::trim(std::uint64_t id, Index up_to) {
  Disk& disk = server(id).disk;
  disk.trim(up_to);
  step(id, Trimmed{disk.start()});
}

void Cluster::receive_image(std::uint64_t from, std::uint64_t to, Index at) {
  step(to, server(from).disk.image_at(at));
}

void Cluster::serve_wanted(std::uint64_t id) {
  Server& reading = server(id);
  while (!reading.wanted.empty()) {
    const EntriesWanted wanted = reading.wanted.front();
    reading.wanted.pop_front();
    step(id, EntriesRead{wanted.peer, wanted.term, wanted.from,
                         reading.disk.read(wanted.from, wanted.to, wanted.max_bytes)});
  }
}

// ---- network
// ------------------------------------------------------------------------------------------------------------

bool Cluster::NetworkRule::covers(const Message& message) const {
  return (from == 0 || message.from.value == from) && (to == 0 || message.to.value == to) &&
         (!kind || message.body.index() == *kind);
}

void Cluster::rule(Rule rule, std::uint64_t from, std::uint64_t to, std::optional<Kind> kind) {
  rules_.push_back({rule, from, to, kind});
}

void Cluster::isolate(std::uint64_t id) {
  rule(Rule::drop, id, 0);
  rule(Rule::drop, 0, id);
}

void Cluster::partition(const std::vector<std::uint64_t>& one, const std::vector<std::uint64_t>& other) {
  for (const std::uint64_t left : one) {
    for (const std::uint64_t right : other) {
      rule(Rule::drop, left, right);
      rule(Rule::drop, right, left);
    }
  }
}

void Cluster::heal() {
  rules_.clear();
  std::ranges::move(held_, std::back_inserter(wire_));
  held_.clear();
}

std::vector<Message> Cluster::take(std::uint64_t from, std::uint64_t to, std::optional<Kind> kind, std::size_t most) {
  const NetworkRule wanted{Rule::drop, from, to, kind};
  std::vector<Message> taken;
  for (std::vector<Message>* messages : {&held_, &wire_}) {
    std::vector<Message> rest;
    for (Message& message : *messages) {
      const bool is_taken = wanted.covers(message) && taken.size() < most;
      (is_taken ? taken : rest).push_back(std::move(message));
    }
    *messages = std::move(rest);
  }
  return taken;
}

void Cluster::deliver(const Message& message) {
  const std::uint64_t to = message.to.value;
  if (!servers_.contains(to) || !is_up(to)) return;
  say(describe(message));
  step(to, message);
}

std::vector<Message> Cluster::take_sent() { return std::exchange(sent_, {}); }

void Cluster::post(Message message) {
  check_promise(message);
  broken(memory_.observe_sent(message));
  // Over the network an entry has no digest.
  if (auto* append = std::get_if<AppendRequest>(&message.body)) {
    for (Entry& entry : append->entries) entry.digest = {};
  }
  sent_.push_back(message);
  for (const NetworkRule& rule : rules_) {
    if (!rule.covers(message)) continue;
    if (rule.rule == Rule::drop) return;
    if (rule.rule == Rule::hold) return held_.push_back(std::move(message));
    wire_.push_back(message);
  }
  wire_.push_back(std::move(message));
}

// ---- everything at once
// -------------------------------------------------------------------------------------------------

void Cluster::distribute(Server& server, Output output) {
  say_output(server.core->self(), output);
  for (Message& message : output.send_now) post(std::move(message));
  if (output.persist || (!server.writes.empty() && !output.send_after_persist.empty())) {
    server.writes.push_back({std::move(output.persist), std::move(output.send_after_persist)});
  } else {
    for (Message& message : output.send_after_persist) post(std::move(message));
  }
  if (output.image && output.image->install) {
    server.to_apply.clear();
    server.applied.clear();
    server.image = output.image->index;
  }
  std::ranges::move(output.committed, std::back_inserter(server.to_apply));
  server.entries_asked += output.entries_wanted.size();
  const auto keep = [](auto& all, auto& news) { std::ranges::move(news, std::back_inserter(all)); };
  keep(server.wanted, output.entries_wanted);
  keep(server.images_wanted, output.images_wanted);
  if (output.fresh) server.fresh = output.fresh;
  if (output.removed) server.removed.push_back(*output.removed);
  keep(server.reads_ready, output.reads_ready);
  keep(server.reads_refused, output.reads_refused);
  keep(server.proposals_refused, output.proposals_refused);
  keep(server.changes_done, output.changes_done);
  if (output.role_changed) server.roles.push_back(*output.role_changed);
}

bool Cluster::run_once() {
  for (auto& [id, server] : servers_) {
    if (server.core == nullptr) continue;
    if (!server.holds_disk && !server.writes.empty()) return finish_write(id), true;
    if (!server.holds_reads && !server.wanted.empty()) return serve_wanted(id), true;
    if (!server.holds_apply && !server.to_apply.empty()) return finish_apply(id), true;
  }
  if (wire_.empty()) return false;
  const Message message = std::move(wire_.front());
  wire_.erase(wire_.begin());
  deliver(message);
  return true;
}

void Cluster::run() {
  std::uint64_t steps = 0;
  while (run_once()) ENSURE_LT(++steps, 200'000u);
}

bool Cluster::is_converged() {
  const Core* first = nullptr;
  for (auto& [id, server] : servers_) {
    if (server.core == nullptr) return false;
    const Core& core = *server.core;
    if (core.applied() != core.log().last() || core.commit() != core.log().last()) return false;
    if (first != nullptr && first->log().last_digest() != core.log().last_digest()) return false;
    first = &core;
  }
  return true;
}

}  // namespace parley::raft::harness
