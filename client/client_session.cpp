#include <utility>

#include "client/client.hpp"
#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"

/// The part of Client that gives writes their session and number (DESIGN section 8).
namespace parley::client {

void Client::number_write(Operation& operation, const app::Command& command) {
  app::Command numbered = command;
  numbered.session = session_->id();
  numbered.seq = session_->take();
  numbered.lowest_unanswered = session_->lowest_unanswered();
  operation.session = numbered.session;
  operation.seq = numbered.seq;
  operation.command() = SharedBytes(app::encode_command(numbered));
}

void Client::admit_writes() {
  while (!queued_.empty()) {
    const Ticket ticket = queued_.front();
    Operation* operation = operations_.find(ticket);
    if (operation != nullptr && operation->state == Operation::State::queued) {
      if (!session_) return open_session();
      if (!session_->has_room()) return;
      const SharedBytes waiting = operation->command();
      const auto command = app::decode_command(waiting.view());
      ENSURE(command.has_value());
      number_write(*operation, *command);
      make_ready(ticket, *operation);
    }
    queued_.pop_front();
  }
}

void Client::open_session() {
  if (opening_) return;
  Operation operation;
  operation.kind = Operation::Kind::open_session;
  app::Command command;
  command.operation = app::OpenSession{random_.next()};
  operation.body = wire::WriteRequest{SharedBytes(app::encode_command(command))};
  operation.deadline_us = now_us_ + settings_.timeout_us;
  wake_at(operation.deadline_us);
  opening_ = operations_.add(std::move(operation));
  ready_.push_back(*opening_);
}

void Client::session_opened(Outcome&& outcome) {
  opening_.reset();
  const auto* opened = std::get_if<app::SessionOpened>(&outcome.body);
  if (outcome.ok() && opened != nullptr) {
    session_.emplace(opened->session, opened->window);
    session_problem_ = {};
    ++counters_.sessions_opened;
    return;
  }
  session_problem_ = std::move(outcome);
  switch (session_problem_.word) {
    case ErrorWord::busy:
    case ErrorWord::no_leader:
    case ErrorWord::not_member:
    case ErrorWord::timeout: return;  // those that wait have deadlines of their own; it is tried again for them
    default: fail_queued(session_problem_);
  }
}

void Client::fail_queued(const Outcome& outcome) {
  for (const Ticket ticket : std::exchange(queued_, {})) {
    const Operation* operation = operations_.find(ticket);
    if (operation == nullptr || operation->state != Operation::State::queued) continue;
    end(ticket, outcome);
  }
}

// A session ends when the cluster has too many and this one was used least recently. A command that is answered
// `session_expired` was not carried out by the entry that was answered; if there was no other try, it never was and
// never will be, and may be given a new number in a new session. Otherwise an earlier try may have been carried out
// while the session still was.
void Client::handle_expired_session(Ticket ticket, std::uint32_t number) {
  Operation& operation = *operations_.find(ticket);
  if (number < 64) operation.open_tries &= ~(std::uint64_t{1} << number);
  if (session_ && session_->id() == operation.session) session_.reset();
  constexpr auto detail = "its session expired while it was under way";
  if (operation.has_open_tries()) return end_refused(ticket, ErrorWord::session_expired, detail);
  operation.refusal = ErrorWord::session_expired;
  operation.refusal_detail = detail;
  operation.state = Operation::State::queued;
  operation.seq = {};
  queued_.push_back(ticket);
}

Outcome Client::why_queued(const Operation& operation) {
  Outcome outcome;
  if (operation.refusal == ErrorWord::session_expired) {
    outcome.word = ErrorWord::session_expired;
    outcome.detail = "the session expired, and none could be opened in time";
    return outcome;
  }
  if (session_) {
    outcome.word = ErrorWord::busy;
    outcome.detail = "the commands before it are unanswered, and the session takes no more";
    return outcome;
  }
  outcome.word = ErrorWord::no_leader;
  const Operation* opening = opening_ ? operations_.find(*opening_) : nullptr;
  const auto refusal = opening != nullptr ? opening->refusal : session_problem_.word;
  const std::string& detail = opening != nullptr ? opening->refusal_detail : session_problem_.detail;
  if (refusal == ErrorWord::busy || refusal == ErrorWord::not_member) outcome.word = refusal;
  outcome.detail = "no session could be opened";
  if (!detail.empty()) {
    outcome.detail += ": " + detail;
  } else if (opening != nullptr && opening->tries == 0) {
    outcome.detail += ": none of the servers could be reached: " + servers_.text();
  } else {
    outcome.detail += ": no answer in time from " + servers_.text();
  }
  return outcome;
}

}  // namespace parley::client
