#include "node/store_actor.hpp"

#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"

namespace parley::node {
namespace {

/// One flush is under way at a time, and one overlay is freed after each.
constexpr std::size_t mailbox_capacity = 16;
constexpr std::uint64_t idle_us = 3'600'000'000;
/// How often a flush that found no room looks for some.
constexpr std::uint64_t full_retry_us = 200'000;
/// A flush that fails with less room left than this failed for want of it. LMDB does not always say so: it calls a write
/// that was cut short at the end of the disk an I/O error.
constexpr std::uintmax_t little_room_bytes = limits::overlay_bytes;
/// And with less than this another attempt would be in vain.
constexpr std::uintmax_t least_room_bytes = limits::MiB;

}  // namespace

StoreActor::StoreActor(store::Backend& backend, std::filesystem::path folder, Callbacks callbacks, obs::Logger logger)
    : backend_(backend),
      folder_(std::move(folder)),
      callbacks_(std::move(callbacks)),
      logger_(std::move(logger)),
      mailbox_(mailbox_capacity) {}

Result<std::unique_ptr<StoreActor>> StoreActor::start(store::Backend& backend, std::filesystem::path folder,
                                                      Callbacks callbacks, obs::Logger logger) {
  std::unique_ptr<StoreActor> self(
      new StoreActor(backend, std::move(folder), std::move(callbacks), std::move(logger)));
  StoreActor* const store = self.get();
  auto actor = mq::Actor::start(
      "store", [store] { store->mailbox_.wake(); }, []() -> Result<std::monostate> { return std::monostate{}; },
      [store](std::monostate&, const std::stop_token& stop) { return store->run(stop); });
  if (!actor) return std::unexpected(actor.error());
  self->actor_ = std::move(*actor);
  return self;
}

Status StoreActor::run(const std::stop_token& stop) {
  std::vector<Order> orders;
  while (true) {
    const bool has_work = mailbox_.drain(orders);
    if (const Status status = work(orders); !status) {
      logger_.error("{}; the store can no longer be trusted, this replica stops", status.error().what);
      callbacks_.failed(status.error());
      return status;
    }
    // What is not flushed stands in the log.
    if (stop.stop_requested() && !has_work) return {};
    if (!has_work) mailbox_.wait(waiting_ ? full_retry_us : idle_us);
  }
}

Status StoreActor::work(std::vector<Order>& orders) {
  if (waiting_ && free_bytes() >= least_room_bytes) {
    if (Status flushed = flush_waiting(); !flushed) return flushed;
  }
  for (Order& order : orders) {
    auto* flush = std::get_if<Flush>(&order);
    if (flush == nullptr) continue;
    ENSURE(!waiting_);
    waiting_ = std::move(flush->overlay);
    if (Status flushed = flush_waiting(); !flushed) return flushed;
  }
  orders.clear();
  return {};
}

/// A commit that fails before its last step changed nothing that a reader would see; after a failure in that step LMDB refuses
/// every later one. So trying again is safe whatever it was that failed.
Status StoreActor::flush_waiting() {
  const Status committed = backend_.commit(*waiting_);
  if (!committed && free_bytes() >= little_room_bytes) return committed;
  const bool is_full = !committed;
  if (std::exchange(is_full_, is_full) != is_full) {
    if (is_full) logger_.warn("no room to flush to the store: {}", committed.error().what);
    callbacks_.full_changed(is_full);
  }
  if (is_full) return {};
  waiting_.reset();
  callbacks_.flushed();
  return {};
}

std::uintmax_t StoreActor::free_bytes() const {
  std::error_code unknown;
  const auto space = std::filesystem::space(folder_, unknown);
  return unknown ? little_room_bytes : space.available;
}

}  // namespace parley::node
