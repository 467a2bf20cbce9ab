#include "common/mq/poller.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

#include <zmq.hpp>

#include "common/base/ensure.hpp"

namespace parley::mq {

Poller::Slot Poller::watch(Socket& socket, For what) {
  const int events = what == For::reading ? ZMQ_POLLIN : ZMQ_POLLOUT;
  items_.push_back({socket.socket_->handle(), 0, static_cast<short>(events), false});
  return items_.size() - 1;
}

Poller::Slot Poller::watch_connections(Socket& socket) {
  zmq::socket_t& monitor = socket.guard_ ? socket.guard_->monitor() : socket.monitor_->socket();
  items_.push_back({monitor.handle(), 0, ZMQ_POLLIN, false});
  return items_.size() - 1;
}

Poller::Slot Poller::watch(int fd) {
  items_.push_back({nullptr, fd, ZMQ_POLLIN, false});
  return items_.size() - 1;
}

void Poller::wait(std::optional<std::uint64_t> timeout_us) {
  constexpr std::uint64_t longest_ms = std::numeric_limits<int>::max();
  const long timeout_ms =
      timeout_us ? static_cast<long>(std::min(*timeout_us / 1000 + (*timeout_us % 1000 != 0), longest_ms)) : -1;
  std::vector<zmq_pollitem_t> items;
  items.reserve(items_.size());
  for (const Item& item : items_) items.push_back({item.socket, item.fd, item.events, 0});
  const int count = zmq_poll(items.data(), static_cast<int>(items.size()), timeout_ms);
  if (count < 0 && zmq_errno() != EINTR) ensure_failed(__FILE__, __LINE__, "zmq_poll", zmq_strerror(zmq_errno()));
  for (std::size_t i = 0; i < items.size(); ++i) items_[i].ready = count > 0 && items[i].revents != 0;
}

}  // namespace parley::mq
