#pragma once
#include <cstdio>
#include <string>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"

namespace parley::logger::tools {

/// A line on a terminal that says how far something has come, rewritten a few times a second. Gone with the object.
class Progress {
 public:
  /// Nothing is shown unless `shown`.
  Progress(std::FILE* terminal, bool shown, const Clock& clock) : terminal_(terminal), shown_(shown), clock_(clock) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(Index at, Index last);
  /// So that something else can be written there.
  void clear();

 private:
  std::FILE* terminal_;
  bool shown_;
  const Clock& clock_;
  std::uint64_t calls_ = 0;
  std::uint64_t next_us_ = 0;
  std::size_t columns_ = 0;  ///< that stand there now
};

}  // namespace parley::logger::tools
