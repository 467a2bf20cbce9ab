#include "common/mq/signaler.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "common/base/ensure.hpp"

namespace parley::mq {

Signaler::Signaler() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { ENSURE(fd_ >= 0); }

Signaler::~Signaler() { close(fd_); }

void Signaler::signal() const {
  const std::uint64_t one = 1;
  // It fails only when the counter is at its end, and then it is readable anyway.
  while (write(fd_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

std::uint64_t Signaler::clear() const {
  std::uint64_t count = 0;
  // It fails when nothing was signalled, and leaves the count at 0.
  while (read(fd_, &count, sizeof count) < 0 && errno == EINTR) {
  }
  return count;
}

bool Signaler::wait(std::uint64_t timeout_us) const {
  pollfd item{fd_, POLLIN, 0};
  const timespec timeout{static_cast<std::time_t>(timeout_us / 1'000'000),
                         static_cast<long>(timeout_us % 1'000'000) * 1000};
  return ppoll(&item, 1, &timeout, nullptr) > 0;
}

}  // namespace parley::mq
