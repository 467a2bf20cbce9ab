#include "node/feed_desk.hpp"

#include <algorithm>
#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/feed_limits.hpp"
#include "node/admission.hpp"

namespace parley::node {

FeedDesk::Feed* FeedDesk::find(const Asker& asker, std::uint64_t request) {
  const auto connection = by_connection_.find(asker.connection);
  if (connection == by_connection_.end()) return nullptr;
  const auto serial = connection->second.find(request);
  return serial == connection->second.end() ? nullptr : &feeds_.at(serial->second);
}

void FeedDesk::follow(const Asker& asker, const wire::FollowRequest& request, Answers& answers) {
  if (find(asker, asker.request) != nullptr) remove(by_connection_.at(asker.connection).at(asker.request));
  auto feed = open(asker, request);
  if (!feed) return answers.push_back({asker, std::move(feed.error())});
  const Serial serial = next_++;
  by_connection_[asker.connection].emplace(asker.request, serial);
  by_topic_[feed->topic].insert(serial);
  by_source_[feed->source].insert(serial);
  if (feed->follower != 0) ++followers_[{feed->topic, feed->follower}];
  // In its turn, as all pages: thousands may be asked for in one frame. The first page says where it begins, and
  // whether it can.
  make_ready(serial, feeds_.emplace(serial, *std::move(feed)).first->second);
}

std::vector<std::uint64_t> FeedDesk::followers(BytesView topic, std::size_t most) const {
  std::vector<std::uint64_t> found;
  for (auto at = followers_.lower_bound({Bytes(topic), 0}); at != followers_.end() && at->first.first == topic; ++at) {
    if (found.size() == most) break;
    found.push_back(at->first.second);
  }
  return found;
}

std::expected<FeedDesk::Feed, wire::ErrorReply> FeedDesk::open(const Asker& asker, const wire::FollowRequest& request) {
  const auto connection = by_connection_.find(asker.connection);
  const std::size_t has = connection == by_connection_.end() ? 0 : connection->second.size();
  if (feeds_.size() >= limits::feeds || has >= limits::feeds_per_client)
    return std::unexpected(too_busy("there are too many feeds"));
  Feed feed;
  feed.asker = asker;
  feed.subject_bytes = request.subject;
  const auto subject = app::decode_follow(feed.subject_bytes.view());
  if (!subject) {
    return std::unexpected(
        wire::ErrorReply{ErrorWord::invalid, "these bytes are no subject that this version knows", 0});
  }
  feed.subject = *subject;
  const bool is_of_keys = std::holds_alternative<app::FollowKeys>(feed.subject);
  feed.source = is_of_keys ? &sources_.keys : &sources_.chats;
  feed.access = feed.source->access_version();
  auto opened = feed.source->open(feed.subject);
  if (!opened) return std::unexpected(std::move(opened.error()));
  feed.topic = std::move(opened->topic);
  feed.follower = opened->follower;
  feed.position = request.after == wire::follow_from_now ? feed.source->last(feed.topic) : request.after;
  feed.told = feed.position;
  feed.credit = request.credit;
  return feed;
}

void FeedDesk::grant(const Asker& asker, const wire::GrantRequest& request) {
  Feed* feed = find(asker, request.feed);
  if (feed == nullptr || request.credit <= feed->credit) return;
  feed->credit = request.credit;
  make_ready(by_connection_.at(asker.connection).at(request.feed), *feed);
}

void FeedDesk::end(const Asker& asker, const wire::EndFeedRequest& request) {
  if (find(asker, request.feed) != nullptr) remove(by_connection_.at(asker.connection).at(request.feed));
}

void FeedDesk::lost(const Bytes& connection) {
  const auto found = by_connection_.find(connection);
  if (found == by_connection_.end()) return;
  for (const auto& [request, serial] : std::unordered_map(found->second)) remove(serial);
}

void FeedDesk::end_all(const wire::ErrorReply& why, Answers& answers) {
  for (const auto& [serial, feed] : feeds_) answers.push_back({feed.asker, why});
  feeds_.clear();
  by_connection_.clear();
  by_topic_.clear();
  by_source_.clear();
  followers_.clear();
  ready_.clear();
}

void FeedDesk::remove(Serial serial) {
  const auto found = feeds_.find(serial);
  const Feed& feed = found->second;
  const auto connection = by_connection_.find(feed.asker.connection);
  connection->second.erase(feed.asker.request);
  if (connection->second.empty()) by_connection_.erase(connection);
  const auto topic = by_topic_.find(feed.topic);
  topic->second.erase(serial);
  if (topic->second.empty()) by_topic_.erase(topic);
  by_source_.at(feed.source).erase(serial);
  if (const auto follower = followers_.find({feed.topic, feed.follower});
      follower != followers_.end() && --follower->second == 0)
    followers_.erase(follower);
  feeds_.erase(found);
}

void FeedDesk::make_ready(Serial serial, Feed& feed) {
  if (!std::exchange(feed.is_ready, true)) ready_.push_back(serial);
}

void FeedDesk::changed(const FeedSource& source) {
  if (const auto found = by_source_.find(&source); found != by_source_.end()) make_ready(found->second);
}

void FeedDesk::changed(BytesView topic) {
  if (const auto found = by_topic_.find(topic); found != by_topic_.end()) make_ready(found->second);
}

void FeedDesk::make_ready(const std::set<Serial>& serials) {
  for (const Serial serial : serials) make_ready(serial, feeds_.at(serial));
}

bool FeedDesk::serve(Answers& answers) {
  Pages pages;
  std::size_t bytes = 0;
  for (std::size_t served = 0; !ready_.empty(); ++served) {
    if (served == limits::feed_round_feeds || bytes >= limits::feed_round_bytes) return true;
    const Serial serial = ready_.front();
    ready_.pop_front();
    const auto found = feeds_.find(serial);
    if (found == feeds_.end()) continue;
    found->second.is_ready = false;
    bytes += send_page(serial, found->second, pages, answers);
    const auto left = feeds_.find(serial);
    if (left != feeds_.end() && !left->second.is_answered) tell(left->second, 0, {}, answers);
  }
  return false;
}

bool FeedDesk::is_still_allowed(const Feed& feed, Serial serial, Answers& answers) {
  if (feed.access == feed.source->access_version()) return true;
  const auto opened = feed.source->open(feed.subject);
  if (opened && opened->topic == feed.topic) return true;
  answers.push_back(
      {feed.asker, opened ? wire::ErrorReply{ErrorWord::not_found, "its subject is another now", 0} : opened.error()});
  remove(serial);
  return false;
}

/// Gives the bytes of it.
std::size_t FeedDesk::send_page(Serial serial, Feed& feed, Pages& pages, Answers& answers) {
  if (!is_still_allowed(feed, serial, answers)) return 0;
  feed.access = feed.source->access_version();
  const std::uint64_t credit = feed.credit - std::min(feed.credit, feed.sent);
  if (credit == 0) return 0;
  const std::size_t most = std::min<std::uint64_t>(credit, limits::feed_page_items);
  const auto [page_at, is_new] = pages.try_emplace({feed.topic, feed.position, most});
  MadePage& made = page_at->second;
  if (is_new) made = {feed.source->page(feed.topic, feed.position, most), feed.source->last(feed.topic)};
  const auto* page = std::get_if<FeedPage>(&made.page);
  if (page == nullptr) {
    if (const auto* gone = std::get_if<wire::FeedGoneReply>(&made.page)) answers.push_back({feed.asker, *gone});
    if (const auto* error = std::get_if<wire::ErrorReply>(&made.page)) answers.push_back({feed.asker, *error});
    remove(serial);
    return 0;
  }
  ENSURE_LE(feed.position, page->upto);
  feed.position = page->upto;
  feed.sent += page->items;
  if (feed.position < made.last) make_ready(serial, feed);
  if (page->items == 0) return 0;
  tell(feed, page->items, page->bytes, answers);
  return page->bytes.size();
}

void FeedDesk::tell(Feed& feed, std::size_t items, SharedBytes bytes, Answers& answers) {
  const auto count = static_cast<std::uint32_t>(items);
  answers.push_back({feed.asker, wire::FeedReply{feed.told, feed.position, count, std::move(bytes)}});
  feed.told = feed.position;
  feed.is_answered = true;
}

void FeedDesk::beat(Answers& answers) {
  for (const auto& [connection, feeds] : by_connection_) {
    Asker all;
    all.connection = connection;
    for (const auto& [request, serial] : feeds) {
      Feed& feed = feeds_.at(serial);
      all.port = feed.asker.port;
      // So that it can go on elsewhere from here, although nothing of interest to it has come for long.
      if (feed.told < feed.position) tell(feed, 0, {}, answers);
    }
    answers.push_back({all, wire::BeatReply{feeds.size()}});
  }
}

}  // namespace parley::node
