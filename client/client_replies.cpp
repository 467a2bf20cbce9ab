#include <algorithm>
#include <utility>

#include "client/client.hpp"
#include "common/app/operation_keys.hpp"
#include "common/base/ensure.hpp"

/// The part of Client that takes answers.
namespace parley::client {
namespace {

/// Frames taken from one server in a step, so that a flood from one does not keep the others waiting.
constexpr int frames_per_step = 64;
/// After a refusal, the next try waits for this long, twice as long each time, up to the second.
constexpr std::uint64_t first_pause_us = 10'000;
constexpr std::uint64_t longest_pause_us = 500'000;

Outcome outcome_of(app::Reply&& reply, Index index) {
  Outcome outcome;
  outcome.word = reply.word;
  outcome.detail = std::move(reply.detail);
  outcome.index = index;
  std::visit([&outcome](auto&& body) { outcome.body = std::move(body); }, std::move(reply.body));
  return outcome;
}

}  // namespace

void Client::receive_all() {
  for (std::size_t at = 0; at < servers_.size(); ++at) {
    for (int i = 0; i < frames_per_step && servers_[at].connection; ++i) {
      auto frame = servers_[at].connection->receive();
      if (!frame) break;
      handle_frame(at, *frame);
    }
  }
}

void Client::handle_frame(std::size_t server, wire::ReplyFrame& frame) {
  if (!frame.cluster.is_nil() && cluster_.is_nil()) cluster_ = frame.cluster;
  if (!frame.cluster.is_nil() && frame.cluster != cluster_) return handle_foreign(server, frame);
  servers_.heard(server, frame, now_us_);
  for (wire::Reply& reply : frame.replies) handle_reply(reply, frame.cluster);
}

void Client::handle_foreign(std::size_t server, const wire::ReplyFrame& frame) {
  servers_.is_foreign(server, frame.cluster.text());
  const std::string detail = servers_[server].address.text() + " belongs to cluster " + frame.cluster.text() +
                             ", but this client talks to cluster " + cluster_.text();
  for (const wire::Reply& reply : frame.replies) {
    const auto to = OperationTable::parse(reply.id);
    Operation* operation = operations_.find(to.ticket);
    if (operation == nullptr) continue;
    // Our frames name our cluster, so it carried out nothing.
    if (to.number < 64) operation->open_tries &= ~(std::uint64_t{1} << to.number);
    if (operation->only_server == server || servers_.all_foreign()) {
      end_refused(to.ticket, ErrorWord::denied, detail);
    } else if (operation->state == Operation::State::sent && to.number + 1 == operation->tries) {
      make_ready(to.ticket, *operation);
    }
  }
}

void Client::handle_reply(wire::Reply& reply, const ClusterId& cluster) {
  const auto to = OperationTable::parse(reply.id);
  const Operation* operation = operations_.find(to.ticket);
  if (operation == nullptr || to.number >= operation->tries) {
    ++counters_.replies_unknown;
    return;
  }
  ++counters_.answers;
  if (const auto* application = std::get_if<wire::AppReply>(&reply.body)) {
    return handle_application_reply(to, *application, cluster);
  }
  if (auto* error = std::get_if<wire::ErrorReply>(&reply.body)) return handle_refusal(to, *error);
  Outcome outcome;
  outcome.cluster = cluster;
  if (auto* status = std::get_if<wire::StatusReply>(&reply.body)) outcome.body = std::move(*status);
  if (auto* members = std::get_if<wire::MembersReply>(&reply.body)) outcome.body = std::move(*members);
  if (auto* presence = std::get_if<wire::PresenceReply>(&reply.body)) outcome.body = std::move(*presence);
  end(to.ticket, std::move(outcome));
}

void Client::handle_application_reply(OperationTable::Try to, const wire::AppReply& reply, const ClusterId& cluster) {
  const bool is_write = operations_.find(to.ticket)->kind == Operation::Kind::write;
  auto decoded = app::decode_reply(reply.reply.view());
  if (!decoded) {
    Outcome outcome;
    outcome.word = ErrorWord::timeout;
    outcome.detail = "the answer is of a kind that this client does not know";
    return end(to.ticket, std::move(outcome));
  }
  if (is_write && decoded->word == ErrorWord::session_expired) return handle_expired_session(to.ticket, to.number);
  const bool is_elided = decoded->value_elided;
  Outcome outcome = outcome_of(*std::move(decoded), reply.index);
  outcome.cluster = cluster;
  if (reply.age_ms != 0) outcome.age_ms = reply.age_ms;
  outcome.values_left_out = is_elided && std::holds_alternative<app::ReplyTransaction>(outcome.body);
  if (is_write && is_elided && !outcome.values_left_out) return read_again(to.ticket, std::move(outcome));
  end(to.ticket, std::move(outcome));
}

void Client::handle_refusal(OperationTable::Try to, wire::ErrorReply& refusal) {
  Operation& operation = *operations_.find(to.ticket);
  const bool is_write = operation.kind == Operation::Kind::write;
  if (is_write && refusal.error == ErrorWord::session_expired) return handle_expired_session(to.ticket, to.number);
  if (to.number < 64 && refusal.error != ErrorWord::timeout) {
    const std::uint64_t bit = std::uint64_t{1} << to.number;
    if ((operation.open_tries & bit) == 0) return;  // refused before: it is the same answer, come twice
    operation.open_tries &= ~bit;
  }
  switch (refusal.error) {
    case ErrorWord::not_member:
      if (operation.only_server != no_server) break;
      [[fallthrough]];  // another one may be a member
    case ErrorWord::busy:
    case ErrorWord::no_leader:
    case ErrorWord::timeout:
      if (refusal.error == ErrorWord::busy) ++counters_.busy_answers;
      if (operation.state == Operation::State::sent && to.number + 1 == operation.tries) pause(operation, refusal);
      return;
    default: break;
  }
  end_refused(to.ticket, refusal.error, std::move(refusal.detail));
}

void Client::pause(Operation& operation, const wire::ErrorReply& refusal) {
  if (refusal.error != ErrorWord::timeout) {
    operation.refusal = refusal.error;
    operation.refusal_detail = refusal.detail;
  }
  operation.avoid = refusal.error == ErrorWord::busy ? no_server : operation.last_server;
  const std::uint64_t pause = std::min(first_pause_us << std::min(operation.tries - 1, 8U), longest_pause_us);
  const std::uint64_t hint = std::uint64_t{refusal.retry_after_ms} * 1000;
  operation.next_try_us = now_us_ + std::max(jittered(pause), hint);
  operation.state = Operation::State::paused;
  wake_at(operation.next_try_us);
}

// The write has its answer, but for the present value, which was too long to be kept for a repeated try.
void Client::read_again(Ticket ticket, Outcome partial) {
  Operation write = operations_.take(ticket);
  if (session_ && session_->id() == write.session) session_->settle(write.seq);
  const auto command = app::decode_command(write.command().view());
  ENSURE(command.has_value());
  BytesView key;
  app::visit_keys(command->operation, [&key](BytesView each) { key = each; });
  Operation read;
  read.kind = Operation::Kind::read;
  read.body = wire::ReadRequest{wire::ReadMode::linearizable, SharedBytes(app::encode_query(app::Get{key}))};
  read.callback = std::move(write.callback);
  read.deadline_us = write.deadline_us;
  read.elided = std::make_unique<Outcome>(std::move(partial));
  ready_.push_back(operations_.add(std::move(read)));
}

}  // namespace parley::client
