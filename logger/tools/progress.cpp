#include "logger/tools/progress.hpp"

#include <fmt/format.h>

namespace parley::logger::tools {
namespace {

constexpr std::uint64_t interval_us = 250'000;
/// The clock is read for one call in so many.
constexpr std::uint64_t calls_between = 64;

}  // namespace

void Progress::show(Index at, Index last) {
  if (!shown_ || calls_++ % calls_between != 0) return;
  const std::uint64_t now = clock_.now().monotonic_us;
  if (next_us_ == 0) next_us_ = now + interval_us;
  if (now < next_us_) return;
  next_us_ = now + interval_us;
  const std::string of = last > at ? fmt::format(" of about {}", last.value) : std::string();
  const std::string text = fmt::format("entry {}{}", at.value, of);
  fmt::print(terminal_, "\r{:<{}}", text, columns_);
  std::fflush(terminal_);
  columns_ = std::max(columns_, text.size());
}

void Progress::clear() {
  if (columns_ == 0) return;
  fmt::print(terminal_, "\r{:<{}}\r", "", columns_);
  std::fflush(terminal_);
  columns_ = 0;
}

}  // namespace parley::logger::tools
