#include "client/cli/password_input.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>

#include "common/base/chat_limits.hpp"

namespace parley::client::cli {
namespace {

/// The terminal of the process, whatever its input is, without echo. Keys come one by one and send no signals, so that
/// nothing that is typed leaves it as it is now; it is as it was when this ends.
class Terminal {
 public:
  Terminal() : fd_(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (fd_ < 0 || ::tcgetattr(fd_, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= static_cast<tcflag_t>(~(ECHO | ICANON | ISIG));
    silent.c_cc[VMIN] = 1;
    silent.c_cc[VTIME] = 0;
    is_silent_ = ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (is_silent_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] bool is_silent() const { return is_silent_; }

  /// A line without its end; nothing if the person gives up, or the terminal is gone.
  [[nodiscard]] std::optional<std::string> ask(const std::string& prompt) {
    say(prompt);
    std::string line;
    for (;;) {
      char key = 0;
      const ssize_t got = ::read(fd_, &key, 1);
      if (got < 0 && errno == EINTR) continue;
      if (got != 1 || key == interrupt || key == end_of_input) break;
      if (key == '\n' || key == '\r') {
        say("\n");
        return line;
      }
      edit(line, key);
    }
    say("\n");
    return std::nullopt;
  }

 private:
  static constexpr char interrupt = 3;
  static constexpr char end_of_input = 4;
  static constexpr char backspace = 8;
  static constexpr char kill_line = 21;
  static constexpr char rub_out = 127;

  /// A password longer than may be is cut there and refused by whoever takes it.
  static void edit(std::string& line, char key) {
    if (key == kill_line) {
      line.clear();
    } else if (key == backspace || key == rub_out) {
      // The bytes of one character: those that continue it, and that which begins it.
      while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0) == 0x80) line.pop_back();
      if (!line.empty()) line.pop_back();
    } else if (line.size() <= limits::password_bytes) {
      line += key;
    }
  }
  void say(const std::string& text) {
    if (::write(fd_, text.data(), text.size()) < 0) return;  // who cannot be asked does not answer
  }

  int fd_;
  termios before_{};
  bool is_silent_ = false;
};

}  // namespace

Result<std::string> ask_password(const char* variable, const std::string& prompt, bool is_new) {
  std::optional<std::string> password;
  if (const char* given = std::getenv(variable); given != nullptr) {
    password = given;
  } else {
    Terminal terminal;
    if (!terminal.is_silent()) {
      return fail(ErrorCode::usage,
                  std::string("there is no terminal to ask for a password; ") + variable + " may have it");
    }
    password = terminal.ask(prompt + ": ");
    if (password && is_new && !password->empty()) {
      const auto again = terminal.ask(prompt + ", again: ");
      if (again && *again != *password) return fail(ErrorCode::usage, "the two passwords differ");
      if (!again) password.reset();
    }
  }
  if (!password) return fail(ErrorCode::usage, "no password was given");
  if (password->empty()) return fail(ErrorCode::usage, "the password is empty");
  return *std::move(password);
}

}  // namespace parley::client::cli
