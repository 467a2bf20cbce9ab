#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/app/application.hpp"
#include "tests/sim/counters.hpp"
#include "tests/sim/findings.hpp"
#include "tests/sim/model_judge.hpp"

namespace parley::sim {

/// Watches what replicas apply. The first replica to apply an index sets what every other must find there: the same
/// digest of the log, the same digest of the state. Every command is checked to take effect exactly once, if and only
/// if its session is open; what it does then is judged by models.
class StateJudge {
 public:
  StateJudge(Findings& findings, Counters& counters, ModelJudge& models)
      : findings_(findings), counters_(counters), models_(models) {}

  void applied(int node, const Entry& entry, const app::Outcome& outcome, const app::Meta& meta);
  /// A replica goes on from a store that it found.
  void opened(int node, const app::Meta& meta);
  /// A client was told by the application, at `index`; when it first asked, everything up to `floor` had been told to
  /// somebody.
  void acknowledged(const app::CommandId& id, Index index, Index floor, const app::Reply& reply);
  /// A client was told what it read, as of `index`; when it asked, everything up to `floor` had been told to somebody.
  void was_read(Index index, Index floor);
  /// A client was told that a command certainly had no effect, and sent it only once.
  void refused(const app::CommandId& id) { refused_.emplace(id, true); }
  /// At the end: every refusal was right, every acknowledged command is below `last`.
  void check_promises(Index last);

  /// The highest index that anybody was told of: no read that begins now may be served below.
  [[nodiscard]] Index acknowledged() const { return acknowledged_; }
  [[nodiscard]] Index known() const { return Index{points_.size()}; }

 private:
  struct Point {
    Digest digest;
    Digest state;
    std::optional<app::CommandId> command;
  };
  struct Execution {
    Index index;
    app::Reply reply;
  };

  void judge(const Entry& entry, const app::Outcome& outcome);
  void judge_command(const Entry& entry, const app::Outcome& outcome);
  void expect(bool condition, const app::CommandId& id, const std::string& what);

  Findings& findings_;
  Counters& counters_;
  ModelJudge& models_;
  std::vector<Point> points_;  ///< of index 1, 2, ...
  std::map<app::CommandId, Execution> executed_;
  std::set<SessionId> open_;
  std::map<SessionId, RequestSeq> lowest_;  ///< up to which a session's client has all replies
  std::map<app::CommandId, bool> refused_;
  Index acknowledged_;
};

}  // namespace parley::sim
