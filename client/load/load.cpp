#include "client/load/load.hpp"

#include <algorithm>
#include <utility>

namespace parley::client::load {
namespace {

constexpr std::uint64_t second_us = 1'000'000;

bool is_idle(const std::unique_ptr<Target>& target) { return target->is_idle(); }

}  // namespace

Load::Load(Network& network, const Clock& clock, const ClientSettings& settings, const LoadOptions& options,
           const std::vector<TargetName>& targets, Observer observer)
    : network_(network),
      clock_(clock),
      options_(options),
      observer_(std::move(observer)),
      now_us_(clock.now().monotonic_us) {
  Random random(settings.seed);
  for (const TargetName& target : targets) {
    ClientSettings each = settings;
    each.servers = target.servers;
    each.seed = random.next();
    const bool writes_keys = options_.writes_keys && target.writes_keys && options_.mix.needs_rows();
    targets_.push_back(std::make_unique<Target>(network, clock, each, options_, writes_keys));
  }
}

void Load::enter(Target::Phase phase, const char* name) {
  now_us_ = clock_.now().monotonic_us;
  phase_ = name;
  phase_since_us_ = reported_us_ = now_us_;
  next_report_us_ = now_us_ + second_us;
  for (const auto& target : targets_) {
    target->set_time(now_us_);
    target->enter(phase);
  }
}

std::uint64_t Load::step() {
  std::uint64_t wake_us = UINT64_MAX;
  for (const auto& target : targets_) {
    target->set_time(now_us_);
    target->step();
    wake_us = std::min(wake_us, target->next_wake_us());
  }
  now_us_ = clock_.now().monotonic_us;
  return wake_us;
}

void Load::wait(std::uint64_t until_us) {
  network_.wait(until_us - std::min(until_us, now_us_), -1);
  now_us_ = clock_.now().monotonic_us;
}

template <class IsDone>
void Load::run_until(std::uint64_t until_us, IsDone is_done) {
  while (now_us_ < until_us) {
    const std::uint64_t wake_us = std::min({step(), until_us, next_report_us_});
    if (std::ranges::all_of(targets_, is_done)) break;
    wait(wake_us);
    report_if_due();
  }
  const auto has_news = [](const auto& target) { return target->has_news(); };
  if (now_us_ > reported_us_ || std::ranges::any_of(targets_, has_news)) report();
}

void Load::report_if_due() {
  if (now_us_ < next_report_us_) return;
  report();
  next_report_us_ += ((now_us_ - next_report_us_) / second_us + 1) * second_us;
}

void Load::report() {
  std::vector<Second> seconds;
  for (const auto& target : targets_)
    seconds.push_back(target->take_second(now_us_ - phase_since_us_, now_us_ - reported_us_));
  reported_us_ = now_us_;
  observer_(phase_, seconds);
}

Outcome Load::prepare() {
  const bool writes_keys = options_.writes_keys && options_.mix.needs_rows();
  if (!writes_keys && !options_.mix.needs_chat()) return {};
  enter(Target::Phase::prepare, "prepare");
  run_until(UINT64_MAX, is_idle);
  for (const auto& target : targets_) {
    if (!target->problem().ok()) return target->problem();
  }
  return {};
}

std::vector<LoadResult> Load::run() {
  const auto never = [](const auto&) { return false; };
  if (options_.warmup_ms > 0) {
    enter(Target::Phase::warmup, "warmup");
    run_until(now_us_ + options_.warmup_ms * 1000, never);
  }
  enter(Target::Phase::load, "load");
  if (options_.requests > 0) {
    run_until(UINT64_MAX, [](const auto& target) { return target->has_ended_all(); });
  } else {
    run_until(now_us_ + options_.time_ms * 1000, never);
  }
  enter(Target::Phase::over, "");
  for (std::uint64_t wake_us = step(); !std::ranges::all_of(targets_, is_idle); wake_us = step()) wait(wake_us);
  std::vector<LoadResult> results;
  for (const auto& target : targets_) results.push_back(target->take_result());
  return results;
}

}  // namespace parley::client::load
