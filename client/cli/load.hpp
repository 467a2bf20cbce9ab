#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "client/cli/mix.hpp"
#include "client/client.hpp"
#include "common/obs/histogram.hpp"

namespace parley::client::cli {

/// What `bench` puts on a cluster.
struct LoadOptions {
  std::uint64_t clients = 1;  ///< each has one request outstanding; in an open loop, at most
  std::uint64_t rate = 0;     ///< requests a second that are to begin, whatever is unanswered; 0 for a closed loop
  std::uint64_t sockets = 1;  ///< connections, and sessions, that the clients share
  std::uint64_t time_ms = 10'000;
  std::uint64_t requests = 0;  ///< 0: for `time_ms`; else until so many have ended
  Mix mix;
  std::uint64_t value_size = 128;
  std::uint64_t keys = 100'000;
  std::uint64_t think_ms = 0;
  std::uint64_t warmup_ms = 0;  ///< load that is not counted, before the load that is
  wire::ReadMode read = wire::ReadMode::linearizable;
};

struct LoadResult {
  std::uint64_t elapsed_us = 0;
  std::uint64_t ops = 0;                   ///< answered within that time as asked, misses included
  std::uint64_t misses = 0;                ///< of those, the key was not there
  std::uint64_t missed = 0;                ///< of an open loop, when all clients waited: they never began
  std::uint64_t answers = 0;               ///< of servers within that time, and ...
  std::uint64_t busy_answers = 0;          ///< ... those of them that said `busy`; the client asks again
  std::array<std::uint64_t, 16> errors{};  ///< by ErrorWord
  obs::Histogram latency;  ///< of every request that was begun, however late its answer came, in microseconds
  std::array<obs::Histogram, Mix::names.size()> latency_by_op;

  [[nodiscard]] std::uint64_t error_count() const;
};

/// A closed loop: each simulated client sends its next request when the last one was answered. Or an open one: requests
/// begin at their times, each by a client that waits for nothing; their latency counts from that time. For one thread.
class Load {
 public:
  /// Called about once a second with what was measured since the last call. `phase`: "keys", "warmup", "load".
  using Progress =
      std::function<void(const char* phase, std::uint64_t ops, std::uint64_t errors, std::uint64_t elapsed_us)>;

  Load(Network& network, const Clock& clock, const ClientSettings& settings, LoadOptions options, Progress progress);

  /// Writes every key once, as fast as the sessions allow. The first error ends it, and is the result.
  [[nodiscard]] Outcome write_keys();
  /// Warms up, measures, and waits for what is still outstanding.
  [[nodiscard]] LoadResult run();

 private:
  struct Worker {
    std::uint64_t began_us = 0;
    Mix::Op op = Mix::Op::set;
    bool is_measured = false;  ///< it was begun within the time that counts
  };
  enum class Phase { unmeasured, measured, over };
  struct Thinker {
    std::uint64_t due_us;
    std::uint32_t worker;
    friend bool operator>(const Thinker& left, const Thinker& right) { return left.due_us > right.due_us; }
  };

  void write_key(std::size_t client);
  void begin(std::uint32_t worker, std::uint64_t due_us);
  void begin_due();
  [[nodiscard]] std::uint64_t due_us(std::uint64_t number) const;
  void ended(std::uint32_t worker, const Outcome& outcome);
  void record(const Worker& worker, const Outcome& outcome, std::uint64_t now_us);
  [[nodiscard]] bool may_begin() const;
  /// Steps all clients once and waits for something to happen, until `until_us` at most.
  void turn(std::uint64_t until_us);
  void run_until(const char* phase, std::uint64_t until_us);
  void report(const char* phase);
  void count_answers(int sign);
  void set_key(std::uint64_t number);
  [[nodiscard]] BytesView draw_value();
  [[nodiscard]] std::size_t outstanding() const;

  Network& network_;
  const Clock& clock_;
  LoadOptions options_;
  Progress progress_;
  Random random_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Worker> workers_;
  std::deque<std::uint32_t> idle_;  ///< workers of an open loop, longest idle first
  std::uint64_t open_since_us_ = 0;
  std::uint64_t opened_ = 0;    ///< requests of an open loop whose time has come
  std::uint64_t paced_us_ = 0;  ///< when some began last
  std::priority_queue<Thinker, std::vector<Thinker>, std::greater<>> thinkers_;
  std::string key_;
  std::string value_pool_;
  LoadResult result_;
  std::uint64_t next_key_ = 0;
  std::uint64_t begun_ = 0;
  Outcome key_problem_;
  Phase phase_ = Phase::unmeasured;
  std::uint64_t now_us_ = 0;
  std::uint64_t last_report_us_ = 0;
  std::uint64_t ops_since_report_ = 0;
  std::uint64_t errors_since_report_ = 0;
};

}  // namespace parley::client::cli
