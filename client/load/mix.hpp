#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/random.hpp"
#include "common/config/value.hpp"

namespace parley::client::load {

/// What a load consists of: kinds of operations by weight. A kind is its place in operation_kinds().
class Mix {
 public:
  /// Half of each of the first two.
  Mix() : Mix(std::vector<std::uint64_t>{50, 50}) {}
  /// `set=50,get=50`: names with weights, which are relative to their sum. An operation that is not named has none.
  [[nodiscard]] static config::Checked<Mix> parse(std::string_view text);

  [[nodiscard]] std::size_t draw(Random& random) const {
    const std::uint64_t drawn = random.below(parts_.back().end);
    std::size_t at = 0;
    while (drawn >= parts_[at].end) ++at;
    return parts_[at].kind;
  }
  [[nodiscard]] std::uint64_t weight(std::size_t kind) const;
  /// True if some operation of it finds nothing unless the keys are written first.
  [[nodiscard]] bool needs_rows() const;
  /// True if some operation of it is of the chat.
  [[nodiscard]] bool needs_chat() const;
  /// As parse() takes it.
  [[nodiscard]] std::string text() const;
  /// `OP=WEIGHT` of every kind, for a person.
  [[nodiscard]] static std::string choices();

 private:
  struct Part {
    std::size_t kind = 0;
    std::uint64_t end = 0;  ///< the sum of weights up to and with this
  };
  /// By kind; those that are missing are 0. The sum is above 0.
  explicit Mix(const std::vector<std::uint64_t>& weights);
  std::vector<Part> parts_;  ///< those with a weight
};

}  // namespace parley::client::load
