#include <algorithm>
#include <utility>

#include "client/client.hpp"
#include "common/base/limits.hpp"
#include "common/wire/client_codec.hpp"

/// The part of Client that sends, waits and sends again.
namespace parley::client {
namespace {

/// However long a server is given, it is at most this.
constexpr std::uint64_t longest_patience_us = 1'000'000;
/// What changes the membership or the leader takes its time, and so does a queue of passwords to be hashed.
constexpr std::uint64_t admin_patience_us = 2'000'000;
/// A server that answers others may have lost this one: after so many times the patience it is asked again.
constexpr std::uint64_t patience_with_speakers = 7;
/// The share of the time left that the answer needs for its way, so that a server says `no_leader` before we give up.
constexpr std::uint64_t way_share = 8;
constexpr std::uint64_t longest_way_us = 150'000;

bool takes_long(const Operation& operation) {
  const bool only_asks = std::holds_alternative<wire::StatusRequest>(operation.body) ||
                         std::holds_alternative<wire::MembersRequest>(operation.body);
  const bool takes_password = std::holds_alternative<wire::PasswordRequest>(operation.body);
  return takes_password || (operation.kind == Operation::Kind::admin && !only_asks);
}

std::uint32_t deadline_ms_for_server(std::uint64_t left_us) {
  const std::uint64_t way = std::min(left_us / way_share, longest_way_us);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>((left_us - way) / 1000, 1, UINT32_MAX));
}

}  // namespace

void Client::wake_at(std::uint64_t time_us) { next_check_us_ = std::min(next_check_us_, time_us); }

std::uint64_t Client::jittered(std::uint64_t duration_us) {
  return duration_us - duration_us / 8 + random_.below(duration_us / 4 + 1);
}

// A server that does not take its frame drops out of the choice, so there are at most as many rounds as servers.
void Client::flush() {
  while (!ready_.empty() && send_ready()) {
  }
}

/// True if a frame was refused, so that its requests may go elsewhere now.
bool Client::send_ready() {
  is_frame_refused_ = false;
  sending_.swap(ready_);
  const bool nobody_is_left = servers_.all_foreign();
  for (const Ticket ticket : sending_) {
    Operation* operation = operations_.find(ticket);
    if (operation == nullptr || operation->state != Operation::State::ready) continue;
    std::size_t server = operation->only_server;
    if (server != no_server) {
      if (!servers_.is_ready(server, now_us_)) server = no_server;
    } else if (nobody_is_left) {
      end_refused(ticket, ErrorWord::denied, "all servers belong to another cluster than " + cluster_.text());
      continue;
    } else {
      server = servers_.choose(operation->is_for_leader, operation->avoid, now_us_);
    }
    if (server == no_server) {
      ready_.push_back(ticket);
    } else {
      add_to_frame(ticket, *operation, server);
    }
  }
  sending_.clear();
  for (std::size_t at = 0; at < outgoing_.size(); ++at) {
    if (!outgoing_[at].tickets.empty()) send_frame(at);
  }
  if (!ready_.empty()) wake_at(servers_.next_change_us(now_us_));
  return is_frame_refused_;
}

void Client::add_to_frame(Ticket ticket, Operation& operation, std::size_t server) {
  if (operation.tries >= OperationTable::most_tries) {
    operation.state = Operation::State::paused;
    operation.next_try_us = operation.deadline_us;
    return;
  }
  if (outgoing_.size() <= server) outgoing_.resize(server + 1);
  Outgoing& out = outgoing_[server];
  const std::uint64_t left_us = operation.deadline_us - std::min(now_us_, operation.deadline_us);
  wire::Request request{OperationTable::request_id(ticket, operation.tries), deadline_ms_for_server(left_us),
                        operation.body};
  const std::size_t bytes = wire::size_bound(request);
  const bool is_full = out.frame.requests.size() >= limits::requests_per_frame ||
                       wire::frame_overhead_bytes + out.bytes + bytes > limits::client_frame_bytes;
  if (is_full) send_frame(server);
  out.bytes += bytes;
  out.frame.requests.push_back(std::move(request));
  out.tickets.push_back(ticket);
}

