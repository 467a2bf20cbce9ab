#pragma once
#include "node/change_ring.hpp"
#include "node/feed_source.hpp"

namespace parley::node {

/// Changes of keys, from the ring. Positions are indexes of entries.
class KeyFeeds final : public FeedSource {
 public:
  /// `ring` must outlive this.
  explicit KeyFeeds(const ChangeRing& ring) : ring_(ring) {}

  [[nodiscard]] std::expected<Opened, wire::ErrorReply> open(const app::Follow& subject) const override;
  [[nodiscard]] std::uint64_t last(BytesView topic) const override;
  [[nodiscard]] FeedPages page(BytesView topic, std::uint64_t after, std::size_t most_items) const override;
  [[nodiscard]] std::uint64_t access_version() const override { return 0; }

 private:
  const ChangeRing& ring_;
};

}  // namespace parley::node
