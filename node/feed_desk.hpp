#pragma once
#include <deque>
#include <expected>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "node/asker.hpp"
#include "node/feed_source.hpp"

namespace parley::node {

/// What clients follow: each feed has a subject, a position and a credit, and is sent pages as there is more behind its
/// position. Those who follow the same share the bytes of their pages. A feed that has no credit waits and costs
/// nothing. One thread, the service's.
class FeedDesk {
 public:
  /// They must outlive this.
  struct Sources {
    FeedSource& keys;
    FeedSource& chats;
  };
  explicit FeedDesk(Sources sources) : sources_(sources) {}

  /// Refused at once, or answered by serve(), if only by an empty page.
  void follow(const Asker& asker, const wire::FollowRequest& request, Answers& answers);
  void grant(const Asker& asker, const wire::GrantRequest& request);
  void end(const Asker& asker, const wire::EndFeedRequest& request);
  /// The connection is gone, or does not read: so are its feeds.
  void lost(const Bytes& connection);
  /// All feeds end, with this answer.
  void end_all(const wire::ErrorReply& why, Answers& answers);

  /// There is, or may be, more behind the positions of those who follow this.
  void changed(const FeedSource& source);
  void changed(BytesView topic);
  /// Makes pages: true if more are to be made.
  bool serve(Answers& answers);
  /// To be called once in limits::feed_beat_ms: a sign of life to every connection that has feeds.
  void beat(Answers& answers);

  [[nodiscard]] std::size_t feeds() const { return feeds_.size(); }
  /// Who has feeds of this topic, of whoever is somebody in particular: so many at most, in order.
  [[nodiscard]] std::vector<std::uint64_t> followers(BytesView topic, std::size_t most) const;

 private:
  using Serial = std::uint64_t;
  struct Feed {
    Asker asker;
    SharedBytes subject_bytes;
    app::Follow subject;  ///< its views lie in subject_bytes
    FeedSource* source = nullptr;
    Bytes topic;
    std::uint64_t follower = 0;
    std::uint64_t position = 0;  ///< all up to here has been looked at
    std::uint64_t told = 0;      ///< and of that the client knows
    std::uint64_t credit = 0;    ///< items that may come in all
    std::uint64_t sent = 0;      ///< items that have come
    std::uint64_t access = 0;    ///< FeedSource::access_version() when it was last judged
    bool is_ready = false;       ///< it is in ready_
    bool is_answered = false;    ///< its first page was made
  };
  struct MadePage {
    FeedPages page;
    std::uint64_t last = 0;  ///< the last position that there was then
  };
  /// Topic, position, most items: the pages of one round, in which nothing is applied. Thousands who follow the same
  /// cost the rows one look.
  using Pages = std::map<std::tuple<Bytes, std::uint64_t, std::size_t>, MadePage>;

  [[nodiscard]] std::expected<Feed, wire::ErrorReply> open(const Asker& asker, const wire::FollowRequest& request);
  [[nodiscard]] Feed* find(const Asker& asker, std::uint64_t request);
  void remove(Serial serial);
  void make_ready(Serial serial, Feed& feed);
  void make_ready(const std::set<Serial>& serials);
  /// False if it has ended.
  bool is_still_allowed(const Feed& feed, Serial serial, Answers& answers);
  std::size_t send_page(Serial serial, Feed& feed, Pages& pages, Answers& answers);
  void tell(Feed& feed, std::size_t items, SharedBytes bytes, Answers& answers);

  Sources sources_;
  Serial next_ = 1;
  std::unordered_map<Serial, Feed> feeds_;
  std::unordered_map<Bytes, std::unordered_map<std::uint64_t, Serial>> by_connection_;  ///< and request
  std::map<Bytes, std::set<Serial>, std::less<>> by_topic_;
  std::unordered_map<const FeedSource*, std::set<Serial>> by_source_;
  std::map<std::pair<Bytes, std::uint64_t>, std::size_t> followers_;  ///< by topic: how many feeds each has
  std::deque<Serial> ready_;                                          ///< may hold some that are gone
};

}  // namespace parley::node
