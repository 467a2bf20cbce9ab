#include "client/load/data_source.hpp"

#include <charconv>

#include <fmt/core.h>

#include "common/base/limits.hpp"
#include "common/base/load_limits.hpp"

namespace parley::client::load {
namespace {

/// Digits of a key behind its `k`; 16 bytes in all.
constexpr std::size_t key_digits = 15;
/// Where a value may begin.
constexpr std::size_t pool_spread = 4096;
constexpr double largest_exponent = 10;
/// A prime beyond any number of keys: multiplied by it, ranks that follow each other lie far apart, and none falls on
/// another's place.
constexpr std::uint64_t spreading_prime = 2'654'435'761;
static_assert(limits::load_keys < spreading_prime && limits::load_keys <= UINT64_MAX / spreading_prime);

}  // namespace

config::Checked<KeyDistribution> KeyDistribution::parse(std::string_view text) {
  if (text == "uniform") return KeyDistribution{};
  if (text == "sequential") return KeyDistribution{Kind::sequential, default_exponent};
  if (text == "zipf") return KeyDistribution{Kind::zipf, default_exponent};
  constexpr std::string_view zipf = "zipf=";
  if (!text.starts_with(zipf)) {
    return std::unexpected(config::in_quotes(text) + " is none of uniform, zipf, zipf=S, sequential");
  }
  const std::string_view number = text.substr(zipf.size());
  double exponent = 0;
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), exponent, std::chars_format::fixed);
  const bool is_number = error == std::errc{} && end == number.data() + number.size() && !number.empty();
  if (!is_number || !(exponent > 0 && exponent <= largest_exponent)) {
    return std::unexpected(config::in_quotes(text) + ": S is a number above 0, at most 10");
  }
  return KeyDistribution{Kind::zipf, exponent};
}

std::string KeyDistribution::text() const {
  switch (kind) {
    case Kind::uniform: return "uniform";
    case Kind::sequential: return "sequential";
    case Kind::zipf: break;
  }
  return fmt::format("zipf={}", exponent);
}

KeySource::KeySource(std::uint64_t keys, const KeyDistribution& distribution, KeyForm form)
    : keys_(keys), kind_(distribution.kind), form_(form), key_(1 + key_digits, 'k') {
  if (kind_ == KeyDistribution::Kind::zipf) zipf_.emplace(keys, distribution.exponent);
}

std::uint64_t KeySource::draw(Random& random) {
  switch (kind_) {
    case KeyDistribution::Kind::uniform: return random.below(keys_);
    case KeyDistribution::Kind::zipf: return zipf_->draw(random) * spreading_prime % keys_;
    case KeyDistribution::Kind::sequential: break;
  }
  return next_++ % keys_;
}

BytesView KeySource::key(std::uint64_t number) {
  std::size_t at = key_.size();
  const std::size_t first = form_ == KeyForm::text ? 1 : 0;
  do {
    key_[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  if (form_ == KeyForm::number) return BytesView(key_).substr(at);
  while (at > first) key_[--at] = '0';
  return key_;
}

config::Checked<ValueSizes> ValueSizes::parse(std::string_view text) {
  const config::Range range{.min = 0, .max = limits::value_bytes};
  const std::size_t dash = text.find('-');
  const auto min = config::read_size(text.substr(0, dash), range);
  if (!min) return std::unexpected(min.error());
  if (dash == std::string_view::npos) return ValueSizes{*min, *min};
  const auto max = config::read_size(text.substr(dash + 1), range);
  if (!max) return std::unexpected(max.error());
  if (*max < *min) return std::unexpected(config::in_quotes(text) + ": the first size is the smaller one");
  return ValueSizes{*min, *max};
}

std::string ValueSizes::text() const { return min == max ? std::to_string(min) : fmt::format("{}-{}", min, max); }

ValueSource::ValueSource(const ValueSizes& sizes, Of what, Random& random) : sizes_(sizes) {
  pool_.reserve(sizes_.max + pool_spread + 8);
  while (pool_.size() < sizes_.max + pool_spread) {
    const std::uint64_t drawn = random.next();
    pool_.append(reinterpret_cast<const char*>(&drawn), sizeof drawn);
  }
  if (what == Of::bytes) return;
  for (char& each : pool_) each = static_cast<char>('a' + static_cast<unsigned char>(each) % 26);
}

BytesView ValueSource::draw(Random& random) const {
  const std::uint64_t size = sizes_.min == sizes_.max ? sizes_.min : random.between(sizes_.min, sizes_.max);
  return BytesView(pool_).substr(random.below(pool_spread), size);
}

}  // namespace parley::client::load
