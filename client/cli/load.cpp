#include "client/cli/load.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "common/base/limits.hpp"

namespace parley::client::cli {
namespace {

constexpr std::uint64_t report_interval_us = 1'000'000;
/// Digits of a key behind its `k`; 16 bytes in all.
constexpr std::size_t key_digits = 15;
/// Requests of an open loop begin together that are due within so long: sooner, none would share a frame.
constexpr std::uint64_t pace_us = 200;
/// Values are slices of random bytes: beginning elsewhere each time, they differ, and cost nothing to make.
constexpr std::size_t pool_spread = 4096;

}  // namespace

std::uint64_t LoadResult::error_count() const {
  return std::accumulate(errors.begin(), errors.end(), std::uint64_t{0});
}

Load::Load(Network& network, const Clock& clock, const ClientSettings& settings, LoadOptions options, Progress progress)
    : network_(network),
      clock_(clock),
      options_(options),
      progress_(std::move(progress)),
      random_(settings.seed),
      key_(1 + key_digits, 'k'),
      now_us_(clock.now().monotonic_us) {
  for (std::uint64_t i = 0; i < options_.sockets; ++i) {
    ClientSettings each = settings;
    each.seed = random_.next();
    clients_.push_back(std::make_unique<Client>(network, clock, std::move(each)));
  }
  workers_.resize(options_.clients);
  value_pool_.reserve(options_.value_size + pool_spread + 8);
  while (value_pool_.size() < options_.value_size + pool_spread) {
    const std::uint64_t drawn = random_.next();
    value_pool_.append(reinterpret_cast<const char*>(&drawn), sizeof drawn);
  }
}

void Load::set_key(std::uint64_t number) {
  for (std::size_t at = key_digits; at > 0; --at) {
    key_[at] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

BytesView Load::draw_value() { return BytesView(value_pool_).substr(random_.below(pool_spread), options_.value_size); }

std::size_t Load::outstanding() const {
  std::size_t sum = 0;
  for (const auto& client : clients_) sum += client->outstanding();
  return sum;
}

void Load::turn(std::uint64_t until_us) {
  std::uint64_t wake_us = until_us;
  // Afterwards nothing is reported any more.
  if (phase_ != Phase::over) wake_us = std::min(wake_us, last_report_us_ + report_interval_us);
  for (const auto& client : clients_) {
    client->step();
    wake_us = std::min(wake_us, client->next_wake_us());
  }
  if (!thinkers_.empty()) wake_us = std::min(wake_us, thinkers_.top().due_us);
  if (options_.rate > 0 && may_begin()) wake_us = std::min(wake_us, std::max(due_us(opened_), paced_us_ + pace_us));
  now_us_ = clock_.now().monotonic_us;
  network_.wait(wake_us - std::min(wake_us, now_us_), -1);
  now_us_ = clock_.now().monotonic_us;
  while (!thinkers_.empty() && thinkers_.top().due_us <= now_us_) {
    const std::uint32_t worker = thinkers_.top().worker;
    thinkers_.pop();
    begin(worker, now_us_);
  }
  if (options_.rate > 0 && now_us_ >= paced_us_ + pace_us) begin_due();
}

std::uint64_t Load::due_us(std::uint64_t number) const {
  // Whole seconds apart, so that nothing overflows.
  return open_since_us_ + number / options_.rate * 1'000'000 + number % options_.rate * 1'000'000 / options_.rate;
}

void Load::begin_due() {
  paced_us_ = now_us_;
  while (may_begin() && due_us(opened_) <= now_us_) {
    const std::uint64_t due = due_us(opened_++);
    if (idle_.empty()) {
      if (phase_ == Phase::measured) ++result_.missed;
      continue;
    }
    const std::uint32_t worker = idle_.front();
    idle_.pop_front();
    begin(worker, due);
  }
}

void Load::report(const char* phase) {
  if (now_us_ < last_report_us_ + report_interval_us) return;
  progress_(phase, ops_since_report_, errors_since_report_, now_us_ - last_report_us_);
  last_report_us_ = now_us_;
  ops_since_report_ = errors_since_report_ = 0;
}

void Load::write_key(std::size_t client) {
  if (next_key_ >= options_.keys || !key_problem_.ok()) return;
  set_key(next_key_++);
  clients_[client]->submit(app::Set{key_, draw_value()}, [this, client](Outcome&& outcome) {
    if (!outcome.ok()) key_problem_ = std::move(outcome);
    ++ops_since_report_;
    write_key(client);
  });
}

Outcome Load::write_keys() {
  last_report_us_ = now_us_;
  for (std::size_t client = 0; client < clients_.size(); ++client) {
    for (std::size_t i = 0; i < limits::session_window; ++i) write_key(client);
  }
  while (outstanding() > 0) {
    turn(UINT64_MAX);
    report("keys");
  }
  return key_problem_;
}

bool Load::may_begin() const {
  if (phase_ == Phase::measured) return options_.requests == 0 || begun_ < options_.requests;
  return phase_ == Phase::unmeasured;
}

void Load::begin(std::uint32_t worker, std::uint64_t due_us) {
  if (!may_begin()) return;
  Worker& self = workers_[worker];
  self.is_measured = phase_ == Phase::measured;
  if (self.is_measured) ++begun_;
  self.began_us = due_us;
  self.op = options_.mix.draw(random_);
  set_key(random_.below(options_.keys));
  const auto callback = [this, worker](Outcome&& outcome) { ended(worker, outcome); };
  Client& client = *clients_[worker % clients_.size()];
  switch (self.op) {
    case Mix::Op::set: return client.submit(app::Set{key_, draw_value()}, callback);
    case Mix::Op::get: return client.submit(app::Get{key_}, options_.read, callback);
    case Mix::Op::erase: return client.submit(app::Delete{key_}, callback);
  }
}

void Load::ended(std::uint32_t worker, const Outcome& outcome) {
  // The client's step began when the answers had come, and the next requests go out with its end.
  now_us_ = clients_[worker % clients_.size()]->now_us();
  record(workers_[worker], outcome, now_us_);
  if (options_.rate > 0) return idle_.push_back(worker);
  if (options_.think_ms == 0) return begin(worker, now_us_);
  thinkers_.push({now_us_ + options_.think_ms * 1000, worker});
}

void Load::record(const Worker& worker, const Outcome& outcome, std::uint64_t now_us) {
  const bool is_miss = outcome.word == ErrorWord::not_found;
  const bool is_error = !outcome.ok() && !is_miss;
  ++(is_error ? errors_since_report_ : ops_since_report_);
  if (!worker.is_measured) return;
  const std::uint64_t took_us = now_us - std::min(now_us, worker.began_us);
  result_.latency.record(took_us);
  result_.latency_by_op[static_cast<std::size_t>(worker.op)].record(took_us);
  if (is_error) {
    ++result_.errors[static_cast<std::size_t>(outcome.word)];
  } else if (phase_ == Phase::measured) {
    ++result_.ops;
    result_.misses += is_miss ? 1 : 0;
  }
}

void Load::run_until(const char* phase, std::uint64_t until_us) {
  const auto all_ended = [&] {
    return phase_ == Phase::measured && options_.requests > 0 && result_.latency.count() >= options_.requests;
  };
  while (now_us_ < until_us && !all_ended()) {
    turn(until_us);
    report(phase);
  }
}

/// Adds what the clients have counted so far, or takes it away.
void Load::count_answers(int sign) {
  for (const auto& client : clients_) {
    const Client::Counters& counters = client->counters();
    result_.answers += static_cast<std::uint64_t>(sign) * counters.answers;
    result_.busy_answers += static_cast<std::uint64_t>(sign) * counters.busy_answers;
  }
}

LoadResult Load::run() {
  now_us_ = last_report_us_ = open_since_us_ = clock_.now().monotonic_us;
  ops_since_report_ = errors_since_report_ = 0;
  phase_ = options_.warmup_ms > 0 ? Phase::unmeasured : Phase::measured;
  for (std::uint32_t worker = 0; worker < workers_.size(); ++worker) {
    options_.rate > 0 ? idle_.push_back(worker) : begin(worker, now_us_);
  }
  if (phase_ == Phase::unmeasured) run_until("warmup", now_us_ + options_.warmup_ms * 1000);
  phase_ = Phase::measured;
  const std::uint64_t begin_us = now_us_;
  count_answers(-1);
  run_until("load", options_.requests > 0 ? UINT64_MAX : begin_us + options_.time_ms * 1000);
  result_.elapsed_us = std::max<std::uint64_t>(now_us_ - begin_us, 1);
  count_answers(1);
  phase_ = Phase::over;
  while (outstanding() > 0) turn(UINT64_MAX);
  return std::move(result_);
}

}  // namespace parley::client::cli
