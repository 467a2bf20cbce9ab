#include "tests/sim/state_judge.hpp"

#include <fmt/format.h>

namespace parley::sim {
namespace {

/// The command reached its rows, whatever it found there.
bool is_execution(const app::Outcome& outcome) {
  const ErrorWord word = outcome.reply.word;
  return !outcome.duplicate && (word == ErrorWord::ok || word == ErrorWord::not_found || word == ErrorWord::mismatch);
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
    points_.push_back({meta.digest, meta.state});
    check_against_model(entry, outcome);
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

void StateJudge::check_against_model(const Entry& entry, const app::Outcome& outcome) {
  if (entry.kind != EntryKind::command) return;
  const auto command = app::decode_command(entry.payload.view());
  findings_.must(command && outcome.command, [&] { return fmt::format("entry {} is no command.", entry.index.value); });
  if (!command || !outcome.command) return;
  const auto earlier = executed_.find(*outcome.command);
  if (outcome.duplicate) {
    ++counters_.duplicates_applied;
    expect(earlier != executed_.end(), *outcome.command, "is called a duplicate, but never ran");
    return;
  }
  // OpenSession belongs to no session yet: sent twice, it opens two.
  if (!is_execution(outcome) || std::holds_alternative<app::OpenSession>(command->operation)) return;
  expect(earlier == executed_.end(), *outcome.command, "took effect twice");
  executed_.emplace(*outcome.command, entry.index);
  execute(*command, outcome);
}

void StateJudge::execute(const app::Command& command, const app::Outcome& outcome) {
  const app::CommandId& id = *outcome.command;
  const ErrorWord word = outcome.reply.word;
  if (const auto* set = std::get_if<app::Set>(&command.operation)) {
    expect(word == ErrorWord::ok, id, "was not carried out");
    rows_[std::string(set->key)] = set->value;
  } else if (const auto* erase = std::get_if<app::Delete>(&command.operation)) {
    const bool was_there = rows_.erase(std::string(erase->key)) == 1;
    expect(word == (was_there ? ErrorWord::ok : ErrorWord::not_found), id,
           "deleted what was not there, or not what was");
  } else if (const auto* cas = std::get_if<app::CompareAndSet>(&command.operation)) {
    const auto row = rows_.find(std::string(cas->key));
    if (row == rows_.end()) return expect(word == ErrorWord::not_found, id, "compared with nothing");
    if (row->second != cas->expected) {
      const auto* seen = std::get_if<app::ReplyValue>(&outcome.reply.body);
      return expect(word == ErrorWord::mismatch && seen != nullptr && seen->value == row->second, id,
                    "missed a mismatch");
    }
    expect(word == ErrorWord::ok, id, "missed a match");
    row->second = cas->desired;
  }
}

void StateJudge::acknowledged(const app::CommandId& id, Index index, const app::Reply& reply) {
  acknowledged_ = std::max(acknowledged_, index);
  const bool is_open = id.session == SessionId{};
  if (is_open ||
      (reply.word != ErrorWord::ok && reply.word != ErrorWord::not_found && reply.word != ErrorWord::mismatch))
    return;
  const auto executed = executed_.find(id);
  expect(executed != executed_.end() && executed->second <= index, id, "was acknowledged, but not applied");
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
