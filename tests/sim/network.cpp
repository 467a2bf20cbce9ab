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
  // Over the network an entry has no digest.
  if (auto* append = std::get_if<raft::AppendRequest>(&message.body)) {
    for (Entry& entry : append->entries) entry.digest = {};
  }
  const bool may_repeat = !std::holds_alternative<raft::ForwardedProposal>(message.body);
  const Way way{from, to, message.to, message.body.index()};
  carry(way, may_repeat, [this, to, message = std::move(message)] { deliver_(to, message); });
}

void Network::send_transfer(std::size_t from, std::size_t to, ServerId self, ServerId peer, transfer::Message message) {
  const Way way{from, to, peer, 100 + message.index()};
  carry(way, true, [this, to, self, message = std::move(message)] { deliver_transfer(to, self, message); });
}

void Network::carry(const Way& way, bool may_repeat, std::function<void()> deliver) {
  ++counters_.messages;
  if (random_.one_in(quality_.drop_one_in)) return lose(way);
  std::uint64_t delay_us = random_.between(quality_.least_delay_us, quality_.most_delay_us);
  if (may_repeat && random_.one_in(quality_.duplicate_one_in)) {
    ++counters_.duplicates;
    const std::uint64_t later_us =
        random_.one_in(10) ? random_.below(most_age_us) : random_.below(quality_.overtake_us);
    deliver_later(way, delay_us + later_us, deliver);
  }
  if (random_.one_in(quality_.old_one_in)) {
    ++counters_.overtaken;
    return deliver_later(way, random_.between(delay_us, most_age_us), std::move(deliver));
  }
  if (random_.one_in(quality_.overtake_one_in)) {
    ++counters_.overtaken;
    return deliver_later(way, delay_us + random_.below(quality_.overtake_us), std::move(deliver));
  }
  std::uint64_t& busy_until_us = busy_until_us_[{way.from, way.to}];
  busy_until_us = std::max(busy_until_us, queue_.now_us() + delay_us);
  deliver_later(way, busy_until_us - queue_.now_us(), std::move(deliver));
}

void Network::deliver_later(const Way& way, std::uint64_t delay_us, std::function<void()> deliver) {
  queue_.after(delay_us, [this, way, deliver = std::move(deliver)] {
    if (cut_.contains({way.from, way.to})) return lose(way);
    deliver();
  });
}

void Network::lose(const Way& way) {
  ++counters_.drops;
  trace_.note(static_cast<int>(way.from), "loses a message to n{} of kind {}", way.to, way.kind);
  // Sometimes the transport notices.
  if (random_.one_in(4)) lost_(way.from, way.peer);
}

std::optional<std::uint64_t> Network::client_delay_us() {
  if (clients_lose_ && random_.one_in(100)) return std::nullopt;
  return random_.between(100, 1'500);
}

}  // namespace parley::sim
