#include "client/client.hpp"

#include <algorithm>
#include <utility>

#include "common/app/chat/names.hpp"
#include "common/app/validate.hpp"
#include "common/base/chat_limits.hpp"
#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"

namespace parley::client {

Client::Client(Network& network, const Clock& clock, ClientSettings settings)
    : network_(network),
      clock_(clock),
      settings_(std::move(settings)),
      servers_(network, settings_.servers),
      random_(settings_.seed),
      now_us_(clock.now().monotonic_us) {}

void Client::submit(const Write& write, Callback callback, std::uint64_t timeout_us) {
  app::Command command;
  std::visit([&command](const auto& change) { command.operation = change; }, write);
  submit_write(command, wire::WriteRequest{}, std::move(callback), timeout_us);
}

void Client::submit(const ChatCall& call, Callback callback, std::uint64_t timeout_us) {
  app::Command command;
  command.operation = call.operation;
  const SharedBytes token = SharedBytes::copy_of(call.token);
  if (!app::chat::needs_password(call.operation))
    return submit_write(command, wire::WriteRequest{{}, token}, std::move(callback), timeout_us);
  for (const BytesView password : {call.password, call.new_password}) {
    if (password.size() <= limits::password_bytes) continue;
    return refuse(std::move(callback), ErrorWord::too_large,
                  "a password of " + std::to_string(password.size()) + " bytes; at most " +
                      std::to_string(limits::password_bytes) + " are allowed");
  }
  submit_write(
      command,
      wire::PasswordRequest{{}, token, SharedBytes::copy_of(call.password), SharedBytes::copy_of(call.new_password)},
      std::move(callback), timeout_us);
}

/// `body`: without the command.
void Client::submit_write(const app::Command& command, wire::RequestBody body, Callback callback,
                          std::uint64_t timeout_us) {
  if (auto problem = app::validate_operation(command, app::Settings{})) {
    return refuse(std::move(callback), problem->word, std::move(problem->text));
  }
  Operation operation;
  operation.kind = Operation::Kind::write;
  operation.callback = std::move(callback);
  operation.body = std::move(body);
  if (session_ && queued_.empty() && session_->has_room() && operations_.size() < limits::client_operations) {
    number_write(operation, command);
  } else {
    operation.state = Operation::State::queued;
    operation.command() = SharedBytes(app::encode_command(command));
  }
  add(std::move(operation), timeout_us);
}

void Client::submit(const app::Query& query, wire::ReadMode mode, Callback callback, std::uint64_t timeout_us) {
  if (const auto* get = std::get_if<app::Get>(&query)) {
    if (auto problem = app::validate_key(get->key)) {
      return refuse(std::move(callback), problem->word, std::move(problem->text));
    }
  } else if (const auto* scan = std::get_if<app::Scan>(&query)) {
    if (scan->prefix.size() > limits::key_bytes)
      return refuse(std::move(callback), ErrorWord::too_large, "a prefix is longer than any key");
  } else if (const auto* of_chat = std::get_if<app::chat::Query>(&query)) {
    return submit(*of_chat, mode, {}, std::move(callback), timeout_us);
  }
  submit_read({mode, SharedBytes(app::encode_query(query))}, std::move(callback), timeout_us);
}

void Client::submit(const app::chat::Query& query, wire::ReadMode mode, BytesView token, Callback callback,
                    std::uint64_t timeout_us) {
  if (auto problem = app::chat::problem_of(query)) {
    return refuse(std::move(callback), problem->word, std::move(problem->text));
  }
  submit_read({mode, SharedBytes(app::encode_query(query)), SharedBytes::copy_of(token)}, std::move(callback),
              timeout_us);
}

void Client::submit_read(wire::ReadRequest read, Callback callback, std::uint64_t timeout_us) {
  Operation operation;
  operation.kind = Operation::Kind::read;
  operation.is_for_leader = read.mode != wire::ReadMode::stale;
  operation.body = std::move(read);
  operation.callback = std::move(callback);
  add(std::move(operation), timeout_us);
}

void Client::submit(wire::RequestBody request, Callback callback, std::uint64_t timeout_us) {
  Operation operation;
  operation.kind = Operation::Kind::admin;
  operation.body = std::move(request);
  operation.callback = std::move(callback);
  add(std::move(operation), timeout_us);
}

void Client::submit_to(const Address& server, wire::RequestBody request, Callback callback, std::uint64_t timeout_us) {
  Operation operation;
  operation.kind = Operation::Kind::admin;
  operation.only_server = servers_.find_or_add(server);
  if (operation.only_server == no_server) {
    return refuse(std::move(callback), ErrorWord::busy, "too many servers are known");
  }
  operation.body = std::move(request);
  operation.callback = std::move(callback);
  add(std::move(operation), timeout_us);
}

void Client::add(Operation operation, std::uint64_t timeout_us) {
  if (operations_.size() >= limits::client_operations) {
    return refuse(std::move(operation.callback), ErrorWord::busy, "too many operations are unanswered");
  }
  const std::uint64_t now = is_stepping_ ? now_us_ : clock_.now().monotonic_us;
  operation.deadline_us = now + (timeout_us != 0 ? timeout_us : settings_.timeout_us);
  wake_at(operation.deadline_us);
  const bool is_queued = operation.state == Operation::State::queued;
  const Ticket ticket = operations_.add(std::move(operation));
  if (is_queued) {
    queued_.push_back(ticket);
  } else {
    ready_.push_back(ticket);
  }
  ++callers_operations_;
}

void Client::refuse(Callback callback, ErrorWord word, std::string detail) {
  Outcome outcome;
  outcome.word = word;
  outcome.detail = std::move(detail);
  over_.emplace_back(std::move(callback), std::move(outcome));
}

void Client::make_ready(Ticket ticket, Operation& operation) {
  operation.state = Operation::State::ready;
  ready_.push_back(ticket);
}

void Client::end(Ticket ticket, Outcome outcome) {
  Operation operation = operations_.take(ticket);
  const bool is_numbered = operation.kind == Operation::Kind::write && operation.seq.value != 0;
  if (is_numbered && session_ && session_->id() == operation.session) session_->settle(operation.seq);
  if (operation.kind == Operation::Kind::open_session) return session_opened(std::move(outcome));
  --callers_operations_;
  ++ended_;
  if (operation.elided) {
    if (outcome.value() != nullptr) operation.elided->body = std::move(outcome.body);
    outcome = std::move(*operation.elided);
  }
  operation.callback(std::move(outcome));
}

void Client::end_refused(Ticket ticket, ErrorWord word, std::string detail) {
  Outcome outcome;
  outcome.word = word;
  outcome.detail = std::move(detail);
  const Operation* operation = operations_.find(ticket);
  ENSURE(operation != nullptr);
  if (operation->kind != Operation::Kind::read && operation->has_open_tries() && word != ErrorWord::timeout) {
    outcome.word = ErrorWord::timeout;
    outcome.detail += "; but it was sent before and may have been carried out";
  }
  end(ticket, std::move(outcome));
}

void Client::end_over() {
  for (auto& [callback, outcome] : std::exchange(over_, {})) {
    ++ended_;
    callback(std::move(outcome));
  }
}

void Client::step() {
  ENSURE(!is_stepping_);
  is_stepping_ = true;
  now_us_ = clock_.now().monotonic_us;
  receive_all();
  if (!over_.empty()) end_over();
  if (now_us_ >= next_check_us_) check_time();
  admit_writes();
  flush();
  is_stepping_ = false;
}

void Client::poll(std::uint64_t timeout_us) {
  const std::uint64_t ended_before = ended_;
  step();
  if (ended_ != ended_before) return;
  const std::uint64_t now = clock_.now().monotonic_us;
  network_.wait(std::min(timeout_us, next_wake_us() > now ? next_wake_us() - now : 0), -1);
  step();
}

}  // namespace parley::client
