#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/hash.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/wire/frame.hpp"

namespace parley::wire {

/// Reads the values of one frame in order, from bytes that may be anything. The frame is taken apart once, into a flat
/// list of values that point into it; only arrays, numbers from 0, truth values, texts and bytes are values at all, and
/// counts and depth are bounded while it is taken apart, so that the list costs at most 16 bytes for each byte of the
/// frame and never more than limits::values_per_frame of them.
///
/// The first thing that is not as expected fails the reader for good; later reads give zeros and empty values, so a
/// decoder reads all its fields and then asks finish() once. Loops must ask ok().
class ValueReader {
 public:
  /// Takes the frame apart, after check_head. The values read later are slices of it.
  ValueReader(SharedBytes frame, FrameKind kind);

  /// How many values the frame's own array has, head included.
  [[nodiscard]] std::size_t frame_size() const { return values_.empty() ? 0 : values_.front().size; }

  /// Enters an array of at most `most` values and gives how many; of these, each takes at least one value of the frame.
  std::size_t array(std::size_t most, std::string_view what);
  /// Enters an array of exactly `size` values.
  void array_of(std::size_t size, std::string_view what);
  /// Fails unless `found`, the size that array() gave, is `size`: for arrays whose size depends on their first values.
  void expect_size(std::size_t found, std::size_t size, std::string_view what);

  std::uint64_t number(std::string_view what);
  /// A number of at most `most`.
  std::uint64_t number(std::uint64_t most, std::string_view what);
  bool boolean(std::string_view what);
  std::string text(std::size_t most_bytes, std::string_view what);
  /// A slice of the frame.
  SharedBytes bytes(std::size_t most_bytes, std::string_view what);
  /// The same for what is kept when the frame is done with: a slice only if it is at least half of the frame, else a
  /// copy. So nothing that is kept holds more than twice its own size, whatever else came with it.
  SharedBytes kept_bytes(std::size_t most_bytes, std::string_view what);
  ClusterId cluster(std::string_view what);
  Digest digest(std::string_view what);

  /// Fails the reader with this reason, unless it has failed before.
  void refuse(std::string reason);
  [[nodiscard]] bool ok() const { return !failed_; }
  /// ErrorCode::protocol with the first reason, or if values are left over.
  [[nodiscard]] Status finish();

 private:
  friend class ValueCollector;
  enum class Kind : std::uint8_t { array, number, boolean, text, bytes };
  struct Value {
    union {
      std::uint64_t number;
      const char* data;
    };
    std::uint32_t size;
    Kind kind;
  };
  static_assert(sizeof(void*) == 8);

  const Value& next(Kind kind, std::string_view what);

  SharedBytes frame_;
  std::vector<Value> values_;
  std::size_t position_ = 0;
  bool failed_ = false;
  std::string reason_;
};

}  // namespace parley::wire
