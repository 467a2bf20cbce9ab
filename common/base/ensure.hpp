#pragma once
#include <concepts>
#include <sstream>
#include <string>

/// ENSURE(condition) and ENSURE_EQ(a, b) state what must be true. They are always on: a replica that has broken its own
/// invariant must stop before it tells anyone else. A broken one prints file, line, the expression and the values, and
/// aborts. They are never for bad input from outside: that is a Result or a value.
#define ENSURE(condition) \
  ((condition) ? void(0) : ::parley::ensure_failed(__FILE__, __LINE__, #condition, std::string{}))
#define ENSURE_EQ(left, right) ENSURE_COMPARE(left, ==, right)
#define ENSURE_LE(left, right) ENSURE_COMPARE(left, <=, right)
#define ENSURE_LT(left, right) ENSURE_COMPARE(left, <, right)
#define ENSURE_COMPARE(left, op, right)                                                              \
  do {                                                                                               \
    const auto& ensure_left_ = (left);                                                               \
    const auto& ensure_right_ = (right);                                                             \
    if (!(ensure_left_ op ensure_right_))                                                            \
      ::parley::ensure_failed(                                                                       \
          __FILE__, __LINE__, #left " " #op " " #right,                                              \
          ::parley::ensure_text(ensure_left_) + " against " + ::parley::ensure_text(ensure_right_)); \
  } while (false)

namespace parley {

[[noreturn]] void ensure_failed(const char* file, int line, const char* condition, const std::string& values);

template <class T>
std::string ensure_text(const T& value) {
  if constexpr (requires(std::ostream & out) { out << value; }) {
    std::ostringstream out;
    out << value;
    return out.str();
  } else {
    return "?";
  }
}

}  // namespace parley
