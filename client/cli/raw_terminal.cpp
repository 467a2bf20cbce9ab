#include "client/cli/raw_terminal.hpp"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace parley::client::cli {
namespace {

/// So that what is pasted comes between brackets, and its ends of lines are no Enter.
constexpr const char* brackets_on = "\x1b[?2004h";
constexpr const char* brackets_off = "\x1b[?2004l";

sigset_t our_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH}) ::sigaddset(&signals, number);
  return signals;
}

}  // namespace

Result<std::unique_ptr<RawTerminal>> RawTerminal::open(int input, int output) {
  std::unique_ptr<RawTerminal> terminal(new RawTerminal(input, output));
  if (!terminal->prepare())
    return fail(ErrorCode::io, std::string("the terminal cannot be used: ") + std::strerror(errno));
  return terminal;
}

bool RawTerminal::prepare() {
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask_before_);
  if (::tcgetattr(input_, &before_) != 0) return false;
  const sigset_t signals = our_signals();
  signals_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (signals_ < 0 || poll_ < 0) return false;
  for (const int fd : {input_, signals_}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event) != 0) return false;
  }
  // From here on no signal ends us between the two.
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  is_raw_ = make_raw();
  return is_raw_;
}

RawTerminal::~RawTerminal() {
  if (is_raw_) restore();
  if (poll_ >= 0) ::close(poll_);
  if (signals_ >= 0) ::close(signals_);
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

/// Output stays as it was, so that whoever else writes there ends lines as ever.
bool RawTerminal::make_raw() const {
  termios raw = before_;
  raw.c_iflag &= static_cast<tcflag_t>(~(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON));
  raw.c_lflag &= static_cast<tcflag_t>(~(ECHO | ICANON | IEXTEN | ISIG));
  raw.c_cflag |= CS8;
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  if (::tcsetattr(input_, TCSADRAIN, &raw) != 0) return false;
  say(brackets_on);
  return true;
}

void RawTerminal::restore() const {
  say(brackets_off);
  ::tcsetattr(input_, TCSADRAIN, &before_);
}

void RawTerminal::say(const char* text) const {
  if (::write(output_, text, std::strlen(text)) < 0) return;  // a terminal that is gone needs nothing any more
}

RawTerminal::Came RawTerminal::take() {
  Came came;
  signalfd_siginfo signal{};
  while (::read(signals_, &signal, sizeof signal) == sizeof signal) {
    switch (signal.ssi_signo) {
      case SIGWINCH: came.is_another = true; break;
      case SIGTSTP: came.is_suspended = true; break;
      case SIGCONT:
        came.is_another = true;
        is_raw_ = make_raw();
        break;
      default: came.is_over = true;
    }
  }
  std::array<epoll_event, 2> events{};
  const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 0);
  for (int at = 0; at < count; ++at) {
    if (events[static_cast<std::size_t>(at)].data.fd != input_) continue;
    std::array<char, 4096> bytes;
    const ssize_t got = ::read(input_, bytes.data(), bytes.size());
    if (got > 0) came.bytes.assign(bytes.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) came.is_over = true;
  }
  return came;
}

void RawTerminal::suspend() {
  restore();
  sigset_t stop;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTSTP);
  // All of the job, as the terminal itself would. Where nobody could continue it, nothing happens.
  ::pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);
  ::kill(0, SIGTSTP);
  ::pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  is_raw_ = make_raw();
}

RawTerminal::Size RawTerminal::size() const {
  winsize size{};
  if (::ioctl(output_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

}  // namespace parley::client::cli
