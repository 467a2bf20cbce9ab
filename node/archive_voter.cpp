#include "node/archive_voter.hpp"

#include <utility>

namespace parley::node {
namespace {

/// More would replace each other.
constexpr std::size_t mailbox_capacity = 16;
constexpr std::uint64_t idle_us = 3'600'000'000;
/// How often the thread looks whether it is to stop.
constexpr std::uint64_t look_us = 100'000;
/// How long a logger may take: it fetches an image first.
constexpr std::uint64_t answer_us = 60'000'000;

}  // namespace

ArchiveVoter::ArchiveVoter(mq::Context& context, const Clock& clock, obs::Logger logger)
    : context_(context), clock_(clock), logger_(std::move(logger)), mailbox_(mailbox_capacity) {}

Status ArchiveVoter::start(ServerId self, const NodeId& name) {
  auto actor = mq::Actor::start(
      "votes", [this] { mailbox_.wake(); },
      [&]() -> Result<wire::TruncateRequest> {
        return wire::TruncateRequest{self, name.text(), {}};
      },
      [this](const wire::TruncateRequest& as, const std::stop_token& stop) { return run(as, stop); });
  if (!actor) return std::unexpected(actor.error());
  actor_ = std::move(*actor);
  return {};
}

/// A later vote says everything that one which finds no room would have.
void ArchiveVoter::vote(ArchiveVote vote) { (void)mailbox_.try_post(std::move(vote)); }

Status ArchiveVoter::run(const wire::TruncateRequest& as, const std::stop_token& stop) {
  std::vector<ArchiveVote> votes;
  while (!stop.stop_requested()) {
    if (!mailbox_.drain(votes)) {
      mailbox_.wait(idle_us);
      continue;
    }
    wire::TruncateRequest vote = as;
    vote.first_kept = votes.back().first_kept;
    for (const Address& logger : votes.back().loggers) ask(logger, votes.back().cluster, vote, stop);
    votes.clear();
  }
  return {};
}

void ArchiveVoter::ask(const Address& logger, const ClusterId& cluster, const wire::TruncateRequest& vote,
                       const std::stop_token& stop) {
  auto client = transport::RangeClient::connect(context_, logger, {.cluster = cluster});
  if (!client) return logger_.warn("no vote to {}: {}", logger.text(), client.error().what);
  client->vote(vote, answer_us, clock_.now().monotonic_us);
  while (!stop.stop_requested()) {
    const auto event = client->await(clock_, clock_.now().monotonic_us + look_us);
    if (!event) continue;
    if (const auto* failed = std::get_if<transport::AskFailed>(&*event))
      logger_.warn("the logger at {} does not truncate its archive: {}", logger.text(), failed->error.what);
    return;
  }
}

}  // namespace parley::node
