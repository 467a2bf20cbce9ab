#include "node/range_announcer.hpp"

#include "common/base/chain.hpp"

namespace parley::node {

void RangeAnnouncer::belongs_to(const ClusterId& cluster) {
  if (cluster == cluster_) return;
  cluster_ = cluster;
  tell();
}

void RangeAnnouncer::log_begins(const wal::Start& before) {
  head_.first = before.index.next();
  head_.before = before.digest;
  knows_log_ = true;
  tell();
}

void RangeAnnouncer::advanced(const transfer::LogPoint& applied) {
  if (applied.index <= head_.last.index) return;
  head_.last = applied;
  if (is_open_) calls_.advanced(cluster_, applied);
}

void RangeAnnouncer::flushed(Index flushed) {
  head_.images.clear();
  if (flushed > Index{}) head_.images.push_back(flushed);
  tell();
}

void RangeAnnouncer::tell() {
  if (cluster_.is_nil() || !knows_log_) return;
  transfer::RangeHead head = head_;
  // A log that was made before the node knew its cluster begins with another digest than the chain.
  if (head.first == Index{1}) head.before = chain_start(cluster_);
  if (!std::exchange(is_open_, true)) {
    calls_.serve(replica::OpenSource{cluster_, name_, calls_.source(), std::move(head)});
  } else {
    calls_.serve(replica::HeadChanged{cluster_, std::move(head)});
  }
}

}  // namespace parley::node
