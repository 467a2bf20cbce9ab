#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/random.hpp"
#include "common/config/value.hpp"

namespace parley::client::cli {

/// What a load consists of: operations by weight.
class Mix {
 public:
  enum class Op : std::uint8_t { set, get, erase };
  static constexpr std::array<std::string_view, 3> names = {"set", "get", "delete"};

  /// Half of each.
  Mix() = default;
  /// `set=50,get=50`: names with weights, which are relative to their sum. An operation that is not named has none.
  [[nodiscard]] static config::Checked<Mix> parse(std::string_view text);

  [[nodiscard]] Op draw(Random& random) const;
  [[nodiscard]] std::uint64_t weight(Op op) const { return weights_[static_cast<std::size_t>(op)]; }
  /// As parse() takes it.
  [[nodiscard]] std::string text() const;

 private:
  std::array<std::uint64_t, 3> weights_ = {50, 50, 0};
  std::uint64_t sum_ = 100;
};

}  // namespace parley::client::cli
