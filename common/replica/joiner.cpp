#include "common/replica/joiner.hpp"

#include <utility>

#include "common/mq/poller.hpp"

namespace parley::replica {
namespace {

constexpr std::uint64_t request_id = 1;
/// How long a member has to answer: it answers when the change is committed.
constexpr std::uint64_t answer_us = 3'000'000;
/// Between two rounds of asking.
constexpr std::uint64_t pause_us = 300'000;
/// A member of this name may still be thought alive: DESIGN section 7 gives it 10 s, and the joiner 30 s to wait for
/// that.
constexpr std::uint64_t exists_us = 30'000'000;

}  // namespace

Joiner::Joiner(mq::Context& context, JoinOptions options, JoinCallbacks callbacks, const Clock& clock,
               obs::Logger logger)
    : context_(context),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      clock_(clock),
      logger_(std::move(logger)) {}

Result<std::unique_ptr<Joiner>> Joiner::start(mq::Context& context, JoinOptions options, JoinCallbacks callbacks,
                                              const Clock& clock, obs::Logger logger) {
  std::unique_ptr<Joiner> self(new Joiner(context, std::move(options), std::move(callbacks), clock, std::move(logger)));
  Joiner* const joiner = self.get();
  auto actor = mq::Actor::start(
      "joiner", [joiner] { joiner->mailbox_.wake(); }, []() -> Result<bool> { return true; },
      [joiner](bool&, const std::stop_token& stop) { return joiner->run(stop); });
  if (!actor) return std::unexpected(actor.error());
  self->actor_ = std::move(*actor);
  return self;
}

Status Joiner::run(const std::stop_token& stop) {
  std::size_t next = 0;
  std::string leader_address;
  while (!stop.stop_requested()) {
    Address member = options_.members[next % options_.members.size()];
    if (auto leader = Address::parse(leader_address); !leader_address.empty() && leader) {
      member = *leader;
    } else {
      ++next;
    }
    const Attempt attempt = ask(member, stop);
    leader_address.clear();
    if (attempt.verdict == Verdict::joined) return {};
    if (attempt.verdict == Verdict::refused) {
      callbacks_.refused(attempt.error);
      return {};
    }
    if (attempt.verdict == Verdict::ask_leader && attempt.leader_address != member.text()) {
      leader_address = attempt.leader_address;
      continue;
    }
    const std::string told = member.text() + ": " + attempt.error.what;
    if (told != last_told_) logger_.info("not yet a member: {}", told);
    last_told_ = told;
    pause(stop);
  }
  return {};
}

void Joiner::pause(const std::stop_token& stop) {
  const std::uint64_t until = clock_.now().monotonic_us + pause_us;
  for (std::uint64_t now = clock_.now().monotonic_us; now < until && !stop.stop_requested();
       now = clock_.now().monotonic_us) {
    mailbox_.wait(until - now);
  }
}

Joiner::Attempt Joiner::ask(const Address& member, const std::stop_token& stop) {
  auto client = transport::ServiceClient::connect(context_, member);
  if (!client) return {Verdict::ask_again, client.error(), {}};
  wire::RequestFrame frame;
  frame.cluster = options_.cluster;
  frame.requests.push_back({request_id, static_cast<std::uint32_t>(answer_us / 1000), options_.request});

  mq::Poller poller;
  const auto writable = poller.watch(client->socket(), mq::Poller::For::writing);
  const std::uint64_t until = clock_.now().monotonic_us + answer_us;
  bool is_sent = false;
  for (std::uint64_t now = clock_.now().monotonic_us; now < until && !stop.stop_requested();
       now = clock_.now().monotonic_us) {
    poller.wait(mailbox_.prepare_to_sleep() ? until - now : 0);
    mailbox_.awake();
    if (!is_sent && poller.ready(writable)) {
      is_sent = client->send(frame) == mq::SendOutcome::sent;
      if (is_sent) {
        poller.clear();
        poller.watch(client->socket());
        poller.watch(mailbox_.fd());
      }
    }
    auto answer = client->receive();
    if (!answer) continue;
    if (!*answer) return {Verdict::ask_again, answer->error(), {}};
    return judge(**answer);
  }
  return {};
}

Joiner::Attempt Joiner::judge(const wire::ReplyFrame& frame) {
  for (const wire::Reply& reply : frame.replies) {
    if (const auto* error = std::get_if<wire::ErrorReply>(&reply.body)) {
      if (error->error == ErrorWord::exists) note_exists();
      return judge(*error, frame);
    }
    if (const auto* joined = std::get_if<wire::JoinReply>(&reply.body)) {
      AdoptCluster adopt{joined->cluster, {}};
      for (const wire::MemberInfo& member : joined->members)
        adopt.peers.push_back({member.server, member.name, member.raft_address});
      callbacks_.joined(std::move(adopt));
      return {Verdict::joined, {}, {}};
    }
  }
  return {Verdict::ask_again, {ErrorCode::protocol, "an answer to something else"}, {}};
}

/// Members that do not lead answer something else in between; only a long time without the answer means that it no
/// longer holds.
void Joiner::note_exists() {
  const std::uint64_t now = clock_.now().monotonic_us;
  if (exists_since_us_ == 0 || now - exists_last_us_ > exists_us) exists_since_us_ = now;
  exists_last_us_ = now;
}

Joiner::Attempt Joiner::judge(const wire::ErrorReply& error, const wire::ReplyFrame& frame) const {
  switch (error.error) {
    case ErrorWord::no_leader:
      return {frame.leader_address.empty() ? Verdict::ask_again : Verdict::ask_leader,
              {ErrorCode::unreachable, error.detail},
              frame.leader_address};
    case ErrorWord::exists:
      if (clock_.now().monotonic_us - exists_since_us_ < exists_us)
        return {Verdict::ask_again, {ErrorCode::refused, error.detail}, {}};
      return {Verdict::refused, {ErrorCode::refused, error.detail}, {}};
    case ErrorWord::denied:
    case ErrorWord::invalid: return {Verdict::refused, {ErrorCode::refused, error.detail}, {}};
    default: return {Verdict::ask_again, {ErrorCode::unreachable, error.detail}, {}};
  }
}

}  // namespace parley::replica