void Client::send_frame(std::size_t server) {
  Outgoing& out = outgoing_[server];
  out.frame.cluster = cluster_;
  if (servers_[server].connection->send(out.frame)) {
    ++counters_.frames_sent;
    for (const Ticket ticket : out.tickets) note_sent(*operations_.find(ticket), server);
  } else {
    servers_.refused_frame(server, now_us_);
    is_frame_refused_ = true;
    ready_.insert(ready_.end(), out.tickets.begin(), out.tickets.end());
  }
  out.frame.requests.clear();
  out.tickets.clear();
  out.bytes = 0;
}

void Client::note_sent(Operation& operation, std::size_t server) {
  ++counters_.requests_sent;
  if (operation.tries > 0) ++counters_.requests_repeated;
  if (operation.tries < 64) {
    operation.open_tries |= std::uint64_t{1} << operation.tries;
  } else {
    operation.has_lost_try = true;
  }
  const std::uint64_t grown = std::min(settings_.silence_us << std::min(operation.tries, 6U), longest_patience_us);
  ++operation.tries;
  operation.state = Operation::State::sent;
  operation.last_server = server;
  operation.avoid = no_server;
  operation.sent_us = now_us_;
  operation.patience_us = jittered(takes_long(operation) ? admin_patience_us : grown);
  wake_at(now_us_ + operation.patience_us);
}

void Client::check_time() {
  next_check_us_ = UINT64_MAX;
  operations_.for_each([this](Ticket ticket, Operation& operation) {
    if (operation.deadline_us <= now_us_) return expire(ticket, operation);
    wake_at(operation.deadline_us);
    if (operation.state == Operation::State::sent) {
      check_sent(ticket, operation);
    } else if (operation.state == Operation::State::paused) {
      if (operation.next_try_us > now_us_) return wake_at(operation.next_try_us);
      make_ready(ticket, operation);
    }
  });
  // Writes that ended while they waited leave their tickets behind.
  if (queued_.size() > operations_.size()) {
    std::erase_if(queued_, [this](Ticket ticket) { return operations_.find(ticket) == nullptr; });
  }
}

void Client::check_sent(Ticket ticket, Operation& operation) {
  const std::size_t at = operation.last_server;
  const std::uint64_t silent_us = std::max(operation.sent_us, servers_[at].heard_us) + operation.patience_us;
  const std::uint64_t lost_us = operation.sent_us + patience_with_speakers * operation.patience_us;
  const bool has_other = operation.only_server == no_server && servers_.has_other(at, now_us_);
  bool is_due = lost_us <= now_us_ || (servers_.is_suspect(at, now_us_) && has_other);
  if (silent_us <= now_us_) {
    is_due = true;
    if (!servers_.is_suspect(at, now_us_)) {
      servers_.silent(at, now_us_);
      wake_at(now_us_);  // for those before this one, that also wait for it
    }
  }
  if (!is_due) return wake_at(std::min(silent_us, lost_us));
  operation.avoid = at;
  make_ready(ticket, operation);
}

void Client::expire(Ticket ticket, Operation& operation) {
  if (operation.state == Operation::State::queued) return end(ticket, why_queued(operation));
  const std::string who =
      operation.only_server == no_server ? servers_.text() : servers_[operation.only_server].address.text();
  if (operation.has_open_tries()) {
    const bool changes = operation.kind != Operation::Kind::read;
    return end_refused(ticket, ErrorWord::timeout,
                       "no answer in time from " + who + (changes ? "; it may have been carried out" : ""));
  }
  if (operation.refusal != ErrorWord::ok) {
    return end_refused(ticket, operation.refusal, std::move(operation.refusal_detail));
  }
  end_refused(ticket, ErrorWord::no_leader, "no server could be reached: " + who);
}

}  // namespace parley::client
