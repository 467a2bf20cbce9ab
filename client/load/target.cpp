#include "client/load/target.hpp"

#include <algorithm>
#include <utility>

#include "common/base/limits.hpp"
#include "common/base/load_limits.hpp"

namespace parley::client::load {
namespace {

/// Requests of an open loop begin together that are due within so long: sooner, none would share a frame.
constexpr std::uint64_t pace_us = 200;

}  // namespace

Target::Target(Network& network, const Clock& clock, const ClientSettings& settings, const LoadOptions& options,
               bool writes_keys)
    : options_(options),
      workload_([&] {
        Random random(settings.seed);
        const bool has_chat = options.mix.needs_chat();
        ValueSource values(options.value_size, has_chat ? ValueSource::Of::letters : ValueSource::Of::bytes, random);
        auto chat = has_chat ? std::make_unique<ChatLoad>(options.chat, random) : nullptr;
        return Workload{std::move(random),
                        KeySource(options.keys, options.distribution, options.key_form),
                        std::move(values),
                        options.read,
                        static_cast<std::uint32_t>(options.scan_rows),
                        std::move(chat)};
      }()),
      workers_(options.clients * options.outstanding),
      writes_keys_(writes_keys),
      second_latency_(operation_kinds().size()) {
  for (std::uint64_t i = 0; i < options_.sockets; ++i) {
    ClientSettings each = settings;
    each.seed = workload_.random.next();
    clients_.push_back(std::make_unique<Client>(network, clock, std::move(each)));
  }
  for (std::size_t at = 0; at < workers_.size(); ++at) {
    workers_[at].number = static_cast<std::uint32_t>(at / options_.outstanding);
    workers_[at].client = clients_[workers_[at].number % clients_.size()].get();
  }
  result_.latency_by_kind.resize(operation_kinds().size());
}

bool Target::is_idle() const {
  return std::ranges::all_of(clients_, [](const auto& client) { return client->outstanding() == 0; });
}

void Target::enter(Phase phase) {
  const bool has_begun = phase_ == Phase::warmup;
  phase_ = phase;
  switch (phase) {
    case Phase::prepare: return prepare();
    case Phase::load:
      load_since_us_ = last_ended_us_ = now_us_;
      count_answers(-1);
      [[fallthrough]];
    case Phase::warmup:
      // What did not begin in the warm-up is no part of the load either.
      open_since_us_ = now_us_;
      opened_ = 0;
      if (!has_begun) begin_workers();
      return;
    case Phase::over: break;
  }
  count_answers(1);
  result_.elapsed_us = (options_.requests > 0 ? last_ended_us_ : now_us_) - load_since_us_;
  result_.elapsed_us = std::max<std::uint64_t>(result_.elapsed_us, 1);
  if (options_.rate == 0 || options_.requests > 0) return;
  const std::uint64_t time_us = now_us_ - open_since_us_;
  const std::uint64_t due = time_us / 1'000'000 * options_.rate + time_us % 1'000'000 * options_.rate / 1'000'000;
  result_.missed = due - std::min(due, opened_);
}

void Target::begin_workers() {
  for (std::uint32_t worker = 0; worker < workers_.size(); ++worker) {
    if (options_.rate > 0) {
      idle_.push_back(worker);
    } else {
      begin(worker, now_us_);
    }
  }
}

void Target::prepare() {
  for (std::size_t client = 0; writes_keys_ && client < clients_.size(); ++client) {
    for (std::size_t i = 0; i < limits::session_window; ++i) write_key(client);
  }
  if (!workload_.chat) return;
  workload_.chat->prepare(*clients_.front(), [this](const Outcome& outcome) {
    ++second_ops_;
    if (!outcome.ok() && problem_.ok()) problem_ = outcome;
  });
}

void Target::write_key(std::size_t client) {
  if (next_key_ >= options_.keys || !problem_.ok()) return;
  const BytesView key = workload_.keys.key(next_key_++);
  clients_[client]->submit(app::Set{key, workload_.draw_value()}, [this, client](Outcome&& outcome) {
    ++second_ops_;
    if (!outcome.ok() && problem_.ok()) problem_ = std::move(outcome);
    write_key(client);
  });
}

void Target::step() {
  while (!thinkers_.empty() && thinkers_.top().due_us <= now_us_) {
    const std::uint32_t worker = thinkers_.top().worker;
    thinkers_.pop();
    begin(worker, now_us_);
  }
  if (options_.rate > 0 && now_us_ >= paced_us_ + pace_us) begin_due();
  for (const auto& client : clients_) client->step();
}

std::uint64_t Target::next_wake_us() const {
  std::uint64_t wake_us = thinkers_.empty() ? UINT64_MAX : thinkers_.top().due_us;
  for (const auto& client : clients_) wake_us = std::min(wake_us, client->next_wake_us());
  if (idle_.empty() || !may_begin()) return wake_us;
  return std::min(wake_us, std::max(due_us(opened_), paced_us_ + pace_us));
}

std::uint64_t Target::due_us(std::uint64_t number) const {
  // Whole seconds apart, so that nothing overflows.
  return open_since_us_ + number / options_.rate * 1'000'000 + number % options_.rate * 1'000'000 / options_.rate;
}

void Target::begin_due() {
  paced_us_ = now_us_;
  while (!idle_.empty() && may_begin() && due_us(opened_) <= now_us_) {
    const std::uint32_t worker = idle_.front();
    idle_.pop_front();
    begin(worker, due_us(opened_++));
  }
}

bool Target::may_begin() const {
  if (phase_ == Phase::load) return options_.requests == 0 || begun_ < options_.requests;
  return phase_ == Phase::warmup;
}

void Target::begin(std::uint32_t worker, std::uint64_t due_us) {
  if (!may_begin()) return;
  Worker& self = workers_[worker];
  self.is_measured = phase_ == Phase::load;
  if (self.is_measured) ++begun_;
  self.began_us = due_us;
  self.kind = static_cast<std::uint32_t>(options_.mix.draw(workload_.random));
  operation_kinds()[self.kind].begin(workload_, *self.client, self.number,
                                     [this, worker](Outcome&& outcome) { ended(worker, outcome); });
}

void Target::ended(std::uint32_t worker, const Outcome& outcome) {
  // The client's step began when the answers had come, and the next requests go out with its end.
  now_us_ = workers_[worker].client->now_us();
  record(workers_[worker], outcome);
  if (options_.rate > 0) {
    // What waited for somebody free begins at once; what is due by now and came later shares the next frame.
    if (idle_.empty() && may_begin() && due_us(opened_) <= now_us_) return begin(worker, due_us(opened_++));
    return idle_.push_back(worker);
  }
  if (options_.think_ms == 0) return begin(worker, now_us_);
  thinkers_.push({now_us_ + options_.think_ms * 1000, worker});
}

void Target::record(const Worker& worker, const Outcome& outcome) {
  const bool is_no = outcome.word == ErrorWord::not_found || outcome.word == ErrorWord::mismatch;
  const bool is_error = !outcome.ok() && !is_no;
  const std::uint64_t took_us = now_us_ - std::min(now_us_, worker.began_us);
  if (!worker.is_measured) {
    if (phase_ != Phase::warmup) return;
    ++(is_error ? second_errors_ : second_ops_);
    return second_uncounted_.record(took_us);
  }
  ++measured_ended_;
  last_ended_us_ = now_us_;
  second_latency_[worker.kind].record(took_us);
  if (is_error) ++result_.errors[static_cast<std::size_t>(outcome.word)];
  if (phase_ != Phase::load) return;
  ++(is_error ? second_errors_ : second_ops_);
  if (is_error) return;
  ++result_.ops;
  result_.misses += is_no ? 1 : 0;
}

/// Adds what the clients have counted so far, or takes it away.
void Target::count_answers(int sign) {
  for (const auto& client : clients_) {
    const Client::Counters& counters = client->counters();
    result_.answers += static_cast<std::uint64_t>(sign) * counters.answers;
    result_.busy_answers += static_cast<std::uint64_t>(sign) * counters.busy_answers;
  }
}

Second Target::take_second(std::uint64_t at_us, std::uint64_t elapsed_us) {
  Second second{at_us, elapsed_us, std::exchange(second_ops_, 0), std::exchange(second_errors_, 0),
                std::exchange(second_uncounted_, obs::Histogram())};
  for (std::size_t kind = 0; kind < second_latency_.size(); ++kind) {
    obs::Histogram& latency = second_latency_[kind];
    if (latency.count() == 0) continue;
    second.latency.merge(latency);
    result_.latency_by_kind[kind].merge(latency);
    result_.latency.merge(latency);
    latency = obs::Histogram();
  }
  if (phase_ == Phase::load && result_.seconds.size() < limits::load_seconds_kept)
    result_.seconds.push_back(row_of(second));
  return second;
}

LoadResult Target::take_result() {
  (void)take_second(0, 0);  // what was answered after the end
  return std::move(result_);
}

}  // namespace parley::client::load
