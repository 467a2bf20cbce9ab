// Application: commands on different keys at the same time.
#include <algorithm>

#include "common/app/application.hpp"
#include "common/app/key_value.hpp"
#include "common/app/lives.hpp"
#include "common/app/validate.hpp"

namespace parley::app {
namespace {

/// By how much it may raise the used bytes; nothing for what belongs to no key, or to more than its row.
std::optional<std::uint64_t> growth_of(const Operation& operation) {
  if (const auto* set = std::get_if<Set>(&operation)) return quota_cost(set->key.size(), set->value.size());
  if (const auto* cas = std::get_if<CompareAndSet>(&operation)) return quota_cost(cas->key.size(), cas->desired.size());
  if (std::holds_alternative<Delete>(operation)) return 0;
  return std::nullopt;
}

BytesView key_of(const Operation& operation) {
  if (const auto* set = std::get_if<Set>(&operation)) return set->key;
  if (const auto* cas = std::get_if<CompareAndSet>(&operation)) return cas->key;
  return std::get<Delete>(operation).key;
}

}  // namespace

std::optional<KeyTask> Application::begin_by_key(const Entry& entry) {
  if (entry.kind != EntryKind::command) return std::nullopt;
  const auto command = decode_command(entry.payload.view());
  if (!command) return std::nullopt;
  return begin_task(entry, *command);
}

std::optional<KeyTask> Application::begin_reduced_by_key(const Entry& entry) {
  if (entry.kind != EntryKind::command) return std::nullopt;
  const auto reduced = decode_reduced(entry.payload.view());
  if (!reduced) return std::nullopt;
  placeholder_.resize(reduced->value_bytes, '\0');
  auto task = begin_task(entry, reduced->command(placeholder_));
  if (!task) return std::nullopt;
  task->reduced = *reduced;
  // The placeholder is overwritten before the task is carried out.
  std::get<Set>(task->command.operation).value = {};
  return task;
}

/// Nothing is changed before all has been judged. What was begun before and is not finished has been used in the
/// sessions already, and counts for the quota by as much as it may take.
std::optional<KeyTask> Application::begin_task(const Entry& entry, const Command& command) {
  ENSURE_EQ(entry.index, meta_.applied.next() + begun_);
  if (meta_.next_due_us <= std::max(meta_.time.cluster_us, entry.time.cluster_us)) return std::nullopt;
  const Settings& settings = meta_.in_force();
  const auto growth = growth_of(command.operation);
  if (!growth || validate_numbers(command, settings) || validate_operation(command, settings)) return std::nullopt;
  if (*growth > settings.quota_bytes || begun_growth_ > settings.quota_bytes - *growth ||
      meta_.used_bytes > settings.quota_bytes - *growth - begun_growth_)
    return std::nullopt;
  if (find_life(table_.table(), meta_, key_of(command.operation))) return std::nullopt;
  Sessions::Session* session = sessions_.find(command.session);
  if (session == nullptr) return std::nullopt;
  if (sessions_.judge(*session, command.seq, command.lowest_unanswered) != Sessions::Verdict::execute)
    return std::nullopt;
  sessions_.use(*session, command.seq, command.lowest_unanswered, entry.index);
  ++begun_.value;
  begun_growth_ += *growth;
  return KeyTask{command, std::nullopt, session->lowest, *growth};
}

void Application::finish_by_key(const Entry& entry, const KeyTask& task, const KeyEffect& effect) {
  ENSURE_EQ(entry.index, meta_.applied.next());
  ENSURE(begun_.value > 0);
  --begun_.value;
  begun_growth_ -= task.growth;
  table_.begin(meta_.state, entry.index);
  begin(entry);
  table_.append(effect.change);
  const Command& command = task.command;
  sessions_.write_reply(table_, command.session, command.seq, task.lowest, entry.index, effect.kept_reply);
  meta_.used_bytes += effect.used_more;
  meta_.keys += effect.keys_more;
  state_reply_.assign(effect.state_reply);
  finish(entry, effect.is_changed);
}

}  // namespace parley::app
