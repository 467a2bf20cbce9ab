#pragma once
#include <cstdint>
#include <optional>

namespace parley::linearizability {

/// A value of the key as a number: equal numbers for equal values. 0 stands for "there is no such key".
using Value = std::uint32_t;
inline constexpr Value absent = 0;

/// What a client asked of the key, and what it was told.
struct Operation {
  enum class Kind : std::uint8_t { get, set, erase, compare_and_set };
  enum class Answer : std::uint8_t {
    done,      ///< carried out; a get was told `seen`
    missing,   ///< there was no such key
    mismatch,  ///< the key had another value than the expected: `seen`
  };

  Kind kind = Kind::get;
  Value expected = absent;  ///< by compare_and_set
  Value desired = absent;   ///< by set and compare_and_set
  std::uint64_t begin = 0;  ///< when it was asked: a moment in an order that all operations share
  /// When the answer came; later than `begin`. Nothing: the client never learned the outcome, so it may have taken
  /// effect at any later time, or never; then `answer` and `seen` mean nothing.
  std::optional<std::uint64_t> end;
  Answer answer = Answer::done;
  std::optional<Value> seen;  ///< nothing if the answer told no value

  [[nodiscard]] bool is_open() const { return !end; }
  [[nodiscard]] bool writes() const { return kind == Kind::set || kind == Kind::compare_and_set; }
};

/// The value after the operation; nothing if its answer was not possible with the value before.
[[nodiscard]] std::optional<Value> step(const Operation& operation, Value before);

}  // namespace parley::linearizability
