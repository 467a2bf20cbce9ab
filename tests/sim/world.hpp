#pragma once
#include <functional>

#include "common/transfer/message.hpp"
#include "node/asker.hpp"
#include "tests/sim/commit_times.hpp"
#include "tests/sim/event_queue.hpp"
#include "tests/sim/model_judge.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/raft_judge.hpp"
#include "tests/sim/state_judge.hpp"
#include "tests/sim/trace.hpp"

namespace parley::sim {

/// What every part of a simulation shares. Owned by the cluster, outlives everything in it.
struct World {
  explicit World(const Plan& its_plan, Trace::Narrator narrator)
      : plan(its_plan),
        trace(std::move(narrator)),
        raft_judge(findings, counters),
        models(findings, counters),
        state_judge(findings, counters, models) {
    if (its_plan.has_keys || its_plan.has_chat) models.look_closely();
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] std::uint64_t now_us() const { return queue.now_us(); }

  const Plan plan;
  EventQueue queue;
  Trace trace;
  Counters counters;
  Findings findings;
  RaftJudge raft_judge;
  ModelJudge models;
  StateJudge state_judge;
  CommitTimes commit_times;

  /// The faults have ended; nothing goes wrong any more.
  bool is_calm = false;

  // ---- set by the cluster before anything runs ----
  std::function<void(int from, raft::Message message)> send;
  std::function<void(int from, ServerId to, transfer::Message message)> send_transfer;
  std::function<void(int from, node::Answer answer)> answer;
  std::function<void(int from, const raft::ChangeDone& done)> change_done;
  /// The process of this node has died by itself.
  std::function<void(int node)> died;
  /// What this node's disk has kept cannot be read: it must begin anew, as another incarnation.
  std::function<void(int node)> lost_its_past;
  /// The process of this node has begun a new life.
  std::function<void(int node)> started;
};

}  // namespace parley::sim
