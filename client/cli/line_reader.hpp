#pragma once
#include <cstddef>
#include <string>

#include "common/base/result.hpp"

namespace parley::client::cli {

/// Reads lines from a file descriptor that may also be waited for together with the network. For one thread.
class LineReader {
 public:
  enum class Next {
    line,      ///< one was given, without its end
    too_long,  ///< a line beyond the bound was skipped
    nothing,   ///< fill() must read more first
    end,       ///< the input has ended
  };

  /// Borrows the descriptor. A line longer than `longest` bytes is skipped.
  LineReader(int fd, std::size_t longest) : fd_(fd), longest_(longest) {}

  [[nodiscard]] int fd() const { return fd_; }
  /// Reads once, which waits if nothing is there. ErrorCode::io if the input cannot be read.
  Status fill();
  /// What was read so far; a last line without an end counts when the input has ended.
  [[nodiscard]] Next next(std::string& line);
  /// The next line, waiting for it.
  [[nodiscard]] Result<Next> wait_for_line(std::string& line);
  /// All that is left of the input, but not more than `most` bytes and one.
  [[nodiscard]] Result<std::string> rest(std::size_t most);

 private:
  int fd_;
  std::size_t longest_;
  std::string buffer_;
  std::size_t begin_ = 0;     ///< of what was not given out yet
  std::size_t searched_ = 0;  ///< up to there is no end of a line
  bool has_ended_ = false;
  bool is_skipping_ = false;
};

}  // namespace parley::client::cli
