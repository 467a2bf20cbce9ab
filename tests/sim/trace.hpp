#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/hash.hpp"

namespace parley::sim {

/// What happened in a simulation, as a hash over everything, by which two runs are compared, and on demand as text.
class Trace {
 public:
  /// Gets every line of the narration; none is made without it.
  using Narrator = std::function<void(const std::string& line)>;
  /// Stands for the simulation itself in a line.
  static constexpr int nobody_special = -1;

  explicit Trace(Narrator narrator) : narrator_(std::move(narrator)) {}

  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  void set_time(std::uint64_t now_us) {
    now_us_ = now_us;
    mix(now_us);
  }

  /// Something happened to a node (by its number). Every value that it depends on belongs into `numbers`.
  template <class... Numbers>
  void note(int node, fmt::format_string<Numbers...> text, Numbers... numbers) {
    const fmt::string_view view = text;
    mix(checksum64({view.data(), view.size()}));
    mix(static_cast<std::uint64_t>(node));
    (mix(static_cast<std::uint64_t>(numbers)), ...);
    if (narrator_) narrate(node, fmt::vformat(view, fmt::make_format_args(numbers...)));
  }
  /// Only told, not part of the hash.
  void tell(int node, const std::string& text) {
    if (narrator_) narrate(node, text);
  }
  [[nodiscard]] bool is_narrating() const { return static_cast<bool>(narrator_); }

 private:
  void mix(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15ULL;
    hash_ ^= hash_ >> 29;
  }
  void narrate(int node, const std::string& text) {
    const std::string who = node < 0 ? std::string("--") : fmt::format("n{}", node);
    narrator_(fmt::format("{:10.6f} {} {}", static_cast<double>(now_us_) / 1e6, who, text));
  }

  Narrator narrator_;
  std::uint64_t hash_ = 0x243f6a8885a308d3ULL;
  std::uint64_t now_us_ = 0;
};

}  // namespace parley::sim
