#include "recovery/committer.hpp"

#include <limits>

#include "common/base/ensure.hpp"

namespace parley::recovery {
namespace {

constexpr std::uint64_t as_long_as_it_takes = std::numeric_limits<std::int32_t>::max();

}  // namespace

Result<std::unique_ptr<Committer>> Committer::start(store::LmdbBackend& backend) {
  std::unique_ptr<Committer> made(new Committer());
  Committer* const self = made.get();
  auto actor = mq::Actor::start(
      "commit", [self] { self->orders_.wake(); }, []() -> Result<int> { return 0; },
      [self, &backend](int&, std::stop_token stop) { return self->run(backend, std::move(stop)); });
  if (!actor) return std::unexpected(actor.error());
  made->actor_ = std::move(*actor);
  return made;
}

Status Committer::run(store::LmdbBackend& backend, std::stop_token stop) {
  std::vector<Overlays> batch;
  while (!stop.stop_requested()) {
    orders_.drain(batch);
    for (Overlays& overlays : batch) {
      Status outcome = backend.commit(overlays);
      overlays.clear();
      outcomes_.post(std::move(outcome));
    }
    orders_.wait(as_long_as_it_takes);
  }
  return {};
}

void Committer::commit(Overlays overlays) {
  ENSURE(!is_busy_);
  is_busy_ = true;
  orders_.post(std::move(overlays));
}

std::optional<Status> Committer::poll() {
  if (!is_busy_ || !outcomes_.drain(taken_)) return std::nullopt;
  is_busy_ = false;
  return std::move(taken_.front());
}

Status Committer::await() {
  while (is_busy_) {
    if (auto outcome = poll()) return *std::move(outcome);
    outcomes_.wait(as_long_as_it_takes);
  }
  return {};
}

}  // namespace parley::recovery
