// The application's own log: what is about to be applied is written there first.
#include <limits>

#include "node/service.hpp"

namespace parley::node {
namespace {

/// How long an application log that found no room is left alone.
constexpr std::uint64_t full_retry_us = 200'000;
/// How often a step of what the log has to do beside writing is taken while there is no spare time: a few milliseconds
/// in so many.
constexpr std::uint64_t busy_step_us = 50'000;

}  // namespace

/// Everything that waits to be applied goes there in one write and one sync. Up to what may then be applied.
Index Service::log_what_waits() {
  if (!log_) return Index{std::numeric_limits<std::uint64_t>::max()};
  const auto waiting = installing_ ? std::vector<std::span<const Entry>>{} : machine_->waiting();
  if (waiting.empty() || now_us_ < next_log_try_us_) return std::max(log_->last().index, machine_->applied());
  if (log_->wants_image(machine_->applied())) {
    want_image_of_log();
    return machine_->applied();
  }
  if (!taken_by_log(log_->append(cluster_, waiting))) return machine_->applied();
  return log_->last().index;
}

/// The state has entries that the log never got: it goes on behind an image of that, which is the one that is flushed,
/// since nothing is applied meanwhile.
void Service::want_image_of_log() {
  if (std::exchange(is_log_image_asked_, true)) return;
  logger_.warn(
      "the application log ends at entry {}, and the state is as of entry {}: what lies between is a gap in "
      "it, with an image of the state behind it",
      log_->last().index.value, machine_->applied().value);
  calls_.keep_image(cluster_, log_->image_writer());
}

void Service::on(ImageKept& kept) {
  is_log_image_asked_ = false;
  // Another image may have taken the place of the state meanwhile.
  if (kept.image && kept.image->index != machine_->applied()) return;
  (void)taken_by_log(kept.image ? log_->begin_behind(cluster_, *kept.image) : std::unexpected(kept.image.error()));
}

/// False if the log cannot be gone on with now: for want of room, or at all, and then this node stops.
bool Service::taken_by_log(const Status& done) {
  const bool is_full = !done && done.error().code == ErrorCode::disk_full;
  if (!done && !is_full) {
    calls_.failed({done.error().code, "the application log cannot be written: " + done.error().what});
    next_log_try_us_ = std::numeric_limits<std::uint64_t>::max();
    return false;
  }
  if (is_full) next_log_try_us_ = now_us_ + full_retry_us;
  if (std::exchange(is_log_full_, is_full) != is_full) {
    if (is_full) logger_.warn("nothing more is applied: {}", done.error().what);
    if (!is_full) logger_.info("there is room for the application log again");
    calls_.order(replica::ApplicationLogRoom{is_full});
  }
  return done.has_value();
}

/// True if there is more to do at once.
bool Service::maintain_log(bool is_busy) {
  if (!log_ || (is_busy && now_us_ < next_log_step_us_)) return false;
  next_log_step_us_ = now_us_ + busy_step_us;
  const auto more = log_->step();
  if (!more) (void)taken_by_log(std::unexpected(more.error()));
  return more && *more;
}

}  // namespace parley::node
