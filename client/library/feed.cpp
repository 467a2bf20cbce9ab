#include <parley/feed.hpp>

#include <algorithm>
#include <utility>

#include "client/library/feed_core.hpp"
#include "client/library/signals.hpp"
#include "client/transport_network.hpp"
#include "common/base/entropy.hpp"

namespace parley {

Feed::Feed(std::unique_ptr<detail::FeedCore> core) : core_(std::move(core)) {}
Feed::Feed(Feed&& other) noexcept = default;
Feed& Feed::operator=(Feed&& other) noexcept = default;
Feed::~Feed() = default;

Answer<Change> Feed::next(std::chrono::milliseconds timeout) { return core_->next(timeout); }

}  // namespace parley

namespace parley::detail {
namespace {

using client::library::failure;

/// Nothing depends on it: whatever makes room wakes.
constexpr std::uint64_t longest_sleep_us = 60'000'000;

/// Of the errors that end a ChangeFeed.
Failure failure_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::refused: return failure(Word::not_found, error.what);
    case ErrorCode::corrupt: return failure(Word::mismatch, error.what);
    case ErrorCode::unreachable: return failure(Word::timeout, error.what);
    default: return failure(Word::invalid, error.what);
  }
}

std::size_t bytes_of(const Answer<Change>& change) {
  if (!change) return 0;
  return change->key.size() + (change->value ? change->value->size() : 0) + change->previous_value.size();
}

// What is known of a value before a change is numbered as in pages.
static_assert(static_cast<int>(Change::Previous::none) == static_cast<int>(app::ChangeRecord::Previous::none));
static_assert(static_cast<int>(Change::Previous::value) == static_cast<int>(app::ChangeRecord::Previous::value));
static_assert(static_cast<int>(Change::Previous::omitted) == static_cast<int>(app::ChangeRecord::Previous::omitted));

Change public_change(const client::Change& change) {
  Change result;
  result.index = change.index.value;
  constexpr std::uint64_t latest_us = INT64_MAX / 1000;  // the clock of the standard library counts nanoseconds
  const std::chrono::microseconds since_1970(std::min(change.time.wall_us, latest_us));
  result.time = std::chrono::system_clock::time_point(since_1970);
  result.key = change.key;
  result.value = change.value;
  result.previous = static_cast<Change::Previous>(change.previous);
  result.previous_value = change.previous_value;
  return result;
}

}  // namespace

FeedCore::FeedCore(std::shared_ptr<client::library::Common> common, const FeedOptions& options, FeedCallback callback)
    : common_(std::move(common)),
      options_(options),
      callback_(std::move(callback)),
      has_callback_(static_cast<bool>(callback_)),
      changes_(limits::feed_changes),
      room_(1) {}

FeedCore::~FeedCore() { (void)actor_.stop(); }

Answer<Feed> FeedCore::start(std::shared_ptr<client::library::Common> common, const FeedOptions& options,
                             FeedCallback callback) {
  std::unique_ptr<FeedCore> core(new FeedCore(std::move(common), options, std::move(callback)));
  FeedCore* self = core.get();
  auto actor = mq::Actor::start(
      "parley-feed",
      [self] {
        self->stop_.signal();
        self->room_.wake();
      },
      []() -> Result<std::monostate> {
        client::library::block_signals();
        return std::monostate{};
      },
      [self](std::monostate, const std::stop_token& stop) { return self->run(stop); });
  if (!actor) return std::unexpected(failure(Word::invalid, actor.error().what));
  core->actor_ = *std::move(actor);
  return Feed(std::move(core));
}

Status FeedCore::run(const std::stop_token& stop) {
  if (auto end = follow(stop); end && !stop.stop_requested()) (void)deliver(std::unexpected(*std::move(end)), stop);
  return {};
}

/// Nothing if it is no longer wanted.
std::optional<Failure> FeedCore::follow(const std::stop_token& stop) {
  client::KeyWatch::Options options;
  options.servers = common_->settings.servers;
  if (options_.from > 0) options.from = Index{options_.from};
  options.prefix = options_.prefix;
  options.with_previous = options_.with_previous;
  options.patience_us = common_->settings.timeout_us;
  options.seed = draw_u64();
  options.stop = stop_.fd();
  bool lies_further_back = false;
  client::KeyWatch::Calls calls;
  calls.change = [&](const client::Change& change) { return deliver(public_change(change), stop); };
  calls.said = [](const std::string&) {};
  calls.is_gone = [&](const client::FeedGone& gone) { lies_further_back = gone.first > 0; };
  client::TransportNetwork network(common_->context);
  client::KeyWatch watch(network, common_->clock, std::move(options), std::move(calls));
  const Status ended = watch.run();
  if (ended) return std::nullopt;
  if (!lies_further_back || options_.with_previous) return failure_of(ended.error());
  return follow_logs(watch.position()->next(), ended.error(), stop);
}

