#include "node/admission.hpp"

#include <algorithm>

#include "common/base/ensure.hpp"
#include "common/base/fairness_limits.hpp"
#include "common/base/limits.hpp"

namespace parley::node {
namespace {

/// After which a client that was told `busy` may try again: a few rounds of consensus.
constexpr std::uint32_t busy_retry_ms = 20;

}  // namespace

std::string connection_key(const Asker& asker) {
  std::string key(1, static_cast<char>(asker.port));
  return key += asker.connection;
}

bool Admission::enter(const Asker& asker, std::size_t bytes) {
  if (requests_ >= limits::requests_in_all || bytes_ + bytes > limits::request_bytes_in_all) return false;
  forget_idle();
  OfConnection& of_connection = by_connection_[connection_key(asker)];
  if (of_connection.requests >= limits::requests_per_client) return false;
  if (++of_connection.requests > limits::light_requests)
    of_connection.heavy_until_us = now_us_ + limits::heavy_memory_us;
  ++requests_;
  bytes_ += bytes;
  return true;
}

void Admission::leave(const Asker& asker, std::size_t bytes) {
  const auto connection = by_connection_.find(connection_key(asker));
  ENSURE(connection != by_connection_.end());
  ENSURE(connection->second.requests > 0);
  --connection->second.requests;
  --requests_;
  ENSURE_LE(bytes, bytes_);
  bytes_ -= bytes;
}

bool Admission::is_light(const std::string& connection_key) const {
  const auto connection = by_connection_.find(connection_key);
  return connection == by_connection_.end() || connection->second.heavy_until_us <= now_us_;
}

/// Those that are idle are forgotten when there are twice as many as were in use the last time.
void Admission::forget_idle() {
  if (by_connection_.size() < forget_at_) return;
  std::erase_if(by_connection_, [this](const auto& each) {
    return each.second.requests == 0 && each.second.heavy_until_us <= now_us_;
  });
  forget_at_ = std::max<std::size_t>(1024, 2 * by_connection_.size());
}

wire::ErrorReply too_busy(std::string detail) { return {ErrorWord::busy, std::move(detail), busy_retry_ms}; }

}  // namespace parley::node
