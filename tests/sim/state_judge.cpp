#include "tests/sim/state_judge.hpp"

#include <fmt/format.h>

namespace parley::sim {
namespace {

/// The same, but for what people read, and for what is not kept for a second asking.
bool is_same(const app::Reply& said, const app::Reply& first) {
  return said.word == first.word && (said.value_elided || said.body == first.body);
}

std::string text_of(const app::CommandId& id) {
  return fmt::format("command {} of session {} (nonce {})", id.seq.value, id.session.value, id.nonce);
}

}  // namespace

void StateJudge::applied(int node, const Entry& entry, const app::Outcome& outcome, const app::Meta& meta) {
  const Index next = known().next();
  findings_.must(entry.index <= next,
                 [&] { return fmt::format("n{} applies {} before {}.", node, entry.index.value, next.value); });
  if (entry.index > next) return;
  if (entry.index == next) {
    points_.push_back({meta.digest, meta.state, outcome.command});
    judge(entry, outcome);
    return;
  }
  opened(node, meta);
}

void StateJudge::opened(int node, const app::Meta& meta) {
  if (meta.applied == Index{}) return;
  findings_.must(meta.applied <= known(),
                 [&] { return fmt::format("the store of n{} has what nobody applied.", node); });
  if (meta.applied > known()) return;
  const Point& point = points_[meta.applied.value - 1];
  findings_.must(point.digest == meta.digest,
                 [&] { return fmt::format("n{} has another log at {}.", node, meta.applied.value); });
  findings_.must(point.state == meta.state,
                 [&] { return fmt::format("n{} has another state at {}.", node, meta.applied.value); });
}

void StateJudge::judge(const Entry& entry, const app::Outcome& outcome) {
  models_.begin(entry);
  if (entry.kind == EntryKind::command) judge_command(entry, outcome);
  models_.end(entry, outcome);
  for (const SessionId session : outcome.closed) open_.erase(session);
  if (outcome.opened) open_.insert(*outcome.opened);
}

void StateJudge::judge_command(const Entry& entry, const app::Outcome& outcome) {
  const auto command = app::decode_command(entry.payload.view());
  findings_.must(command && outcome.command, [&] { return fmt::format("entry {} is no command.", entry.index.value); });
  if (!command || !outcome.command) return;
  const app::CommandId& id = *outcome.command;
  const ErrorWord word = outcome.reply.word;
  const auto earlier = executed_.find(id);
  if (outcome.duplicate) {
    ++counters_.duplicates_applied;
    expect(earlier != executed_.end(), id, "is called a duplicate, but never ran");
    expect(earlier == executed_.end() || is_same(outcome.reply, earlier->second.reply), id,
           "is answered otherwise than when it ran");
    return;
  }
  // OpenSession belongs to no session yet: sent twice, it opens two.
  if (std::holds_alternative<app::OpenSession>(command->operation)) return;
  const bool is_open = open_.contains(command->session);
  expect(is_open == (word != ErrorWord::session_expired), id, "ran without its session, or not although that is open");
  if (!is_open) return;
  RequestSeq& lowest = lowest_[command->session];
  if (command->seq < lowest) return expect(word == ErrorWord::invalid, id, "ran although its client waits no more");
  lowest = std::max(lowest, command->lowest_unanswered);
  expect(earlier == executed_.end(), id, "took effect twice");
  executed_.emplace(id, Execution{entry.index, outcome.reply});
  models_.executed(entry, *command, outcome.reply);
}

/// One sequence of all that clients were told, in which each stands where it took effect: not before what was over when
/// it began, and answered as models that do one after the other answer it.
void StateJudge::acknowledged(const app::CommandId& id, Index index, Index floor, const app::Reply& reply) {
  acknowledged_ = std::max(acknowledged_, index);
  if (id.session == SessionId{}) return;
  const auto executed = executed_.find(id);
  const bool is_there = executed != executed_.end() && executed->second.index <= index && index <= known();
  expect(is_there, id, "was acknowledged, but not applied");
  if (!is_there) return;
  expect(points_[index.value - 1].command == id, id, "was acknowledged with the index of another entry");
  expect(executed->second.index > floor, id, "took effect before what was known when it was asked for");
  expect(is_same(reply, executed->second.reply), id, "was answered otherwise than it ended");
  models_.acknowledged(id);
}

void StateJudge::was_read(Index index, Index floor) {
  findings_.must(floor <= index, [&] {
    return fmt::format("a read that began when {} was known was served at {}.", floor.value, index.value);
  });
  acknowledged_ = std::max(acknowledged_, index);
}

void StateJudge::check_promises(Index last) {
  findings_.must(acknowledged_ <= last && last <= known(), [&] {
    return fmt::format("entry {} was acknowledged, but the log ends at {}.", acknowledged_.value, last.value);
  });
  for (const auto& [id, is_refused] : refused_) {
    expect(!is_refused || !executed_.contains(id), id, "was refused for certain, but took effect");
  }
}

void StateJudge::expect(bool condition, const app::CommandId& id, const std::string& what) {
  findings_.must(condition, [&] { return fmt::format("{} {}.", text_of(id), what); });
}

}  // namespace parley::sim
