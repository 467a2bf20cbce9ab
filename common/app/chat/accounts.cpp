// Users, passwords and tokens.
#include <algorithm>

#include "common/app/chat/answer.hpp"
#include "common/app/chat/call.hpp"
#include "common/app/chat/chat.hpp"
#include "common/app/chat/names.hpp"
#include "common/base/chat_limits.hpp"

namespace parley::app::chat {
namespace {

constexpr const char* no_token = "this token is none, or has ended: log in again";
constexpr const char* wrong_login = "wrong name or password";
constexpr const char* wrong_password = "wrong password";

void put_failures(Call& call, BytesView folded, const FailuresRow& row) {
  call.draft.put(failures_key(folded), row);
  call.draft.put(failures_end_key(row.expires_us, folded), NumberRow{});
  call.draft.add_due(row.expires_us, DueKind::failed_logins, folded);
}

void erase_failures(Call& call, BytesView folded, const FailuresRow& row) {
  call.draft.erase(failures_key(folded));
  call.draft.erase(failures_end_key(row.expires_us, folded));
}

void count_failed_names(Call& call, std::uint64_t more) {
  CountersRow counters = call.draft.get<CountersRow>(counters_key()).value_or(CountersRow{});
  counters.failed_names += more;
  call.draft.put(counters_key(), counters);
}

/// Room for one more: the name whose failures end first is forgotten.
void make_room_for_failures(Call& call) {
  const auto counters = call.draft.get<CountersRow>(counters_key());
  if (!counters || counters->failed_names < limits::failed_login_names) return;
  std::optional<Bytes> first;
  call.draft.scan(RowKey(RowSpace::chat_failures_end), [&first](BytesView key, BytesView) {
    first = Bytes(key.substr(1 + sizeof(std::uint64_t)));
    return false;
  });
  ENSURE(first.has_value());
  const auto row = call.draft.at<FailuresRow>(failures_key(*first));
  call.draft.remove_due(row.expires_us, DueKind::failed_logins, *first);
  erase_failures(call, *first, row);
  count_failed_names(call, ~std::uint64_t{0});
}

/// The wait begins with the last of the free ones and doubles with each that follows.
std::uint64_t wait_after(std::uint32_t failures) {
  if (failures < limits::free_failed_logins) return 0;
  const std::uint32_t doubled = std::min<std::uint32_t>(failures - limits::free_failed_logins, 16);
  return std::min(limits::least_login_wait_us << doubled, limits::most_login_wait_us);
}

void count_failure(Call& call, BytesView folded, const std::optional<FailuresRow>& before) {
  FailuresRow row = before.value_or(FailuresRow{});
  if (before) {
    call.draft.remove_due(before->expires_us, DueKind::failed_logins, folded);
    erase_failures(call, folded, *before);
  } else {
    make_room_for_failures(call);
    count_failed_names(call, 1);
  }
  row.failures = std::min<std::uint32_t>(row.failures + 1, 1'000'000);
  row.not_before_us = call.now_us + wait_after(row.failures);
  row.expires_us = call.now_us + limits::failed_login_us;
  put_failures(call, folded, row);
}

void clear_failures(Call& call, BytesView folded, const FailuresRow& row) {
  call.draft.remove_due(row.expires_us, DueKind::failed_logins, folded);
  erase_failures(call, folded, row);
  count_failed_names(call, ~std::uint64_t{0});
}

/// What a node has found out about a password, and of which hash.
struct Proof {
  std::uint64_t version = 0;
  bool is_right = false;
};

/// Why the password does not count; nothing if it does. Whether there is such a user shows neither in the words nor in
/// what is counted. `version`: of the user's password; 0 for nobody who may log in.
std::optional<Reply> judge(Call& call, BytesView folded, std::uint64_t version, const Proof& proof,
                           const char* wrong_text) {
  const auto failures = call.draft.get<FailuresRow>(failures_key(folded));
  if (failures && failures->not_before_us > call.now_us)
    return refused(ErrorWord::denied, wait_text(failures->not_before_us - call.now_us));
  // It was changed while the node looked, or there is somebody now.
  if (proof.version != version) return refused(ErrorWord::denied, wrong_text);
  if (version == 0 || !proof.is_right) {
    count_failure(call, folded, failures);
    call.keeps_changes = true;
    return refused(ErrorWord::denied, wrong_text);
  }
  if (failures) clear_failures(call, folded, *failures);
  return std::nullopt;
}

void erase_token(Call& call, const TokenId& token, const TokenRow& row) {
  call.draft.erase(token_key(token));
  call.draft.erase(grant_key(row.user, row.grant));
}

void revoke(Call& call, const TokenId& token, const TokenRow& row) {
  call.draft.remove_due(row.expires_us, DueKind::token, token.view());
  erase_token(call, token, row);
}

/// All but that with the number `except`, oldest first and at most `most`. Gives how many there were.
std::uint32_t revoke_tokens(Call& call, UserId user, std::uint64_t except, std::uint32_t most) {
  std::vector<TokenId> tokens;
  call.draft.scan(grants_key(user), [&](BytesView key, BytesView value) {
    const auto grant = decode_row<GrantRow>(value);
    ENSURE(grant.has_value());
    if (last_number(key) != except) tokens.push_back(grant->token);
    return tokens.size() < most;
  });
  for (const TokenId& token : tokens) revoke(call, token, call.draft.at<TokenRow>(token_key(token)));
  return static_cast<std::uint32_t>(tokens.size());
}

void leave_everything(Call& call, UserId user, UserRow& row) {
  std::vector<std::pair<ChatId, std::uint64_t>> places;
  call.draft.scan(chats_of_key(user), [&](BytesView key, BytesView value) {
    const auto what = decode_row<NumberRow>(value);
    ENSURE(what.has_value());
    places.emplace_back(ChatId{last_number(key)}, what->value);
    return true;
  });
  for (const auto& [chat, what] : places) {
    if (what == is_member) {
      leave(call, user, row, chat);
    } else {
      call.draft.erase(chat_of_key(user, chat));
      call.draft.erase(invitation_key(chat, user));
      --row.invitations;
    }
  }
}

}  // namespace

Or<Actor> acting(const Draft& draft, std::uint64_t now_us, const TokenId& token) {
  auto row = draft.get<TokenRow>(token_key(token));
  if (!row || row->expires_us <= now_us) return std::unexpected(refused(ErrorWord::denied, no_token));
  return Actor{row->user, *row};
}

std::optional<UserId> user_named(const Draft& draft, BytesView name) {
  const auto row = draft.get<NumberRow>(user_name_key(folded(name)));
  if (!row) return std::nullopt;
  return UserId{row->value};
}

Reply carry_out(Call& call, const CreateUser& create) {
  if (create.password_hash.empty()) return refused(ErrorWord::invalid, "the hash of a password is none");
  const RowKey name_key = user_name_key(folded(create.name));
  if (call.draft.has(name_key)) return refused(ErrorWord::exists, "there is a user of this name");
  CountersRow counters = call.draft.get<CountersRow>(counters_key()).value_or(CountersRow{});
  const UserId user{++counters.users};
  UserRow row;
  row.password_version = 1;
  row.created_us = call.wall_us;
  row.name = create.name;
  row.password_hash = create.password_hash;
  call.draft.put(counters_key(), counters);
  call.draft.put(name_key, NumberRow{user.value});
  call.draft.put(user_key(user), row);
  return {};
}

Reply carry_out(Call& call, const Login& login) {
  call.spares_quota = true;
  const Bytes name = folded(login.name);
  const auto user = user_named(call.draft, name);
  auto row = user ? call.draft.get<UserRow>(user_key(*user)) : std::nullopt;
  const bool may_log_in = row && !row->is_disabled;
  if (auto refusal = judge(call, name, may_log_in ? row->password_version : 0, {login.password_version, login.is_right},
                           wrong_login))
    return *std::move(refusal);
  if (call.draft.has(token_key(login.token))) return refused(ErrorWord::invalid, "there is such a token");
  if (row->tokens >= limits::tokens_per_user) row->tokens -= revoke_tokens(call, *user, 0, 1);
  const TokenRow token{*user, row->next_grant++, call.now_us + limits::token_us};
  ++row->tokens;
  call.draft.put(token_key(login.token), token);
  call.draft.put(grant_key(*user, token.grant), GrantRow{login.token});
  call.draft.add_due(token.expires_us, DueKind::token, login.token.view());
  call.draft.put(user_key(*user), *row);
  return {.body = Answer(LoggedIn{row->name, limits::token_us})};
}

Reply carry_out(Call& call, const ChangePassword& change) {
  call.spares_quota = true;
  // A node hashes a new password only if the old one is right.
  if (change.is_right && change.password_hash.empty())
    return refused(ErrorWord::invalid, "the hash of a password is none");
  const auto actor = acting(call.draft, call.now_us, change.token);
  if (!actor) return actor.error();
  UserRow row = call.draft.at<UserRow>(user_key(actor->user));
  if (auto refusal = judge(call, folded(row.name), row.password_version, {change.password_version, change.is_right},
                           wrong_password))
    return *std::move(refusal);
  row.password_hash = change.password_hash;
  ++row.password_version;
  row.tokens -= revoke_tokens(call, actor->user, actor->token.grant, limits::tokens_per_user);
  call.draft.put(user_key(actor->user), row);
  return {};
}

Reply carry_out(Call& call, const DisableUser& disable) {
  call.spares_quota = true;
  const auto actor = acting(call.draft, call.now_us, disable.token);
  if (!actor) return actor.error();
  UserRow row = call.draft.at<UserRow>(user_key(actor->user));
  if (auto refusal = judge(call, folded(row.name), row.password_version, {disable.password_version, disable.is_right},
                           wrong_password))
    return *std::move(refusal);
  leave_everything(call, actor->user, row);
  row.tokens -= revoke_tokens(call, actor->user, 0, limits::tokens_per_user);
  ENSURE_EQ(row.tokens, 0U);
  row.is_disabled = true;
  row.password_hash.clear();
  call.draft.put(user_key(actor->user), row);
  return {};
}

Reply carry_out(Call& call, const Logout& logout) {
  call.spares_quota = true;
  const auto actor = acting(call.draft, call.now_us, logout.token);
  if (!actor) return actor.error();
  revoke(call, logout.token, actor->token);
  UserRow row = call.draft.at<UserRow>(user_key(actor->user));
  --row.tokens;
  call.draft.put(user_key(actor->user), row);
  return {};
}

void end_token(Call& call, BytesView token) {
  const auto id = TokenId::from_bytes(token);
  ENSURE(id.has_value());
  const auto row = call.draft.at<TokenRow>(token_key(*id));
  erase_token(call, *id, row);
  UserRow user = call.draft.at<UserRow>(user_key(row.user));
  --user.tokens;
  call.draft.put(user_key(row.user), user);
}

void forget_failures(Call& call, BytesView folded_name) {
  erase_failures(call, folded_name, call.draft.at<FailuresRow>(failures_key(folded_name)));
  count_failed_names(call, ~std::uint64_t{0});
}

}  // namespace parley::app::chat
