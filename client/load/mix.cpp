#include "client/load/mix.hpp"

#include <algorithm>
#include <optional>

#include "client/load/operations.hpp"
#include "common/base/load_limits.hpp"

namespace parley::client::load {

Mix::Mix(const std::vector<std::uint64_t>& weights) {
  std::uint64_t sum = 0;
  for (std::size_t kind = 0; kind < weights.size(); ++kind) {
    if (weights[kind] > 0) parts_.push_back({kind, sum += weights[kind]});
  }
}

std::string Mix::choices() {
  std::string choices;
  for (const OperationKind& kind : operation_kinds()) {
    choices += choices.empty() ? "" : ", ";
    choices += std::string(kind.name) + "=WEIGHT";
  }
  return choices;
}

config::Checked<Mix> Mix::parse(std::string_view text) {
  const auto parts = config::read_list(text);
  if (!parts) return std::unexpected(parts.error());
  const auto kinds = operation_kinds();
  std::vector<std::optional<std::uint64_t>> given(kinds.size());
  for (const std::string& part : *parts) {
    const std::size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    const auto found = std::ranges::find(kinds, std::string_view(name), &OperationKind::name);
    if (equals == std::string::npos || found == kinds.end()) {
      return std::unexpected(config::in_quotes(part) + " is none of " + choices());
    }
    const auto weight = config::read_number(part.substr(equals + 1), {.min = 0, .max = limits::load_weight});
    if (!weight) return std::unexpected(name + ": " + weight.error());
    auto& place = given[static_cast<std::size_t>(found - kinds.begin())];
    if (place) return std::unexpected(name + " is given twice");
    place = *weight;
  }
  std::vector<std::uint64_t> weights;
  for (const auto& each : given) weights.push_back(each.value_or(0));
  if (std::ranges::all_of(weights, [](std::uint64_t weight) { return weight == 0; })) {
    return std::unexpected("all weights are 0");
  }
  return Mix(weights);
}

std::uint64_t Mix::weight(std::size_t kind) const {
  std::uint64_t before = 0;
  for (const Part& part : parts_) {
    if (part.kind == kind) return part.end - before;
    before = part.end;
  }
  return 0;
}

bool Mix::needs_rows() const {
  const auto needs = [](const Part& part) { return operation_kinds()[part.kind].needs == OperationKind::Needs::rows; };
  return std::ranges::any_of(parts_, needs);
}

bool Mix::needs_chat() const {
  const auto needs = [](const Part& part) { return operation_kinds()[part.kind].needs == OperationKind::Needs::chat; };
  return std::ranges::any_of(parts_, needs);
}

std::string Mix::text() const {
  std::string text;
  for (const Part& part : parts_) {
    text += text.empty() ? "" : ",";
    text += std::string(operation_kinds()[part.kind].name) + "=" + std::to_string(weight(part.kind));
  }
  return text;
}

}  // namespace parley::client::load
