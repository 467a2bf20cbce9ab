#pragma once
#include <span>
#include <string_view>

namespace parley::client::load {

/// Flags under a name: what the experiments of others have put on their systems. A flag that is given wins.
struct Preset {
  std::string_view name;
  std::string_view flags;  ///< each with its value, parted by single blanks
};

[[nodiscard]] std::span<const Preset> presets();

}  // namespace parley::client::load
