#include "common/raft/read_queue.hpp"

#include <utility>

#include "common/base/ensure.hpp"

namespace parley::raft {

void ReadQueue::begin(std::uint64_t round, Index commit) {
  ENSURE(may_begin());
  confirming_ = std::exchange(waiting_, {});
  round_ = round;
  index_ = commit;
}

std::vector<ReadQueue::Read> ReadQueue::take_confirmed() { return std::exchange(confirming_, {}); }

std::vector<ReadQueue::Read> ReadQueue::take_all() {
  std::vector<Read> all = std::exchange(confirming_, {});
  all.insert(all.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
  return all;
}

}  // namespace parley::raft
