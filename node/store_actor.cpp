#include "node/store_actor.hpp"

#include <utility>

namespace parley::node {
namespace {

/// One flush is under way at a time, and one overlay is freed after each.
constexpr std::size_t mailbox_capacity = 16;
constexpr std::uint64_t idle_us = 3'600'000'000;

}  // namespace

StoreActor::StoreActor(store::Backend& backend, Callbacks callbacks, obs::Logger logger)
    : backend_(backend), callbacks_(std::move(callbacks)), logger_(std::move(logger)), mailbox_(mailbox_capacity) {}

Result<std::unique_ptr<StoreActor>> StoreActor::start(store::Backend& backend, Callbacks callbacks,
                                                      obs::Logger logger) {
  std::unique_ptr<StoreActor> self(new StoreActor(backend, std::move(callbacks), std::move(logger)));
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
    for (Order& order : orders) {
      if (const Status status = perform(order); !status) {
        logger_.error("{}; the store can no longer be trusted, this replica stops", status.error().what);
        callbacks_.failed(status.error());
        return status;
      }
    }
    orders.clear();
    if (stop.stop_requested() && !has_work) return {};
    if (!has_work) mailbox_.wait(idle_us);
  }
}

Status StoreActor::perform(Order& order) {
  if (std::holds_alternative<Free>(order)) return {};
  const Status committed = backend_.commit(*std::get<Flush>(order).overlay);
  if (committed) callbacks_.flushed();
  return committed;
}

}  // namespace parley::node
