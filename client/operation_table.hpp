#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "client/operation.hpp"

namespace parley::client {

/// Names an operation for as long as it is there; never reused for another one in the life of a process, but for a
/// wrap-around of 2^24 uses of a place.
struct Ticket {
  std::uint32_t place = 0;
  std::uint32_t generation = 0;
  friend bool operator==(const Ticket&, const Ticket&) = default;
};

/// The operations that are not answered yet, found by the request ids of their tries without hashing:
///
///     request id = generation (24 bits) | place (24 bits) | try (16 bits)
class OperationTable {
 public:
  /// Tries that ids can tell apart. An operation that used them up waits for its deadline.
  static constexpr std::uint32_t most_tries = 0xFFFF;

  struct Try {
    Ticket ticket;
    std::uint32_t number = 0;
  };

  /// References to operations stay valid until they are erased.
  [[nodiscard]] Ticket add(Operation operation);
  /// Null if it has ended.
  [[nodiscard]] Operation* find(Ticket ticket);
  [[nodiscard]] Operation take(Ticket ticket);
  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] static std::uint64_t request_id(Ticket ticket, std::uint32_t number);
  [[nodiscard]] static Try parse(std::uint64_t request_id);

  /// Calls visit(ticket, operation) for each; it may end the one that it is given, and add others.
  template <class Visit>
  void for_each(Visit visit) {
    for (std::uint32_t place = 0; place < places_.size(); ++place) {
      if (places_[place].is_used) visit(Ticket{place, places_[place].generation}, places_[place].operation);
    }
  }

 private:
  struct Place {
    Operation operation;
    std::uint32_t generation = 0;
    bool is_used = false;
  };
  std::deque<Place> places_;  ///< a deque, so that a callback that adds one moves nobody
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
};

}  // namespace parley::client
