#include "client/operation_table.hpp"

#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"

namespace parley::client {
namespace {

constexpr std::uint32_t place_mask = 0xFFFFFF;
static_assert(limits::client_operations <= place_mask);

}  // namespace

Ticket OperationTable::add(Operation operation) {
  if (free_.empty()) {
    ENSURE_LT(places_.size(), limits::client_operations);
    free_.push_back(static_cast<std::uint32_t>(places_.size()));
    places_.emplace_back();
  }
  const std::uint32_t at = free_.back();
  free_.pop_back();
  Place& place = places_[at];
  place.operation = std::move(operation);
  place.generation = (place.generation + 1) & place_mask;
  place.is_used = true;
  ++size_;
  return {at, place.generation};
}

Operation* OperationTable::find(Ticket ticket) {
  if (ticket.place >= places_.size()) return nullptr;
  Place& place = places_[ticket.place];
  return place.is_used && place.generation == ticket.generation ? &place.operation : nullptr;
}

Operation OperationTable::take(Ticket ticket) {
  ENSURE(find(ticket) != nullptr);
  Place& place = places_[ticket.place];
  place.is_used = false;
  free_.push_back(ticket.place);
  --size_;
  return std::exchange(place.operation, {});
}

std::uint64_t OperationTable::request_id(Ticket ticket, std::uint32_t number) {
  return std::uint64_t{ticket.generation} << 40 | std::uint64_t{ticket.place} << 16 | number;
}

OperationTable::Try OperationTable::parse(std::uint64_t request_id) {
  const Ticket ticket{static_cast<std::uint32_t>(request_id >> 16) & place_mask,
                      static_cast<std::uint32_t>(request_id >> 40)};
  return {ticket, static_cast<std::uint32_t>(request_id & most_tries)};
}

}  // namespace parley::client
