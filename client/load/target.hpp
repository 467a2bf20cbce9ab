#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "client/client.hpp"
#include "client/load/operations.hpp"
#include "client/load/options.hpp"
#include "client/load/result.hpp"

namespace parley::client::load {

/// The clients of one target. Each has one request outstanding, or several. In a closed loop its next request begins
/// when one was answered, or has failed, and it has thought. In an open one requests begin at their times, each by a
/// client that is free then, or as soon as one is; their latency counts from their times. For one thread.
class Target {
 public:
  enum class Phase : std::uint8_t { prepare, warmup, load, over };

  /// `writes_keys`: in the phase `prepare`, besides the users and chats of a mix that needs them.
  Target(Network& network, const Clock& clock, const ClientSettings& settings, const LoadOptions& options,
         bool writes_keys);
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  /// The time of all that follows, until it is told again.
  void set_time(std::uint64_t now_us) { now_us_ = now_us; }
  /// In this order, of which `prepare` and `warmup` may be left out. Each but `over` begins its requests.
  void enter(Phase phase);
  /// Begins what is due, takes answers, sends.
  void step();
  /// When step() must be called again even if nothing arrives.
  [[nodiscard]] std::uint64_t next_wake_us() const;
  [[nodiscard]] bool is_idle() const;
  /// In a load of a number of requests: all have ended.
  [[nodiscard]] bool has_ended_all() const { return options_.requests > 0 && measured_ended_ >= options_.requests; }
  /// Why the keys, users or chats could not be made; `ok` if they could.
  [[nodiscard]] const Outcome& problem() const { return problem_; }

  /// What ended since the last call, which came `elapsed_us` before; `at_us` is now, since the phase began.
  [[nodiscard]] Second take_second(std::uint64_t at_us, std::uint64_t elapsed_us);
  /// True if something did.
  [[nodiscard]] bool has_news() const { return second_ops_ + second_errors_ > 0; }
  /// When it is over and idle.
  [[nodiscard]] LoadResult take_result();

 private:
  struct Worker {
    Client* client = nullptr;
    std::uint32_t number = 0;  ///< of the simulated client
    std::uint32_t kind = 0;
    std::uint64_t began_us = 0;
    bool is_measured = false;  ///< it was begun within the time that counts
  };
  struct Thinker {
    std::uint64_t due_us;
    std::uint32_t worker;
    friend bool operator>(const Thinker& left, const Thinker& right) { return left.due_us > right.due_us; }
  };

  void prepare();
  void write_key(std::size_t client);
  void begin_workers();
  void begin(std::uint32_t worker, std::uint64_t due_us);
  void begin_due();
  [[nodiscard]] std::uint64_t due_us(std::uint64_t number) const;
  void ended(std::uint32_t worker, const Outcome& outcome);
  void record(const Worker& worker, const Outcome& outcome);
  [[nodiscard]] bool may_begin() const;
  void count_answers(int sign);

  const LoadOptions& options_;
  Workload workload_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Worker> workers_;
  Phase phase_ = Phase::over;
  std::uint64_t now_us_ = 0;

  bool writes_keys_;
  std::uint64_t next_key_ = 0;
  Outcome problem_;  ///< of preparing, the first

  std::deque<std::uint32_t> idle_;  ///< workers of an open loop, longest idle first
  std::uint64_t open_since_us_ = 0;
  std::uint64_t opened_ = 0;    ///< requests of an open loop that have begun
  std::uint64_t paced_us_ = 0;  ///< when some began last
  std::priority_queue<Thinker, std::vector<Thinker>, std::greater<>> thinkers_;

  std::uint64_t begun_ = 0;           ///< of those that count
  std::uint64_t measured_ended_ = 0;  ///< of those
  std::uint64_t last_ended_us_ = 0;   ///< the last of those
  std::uint64_t load_since_us_ = 0;
  LoadResult result_;
  // Since the last take_second().
  std::uint64_t second_ops_ = 0;
  std::uint64_t second_errors_ = 0;
  std::vector<obs::Histogram> second_latency_;  ///< of those that count, by kind
  obs::Histogram second_uncounted_;             ///< of the others
};

}  // namespace parley::client::load
