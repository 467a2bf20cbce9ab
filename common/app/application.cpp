#include "common/app/application.hpp"

#include <algorithm>

#include "common/app/chat/chat.hpp"
#include "common/app/due.hpp"
#include "common/app/effect_details.hpp"
#include "common/app/key_value.hpp"
#include "common/app/lives.hpp"
#include "common/app/reduced.hpp"
#include "common/app/validate.hpp"
#include "common/base/key_value_limits.hpp"

namespace parley::app {
namespace {

Reply refused(ErrorWord word, std::string detail) { return {.word = word, .detail = std::move(detail)}; }
Reply refused(Problem problem) { return refused(problem.word, std::move(problem.text)); }

/// Settings that old rows were written by: with others they could not be read. With the engine `disk` a lower quota has
/// fewer slots.
bool keeps_what_is_fixed(const Settings& before, const Settings& after) {
  if (before.engine == "disk" && after.quota_bytes < before.quota_bytes) return false;
  return before.engine == after.engine && before.slot == after.slot && before.session_window == after.session_window;
}

}  // namespace

Result<Application> Application::open(Table& table) {
  Meta meta;
  const auto row = table.get(meta_key().view());
  if (!row) {
    // Rows without a meta row would be counted as none: they are somebody else's, or what is left of ours.
    bool empty = true;
    table.scan({}, [&empty](BytesView, BytesView) { return empty = false; });
    if (!empty) return fail(ErrorCode::corrupt, "there are rows, but no meta row");
    meta.state = state_start();
  } else {
    auto decoded = decode_meta(*row);
    if (!decoded) return fail(ErrorCode::corrupt, "the meta row is none");
    meta = *std::move(decoded);
  }
  auto sessions = Sessions::load(table, meta.in_force().session_window);
  if (!sessions) return std::unexpected(std::move(sessions.error()));
  if (sessions->size() != meta.sessions) {
    return fail(ErrorCode::corrupt, "there are " + std::to_string(sessions->size()) + " sessions, but " +
                                        std::to_string(meta.sessions) + " by the meta row");
  }
  return Application(table, std::move(meta), *std::move(sessions));
}

Application::Application(Table& table, Meta meta, Sessions sessions)
    : table_(table), meta_(std::move(meta)), sessions_(std::move(sessions)) {}

Outcome Application::apply(const Entry& entry) {
  ENSURE_EQ(entry.index, meta_.applied.next());
  ENSURE_EQ(begun_, Count{});
  table_.begin(meta_.state, entry.index);
  begin(entry);
  Outcome outcome;
  outcome.ended = changes_.all().size();
  switch (entry.kind) {
    case EntryKind::command: apply_command(decode_command(entry.payload.view()), entry.index, outcome); break;
    case EntryKind::settings: apply_settings(entry, outcome); break;
    case EntryKind::membership:
      meta_.membership_index = entry.index;
      meta_.membership = entry.payload.view();
      break;
    case EntryKind::noop:
    case EntryKind::time: break;
  }
  finish(entry, outcome.took_effect());
  outcome.changes = changes_.all();
  outcome.chats = &changes_.chats();
  return outcome;
}

std::optional<Outcome> Application::apply_reduced(const Entry& entry) {
  ENSURE_EQ(entry.index, meta_.applied.next());
  ENSURE_EQ(begun_, Count{});
  const auto reduced = decode_reduced(entry.payload.view());
  if (!reduced || entry.kind != EntryKind::command) return std::nullopt;
  table_.begin_reduced(meta_.state, entry.index, reduced->value);
  begin(entry);
  Outcome outcome;
  outcome.ended = changes_.all().size();
  placeholder_.resize(reduced->value_bytes, '\0');
  apply_command(reduced->command(placeholder_), entry.index, outcome);
  finish(entry, outcome.took_effect());
  outcome.changes = changes_.all();
  outcome.chats = &changes_.chats();
  return outcome;
}

/// Time passes with each entry, before anything else does: what is due when a command comes is over for it.
void Application::begin(const Entry& entry) {
  meta_.time = {std::max(meta_.time.cluster_us, entry.time.cluster_us), entry.time.wall_us};
  state_reply_.clear();
  changes_.clear();
  if (meta_.next_due_us <= meta_.time.cluster_us) work_off_due();
}

void Application::work_off_due() {
  std::size_t work = 0;
  for (const Due& due : take_due(table_.table(), meta_, limits::due_per_entry)) {
    work += 1 + (due.kind == DueKind::lease ? keys_that_end(due.rest, table_.table()) : 0);
    if (work > limits::due_per_entry) {
      meta_.next_due_us = std::min(meta_.next_due_us, due.at_us);
      return;
    }
    let_fall_due(due);
  }
}

void Application::let_fall_due(const Due& due) {
  const Execution execution{table_, meta_, changes_, meta_.applied.next()};
  switch (due.kind) {
    case DueKind::key: return end_key(due.rest, due.at_us, execution);
    case DueKind::lease: return end_lease(due.rest, due.at_us, execution);
    default: break;
  }
  remove_due(table_, meta_, due.at_us, due.kind, due.rest);
  if (chat::is_of_chat(due.kind)) chat::let_fall_due(due, execution);
}

void Application::finish(const Entry& entry, bool took_effect) {
  meta_.applied = entry.index;
  meta_.applied_term = entry.term;
  meta_.digest = entry.digest;
  meta_.sessions = sessions_.size();
  meta_.state = table_.finish(state_reply_);
  note_effect(table_.unrecorded(), meta_, took_effect);
  if (meta_.oldest_detail != Index{} || !changes_.detail().empty())
    note_detail(table_.unrecorded(), meta_, changes_.detail());
}

void Application::apply_command(const std::optional<Command>& command, Index index, Outcome& outcome) {
  if (!command) {
    outcome.reply = refused(ErrorWord::invalid, "the bytes are no command that this version knows");
  } else {
    outcome.command = id_of(*command);
    if (auto problem = validate_numbers(*command, meta_.in_force())) {
      outcome.reply = refused(*std::move(problem));
    } else if (const auto* open = std::get_if<OpenSession>(&command->operation)) {
      outcome.reply = open_session(*open, index, outcome);
    } else {
      run_in_session(*command, index, outcome);
    }
  }
  encode_reply_for_state(outcome.reply, state_reply_);
  outcome.encoded = state_reply_;
  if (outcome.reply.detail.empty()) return;
  encode_reply(outcome.reply, full_reply_);
  outcome.encoded = full_reply_;
}

void Application::apply_settings(const Entry& entry, Outcome& outcome) {
  auto settings = decode_settings(entry.payload.view());
  const bool in_use = meta_.settings.has_value() || sessions_.size() > 0;
  if (!settings) {
    outcome.reply = refused(ErrorWord::invalid, "the bytes are no settings");
  } else if (in_use && !keeps_what_is_fixed(meta_.in_force(), *settings)) {
    outcome.reply = refused(
        ErrorWord::invalid,
        "engine, slot and session window of a cluster never change, nor does the quota of one with -engine disk fall");
  } else {
    if (!in_use) sessions_ = Sessions(settings->session_window);
    meta_.settings = std::move(settings);
  }
  encode_reply_for_state(outcome.reply, state_reply_);
}

Reply Application::open_session(const OpenSession& open, Index index, Outcome& outcome) {
  // One closes for one that opens. Two where there are more than the settings now allow: so they get fewer, and the
  // work of an entry stays bounded.
  const std::size_t most = meta_.in_force().sessions;
  for (int closed = 0; closed < 2 && sessions_.size() >= most; ++closed) {
    const Sessions::Session& oldest = sessions_.least_recently_used();
    outcome.closed.push_back(oldest.id);
    sessions_.close(table_, oldest);
  }
  outcome.opened = sessions_.open(table_, index, open.nonce);
  return {.body = SessionOpened{*outcome.opened, meta_.in_force().session_window}};
}

void Application::run_in_session(const Command& command, Index index, Outcome& outcome) {
  Sessions::Session* session = sessions_.find(command.session);
  if (session == nullptr) {
    outcome.reply = refused(ErrorWord::session_expired, "no such session");
    return;
  }
  switch (sessions_.judge(*session, command.seq, command.lowest_unanswered)) {
    case Sessions::Verdict::outside_window:
      outcome.reply = refused(ErrorWord::invalid, "the command's number is outside the window of its session");
      return;
    case Sessions::Verdict::duplicate: {
      auto kept = decode_reply(sessions_.kept_reply(table_.table(), *session, command.seq));
      ENSURE(kept.has_value());
      outcome.reply = *std::move(kept);
      outcome.duplicate = true;
      return;
    }
    case Sessions::Verdict::execute: break;
  }
  outcome.reply = execute_operation(command, *session, index, outcome);
  if (!outcome.closed.empty()) return;  // the session is gone, and its replies with it
  encode_reply_to_keep(outcome.reply, kept_reply_);
  sessions_.keep(table_, *session, command.seq, command.lowest_unanswered, index, kept_reply_);
}

Reply Application::execute_operation(const Command& command, Sessions::Session& session, Index index,
                                     Outcome& outcome) {
  if (auto problem = validate_operation(command, meta_.in_force())) return refused(*std::move(problem));
  if (std::holds_alternative<CloseSession>(command.operation)) {
    outcome.closed.push_back(session.id);
    sessions_.close(table_, session);
    return {};
  }
  const Execution execution{table_, meta_, changes_, index};
  return std::visit(
      [&execution](const auto& operation) -> Reply {
        if constexpr (requires { execute(operation, execution); }) {
          return execute(operation, execution);
        } else {
          ENSURE(false);
          return {};
        }
      },
      command.operation);
}

Reply Application::query(const Query& query, std::uint64_t now_us) const {
  if (auto problem = validate(query, meta_.in_force())) return refused(*std::move(problem));
  if (const auto* info = std::get_if<LeaseInfo>(&query)) return read(*info, table_.table(), meta_, now_us);
  return std::visit(
      [this](const auto& kind) -> Reply {
        if constexpr (requires { read(kind, table_.table(), meta_); }) {
          return read(kind, table_.table(), meta_);
        } else if constexpr (requires { read(kind, table_.table()); }) {
          return read(kind, table_.table());
        } else {
          ENSURE(false);
          return {};
        }
      },
      query);
}

void Application::forget_membership() {
  meta_.membership_index = Index{};
  meta_.membership = {};
}

void Application::save_meta() {
  encode_meta(meta_, meta_row_);
  table_.unrecorded().put(meta_key().view(), meta_row_);
}

}  // namespace parley::app
