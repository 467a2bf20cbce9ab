#pragma once
#include <termios.h>

#include <csignal>
#include <cstddef>
#include <memory>
#include <string>

#include "common/base/result.hpp"

namespace parley::client::cli {

/// The terminal of standard input and output, which gives keys one by one and shows nothing by itself. Signals that
/// would end or stop the process are taken here meanwhile, so that the terminal is as it was before whenever somebody
/// else has it. One at a time, by one thread.
class RawTerminal {
 public:
  /// ErrorCode::io if it cannot be set.
  [[nodiscard]] static Result<std::unique_ptr<RawTerminal>> open(int input, int output);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  /// Readable when something has come.
  [[nodiscard]] int fd() const { return poll_; }
  struct Came {
    std::string bytes;          ///< that were typed
    bool is_over = false;       ///< the terminal is gone, or a signal has asked to end
    bool is_another = false;    ///< another size, or somebody else had the terminal meanwhile
    bool is_suspended = false;  ///< somebody wants the process to stop
  };
  /// Never waits.
  [[nodiscard]] Came take();
  /// Lets others have the terminal until the process is continued.
  void suspend();

  struct Size {
    std::size_t columns = 80;
    std::size_t rows = 24;
  };
  [[nodiscard]] Size size() const;

 private:
  RawTerminal(int input, int output) : input_(input), output_(output) {}
  [[nodiscard]] bool prepare();
  [[nodiscard]] bool make_raw() const;
  void restore() const;
  void say(const char* text) const;

  int input_;
  int output_;
  int signals_ = -1;
  int poll_ = -1;
  bool is_raw_ = false;
  termios before_{};
  sigset_t mask_before_{};
};

}  // namespace parley::client::cli
