#include "node/key_feeds.hpp"

#include "common/app/change_page.hpp"
#include "common/app/validate.hpp"
#include "common/base/ensure.hpp"
#include "common/base/feed_limits.hpp"

namespace parley::node {
namespace {

/// An entry is looked at whole, so that a page ends behind one; of those that change nothing of interest, so many at
/// most.
constexpr std::size_t changes_per_look = 16 * limits::feed_page_items;

class KeyPage {
 public:
  KeyPage(const app::FollowKeys& keys, std::uint64_t after, std::size_t most_items)
      : keys_(keys), page_{after, 0, {}}, most_items_(most_items) {}

  /// False if the page ends before the entry of this change.
  bool take(app::ChangeRecord change) {
    if (change.index.value != entry_) {
      const bool is_full = page_.items >= most_items_ || bytes_.size() >= limits::feed_page_bytes;
      if (is_full || looked_at_ >= changes_per_look) return false;
      page_.upto = entry_ = change.index.value;
    }
    ++looked_at_;
    if (!change.key.starts_with(keys_.prefix)) return true;
    if (!keys_.with_previous) change.previous = app::ChangeRecord::Previous::unknown;
    if (bytes_.empty()) bytes_ = app::begin_change_page();
    app::append_change(change, bytes_);
    ++page_.items;
    return true;
  }
  FeedPage done(bool is_end, std::uint64_t last) && {
    if (is_end) page_.upto = last;
    page_.bytes = SharedBytes(std::move(bytes_));
    return std::move(page_);
  }

 private:
  const app::FollowKeys& keys_;
  FeedPage page_;
  std::size_t most_items_;
  std::uint64_t entry_ = 0;
  std::size_t looked_at_ = 0;
  Bytes bytes_;
};

}  // namespace

std::expected<FeedSource::Opened, wire::ErrorReply> KeyFeeds::open(const app::Follow& subject) const {
  const auto& keys = std::get<app::FollowKeys>(subject);
  if (!keys.prefix.empty()) {
    if (auto problem = app::validate_key(keys.prefix))
      return std::unexpected(wire::ErrorReply{problem->word, problem->text, 0});
  }
  return Opened{app::encode_follow(subject), 0};
}

std::uint64_t KeyFeeds::last(BytesView) const { return ring_.last().value; }

FeedPages KeyFeeds::page(BytesView topic, std::uint64_t after, std::size_t most_items) const {
  const auto subject = app::decode_follow(topic);
  ENSURE(subject.has_value());
  if (after > ring_.last().value) {
    return wire::FeedGoneReply{0, "entry " + std::to_string(after) + " is not there yet; the last one here is " +
                                      std::to_string(ring_.last().value)};
  }
  if (Index{after}.next() < ring_.first()) {
    return wire::FeedGoneReply{ring_.first().value,
                               "what entry " + std::to_string(after + 1) +
                                   " changed is not known here any more; the first one that is, is " +
                                   std::to_string(ring_.first().value)};
  }
  KeyPage page(std::get<app::FollowKeys>(*subject), after, most_items);
  bool is_end = true;
  ring_.visit(Index{after}, [&](const app::ChangeRecord& change) { return is_end = page.take(change); });
  return std::move(page).done(is_end, ring_.last().value);
}

}  // namespace parley::node
