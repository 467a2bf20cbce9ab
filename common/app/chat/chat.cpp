#include "common/app/chat/chat.hpp"

#include "common/app/chat/call.hpp"
#include "common/app/chat/names.hpp"

namespace parley::app::chat {
namespace {

/// What an operation may add beside what it carries: rows, each with its key, its head and what the quota counts for
/// it. Of a message that is the event alone, unless it has a key; all else that it changes keeps its size.
constexpr std::uint64_t rows_growth = 4096;
constexpr std::uint64_t event_growth = 256;
constexpr std::uint64_t sent_key_growth = 512;

Call call_at(const RecordedTable& table, const Meta& meta) {
  return {Draft(table.table()), meta.time.cluster_us, meta.time.wall_us};
}

/// Whose password an operation is about.
std::optional<UserId> user_of(const Operation& operation, const Draft& rows, std::uint64_t now_us) {
  if (const auto* login = std::get_if<Login>(&operation)) return user_named(rows, login->name);
  const TokenId* token = token_of(operation);
  if (token == nullptr) return std::nullopt;
  const auto actor = acting(rows, now_us, *token);
  return actor ? std::optional(actor->user) : std::nullopt;
}

}  // namespace

Reply execute(const Operation& operation, const Execution& execution) {
  Call call = call_at(execution.table, execution.meta);
  Reply reply = std::visit([&call](const auto& kind) { return carry_out(call, kind); }, operation);
  if (reply.word != ErrorWord::ok && !call.keeps_changes) return reply;
  if (!call.spares_quota) {
    if (auto refusal = call.draft.refused_by_quota(execution.meta)) return *std::move(refusal);
  }
  call.draft.commit(execution);
  return reply;
}

bool is_of_chat(DueKind kind) {
  return kind == DueKind::token || kind == DueKind::sent_key || kind == DueKind::failed_logins ||
         kind == DueKind::gone_chats;
}

void let_fall_due(const Due& due, const Execution& execution) {
  Call call = call_at(execution.table, execution.meta);
  switch (static_cast<DueKind>(due.kind)) {
    case DueKind::token: end_token(call, due.rest); break;
    case DueKind::sent_key: forget_sent_key(call, due.rest); break;
    case DueKind::failed_logins: forget_failures(call, due.rest); break;
    case DueKind::gone_chats: sweep(call); break;
    default: ENSURE(false);
  }
  call.draft.commit(execution);
}

std::uint64_t most_growth(const Operation& operation) {
  if (const auto* send = std::get_if<Send>(&operation))
    return size_of(operation) + event_growth + (send->key.empty() ? 0 : sent_key_growth);
  return 2 * size_of(operation) + rows_growth;
}

Credentials credentials_for(const Operation& operation, const Table& table, const Meta& meta) {
  const Draft rows(table);
  const auto user = user_of(operation, rows, meta.time.cluster_us);
  if (!user) return {};
  auto row = rows.at<UserRow>(user_key(*user));
  if (row.is_disabled) return {};
  return {std::move(row.password_hash), row.password_version};
}

std::uint64_t denied_until_us(const Operation& operation, const Table& table, const Meta& meta) {
  const Draft rows(table);
  Bytes name;
  if (const auto* login = std::get_if<Login>(&operation)) {
    name = folded(login->name);
  } else if (const auto user = user_of(operation, rows, meta.time.cluster_us)) {
    name = folded(rows.at<UserRow>(user_key(*user)).name);
  }
  if (name.empty()) return 0;
  const auto failures = rows.get<FailuresRow>(failures_key(name));
  return failures ? failures->not_before_us : 0;
}

std::string wait_text(std::uint64_t wait_us) {
  constexpr std::uint64_t second_us = 1'000'000;
  return "too many wrong passwords: wait " + std::to_string((wait_us + second_us - 1) / second_us) + " s";
}

}  // namespace parley::app::chat
