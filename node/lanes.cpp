#include "node/lanes.hpp"

#include <utility>

#include "common/base/ensure.hpp"

namespace parley::node {

void Lanes::push(const std::string& lane, const app::CommandId& id) {
  std::deque<app::CommandId>& commands = lanes_[lane];
  if (commands.empty()) turns_.push_back(lane);
  commands.push_back(id);
}

std::optional<Lanes::Next> Lanes::next(const std::function<bool(const std::string& lane)>& may_go) {
  for (std::size_t looked_at = 0; looked_at < turns_.size(); ++looked_at) {
    if (may_go(turns_.front())) return Next{turns_.front(), lanes_.at(turns_.front()).front()};
    turns_.push_back(std::move(turns_.front()));
    turns_.pop_front();
  }
  return std::nullopt;
}

void Lanes::pop() {
  ENSURE(!turns_.empty());
  const auto lane = lanes_.find(turns_.front());
  lane->second.pop_front();
  if (lane->second.empty()) {
    lanes_.erase(lane);
  } else {
    turns_.push_back(turns_.front());
  }
  turns_.pop_front();
}

}  // namespace parley::node
