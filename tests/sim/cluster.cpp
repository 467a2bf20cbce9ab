#include "tests/sim/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/chat_work.hpp"
#include "tests/sim/key_work.hpp"
#include "tests/sim/plain_work.hpp"

namespace parley::sim {
namespace {

constexpr std::uint64_t random_part = 4;
/// How often a condition is looked at while events run.
constexpr std::uint64_t look_us = 10'000;
/// What may still last when the faults end: pauses, and syncs that were slow.
constexpr std::uint64_t aftermath_us = 2'100'000;
/// Within this many election timeouts somebody must lead.
constexpr std::uint64_t elections_to_lead = 10;
constexpr std::uint64_t most_settle_us = 120'000'000;
constexpr std::uint64_t most_closing_us = 30'000'000;
/// Within which everything that ends by itself has ended on an idle cluster, and feeds have told all there is: the
/// longest life, or the longest silence that a client bears, and a node's next look at either.
constexpr std::uint64_t most_ending_us = 6'000'000;
constexpr std::uint64_t most_feeding_us = 30'000'000;
constexpr std::uint64_t closing_operations = 12;
/// After which a node that started has greeted the others.
constexpr std::uint64_t most_greeting_us = 500'000;

/// What a leader knows of the others.
std::string peers_text(const raft::Core& core) {
  std::string text;
  for (const auto& [server, progress] : std::get<raft::Leader>(core.role_state()).peers) {
    text += fmt::format(" the leader has server {} at match {}, next {}, state {}{}{}, unheard for {} ticks;",
                        server.value, progress.match().value, progress.next().value, static_cast<int>(progress.state()),
                        progress.reading ? ", reading for it" : "", progress.lacks_room() ? ", without room" : "",
                        progress.ticks_unheard);
  }
  return text;
}

}  // namespace

Cluster::Cluster(const Plan& plan, Trace::Narrator narrator)
    : world_(plan, std::move(narrator)),
      network_(
          world_.queue, world_.trace, world_.counters, world_.plan,
          [this](std::size_t to, raft::Message message) {
            Machine& machine = *machines_[to];
            if (machine.is_up()) machine.replica()->receive(std::move(message));
          },
          [this](std::size_t from, ServerId peer) {
            if (machines_[from]->is_up()) machines_[from]->replica()->lost(peer);
          }),
      steward_(world_, machines_),
      faults_(world_, machines_, network_, steward_),
      random_(random_for(plan.seed, random_part)) {
  connect();
  for (std::size_t number = 0; number < plan.first_members; ++number) add_machine(Purpose::node);
  if (plan.has_keys)
    world_.models.accounts_add_up_to(static_cast<std::int64_t>(KeyWork::account_count) * KeyWork::first_balance);
  for (std::size_t number = 0; number < plan.clients; ++number) add_client(work_of(number));
  add_followers();
}

/// The first one is plain, of the others as many of each kind as there are to be.
std::unique_ptr<Work> Cluster::work_of(std::size_t client) {
  const Plan& plan = world_.plan;
  const std::string name = fmt::format("c{}", client);
  const bool is_odd = client % 2 == 1;
  if (client > 0 && plan.has_chat && (is_odd || !plan.has_keys)) {
    // Two of them may be one user.
    return std::make_unique<ChatWork>(world_, people_, name, fmt::format("User-{}", client % plan.users));
  }
  if (client > 0 && plan.has_keys) return std::make_unique<KeyWork>(world_, name);
  return std::make_unique<PlainWork>(plan, history_, name);
}

void Cluster::add_client(std::unique_ptr<Work> work) {
  clients_.push_back(std::make_unique<Client>(
      world_, std::move(work), clients_.size(),
      [this](std::size_t node, node::Asker asker, wire::RequestBody body, std::uint32_t deadline_ms) {
        ask(node, std::move(asker), std::move(body), deadline_ms);
      },
      [this] { return machines_.size(); }));
}

void Cluster::add_followers() {
  for (std::size_t number = 0; number < world_.plan.followers; ++number) {
    followers_.push_back(std::make_unique<Follower>(
        world_, people_, number,
        Follower::Calls{
            [this](std::size_t machine) { return machine < machines_.size() ? machines_[machine].get() : nullptr; },
            [this] { return machines_.size(); }}));
  }
}

Cluster::~Cluster() {
  // A follower tells the machines of its end, and a replica the judges.
  followers_.clear();
  machines_.clear();
}

void Cluster::connect() {
  world_.send = [this](int from, raft::Message message) { send(from, std::move(message)); };
  world_.send_transfer = [this](int from, ServerId to, transfer::Message message) {
    const auto number = numbers_.find(to);
    if (number == numbers_.end()) return;
    const ServerId self = machines_[static_cast<std::size_t>(from)]->server();
    network_.send_transfer(static_cast<std::size_t>(from), number->second, self, to, std::move(message));
  };
  network_.deliver_transfer = [this](std::size_t to, ServerId from, const transfer::Message& message) {
    if (machines_[to]->is_up()) machines_[to]->replica()->receive_transfer(from, message);
  };
  world_.started = [this](int node) { tell_of_start(static_cast<std::size_t>(node)); };
  world_.answer = [this](int from, node::Answer reply) { answer(from, std::move(reply)); };
  world_.change_done = [this](int from, const raft::ChangeDone& done) {
    if (!done.refusal) ++world_.counters.changes;
    world_.trace.note(from, "change of membership {}: refusal {}", done.id,
                      done.refusal ? static_cast<int>(*done.refusal) : -1);
  };
  // Not at once: whoever reports it is part of what dies.
  world_.lost_its_past = [this](int node) { begin_anew(static_cast<std::size_t>(node)); };
  world_.died = [this](int node) { world_.queue.after(0, [this, node] { faults_.died(node); }); };
}

void Cluster::add_machine(Purpose purpose) {
  const std::size_t number = machines_.size();
  const ServerId server{random_.next() | 1};
  numbers_[server] = number;
  machines_.push_back(std::make_unique<Machine>(world_, static_cast<int>(number), server, purpose));
  machines_.back()->start();
}

/// As a node with `-join` does it.
void Cluster::begin_anew(std::size_t number) {
  ++world_.counters.new_incarnations;
  Machine& machine = *machines_[number];
  numbers_.erase(machine.server());
  const ServerId server{random_.next() | 1};
  numbers_[server] = number;
  machine.begin_anew(server);
  machine.start();
}

/// The others notice it by its next greeting.
void Cluster::tell_of_start(std::size_t number) {
  const ServerId server = machines_[number]->server();
  for (std::size_t other = 0; other < machines_.size(); ++other) {
    if (other == number) continue;
    world_.queue.after(random_.between(1'000, most_greeting_us), [this, other, server] {
      if (machines_[other]->is_up()) machines_[other]->replica()->peer_restarted(server);
    });
  }
}

void Cluster::send(int from, raft::Message message) {
  const auto to = numbers_.find(message.to);
  if (to != numbers_.end()) network_.send(static_cast<std::size_t>(from), to->second, std::move(message));
}

void Cluster::ask(std::size_t number, node::Asker asker, wire::RequestBody body, std::uint32_t deadline_ms) {
  const auto delay_us = network_.client_delay_us();
  if (!delay_us) return;
  world_.queue.after(*delay_us, [this, number, asker = std::move(asker), body = std::move(body),
                                 deadline_ms]() mutable {
    Machine& machine = *machines_[number];
    if (!machine.is_up()) return;
    machine.replica()->request(std::move(asker), std::move(body), world_.now_us() + std::uint64_t{deadline_ms} * 1000);
  });
}

void Cluster::answer(int from, node::Answer reply) {
  if (reply.to.connection.starts_with('f')) return answer_follower(static_cast<std::size_t>(from), reply);
  const auto delay_us = network_.client_delay_us();
  if (!delay_us) return;
  world_.queue.after(*delay_us, [this, reply = std::move(reply)] {
    for (const auto& client : clients_) {
      if (client->connection() == reply.to.connection) client->answered(reply);
    }
  });
}

void Cluster::answer_follower(std::size_t from, const node::Answer& answer) {
  const auto name_of = [](std::size_t number) { return fmt::format("n{}", number); };
  const auto leader = numbers_.find(machines_[from]->replica()->known_leader());
  const bool is_known = leader != numbers_.end();
  for (const auto& follower : followers_) {
    follower->answer(from, answer, name_of(from), is_known ? name_of(leader->second) : "",
                     is_known ? FeedLinks::address_of(leader->second) : "");
  }
}

template <class IsDone>
bool Cluster::run_until(std::uint64_t deadline_us, IsDone&& is_done) {
  std::uint64_t next_look_us = world_.now_us();
  while (!world_.findings.any() && world_.now_us() < deadline_us) {
    if (world_.now_us() >= next_look_us) {
      if (is_done()) return true;
      next_look_us = world_.now_us() + look_us;
    }
    world_.queue.run_next();
    world_.trace.set_time(world_.now_us());
  }
  return false;
}

Outcome Cluster::run() {
  for (const auto step :
       {&Cluster::serve_under_faults, &Cluster::recover, &Cluster::serve_again, &Cluster::let_things_end,
        &Cluster::feed_the_rest, &Cluster::survive_total_crash, &Cluster::judge}) {
    if (!world_.findings.any()) (this->*step)();
  }
  Outcome outcome;
  outcome.counters = world_.counters;
  outcome.counters.seeds = 1;
  outcome.counters.events = world_.queue.events();
  outcome.counters.simulated_us = world_.now_us();
  outcome.trace_hash = world_.trace.hash();
  outcome.finding = world_.findings.first();
  const Plan& plan = world_.plan;
  if (outcome.counters.simulated_us < plan.least_run_us) outcome.shortfall = "too short a time";
  if (outcome.counters.operations < plan.least_operations) outcome.shortfall = "too few operations";
  if (outcome.counters.faults < plan.least_faults) outcome.shortfall = "too few faults";
  return outcome;
}

void Cluster::schedule_joins() {
  for (std::size_t number = 1; number < world_.plan.first_members; ++number) steward_.want(static_cast<int>(number));
  const auto join_later = [this](Purpose purpose) {
    world_.queue.after(random_.between(2'000'000, world_.plan.least_run_us), [this, purpose] {
      add_machine(purpose);
      steward_.want(machines_.back()->number());
    });
  };
  for (std::size_t late = 0; late < world_.plan.late_members; ++late) join_later(Purpose::node);
  for (std::size_t logger = 0; logger < world_.plan.loggers; ++logger) join_later(Purpose::logger);
}

void Cluster::serve_under_faults() {
  steward_.begin();
  schedule_joins();
  faults_.start();
  for (const auto& client : clients_) client->start();
  for (const auto& follower : followers_) follower->start();
  const Plan& plan = world_.plan;
  run_until(plan.most_run_us, [&] {
    return world_.now_us() >= plan.least_run_us && world_.counters.operations >= plan.least_operations &&
           world_.counters.faults >= plan.least_faults &&
           machines_.size() == plan.first_members + plan.late_members + plan.loggers;
  });
}

/// Liveness: once nothing goes wrong any more somebody leads within a few election timeouts, and everybody catches up.
void Cluster::recover() {
  world_.trace.note(Trace::nobody_special, "the faults end");
  world_.is_calm = true;
  for (const auto& client : clients_) client->stop();
  for (const auto& follower : followers_) follower->calm_down();
  faults_.end();
  const std::uint64_t election_us = 2 * world_.plan.core.election_ticks * world_.plan.tick_us;
  const std::uint64_t begin_us = world_.now_us() + aftermath_us;
  run_until(begin_us, [] { return false; });
  const bool has_leader =
      run_until(begin_us + elections_to_lead * election_us, [&] { return steward_.leader() != nullptr; });
  if (!has_leader) {
    const std::string text = "nobody leads, long after the faults have ended: " + unsettled_text();
    return world_.findings.add(Findings::Kind::liveness, text);
  }
  const bool is_done = run_until(world_.now_us() + most_settle_us, [&] { return is_settled() && are_clients_idle(); });
  if (!is_done) world_.findings.add(Findings::Kind::liveness, unsettled_text());
}

/// Liveness for clients: a healthy cluster answers.
void Cluster::serve_again() {
  world_.trace.note(Trace::nobody_special, "the cluster has settled");
  const std::uint64_t wanted = world_.counters.operations + closing_operations;
  add_client(std::make_unique<PlainWork>(world_.plan, history_, fmt::format("c{}", clients_.size())));
  Client& closing = *clients_.back();
  closing.start();
  const bool is_served =
      run_until(world_.now_us() + most_closing_us, [&] { return world_.counters.operations >= wanted; });
  if (!is_served) world_.findings.add(Findings::Kind::liveness, "a healthy cluster does not serve its clients.");
  closing.stop();
  const bool is_done = run_until(world_.now_us() + most_settle_us, [&] { return is_settled() && are_clients_idle(); });
  if (!is_done) world_.findings.add(Findings::Kind::liveness, unsettled_text());
}

/// Nobody writes any more; what is to end by itself ends all the same.
void Cluster::let_things_end() {
  const bool is_done =
      run_until(world_.now_us() + most_ending_us, [&] { return world_.models.is_lasting() && is_settled(); });
  if (!is_done)
    world_.findings.add(Findings::Kind::liveness, "on an idle cluster something does not end: " + unsettled_text());
}

/// Whoever follows something is told all of it.
void Cluster::feed_the_rest() {
  const auto waits = [](const auto& follower) { return !follower->is_up_to_date(); };
  const bool is_done =
      run_until(world_.now_us() + most_feeding_us, [&] { return std::ranges::none_of(followers_, waits); });
  if (is_done || world_.findings.any()) return;
  const auto waiting = std::ranges::find_if(followers_, waits);
  world_.findings.add(Findings::Kind::liveness, (*waiting)->text() + " is not told the rest.");
}

void Cluster::survive_total_crash() {
  if (random_.one_in(2)) return;
  world_.trace.note(Trace::nobody_special, "everybody crashes at the end");
  faults_.crash_all();
  for (const auto& machine : machines_) machine->start();
  const bool is_done = run_until(world_.now_us() + most_settle_us, [&] { return is_settled(); });
  if (!is_done) world_.findings.add(Findings::Kind::liveness, unsettled_text());
}

bool Cluster::are_clients_idle() const {
  return std::ranges::all_of(clients_, [](const auto& client) { return client->is_idle(); });
}

bool Cluster::is_settled() {
  Machine* const leader = steward_.leader();
  if (leader == nullptr || !steward_.is_as_wanted(*leader)) return false;
  const raft::Core& core = leader->replica()->core();
  if (core.commit() != core.log().last()) return false;
  return std::ranges::all_of(machines_, [&](const auto& machine) {
    return machine->is_up() && machine->replica()->machine().applied() == core.commit() &&
           machine->replica()->core().log().last() == core.log().last();
  });
}

std::string Cluster::unsettled_text() {
  std::string text = "the cluster does not settle, long after the faults have ended:";
  for (const auto& machine : machines_) {
    if (!machine->is_up()) {
      text += fmt::format(" n{} is down;", machine->number());
      continue;
    }
    const raft::Core& core = machine->replica()->core();
    text += fmt::format(" n{} has term {}, role {}, log {}, stable {}, commit {}, applied {}, {} voters of {};",
                        machine->number(), core.term().value, static_cast<int>(core.role()), core.log().last().value,
                        core.stable().value, core.commit().value, machine->replica()->machine().applied().value,
                        core.membership().voters.size(), core.membership().members.size());
  }
  if (const Machine* led_by = steward_.leader()) text += peers_text(led_by->replica()->core());
  if (!are_clients_idle()) text += " clients wait.";
  return text;
}

void Cluster::judge() {
  Index last;
  for (const auto& machine : machines_) {
    const node::StateMachine& state = machine->replica()->machine();
    last = state.applied();
    const app::Reply reply = state.query(app::Scan{});
    const auto* rows = std::get_if<app::ReplyRows>(&reply.body);
    std::map<std::string, std::string> found;
    if (rows != nullptr) {
      for (const app::Row& row : rows->rows) found.emplace(row.key, row.value);
    }
    std::map<std::string, std::string> expected;
    for (const auto& [key, value] : world_.models.keys().keys) expected.emplace(key, value.bytes);
    world_.findings.must(found == expected,
                         [&] { return fmt::format("the rows of n{} are not those of the model.", machine->number()); });
    world_.models.check_rows(fmt::format("n{}", machine->number()), state.rows());
  }
  world_.state_judge.check_promises(last);
  world_.models.check_promises();
  judge_histories();
}

void Cluster::judge_histories() {
  for (const std::string& key : history_.keys()) {
    const auto operations = history_.of(key);
    const auto verdict = linearizability::judge_key(operations);
    if (verdict == linearizability::Verdict::undecided) ++world_.counters.undecided;
    world_.findings.must(verdict != linearizability::Verdict::broken, [&] {
      return fmt::format("what clients saw of {} is not linearizable:\n{}", key, history_.text(key));
    });
  }
}

Outcome run_seed(std::uint64_t seed, Trace::Narrator narrator) {
  return Cluster(draw_plan(seed), std::move(narrator)).run();
}

}  // namespace parley::sim
