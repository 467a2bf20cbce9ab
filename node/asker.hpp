#pragma once
#include <cstdint>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/wire/client_message.hpp"

namespace parley::node {

/// Who waits for an answer: a request on a connection of one of the node's ports.
struct Asker {
  std::uint8_t port = 0;
  Bytes connection;
  std::uint64_t request = 0;
  friend bool operator==(const Asker&, const Asker&) = default;
};

struct Answer {
  Asker to;
  wire::ReplyBody body;
};
using Answers = std::vector<Answer>;

}  // namespace parley::node
