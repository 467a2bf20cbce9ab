#include "common/wire/value_reader.hpp"

#include <algorithm>

#include "common/base/limits.hpp"
#include "common/wire/strict_visitor.hpp"

namespace parley::wire {

/// Called by msgpack for each value of a frame; refuses by returning false.
class ValueCollector : public StrictVisitor {
 public:
  using Kind = ValueReader::Kind;
  ValueCollector(std::vector<ValueReader::Value>& values, std::size_t frame_bytes)
      : values_(values), frame_bytes_(frame_bytes) {}

  bool visit_positive_integer(std::uint64_t number) { return add({{.number = number}, 0, Kind::number}); }
  bool visit_negative_integer(std::int64_t number) {
    // Some packers write numbers from 0 in the signed forms.
    return number >= 0 ? visit_positive_integer(static_cast<std::uint64_t>(number)) : refuse("a negative number");
  }
  bool visit_boolean(bool value) { return add({{.number = value ? 1U : 0U}, 0, Kind::boolean}); }
  bool visit_str(const char* data, std::uint32_t size) { return add({{.data = data}, size, Kind::text}); }
  bool visit_bin(const char* data, std::uint32_t size) { return add({{.data = data}, size, Kind::bytes}); }
  bool start_array(std::uint32_t size) {
    if (++depth_ > limits::frame_depth) return refuse("arrays nest too deep");
    // Each value takes a byte or more: what announces more values than there are bytes is lying.
    if (size > frame_bytes_) return refuse("an array announces more values than the frame has bytes");
    return add({{.number = 0}, size, Kind::array});
  }
  bool end_array() {
    --depth_;
    return true;
  }

 private:
  bool add(ValueReader::Value value) {
    if (values_.size() == limits::values_per_frame) return refuse("too many values");
    values_.push_back(value);
    return true;
  }

  std::vector<ValueReader::Value>& values_;
  std::size_t frame_bytes_;
  std::size_t depth_ = 0;
};

ValueReader::ValueReader(SharedBytes frame, FrameKind kind) : frame_(std::move(frame)) {
  if (const Status head = check_head(frame_.view(), kind); !head) {
    refuse(head.error().what);
    return;
  }
  // A small request takes some 24 bytes and six values; more than that is grown into.
  values_.reserve(std::min(frame_.size() / 4 + 8, std::size_t{2048}));
  ValueCollector collector(values_, frame_.size());
  if (!parse_whole(frame_.view(), collector)) {
    values_.clear();
    refuse(collector.reason() != nullptr ? collector.reason() : "cut short, followed by other bytes, or no msgpack");
    return;
  }
  position_ = 4;  // array, version, kind, cluster: the head was checked
}

void ValueReader::refuse(std::string reason) {
  if (failed_) return;
  failed_ = true;
  reason_ = std::move(reason);
}

const ValueReader::Value& ValueReader::next(Kind kind, std::string_view what) {
  static constexpr Value nothing{{.number = 0}, 0, Kind::number};
  if (failed_) return nothing;
  if (position_ == values_.size() || values_[position_].kind != kind) {
    refuse(std::string(what) + " is missing or of another type");
    return nothing;
  }
  return values_[position_++];
}

std::size_t ValueReader::array(std::size_t most, std::string_view what) {
  const std::size_t size = next(Kind::array, what).size;
  if (size <= most) return size;
  refuse(std::string(what) + " has " + std::to_string(size) + " values, at most " + std::to_string(most) +
         " are taken");
  return 0;
}

void ValueReader::array_of(std::size_t size, std::string_view what) {
  expect_size(next(Kind::array, what).size, size, what);
}

void ValueReader::expect_size(std::size_t found, std::size_t size, std::string_view what) {
  if (found == size) return;
  refuse(std::string(what) + " has " + std::to_string(found) + " values instead of " + std::to_string(size));
}

std::uint64_t ValueReader::number(std::string_view what) { return next(Kind::number, what).number; }

std::uint64_t ValueReader::number(std::uint64_t most, std::string_view what) {
  const std::uint64_t value = number(what);
  if (value <= most) return value;
  refuse(std::string(what) + " is " + std::to_string(value) + ", at most " + std::to_string(most) + " is known");
  return 0;
}

bool ValueReader::boolean(std::string_view what) { return next(Kind::boolean, what).number != 0; }

std::string ValueReader::text(std::size_t most_bytes, std::string_view what) {
  const Value& value = next(Kind::text, what);
  if (value.size == 0) return {};
  if (value.size <= most_bytes) return std::string(value.data, value.size);
  refuse(std::string(what) + " is longer than " + std::to_string(most_bytes) + " bytes");
  return {};
}

SharedBytes ValueReader::bytes(std::size_t most_bytes, std::string_view what) {
  const Value& value = next(Kind::bytes, what);
  if (value.size == 0) return {};
  if (value.size <= most_bytes) return frame_.slice({value.data, value.size});
  refuse(std::string(what) + " is longer than " + std::to_string(most_bytes) + " bytes");
  return {};
}

SharedBytes ValueReader::kept_bytes(std::size_t most_bytes, std::string_view what) {
  SharedBytes slice = bytes(most_bytes, what);
  return 2 * slice.size() >= frame_.size() ? slice : SharedBytes::copy_of(slice.view());
}

ClusterId ValueReader::cluster(std::string_view what) {
  ClusterId id;
  const Value& value = next(Kind::bytes, what);
  if (value.size == id.bytes.size()) {
    std::copy_n(value.data, value.size, reinterpret_cast<char*>(id.bytes.data()));
  } else {
    refuse(std::string(what) + " is no cluster id");
  }
  return id;
}

Digest ValueReader::digest(std::string_view what) {
  const Value& value = next(Kind::bytes, what);
  if (value.size == Digest{}.bytes.size()) return *Digest::from_bytes({value.data, value.size});
  refuse(std::string(what) + " is no digest");
  return {};
}

Status ValueReader::finish() {
  if (!failed_ && position_ != values_.size()) refuse("values are left over");
  if (failed_) return fail(ErrorCode::protocol, reason_);
  return {};
}

}  // namespace parley::wire
