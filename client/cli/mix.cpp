#include "client/cli/mix.hpp"

#include <algorithm>

namespace parley::client::cli {

config::Checked<Mix> Mix::parse(std::string_view text) {
  const auto parts = config::read_list(text);
  if (!parts) return std::unexpected(parts.error());
  Mix mix;
  mix.weights_ = {};
  mix.sum_ = 0;
  std::array<bool, 3> given{};
  for (const std::string& part : *parts) {
    const std::size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    const auto found = std::ranges::find(names, name);
    if (equals == std::string::npos || found == names.end()) {
      return std::unexpected(config::in_quotes(part) + " is none of set=WEIGHT, get=WEIGHT, delete=WEIGHT");
    }
    const auto weight = config::read_number(part.substr(equals + 1), {.min = 0, .max = 1'000'000});
    if (!weight) return std::unexpected(name + ": " + weight.error());
    const auto at = static_cast<std::size_t>(found - names.begin());
    if (given[at]) return std::unexpected(name + " is given twice");
    given[at] = true;
    mix.weights_[at] = *weight;
    mix.sum_ += *weight;
  }
  if (mix.sum_ == 0) return std::unexpected("all weights are 0");
  return mix;
}

Mix::Op Mix::draw(Random& random) const {
  std::uint64_t drawn = random.below(sum_);
  std::size_t at = 0;
  while (drawn >= weights_[at]) drawn -= weights_[at++];
  return static_cast<Op>(at);
}

std::string Mix::text() const {
  std::string text;
  for (std::size_t at = 0; at < names.size(); ++at) {
    if (weights_[at] == 0) continue;
    text += text.empty() ? "" : ",";
    text += std::string(names[at]) + "=" + std::to_string(weights_[at]);
  }
  return text;
}

}  // namespace parley::client::cli
