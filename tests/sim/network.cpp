#include "tests/sim/network.hpp"

#include <algorithm>

namespace parley::sim {
namespace {

constexpr std::uint64_t random_part = 1;
/// How old the very old messages get.
constexpr std::uint64_t most_age_us = 8'000'000;

}  // namespace

Network::Network(EventQueue& queue, Trace& trace, Counters& counters, const Plan& plan, Deliver deliver, Lost lost)
    : queue_(queue),
      trace_(trace),
      counters_(counters),
      random_(random_for(plan.seed, random_part)),
      quality_(plan.links),
      deliver_(std::move(deliver)),
      lost_(std::move(lost)) {}

void Network::send(std::size_t from, std::size_t to, raft::Message message) {
  ++counters_.messages;
  // Over the network an entry has no digest.
  if (auto* append = std::get_if<raft::AppendRequest>(&message.body)) {
    for (Entry& entry : append->entries) entry.digest = {};
  }
  if (random_.one_in(quality_.drop_one_in)) return lose(from, to, message);
  std::uint64_t delay_us = random_.between(quality_.least_delay_us, quality_.most_delay_us);
  const bool may_repeat = !std::holds_alternative<raft::ForwardedProposal>(message.body);
  if (may_repeat && random_.one_in(quality_.duplicate_one_in)) {
    ++counters_.duplicates;
    const std::uint64_t later_us =
        random_.one_in(10) ? random_.below(most_age_us) : random_.below(quality_.overtake_us);
    deliver_later(from, to, delay_us + later_us, message);
  }
  if (random_.one_in(quality_.old_one_in)) {
    ++counters_.overtaken;
    return deliver_later(from, to, random_.between(delay_us, most_age_us), std::move(message));
  }
  if (random_.one_in(quality_.overtake_one_in)) {
    ++counters_.overtaken;
    return deliver_later(from, to, delay_us + random_.below(quality_.overtake_us), std::move(message));
  }
  std::uint64_t& busy_until_us = busy_until_us_[{from, to}];
  busy_until_us = std::max(busy_until_us, queue_.now_us() + delay_us);
  deliver_later(from, to, busy_until_us - queue_.now_us(), std::move(message));
}

void Network::deliver_later(std::size_t from, std::size_t to, std::uint64_t delay_us, raft::Message message) {
  queue_.after(delay_us, [this, from, to, message = std::move(message)]() mutable {
    if (cut_.contains({from, to})) return lose(from, to, message);
    deliver_(to, std::move(message));
  });
}

void Network::lose(std::size_t from, std::size_t to, const raft::Message& message) {
  ++counters_.drops;
  trace_.note(static_cast<int>(from), "loses a message to n{} of kind {}", to, message.body.index());
  // Sometimes the transport notices.
  if (random_.one_in(4)) lost_(from, message.to);
}

std::optional<std::uint64_t> Network::client_delay_us() {
  if (clients_lose_ && random_.one_in(100)) return std::nullopt;
  return random_.between(100, 1'500);
}

}  // namespace parley::sim
