#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/load/zipf.hpp"
#include "common/base/bytes.hpp"
#include "common/base/random.hpp"
#include "common/config/value.hpp"

/// The keys and values of a load.
namespace parley::client::load {

/// Which keys a load touches how often.
struct KeyDistribution {
  enum class Kind : std::uint8_t {
    uniform,
    zipf,        ///< some very often, most hardly ever; the popular ones are spread over all
    sequential,  ///< one after the other, and again from the first
  };
  static constexpr double default_exponent = 0.99;

  Kind kind = Kind::uniform;
  double exponent = default_exponent;  ///< of zipf

  /// `uniform`, `sequential`, `zipf` or `zipf=S`, S above 0 and at most 10.
  [[nodiscard]] static config::Checked<KeyDistribution> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
};

/// What a key looks like.
enum class KeyForm : std::uint8_t {
  text,    ///< `k` and 15 digits
  number,  ///< a decimal number, as `-engine disk` takes it
};

class KeySource {
 public:
  KeySource(std::uint64_t keys, const KeyDistribution& distribution, KeyForm form);

  /// The number of the next key, below the number of keys.
  [[nodiscard]] std::uint64_t draw(Random& random);
  /// Borrowed until the next call.
  [[nodiscard]] BytesView key(std::uint64_t number);

 private:
  std::uint64_t keys_;
  KeyDistribution::Kind kind_;
  KeyForm form_;
  std::optional<Zipf> zipf_;
  std::uint64_t next_ = 0;
  std::string key_;
};

/// Bytes of the values that a load writes: from min to max, uniformly.
struct ValueSizes {
  std::uint64_t min = 128;
  std::uint64_t max = 128;
  /// `SIZE` or `SIZE-SIZE`, each at most limits::value_bytes.
  [[nodiscard]] static config::Checked<ValueSizes> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
};

/// Values are slices of random bytes, or of random letters: beginning elsewhere each time, they differ, and cost
/// nothing to make.
class ValueSource {
 public:
  enum class Of : std::uint8_t { bytes, letters };
  ValueSource(const ValueSizes& sizes, Of what, Random& random);
  /// Borrowed for the life of this.
  [[nodiscard]] BytesView draw(Random& random) const;

 private:
  ValueSizes sizes_;
  std::string pool_;
};

}  // namespace parley::client::load
