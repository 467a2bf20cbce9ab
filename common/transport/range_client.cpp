#include "common/transport/range_client.hpp"

#include <algorithm>
#include <utility>

#include "common/base/ensure.hpp"
#include "common/wire/range_codec.hpp"

namespace parley::transport {
namespace {

constexpr std::uint64_t silence_us = limits::range_silence_ms * 1000;
/// Between two attempts to ask a source that is busy, or whose socket has no room.
constexpr std::uint64_t least_retry_us = 100'000;

std::uint64_t later(std::uint64_t now_us, std::uint64_t by_us) {
  return by_us > UINT64_MAX - now_us ? UINT64_MAX : now_us + by_us;
}

ErrorCode code_of(ErrorWord word) {
  switch (word) {
    case ErrorWord::mismatch: return ErrorCode::corrupt;
    case ErrorWord::timeout:
    case ErrorWord::busy:
    case ErrorWord::not_member: return ErrorCode::unreachable;
    case ErrorWord::too_large:
    case ErrorWord::invalid: return ErrorCode::usage;
    default: return ErrorCode::refused;
  }
}

/// The answer may be another one soon.
bool is_passing(ErrorWord word) { return word == ErrorWord::busy || word == ErrorWord::not_member; }

}  // namespace

Result<RangeClient> RangeClient::connect(mq::Context& context, const Address& address,
                                         const RangeClientOptions& options) {
  auto dealer = mq::Socket::open(context, mq::SocketKind::range_dealer);
  if (!dealer) return std::unexpected(dealer.error());
  if (const Status connected = dealer->connect(address); !connected) return std::unexpected(connected.error());
  return RangeClient(std::move(*dealer), address, options);
}

RangeClient::RangeClient(mq::Socket dealer, Address address, const RangeClientOptions& options)
    : dealer_(std::move(dealer)), address_(std::move(address)), options_(options) {}

// --- asking ---

RangeAsk RangeClient::begin(What what, std::uint64_t timeout_us, std::uint64_t now_us) {
  now_us_ = now_us;
  Asked asked;
  asked.what = std::move(what);
  asked.deadline_us = later(now_us, timeout_us);
  asked.heard_us = asked.good_us = now_us;
  const RangeAsk ask{next_ask_++};
  send_if_due(asked_.emplace(ask, std::move(asked)).first);
  return ask;
}

RangeAsk RangeClient::ask_head(std::uint64_t timeout_us, std::uint64_t now_us) {
  return begin(Head{}, timeout_us, now_us);
}

RangeAsk RangeClient::open_entries(transfer::EntryReceiver receiver, std::uint64_t window, std::uint64_t timeout_us,
                                   std::uint64_t now_us) {
  ENSURE(window > 0 && !receiver.is_complete());
  return begin(Entries{std::move(receiver), window, transfer::CreditGiven(window)}, timeout_us, now_us);
}

RangeAsk RangeClient::open_image(Index index, transfer::RowsReceiver receiver, std::uint64_t window,
                                 std::uint64_t timeout_us, std::uint64_t now_us) {
  ENSURE(window > 0 && !receiver.is_complete());
  return begin(Image{index, std::move(receiver), window, transfer::CreditGiven(window)}, timeout_us, now_us);
}

RangeAsk RangeClient::vote(const wire::TruncateRequest& vote, std::uint64_t timeout_us, std::uint64_t now_us) {
  return begin(Vote{vote}, timeout_us, now_us);
}

Status RangeClient::expect(RangeAsk ask, Index index, const Digest& digest) {
  const auto at = asked_.find(ask);
  auto* entries = at == asked_.end() ? nullptr : std::get_if<Entries>(&at->second.what);
  return entries == nullptr ? Status() : entries->receiver.expect(index, digest);
}

void RangeClient::cancel(RangeAsk ask) {
  std::erase_if(events_, [&](const Queued& queued) { return queued.ask == ask; });
  const auto at = asked_.find(ask);
  if (at == asked_.end()) return;
  cancel_stream(at->second);
  asked_.erase(at);
}

/// A request for what the stream still wants.
wire::RangeRequestBody RangeClient::request_of(const Asked& asked) const {
  if (const auto* vote = std::get_if<Vote>(&asked.what)) return vote->request;
  if (const auto* entries = std::get_if<Entries>(&asked.what))
    return wire::EntriesRequest{entries->receiver.next(), entries->receiver.to(), entries->window};
  if (const auto* image = std::get_if<Image>(&asked.what)) {
    const std::uint64_t sequence = image->receiver.next();
    return wire::ImageRequest{sequence > 0 ? image->receiver.head()->index : image->index, sequence, image->window};
  }
  return wire::HeadRequest{};
}

bool RangeClient::send(std::uint64_t id, std::uint32_t deadline_ms, wire::RangeRequestBody body) {
  const wire::RangeRequest request{options_.cluster, id, deadline_ms, std::move(body)};
  return is_up_ && dealer_.send(wire::encode(request)) == mq::SendOutcome::sent;
}

/// What was handed out and not taken yet belongs to a stream that is no more; the next one begins when that is taken,
/// or more than a window would wait here.
void RangeClient::send_if_due(AskedMap::iterator at) {
  Asked& asked = at->second;
  if (!is_up_ || asked.id != 0 || asked.events_queued > 0 || now_us_ < asked.retry_us) return;
  const std::uint64_t left_us = asked.deadline_us - std::min(asked.deadline_us, now_us_);
  const auto left_ms = static_cast<std::uint32_t>(std::min<std::uint64_t>(left_us / 1000, UINT32_MAX));
  const std::uint64_t id = next_id_++;
  if (!send(id, left_ms, request_of(asked))) {
    asked.retry_us = now_us_ + least_retry_us;
    return;
  }
  if (auto* entries = std::get_if<Entries>(&asked.what)) entries->credit = transfer::CreditGiven(entries->window);
  if (auto* image = std::get_if<Image>(&asked.what)) image->credit = transfer::CreditGiven(image->window);
  asked.id = id;
  asked.heard_us = now_us_;
  by_id_.emplace(id, at->first);
}

void RangeClient::give_credit(Asked& asked) {
  if (asked.id == 0) return;
  auto* entries = std::get_if<Entries>(&asked.what);
  auto* image = std::get_if<Image>(&asked.what);
  if (entries == nullptr && image == nullptr) return;
  transfer::CreditGiven& credit = entries != nullptr ? entries->credit : image->credit;
  // If it is not taken now, the source hears of it with the next one, or is asked again after a silence.
  if (const auto total = credit.take_due()) (void)send(asked.id, 0, wire::CreditRequest{*total});
}

void RangeClient::cancel_stream(Asked& asked) {
  if (asked.id == 0) return;
  (void)send(asked.id, 0, wire::CancelRequest{});
  by_id_.erase(std::exchange(asked.id, 0));
}

void RangeClient::ask_again(Asked& asked, std::uint64_t after_us) {
  by_id_.erase(std::exchange(asked.id, 0));
  asked.retry_us = now_us_ + after_us;
}

// --- working ---

void RangeClient::work(std::uint64_t now_us) {
  now_us_ = now_us;
  look_at_connection();
  receive();
  for (auto next = asked_.begin(); next != asked_.end();) look_at_time(next++);
  for (auto at = asked_.begin(); at != asked_.end(); ++at) send_if_due(at);
}

void RangeClient::look_at_connection() {
  const mq::ConnectionNews news = dealer_.take_connection_news();
  is_up_ = news.is_up;
  if (!news.was_lost) return;
  for (auto& [ask, asked] : asked_) {
    if (asked.id != 0) ask_again(asked, 0);
    asked.trouble = "the connection was lost";
    asked.word = {};
  }
}

void RangeClient::receive() {
  mq::Received received;
  for (mq::ReceiveOutcome outcome = dealer_.receive(received); outcome != mq::ReceiveOutcome::nothing;
       outcome = dealer_.receive(received)) {
    if (outcome == mq::ReceiveOutcome::dropped) {
      fail_all(ErrorCode::protocol, "a message of several parts came");
      continue;
    }
    const auto reply = wire::decode_range_reply(std::move(received.body));
    if (reply) {
      take(*reply);
    } else {
      fail_all(ErrorCode::protocol, reply.error().what);
    }
  }
}

void RangeClient::take(const wire::RangeReply& reply) {
  const auto* refused = std::get_if<wire::RangeErrorReply>(&reply.body);
  if (reply.id == 0 && refused != nullptr) return fail_all(ErrorCode::protocol, refused->detail);
  const auto known = by_id_.find(reply.id);
  if (known == by_id_.end()) return;  // of a stream that is over here
  const auto at = asked_.find(known->second);
  if (options_.cluster.is_nil()) options_.cluster = reply.cluster;
  if (refused == nullptr && reply.cluster != options_.cluster)
    return fail(at, ErrorCode::protocol, "an answer about cluster " + reply.cluster.text() + " came");
  Asked& asked = at->second;
  asked.heard_us = now_us_;
  if (refused != nullptr) return on(at, *refused);
  asked.good_us = now_us_;
  asked.trouble.clear();
  asked.word = {};
  if (const auto* head = std::get_if<wire::HeadReply>(&reply.body);
      head != nullptr && std::holds_alternative<Head>(asked.what))
    return answered(at, HeadCame{at->first, reply.cluster, reply.source, head->head});
  std::visit([&](const auto& body) { on(at, body); }, reply.body);
}

void RangeClient::on(AskedMap::iterator at, const wire::RangeErrorReply& error) {
  Asked& asked = at->second;
  if (auto* image = std::get_if<Image>(&asked.what);
      image != nullptr && error.error == ErrorWord::not_found && image->receiver.next() > 0) {
    // The image of which we have a part is gone there.
    image->receiver.restart();
    return ask_again(asked, 0);
  }
  if (!is_passing(error.error)) return fail(at, code_of(error.error), error.detail, error.error, error.first);
  asked.trouble = error.detail;
  asked.word = error.error;
  ask_again(asked, std::max<std::uint64_t>(std::uint64_t{error.retry_after_ms} * 1000, least_retry_us));
}

void RangeClient::on(AskedMap::iterator at, const wire::EntriesReply& reply) {
  Asked& asked = at->second;
  auto* entries = std::get_if<Entries>(&asked.what);
  if (entries == nullptr) return fail(at, ErrorCode::protocol, "entries came that were not asked for");
  const std::size_t bytes = reply.chunk.block.size();
  if (!entries->credit.received(bytes)) return fail(at, ErrorCode::protocol, "more came than was allowed");
  auto taken = entries->receiver.take(reply.chunk);
  if (!taken) return fail(at, taken.error().code, taken.error().what);
  const RangeAsk ask = at->first;
  ++asked.events_queued;
  events_.push_back({EntriesCame{ask, std::move(*taken)}, ask, asked.id, bytes});
  if (entries->receiver.is_complete()) answered(at, EntriesEnded{ask, std::move(entries->receiver)});
}

void RangeClient::on(AskedMap::iterator at, const wire::ImageHeadReply& reply) {
  Asked& asked = at->second;
  auto* image = std::get_if<Image>(&asked.what);
  if (image == nullptr) return fail(at, ErrorCode::protocol, "an image came that was not asked for");
  if (!image->receiver.begin(reply.head)) {
    image->receiver.restart();
    cancel_stream(asked);
    return;
  }
  if (image->receiver.next() == 0) events_.push_back({ImageBegun{at->first, reply.head}, at->first, 0, 0});
}

void RangeClient::on(AskedMap::iterator at, const wire::ImageRowsReply& reply) {
  Asked& asked = at->second;
  auto* image = std::get_if<Image>(&asked.what);
  if (image == nullptr) return fail(at, ErrorCode::protocol, "rows came that were not asked for");
  const std::size_t bytes = reply.chunk.rows.size();
  if (!image->credit.received(bytes)) return fail(at, ErrorCode::protocol, "more came than was allowed");
  if (const Status taken = image->receiver.take(reply.chunk); !taken)
    return fail(at, taken.error().code, taken.error().what);
  const RangeAsk ask = at->first;
  ++asked.events_queued;
  events_.push_back({ImageRowsCame{ask, reply.chunk.rows}, ask, asked.id, bytes});
  if (image->receiver.is_complete()) answered(at, ImageEnded{ask, std::move(image->receiver)});
}

void RangeClient::on(AskedMap::iterator at, const wire::HeadReply&) {
  fail(at, ErrorCode::protocol, "a head came that was not asked for");
}

void RangeClient::on(AskedMap::iterator at, const wire::RangeDoneReply& done) {
  if (!std::holds_alternative<Vote>(at->second.what)) return fail(at, ErrorCode::protocol, "an answer to a vote came");
  answered(at, VoteCounted{at->first, done});
}

void RangeClient::on(AskedMap::iterator at, const wire::VotesReply& votes) {
  if (!std::holds_alternative<Vote>(at->second.what)) return fail(at, ErrorCode::protocol, "an answer to a vote came");
  answered(at, VoteCounted{at->first, votes});
}

void RangeClient::answered(AskedMap::iterator at, RangeEvent event) {
  by_id_.erase(at->second.id);
  events_.push_back({std::move(event), at->first, 0, 0});
  asked_.erase(at);
}

void RangeClient::fail(AskedMap::iterator at, ErrorCode code, const std::string& what, ErrorWord word, Index first) {
  Asked& asked = at->second;
  cancel_stream(asked);
  AskFailed failed{at->first, {code, address_.text() + ": " + what}, word, first, {}};
  if (auto* entries = std::get_if<Entries>(&asked.what)) failed.receiver = std::move(entries->receiver);
  if (auto* image = std::get_if<Image>(&asked.what)) failed.receiver = std::move(image->receiver);
  answered(at, std::move(failed));
}

void RangeClient::fail_all(ErrorCode code, const std::string& what) {
  while (!asked_.empty()) fail(asked_.begin(), code, what);
}

/// What came and was not taken yet is no fault of the source's: only then the time runs.
void RangeClient::look_at_time(AskedMap::iterator at) {
  Asked& asked = at->second;
  if (asked.events_queued > 0) {
    asked.heard_us = asked.good_us = now_us_;
    return;
  }
  const bool is_question = std::holds_alternative<Head>(asked.what) || std::holds_alternative<Vote>(asked.what);
  const bool is_late = is_question && now_us_ >= asked.deadline_us;
  const bool is_lost = now_us_ - asked.good_us >= options_.patience_us;
  if (is_late || is_lost) {
    const std::string why = !asked.trouble.empty() ? asked.trouble : is_up_ ? "no answer" : "no connection";
    return fail(at, ErrorCode::unreachable, why, asked.word);
  }
  if (asked.id == 0 || now_us_ - asked.heard_us < silence_us) return;
  asked.trouble = "no answer";
  cancel_stream(asked);
}

std::optional<std::uint64_t> RangeClient::next_due_us() const {
  std::optional<std::uint64_t> due;
  const auto note = [&due](std::uint64_t us) { due = std::min(due.value_or(us), us); };
  for (const auto& [ask, asked] : asked_) {
    if (asked.events_queued > 0) continue;
    const bool is_question = std::holds_alternative<Head>(asked.what) || std::holds_alternative<Vote>(asked.what);
    if (is_question) note(asked.deadline_us);
    note(later(asked.good_us, options_.patience_us));
    if (asked.id != 0) note(asked.heard_us + silence_us);
    if (asked.id == 0 && is_up_) note(asked.retry_us);
  }
  return due;
}

// --- events ---

/// Entries or rows were taken: there is room for more.
void RangeClient::release(const Queued& queued) {
  const auto at = asked_.find(queued.ask);
  if (queued.id == 0 || at == asked_.end()) return;
  Asked& asked = at->second;
  --asked.events_queued;
  if (asked.id != queued.id) return send_if_due(at);
  if (auto* entries = std::get_if<Entries>(&asked.what)) entries->credit.released(queued.bytes);
  if (auto* image = std::get_if<Image>(&asked.what)) image->credit.released(queued.bytes);
  give_credit(asked);
}

std::optional<RangeEvent> RangeClient::next() {
  if (events_.empty()) return std::nullopt;
  Queued queued = std::move(events_.front());
  events_.pop_front();
  release(queued);
  return std::move(queued.event);
}

void RangeClient::watch(mq::Poller& poller) {
  poller.watch(dealer_);
  poller.watch_connections(dealer_);
}

std::optional<RangeEvent> RangeClient::await(const Clock& clock, std::uint64_t until_us) {
  mq::Poller poller;
  watch(poller);
  while (true) {
    const std::uint64_t now_us = clock.now().monotonic_us;
    work(now_us);
    if (auto event = next()) return event;
    if (now_us >= until_us) return std::nullopt;
    const std::uint64_t due_us = std::min(until_us, next_due_us().value_or(until_us));
    poller.wait(due_us - std::min(due_us, now_us));
  }
}

}  // namespace parley::transport
