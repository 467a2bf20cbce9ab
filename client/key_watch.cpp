#include "client/key_watch.hpp"

#include <algorithm>
#include <utility>

#include "common/app/change_page.hpp"
#include "common/app/follow.hpp"

namespace parley::client {
namespace {

Change change_of(const app::ChangeRecord& record) {
  Change change{record.index, record.time,     Bytes(record.key),
                std::nullopt, record.previous, Bytes(record.previous_value)};
  if (record.value) change.value = Bytes(*record.value);
  return change;
}

}  // namespace

KeyWatch::KeyWatch(Network& network, const Clock& clock, Options options, Calls calls)
    : network_(network),
      clock_(clock),
      options_(std::move(options)),
      calls_(std::move(calls)),
      feeds_(network, clock, {.servers = options_.servers, .cluster = options_.cluster, .seed = options_.seed}) {
  if (options_.from) position_ = Index{options_.from->value - 1};
  const std::uint64_t after = options_.from ? options_.from->value - 1 : wire::follow_from_now;
  feed_ = feeds_.follow(app::encode_follow(app::FollowKeys{options_.prefix, options_.with_previous}), after,
                        [this](FeedEvent&& event) { take(std::move(event)); });
}

Status KeyWatch::run() {
  const std::uint64_t begin_us = clock_.now().monotonic_us;
  while (!ended_) {
    feeds_.step();
    if (ended_) break;
    const std::uint64_t now_us = clock_.now().monotonic_us;
    if (!has_answer_ && now_us - begin_us >= options_.patience_us)
      return fail(ErrorCode::unreachable, "no server has answered in time");
    const std::uint64_t wake_us = feeds_.next_wake_us();
    if (network_.wait(wake_us - std::min(wake_us, now_us), options_.stop)) return {};
  }
  return *ended_;
}

void KeyWatch::take(FeedEvent&& event) {
  if (auto* page = std::get_if<FeedItems>(&event)) return take(std::move(*page));
  if (const auto* trouble = std::get_if<FeedTrouble>(&event))
    return calls_.said(trouble->detail + "; asking another node");
  if (const auto* gone = std::get_if<FeedGone>(&event)) {
    if (calls_.is_gone) calls_.is_gone(*gone);
    ended_ = fail(ErrorCode::refused, gone->detail);
  }
  if (const auto* refused = std::get_if<FeedRefused>(&event)) ended_ = fail(ErrorCode::refused, refused->detail);
}

void KeyWatch::take(FeedItems&& page) {
  has_answer_ = true;
  position_ = Index{page.upto};
  feeds_.consumed(feed_, page.count);
  if (page.items.empty()) return;
  const auto changes = app::decode_change_page(page.items.view());
  if (!changes) {
    ended_ = fail(ErrorCode::protocol, "a page is of a kind that this client does not know");
    return;
  }
  for (const app::ChangeRecord& record : *changes) {
    if (calls_.change(change_of(record))) continue;
    ended_ = Status{};
    return feeds_.unfollow(feed_);
  }
}

}  // namespace parley::client
