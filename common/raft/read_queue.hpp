#pragma once
#include <cstdint>
#include <vector>

#include "common/base/ids.hpp"

namespace parley::raft {

/// The linearizable reads that wait at a leader (thesis 6.4). Reads that arrive together share a round of heartbeats,
/// and while one round is under way the next ones gather, so that the number of messages does not grow with the reads.
class ReadQueue {
 public:
  struct Read {
    ServerId from;  ///< who asked: this replica or a follower
    std::uint64_t id;
  };

  void add(Read read) { waiting_.push_back(read); }
  [[nodiscard]] std::size_t size() const { return waiting_.size() + confirming_.size(); }
  [[nodiscard]] bool may_begin() const { return confirming_.empty() && !waiting_.empty(); }
  /// Everything that waits is served at `commit` once round `round` is confirmed.
  void begin(std::uint64_t round, Index commit);
  [[nodiscard]] bool is_confirming() const { return !confirming_.empty(); }
  [[nodiscard]] std::uint64_t round() const { return round_; }
  [[nodiscard]] Index index() const { return index_; }
  /// The reads of the confirmed round.
  [[nodiscard]] std::vector<Read> take_confirmed();
  /// All of them: leadership is lost.
  [[nodiscard]] std::vector<Read> take_all();

 private:
  std::vector<Read> waiting_;
  std::vector<Read> confirming_;
  std::uint64_t round_ = 0;
  Index index_;
};

}  // namespace parley::raft
