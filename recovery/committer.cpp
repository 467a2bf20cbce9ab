#include "recovery/committer.hpp"

#include <limits>

#include "common/base/ensure.hpp"

namespace parley::recovery {
namespace {

constexpr std::uint64_t as_long_as_it_takes = std::numeric_limits<std::int32_t>::max();
/// A disk on which a write was cut short has less than this.
constexpr std::uintmax_t no_room = 1'000'000;

/// LMDB calls a write that the disk had room for only in part an error of input and output, and in a commit that is a
/// disk that cannot be trusted; here the store is thrown away whatever it has.
Status name_full_disk(Status committed, const std::filesystem::path& folder) {
  if (committed) return committed;
  if (committed.error().code != ErrorCode::io && committed.error().code != ErrorCode::sync_failed) return committed;
  std::error_code unknown;
  const auto space = std::filesystem::space(folder, unknown);
  if (unknown || space.available >= no_room) return committed;
  return fail(ErrorCode::disk_full, committed.error().what + ": no space left on the disk");
}

}  // namespace

Result<std::unique_ptr<Committer>> Committer::start(store::LmdbBackend& backend, std::filesystem::path folder) {
  std::unique_ptr<Committer> made(new Committer());
  Committer* const self = made.get();
  auto actor = mq::Actor::start(
      "commit", [self] { self->orders_.wake(); }, []() -> Result<int> { return 0; },
      [self, &backend, folder = std::move(folder)](int&, std::stop_token stop) {
        return self->run(backend, folder, std::move(stop));
      });
  if (!actor) return std::unexpected(actor.error());
  made->actor_ = std::move(*actor);
  return made;
}

Status Committer::run(store::LmdbBackend& backend, const std::filesystem::path& folder, std::stop_token stop) {
  std::vector<Overlays> batch;
  while (!stop.stop_requested()) {
    orders_.drain(batch);
    for (Overlays& overlays : batch) {
      Status outcome = name_full_disk(backend.commit(overlays), folder);
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
