#include "tests/sim/feed_links.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/ensure.hpp"

namespace parley::sim {
namespace {

constexpr std::uint16_t first_port = 8000;
constexpr std::uint64_t least_delay_us = 100;
constexpr std::uint64_t most_delay_us = 1'500;
/// Of frames and answers: with one of them its connection breaks.
constexpr std::uint64_t break_one_in = 250;
constexpr std::uint64_t drop_one_in = 100;
constexpr std::uint64_t most_broken_us = 1'000'000;
/// After which a node has noticed that a connection is gone.
constexpr std::uint64_t most_unnoticed_us = 2'000'000;
constexpr std::uint64_t most_unread_us = 200'000;

}  // namespace

class FeedLinks::LinkConnection final : public client::Connection {
 public:
  LinkConnection(FeedLinks& links, std::size_t machine) : links_(links), machine_(machine) {}
  bool is_writable() override { return links_.is_up(machine_); }
  bool send(const wire::RequestFrame& frame) override { return links_.send(machine_, frame); }
  std::optional<wire::ReplyFrame> receive() override {
    auto& arrived = links_.links_[machine_].arrived;
    if (!links_.is_up(machine_) || arrived.empty()) return std::nullopt;
    wire::ReplyFrame frame = std::move(arrived.front());
    arrived.pop_front();
    return frame;
  }

 private:
  FeedLinks& links_;
  std::size_t machine_;
};

FeedLinks::FeedLinks(World& world, std::string name, std::uint64_t seed, Calls calls)
    : world_(world), name_(std::move(name)), random_(seed), calls_(std::move(calls)) {}

FeedLinks::~FeedLinks() {
  *is_alive_ = false;
  for (auto& [machine, link] : links_) {
    if (Machine* at = calls_.machine(machine); at != nullptr && at->is_up()) at->replica()->lost(name_of(machine));
  }
}

std::size_t FeedLinks::machine_at(const Address& address) {
  return static_cast<std::size_t>(address.port() - first_port);
}

std::string FeedLinks::address_of(std::size_t machine) { return fmt::format("127.0.0.1:{}", first_port + machine); }

Result<std::unique_ptr<client::Connection>> FeedLinks::connect(const Address& server) {
  return std::make_unique<LinkConnection>(*this, machine_at(server));
}

std::string FeedLinks::name_of(std::size_t machine) const {
  const auto link = links_.find(machine);
  return fmt::format("{}.{}.{}", name_, machine, link == links_.end() ? 0 : link->second.life);
}

bool FeedLinks::breaks() { return !is_reliable_ && random_.one_in(break_one_in); }

bool FeedLinks::is_up(std::size_t number) {
  const Machine* machine = calls_.machine(number);
  if (machine == nullptr || !machine->is_up()) return false;
  Link& link = links_[number];
  if (link.process != machine->life()) {
    link.process = machine->life();
    ++link.life;
    link.arrived.clear();
  }
  return world_.now_us() >= link.broken_until_us;
}

void FeedLinks::break_link(std::size_t number) {
  Link& link = links_[number];
  const std::string was = name_of(number);
  ++link.life;
  link.arrived.clear();
  link.broken_until_us = world_.now_us() + random_.below(most_broken_us);
  tell_of_loss(number, was, most_unnoticed_us);
}

void FeedLinks::tell_of_loss(std::size_t number, const Bytes& connection, std::uint64_t most_us) {
  world_.queue.after(random_.below(most_us), [machines = calls_.machine, number, connection] {
    Machine* machine = machines(number);
    if (machine != nullptr && machine->is_up()) machine->replica()->lost(connection);
  });
}

bool FeedLinks::send(std::size_t number, const wire::RequestFrame& frame) {
  if (!is_up(number)) return false;
  if (breaks()) {
    break_link(number);
    return true;  // it was taken, and goes no further
  }
  Link& link = links_[number];
  link.out_until_us = std::max(link.out_until_us, world_.now_us() + random_.between(least_delay_us, most_delay_us));
  for (const wire::Request& request : frame.requests) {
    node::Asker asker{0, name_of(number), request.id};
    world_.queue.at(link.out_until_us, [machines = calls_.machine, number, asker, process = link.process,
                                        body = request.body, deadline_us = world_.now_us() + 1'500'000] {
      Machine* machine = machines(number);
      if (machine == nullptr || !machine->is_up() || machine->life() != process) return;
      machine->replica()->request(asker, body, deadline_us);
    });
  }
  return true;
}

void FeedLinks::answer(std::size_t number, const node::Answer& answer, const std::string& node,
                       const std::string& leader, const std::string& leader_address) {
  const bool is_ours = is_up(number) && answer.to.connection == name_of(number);
  if (!is_ours) {
    Machine* machine = calls_.machine(number);
    if (machine != nullptr && machine->is_up()) machine->replica()->lost(answer.to.connection);
    return;
  }
  if (breaks()) return break_link(number);
  // A client that does not read loses answers, and its feeds with them, as soon as the node notices.
  if (!is_reliable_ && random_.one_in(drop_one_in)) return tell_of_loss(number, answer.to.connection, most_unread_us);
  Link& link = links_[number];
  link.in_until_us = std::max(link.in_until_us, world_.now_us() + random_.between(least_delay_us, most_delay_us));
  wire::ReplyFrame frame{{}, node, leader, leader_address, {}};
  frame.replies.push_back({answer.to.request, answer.body});
  world_.queue.at(link.in_until_us, [this, alive = is_alive_, number, life = link.life, frame = std::move(frame)] {
    if (!*alive || links_[number].life != life) return;
    links_[number].arrived.push_back(frame);
    calls_.arrived();
  });
}

}  // namespace parley::sim
