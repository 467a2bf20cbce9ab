#include "client/library/key_feed.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "client/change_feed.hpp"
#include "client/key_watch.hpp"
#include "client/library/feed_core.hpp"
#include "client/transport_network.hpp"
#include "common/base/entropy.hpp"

namespace parley {

template class BasicFeed<Change>;

std::size_t detail::bytes_of(const Change& change) {
  return change.key.size() + (change.value ? change.value->size() : 0) + change.previous_value.size();
}

}  // namespace parley

namespace parley::client::library {
namespace {

// What is known of a value before a change is numbered as in pages.
using Previous = parley::Change::Previous;
static_assert(static_cast<int>(Previous::none) == static_cast<int>(app::ChangeRecord::Previous::none));
static_assert(static_cast<int>(Previous::value) == static_cast<int>(app::ChangeRecord::Previous::value));
static_assert(static_cast<int>(Previous::omitted) == static_cast<int>(app::ChangeRecord::Previous::omitted));

/// Of the errors that end a feed.
Failure failure_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::refused: return failure(Word::not_found, error.what);
    case ErrorCode::corrupt: return failure(Word::mismatch, error.what);
    case ErrorCode::unreachable: return failure(Word::timeout, error.what);
    default: return failure(Word::invalid, error.what);
  }
}

parley::Change public_change(const client::Change& change) {
  return {change.index.value, time_of(change.time.wall_us),           change.key,
          change.value,       static_cast<Previous>(change.previous), change.previous_value};
}

class KeyFeed {
 public:
  KeyFeed(std::shared_ptr<Common> common, const FeedOptions& options) : common_(std::move(common)), options_(options) {}

  std::optional<Failure> operator()(int stop, const detail::FeedCore<parley::Change>::Deliver& deliver) {
    stop_ = stop;
    said_ = [&deliver](const client::Change& change) { return deliver(public_change(change)); };
    return follow();
  }

 private:
  std::optional<Failure> follow();
  std::optional<Failure> follow_logs(Index from, const Error& why);
  [[nodiscard]] std::optional<Outcome> ask_members();

  std::shared_ptr<Common> common_;
  FeedOptions options_;
  int stop_ = -1;
  std::function<bool(const client::Change&)> said_;
};

std::optional<Failure> KeyFeed::follow() {
  KeyWatch::Options options;
  options.servers = common_->settings.servers;
  if (options_.from > 0) options.from = Index{options_.from};
  options.prefix = options_.prefix;
  options.with_previous = options_.with_previous;
  options.patience_us = common_->settings.timeout_us;
  options.seed = draw_u64();
  options.stop = stop_;
  bool lies_further_back = false;
  KeyWatch::Calls calls;
  calls.change = said_;
  calls.said = [](const std::string&) {};
  calls.is_gone = [&](const FeedGone& gone) { lies_further_back = gone.first > 0; };
  TransportNetwork network(common_->context);
  KeyWatch watch(network, common_->clock, std::move(options), std::move(calls));
  const Status ended = watch.run();
  if (ended) return std::nullopt;
  if (!lies_further_back || options_.with_previous) return failure_of(ended.error());
  return follow_logs(watch.position()->next(), ended.error());
}

/// What the nodes have no more in memory is in the logs of those that serve them. `why`: what they said.
std::optional<Failure> KeyFeed::follow_logs(Index from, const Error& why) {
  std::optional<Outcome> outcome = ask_members();
  if (!outcome) return std::nullopt;
  const auto* members = std::get_if<wire::MembersReply>(&outcome->body);
  if (!outcome->ok() || members == nullptr) return library::failure_of(*std::move(outcome));
  ChangeFeed::Options options;
  options.cluster = outcome->cluster;
  for (const wire::MemberInfo& member : members->members) {
    const auto address = Address::parse(member.recovery_address);
    if (member.role != "logger" && address && address->port() != 0) options.nodes.push_back(*address);
  }
  if (options.nodes.empty()) return failure_of(why);
  options.from = from;
  options.prefix = options_.prefix;
  options.patience_us = common_->settings.timeout_us;
  options.stop = stop_;
  const Status ended = ChangeFeed(common_->context, common_->clock, std::move(options),
                                  {.change = said_, .said = [](const std::string&) {}})
                           .run();
  if (ended) return std::nullopt;
  return failure_of(ended.error());
}

/// Over connections of its own, so that the feed needs nobody else's thread. Nothing if it is to stop.
std::optional<Outcome> KeyFeed::ask_members() {
  TransportNetwork network(common_->context);
  ClientSettings settings = common_->settings;
  settings.seed = draw_u64();
  Client client(network, common_->clock, std::move(settings));
  std::optional<Outcome> outcome;
  client.submit(wire::MembersRequest{}, [&](Outcome&& ended) { outcome = std::move(ended); });
  for (client.step(); !outcome; client.step()) {
    const std::uint64_t now_us = common_->clock.now().monotonic_us;
    if (network.wait(std::max(client.next_wake_us(), now_us) - now_us, stop_)) return std::nullopt;
  }
  return outcome;
}

}  // namespace

Answer<Feed> start_key_feed(std::shared_ptr<Common> common, const FeedOptions& options, Feed::Callback callback) {
  return detail::FeedCore<parley::Change>::start(KeyFeed(std::move(common), options), std::move(callback));
}

}  // namespace parley::client::library
