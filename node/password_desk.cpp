#include "node/password_desk.hpp"

#include <algorithm>
#include <utility>

#include "common/app/chat/chat.hpp"
#include "common/base/chat_limits.hpp"
#include "common/base/password.hpp"

namespace parley::node {
namespace {

const app::chat::Operation& operation_of(const app::Command& command) {
  const auto* operation = std::get_if<app::chat::Operation>(&command.operation);
  ENSURE(operation != nullptr);
  return *operation;
}

app::Command decoded(const SharedBytes& bytes) {
  const auto command = app::decode_command(bytes.view());
  ENSURE(command.has_value());
  return *command;
}

/// The template with what has come of the password in its place.
SharedBytes completed(const SharedBytes& bytes, std::uint64_t version, const PasswordDone& done) {
  app::Command command = decoded(bytes);
  app::chat::Operation operation = operation_of(command);
  std::visit(
      [&](auto& kind) {
        if constexpr (requires { kind.password_version; }) kind.password_version = version;
        if constexpr (requires { kind.is_right; }) kind.is_right = done.is_right;
        if constexpr (requires { kind.password_hash; }) kind.password_hash = done.hash;
      },
      operation);
  command.operation = operation;
  return SharedBytes(app::encode_command(command));
}

}  // namespace

PasswordDesk::Entries::iterator PasswordDesk::find(const app::CommandId& id) {
  return std::ranges::find_if(entries_, [&](const auto& entry) { return entry.second.id == id; });
}

std::optional<wire::ErrorReply> PasswordDesk::add(Asker asker, const app::CommandId& id,
                                                  wire::PasswordRequest&& request, std::uint64_t deadline_us) {
  auto at = find(id);
  const bool is_new = at == entries_.end();
  if (is_new && entries_.size() >= limits::password_queue) return too_busy("too many passwords wait to be hashed");
  const std::size_t bytes =
      is_new ? request.command.size() + request.password.size() + request.new_password.size() : at->second.bytes;
  if (!admission_.enter(asker, bytes)) return too_busy("too many requests are unanswered");
  if (is_new) {
    const std::uint64_t ticket = next_ticket_++;
    if (auto busy = look_up(ticket, deadline_us)) {
      admission_.leave(asker, bytes);
      return busy;
    }
    Entry entry{id,
                std::move(request.command),
                Bytes(request.password.view()),
                Bytes(request.new_password.view()),
                bytes,
                0,
                false,
                false,
                {}};
    at = entries_.emplace(ticket, std::move(entry)).first;
  }
  at->second.waiters.push_back({std::move(asker), deadline_us});
  return std::nullopt;
}

std::optional<wire::ErrorReply> PasswordDesk::look_up(std::uint64_t ticket, std::uint64_t deadline_us) {
  return lookups_.add({{0, {}, ticket}, {}, deadline_us, false});
}

void PasswordDesk::refuse(Entries::iterator at, const wire::ErrorReply& why, Answers& answers) {
  for (const Waiter& waiter : at->second.waiters) {
    admission_.leave(waiter.asker, at->second.bytes);
    answers.push_back({waiter.asker, why});
  }
  wipe(at->second.password);
  wipe(at->second.new_password);
  entries_.erase(at);
}

void PasswordDesk::refused(const raft::ReadRefused& refused, Answers& answers) {
  Answers of_lookups;
  lookups_.refused(refused, of_lookups);
  for (const Answer& answer : of_lookups) {
    const auto at = entries_.find(answer.to.request);
    if (at != entries_.end()) refuse(at, std::get<wire::ErrorReply>(answer.body), answers);
  }
}

PasswordWork PasswordDesk::begin_work(std::uint64_t ticket, Entry& entry, const Known& known) {
  const app::Command command = decoded(entry.command);
  const app::chat::Operation& operation = operation_of(command);
  PasswordWork work;
  work.ticket = ticket;
  work.password = std::exchange(entry.password, {});
  work.new_password = std::exchange(entry.new_password, {});
  if (std::holds_alternative<app::chat::CreateUser>(operation)) {
    work.is_to_hash = true;
    work.new_password = std::move(work.password);
  } else {
    auto credentials = app::chat::credentials_for(operation, known.rows, known.meta);
    entry.version = credentials.password_version;
    work.is_to_verify = true;
    work.hash = std::move(credentials.password_hash);
    work.is_to_hash = std::holds_alternative<app::chat::ChangePassword>(operation);
  }
  entry.is_hashed = true;
  return work;
}

std::optional<PasswordWork> PasswordDesk::take_work(const Known& known, Answers& answers) {
  for (const PendingReads::Read& read : lookups_.take_servable(known.meta.applied)) {
    const auto at = entries_.find(read.asker.request);
    if (at == entries_.end()) continue;
    at->second.is_readable = true;
    turns_.push_back(at->first);
  }
  // What is given away is hashed whoever still waits then, so no more is than is begun at once.
  while (!is_hashing_ && !turns_.empty()) {
    const auto at = entries_.find(turns_.front());
    turns_.pop_front();
    if (at == entries_.end()) continue;
    const app::Command command = decoded(at->second.command);
    const std::uint64_t until_us = app::chat::denied_until_us(operation_of(command), known.rows, known.meta);
    if (until_us <= known.cluster_us) {
      is_hashing_ = true;
      return begin_work(at->first, at->second, known);
    }
    const std::uint64_t wait_us = until_us - known.cluster_us;
    refuse(at, {ErrorWord::denied, app::chat::wait_text(wait_us), static_cast<std::uint32_t>(wait_us / 1000 + 1)},
           answers);
  }
  return std::nullopt;
}

std::optional<PasswordDesk::Finished> PasswordDesk::finish(const PasswordDone& done, Answers& answers) {
  const auto at = entries_.find(done.ticket);
  if (at == entries_.end()) return std::nullopt;
  is_hashing_ = false;
  if (done.has_failed) {
    refuse(at, too_busy("there is no memory to hash a password"), answers);
    return std::nullopt;
  }
  Entry entry = std::move(at->second);
  entries_.erase(at);
  for (const Waiter& waiter : entry.waiters) admission_.leave(waiter.asker, entry.bytes);
  return Finished{entry.id, completed(entry.command, entry.version, done), std::move(entry.waiters)};
}

/// One whose password is being hashed stays, though nobody waits: it still takes its place in the queue.
void PasswordDesk::expire(std::uint64_t now_us, Answers& answers) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    Entry& entry = at->second;
    std::erase_if(entry.waiters, [&](const Waiter& waiter) {
      if (waiter.deadline_us > now_us) return false;
      admission_.leave(waiter.asker, entry.bytes);
      answers.push_back(
          {waiter.asker, entry.is_readable
                             ? too_busy("the password was not hashed in time")
                             : wire::ErrorReply{ErrorWord::no_leader, "no leader confirmed the read in time", 0}});
      return true;
    });
    const auto here = at++;
    if (entry.waiters.empty() && !entry.is_hashed) refuse(here, {}, answers);
  }
  // A read has the deadline of the first who waited; there may be others.
  Answers expired;
  lookups_.expire(now_us, expired);
  for (const Answer& answer : expired) {
    const auto at = entries_.find(answer.to.request);
    if (at == entries_.end()) continue;
    if (const auto busy = look_up(at->first, at->second.waiters.back().deadline_us)) refuse(at, *busy, answers);
  }
}

}  // namespace parley::node
