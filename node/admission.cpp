#include "node/admission.hpp"

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"

namespace parley::node {
namespace {

/// After which a client that was told `busy` may try again: a few rounds of consensus.
constexpr std::uint32_t busy_retry_ms = 20;

std::string key_of(const Asker& asker) {
  std::string key(1, static_cast<char>(asker.port));
  return key += asker.connection;
}

}  // namespace

bool Admission::enter(const Asker& asker, std::size_t bytes) {
  if (requests_ >= limits::requests_in_all || bytes_ + bytes > limits::request_bytes_in_all) return false;
  std::size_t& of_connection = by_connection_[key_of(asker)];
  if (of_connection >= limits::requests_per_client) return false;
  ++of_connection;
  ++requests_;
  bytes_ += bytes;
  return true;
}

void Admission::leave(const Asker& asker, std::size_t bytes) {
  const auto connection = by_connection_.find(key_of(asker));
  ENSURE(connection != by_connection_.end());
  if (--connection->second == 0) by_connection_.erase(connection);
  --requests_;
  ENSURE_LE(bytes, bytes_);
  bytes_ -= bytes;
}

wire::ErrorReply too_busy(std::string detail) { return {ErrorWord::busy, std::move(detail), busy_retry_ms}; }

}  // namespace parley::node
