#include "client/change_feed.hpp"

#include <algorithm>
#include <utility>

#include "common/app/effect_details.hpp"
#include "common/base/chain.hpp"
#include "common/base/range_limits.hpp"

namespace parley::client {
namespace {

/// Bytes that may be on their way, or wait to be printed.
constexpr std::uint64_t window_bytes = limits::range_window_bytes / 4;
/// A node that is asked again and again is given this long to come back.
constexpr std::uint64_t pause_us = 300'000;
/// How long a node may be silent before another is asked.
constexpr std::uint64_t node_patience_us = 3'000'000;
/// Troubles that are told until something is served again.
constexpr std::size_t most_said = 32;
constexpr std::uint64_t forever_us = UINT64_MAX / 2;

Change copy(const Entry& entry, const app::KeyChange& change) {
  Change copied{entry.index, entry.time, Bytes(change.key), std::nullopt};
  if (change.value) copied.value = Bytes(*change.value);
  return copied;
}

}  // namespace

Result<std::vector<Change>> changes_in(const std::vector<transfer::RangeEntry>& entries, BytesView prefix) {
  std::vector<Change> changes;
  for (const transfer::RangeEntry& item : entries) {
    if (item.effect == transfer::Effect::unknown) {
      return fail(ErrorCode::refused, "the node does not know any more whether entry " +
                                          std::to_string(item.entry.index.value) + " took effect");
    }
    const auto made = app::changes_of(item.entry, item.effect == transfer::Effect::took, item.detail.view());
    if (!made) {
      return fail(ErrorCode::protocol,
                  "what the node says of entry " + std::to_string(item.entry.index.value) + " is not understood");
    }
    for (const app::KeyChange& change : *made) {
      if (change.key.starts_with(prefix)) changes.push_back(copy(item.entry, change));
    }
  }
  return changes;
}

ChangeFeed::ChangeFeed(mq::Context& context, const Clock& clock, Options options, Calls calls)
    : context_(context), clock_(clock), options_(std::move(options)), calls_(std::move(calls)) {}

Status ChangeFeed::run() {
  if (Status found = find_begin(); !found || is_stopped_) return found;
  while (true) {
    for (const Address& node : options_.nodes) {
      const auto next = follow(node);
      if (!next) return std::unexpected(next.error());
      if (*next == Next::stop) return {};
      if (gone_ == options_.nodes.size()) return std::unexpected(*refusal_);
    }
    if (!has_answer_ && refusal_) return std::unexpected(*refusal_);
  }
}

/// As RangeClient::await(), but nothing comes any more once the feed is to stop.
std::optional<transport::RangeEvent> ChangeFeed::await(transport::RangeClient& client, std::uint64_t until_us) {
  mq::Poller poller;
  client.watch(poller);
  const auto stop = options_.stop >= 0 ? poller.watch(options_.stop) : 0;
  while (true) {
    const std::uint64_t now_us = clock_.now().monotonic_us;
    client.work(now_us);
    if (auto event = client.next()) return event;
    if (now_us >= until_us) return std::nullopt;
    const std::uint64_t due_us = std::min(until_us, client.next_due_us().value_or(until_us));
    poller.wait(due_us - std::min(due_us, now_us));
    if (options_.stop < 0 || !poller.ready(stop)) continue;
    is_stopped_ = true;
    return std::nullopt;
  }
}

/// From the entry that was asked for, or from behind what the first node that answers has.
Status ChangeFeed::find_begin() {
  if (options_.from) {
    const bool is_first = *options_.from == Index{1};
    receiver_.emplace(*options_.from, Index{}, is_first ? std::optional(chain_start(options_.cluster)) : std::nullopt);
    return {};
  }
  const std::uint64_t until_us = clock_.now().monotonic_us + options_.patience_us;
  std::string why = "no node answers";
  while (clock_.now().monotonic_us < until_us) {
    for (const Address& node : options_.nodes) {
      auto client = transport::RangeClient::connect(context_, node, {.cluster = options_.cluster});
      if (!client) return std::unexpected(client.error());
      const std::uint64_t patience_us = std::min(node_patience_us, options_.patience_us);
      client->ask_head(patience_us, clock_.now().monotonic_us);
      const auto event = await(*client, clock_.now().monotonic_us + patience_us);
      if (is_stopped_) return {};
      if (!event) continue;
      if (const auto* came = std::get_if<transport::HeadCame>(&*event)) {
        receiver_.emplace(came->head.last.index.next(), Index{}, came->head.last.digest);
        return {};
      }
      if (const auto* failed = std::get_if<transport::AskFailed>(&*event)) why = failed->error.what;
    }
  }
  return fail(ErrorCode::unreachable, why);
}

Result<ChangeFeed::Next> ChangeFeed::follow(const Address& node) {
  const std::uint64_t patience_us = has_answer_ ? node_patience_us : std::min(node_patience_us, options_.patience_us);
  auto client =
      transport::RangeClient::connect(context_, node, {.cluster = options_.cluster, .patience_us = patience_us});
  if (!client) return std::unexpected(client.error());
  client->open_entries(*receiver_, window_bytes, forever_us, clock_.now().monotonic_us);
  while (true) {
    const auto event = await(*client, forever_us);
    if (is_stopped_) return Next::stop;
    if (!event) continue;
    if (const auto* came = std::get_if<transport::EntriesCame>(&*event)) {
      const auto more = take(*came);
      if (!more) return std::unexpected(more.error());
      if (!*more) return Next::stop;
    } else if (const auto* failed = std::get_if<transport::AskFailed>(&*event)) {
      if (const auto* left = std::get_if<transfer::EntryReceiver>(&failed->receiver)) receiver_ = *left;
      note(node, *failed);
      if (!has_answer_ && !refusal_ && options_.nodes.back() == node)
        return fail(ErrorCode::unreachable, failed->error.what);
      // Whoever is away may be back soon; who has forgotten the entry will not remember it.
      const std::uint64_t begin_us = clock_.now().monotonic_us;
      while (!is_stopped_ && clock_.now().monotonic_us < begin_us + pause_us) (void)await(*client, begin_us + pause_us);
      return is_stopped_ ? Next::stop : Next::another_node;
    }
  }
}

Result<bool> ChangeFeed::take(const transport::EntriesCame& came) {
  has_answer_ = true;
  gone_ = 0;
  refusal_.reset();
  said_.clear();
  const auto changes = changes_in(came.entries, options_.prefix);
  if (!changes) return std::unexpected(changes.error());
  return std::ranges::all_of(*changes, calls_.change);
}

void ChangeFeed::note(const Address& node, const transport::AskFailed& failed) {
  const bool is_gone = failed.word == ErrorWord::not_found;
  const bool is_other = failed.error.code == ErrorCode::corrupt;
  if (!is_gone && !is_other) {
    gone_ = 0;
    say(failed.error.what + "; asking another node");
    return;
  }
  const bool is_nearer = !refusal_ || (failed.first.value > 0 && failed.first < lowest_first_);
  if (is_nearer) {
    refusal_ = Error{is_other ? ErrorCode::corrupt : ErrorCode::refused, failed.error.what};
    lowest_first_ = failed.first.value > 0 ? failed.first : Index{UINT64_MAX};
  }
  if (++gone_ < options_.nodes.size()) say(node.text() + ": " + failed.error.what + "; asking another node");
}

void ChangeFeed::say(const std::string& what) {
  if (said_.size() < most_said && said_.insert(what).second) calls_.said(what);
}

}  // namespace parley::client
