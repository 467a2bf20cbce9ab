#pragma once
#include <map>
#include <memory>
#include <vector>

#include "tests/sim/client.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/follower.hpp"
#include "tests/sim/history.hpp"

namespace parley::sim {

/// What became of a run.
struct Outcome {
  Counters counters;
  std::uint64_t trace_hash = 0;
  std::optional<Findings::Finding> finding;
  /// What of the least that a run must have it has not: empty if nothing.
  std::string shortfall;
};

/// A whole cluster with its clients, from one seed: replicas made of the real core, driver, log, table and application,
/// on simulated network, disks and clocks. It is founded, grows, serves while faults happen, is left alone, must then
/// recover, and is judged.
class Cluster {
 public:
  Cluster(const Plan& plan, Trace::Narrator narrator);
  ~Cluster();

  [[nodiscard]] Outcome run();

 private:
  void add_machine(Purpose purpose);
  void schedule_joins();
  void connect();
  void send(int from, raft::Message message);
  void tell_of_start(std::size_t number);
  void begin_anew(std::size_t number);
  void ask(std::size_t node, node::Asker asker, wire::RequestBody body, std::uint32_t deadline_ms);
  void answer(int from, node::Answer answer);
  void answer_follower(std::size_t from, const node::Answer& answer);
  void add_client(std::unique_ptr<Work> work);
  [[nodiscard]] std::unique_ptr<Work> work_of(std::size_t client);
  void add_followers();

  void serve_under_faults();
  void recover();
  void serve_again();
  void let_things_end();
  void feed_the_rest();
  void survive_total_crash();
  void judge();
  void judge_histories();

  /// Runs events until `is_done`, at most until `deadline_us`; false if that came first.
  template <class IsDone>
  bool run_until(std::uint64_t deadline_us, IsDone&& is_done);
  [[nodiscard]] bool is_settled();
  [[nodiscard]] std::string unsettled_text();
  [[nodiscard]] bool are_clients_idle() const;

  World world_;
  Steward::Machines machines_;
  std::map<ServerId, std::size_t> numbers_;
  Network network_;
  Steward steward_;
  Faults faults_;
  History history_;
  People people_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Follower>> followers_;
  Random random_;
};

/// Makes the plan of a seed and runs it.
[[nodiscard]] Outcome run_seed(std::uint64_t seed, Trace::Narrator narrator = {});

}  // namespace parley::sim
