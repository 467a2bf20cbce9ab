#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/mq/socket.hpp"

namespace parley::mq {

/// Waits until one of several sockets or descriptors has something. Used by one thread, the one that owns the sockets;
/// a socket must be neither moved nor destroyed while it is watched.
class Poller {
 public:
  enum class For { reading, writing };
  using Slot = std::size_t;

  /// Gives the slot under which ready() tells about it. A socket is ready for writing when it has a connection with
  /// room.
  Slot watch(Socket& socket, For what = For::reading);
  /// Ends the wait when a connection of this router comes or goes, or one of this range dealer goes, so that its owner
  /// looks at it in time.
  Slot watch_connections(Socket& socket);
  Slot watch(int fd);
  void clear() { items_.clear(); }

  /// Waits until something is ready, or so long (rounded up to milliseconds); without a time, for as long as it takes.
  /// A signal ends it early, with nothing ready.
  void wait(std::optional<std::uint64_t> timeout_us);
  /// As of the last wait().
  [[nodiscard]] bool ready(Slot slot) const { return items_.at(slot).ready; }

 private:
  struct Item {
    void* socket;
    int fd;
    short events;
    bool ready;
  };
  std::vector<Item> items_;
};

}  // namespace parley::mq
