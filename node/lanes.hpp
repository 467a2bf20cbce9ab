#pragma once
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/app/command.hpp"

namespace parley::node {

/// Commands that wait to be proposed, each in the lane of the connection that it came by. Lanes take turns, so that one
/// with a thousand commands does not keep another's one waiting. One thread.
class Lanes {
 public:
  void push(const std::string& lane, const app::CommandId& id);
  /// The next command of the next lane that may go; nothing if none may, or none has any. `id` stays first in its lane
  /// until pop().
  struct Next {
    const std::string& lane;
    app::CommandId id;
  };
  [[nodiscard]] std::optional<Next> next(const std::function<bool(const std::string& lane)>& may_go);
  /// Takes what next() has given; its lane goes behind the others.
  void pop();
  [[nodiscard]] bool empty() const { return turns_.empty(); }

 private:
  std::unordered_map<std::string, std::deque<app::CommandId>> lanes_;
  std::deque<std::string> turns_;  ///< lanes that have commands, the next one first
};

}  // namespace parley::node