/// What the nodes have no more in memory is in the logs of those that serve them. `why`: what they said.
std::optional<Failure> FeedCore::follow_logs(Index from, const Error& why, const std::stop_token& stop) {
  client::Outcome outcome = ask_members(stop);
  if (stop.stop_requested()) return std::nullopt;
  const auto* members = std::get_if<wire::MembersReply>(&outcome.body);
  if (!outcome.ok() || members == nullptr) return client::library::failure_of(std::move(outcome));
  client::ChangeFeed::Options options;
  options.cluster = outcome.cluster;
  for (const wire::MemberInfo& member : members->members) {
    const auto address = Address::parse(member.recovery_address);
    if (member.role != "logger" && address && address->port() != 0) options.nodes.push_back(*address);
  }
  if (options.nodes.empty()) return failure_of(why);
  options.from = from;
  options.prefix = options_.prefix;
  options.patience_us = common_->settings.timeout_us;
  options.stop = stop_.fd();
  client::ChangeFeed::Calls calls;
  calls.change = [&](const client::Change& change) { return deliver(public_change(change), stop); };
  calls.said = [](const std::string&) {};
  const Status ended = client::ChangeFeed(common_->context, common_->clock, std::move(options), std::move(calls)).run();
  if (ended) return std::nullopt;
  return failure_of(ended.error());
}

/// Over connections of its own, so that the feed needs nobody else's thread.
client::Outcome FeedCore::ask_members(const std::stop_token& stop) {
  client::TransportNetwork network(common_->context);
  client::ClientSettings settings = common_->settings;
  settings.seed = draw_u64();
  client::Client client(network, common_->clock, std::move(settings));
  std::optional<client::Outcome> outcome;
  client.submit(wire::MembersRequest{}, [&](client::Outcome&& ended) { outcome = std::move(ended); });
  while (!outcome && !stop.stop_requested()) {
    client.step();
    const std::uint64_t now_us = common_->clock.now().monotonic_us;
    if (!outcome) network.wait(std::max(client.next_wake_us(), now_us) - now_us, stop_.fd());
  }
  return outcome ? *std::move(outcome) : client::Outcome{};
}

/// False if it is no longer wanted.
bool FeedCore::deliver(Answer<Change> change, const std::stop_token& stop) {
  if (has_callback_) return callback_(std::move(change)) && !stop.stop_requested();
  const std::size_t bytes = bytes_of(change);
  while (!stop.stop_requested()) {
    const std::size_t waiting = waiting_.fetch_add(bytes);
    if (waiting == 0 || waiting + bytes <= limits::feed_bytes) {
      if (changes_.try_post(std::move(change))) return true;
    }
    waiting_.fetch_sub(bytes);
    (void)room_.wait(longest_sleep_us);  // until next() has taken something
  }
  return false;
}

Answer<Change> FeedCore::next(std::chrono::milliseconds timeout) {
  if (has_callback_) return std::unexpected(failure(Word::invalid, "this feed has a callback"));
  if (end_) return std::unexpected(*end_);
  const std::uint64_t until_us = common_->clock.now().monotonic_us + client::library::timeout_us_of(timeout);
  while (taken_ == batch_.size()) {
    taken_ = 0;
    if (changes_.drain(batch_)) {
      std::size_t bytes = 0;
      for (const Answer<Change>& each : batch_) bytes += bytes_of(each);
      waiting_.fetch_sub(bytes);
      room_.wake();
      break;
    }
    const std::uint64_t now_us = common_->clock.now().monotonic_us;
    if (now_us >= until_us) return std::unexpected(failure(Word::timeout, "nothing has changed"));
    (void)changes_.wait(until_us - now_us);
  }
  Answer<Change> change = std::move(batch_[taken_++]);
  if (!change) end_ = change.error();
  return change;
}

}  // namespace parley::detail
