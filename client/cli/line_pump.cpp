#include "client/cli/line_pump.hpp"

#include <algorithm>

namespace parley::client::cli {
namespace {

class Pumping {
 public:
  Pumping(Environment& environment, const LinePump& pump) : environment_(environment), pump_(pump) {}

  Status run() {
    Client& client = environment_.client;
    Status read;
    while (environment_.out.good()) {
      take_lines();
      client.step();
      const bool wants_line = wants_more() && client.outstanding() < pump_.window;
      if (!wants_more() && client.outstanding() == 0) break;
      // The step made room, perhaps by the last answers that there were to come: for lines that were read already
      // nothing would end a wait.
      if (wants_line && may_hold_lines_) continue;
      const std::uint64_t now_us = environment_.clock.now().monotonic_us;
      const std::uint64_t wait_us = client.next_wake_us() - std::min(client.next_wake_us(), now_us);
      if (!environment_.network.wait(wait_us, wants_line ? environment_.input.fd() : -1)) continue;
      if (Status filled = environment_.input.fill(); !filled) {
        read = std::move(filled);
        has_ended_ = true;
      }
    }
    return read;
  }

 private:
  [[nodiscard]] bool wants_more() const { return !has_ended_ && (!pump_.wants_more || pump_.wants_more()); }

  /// As far as the window allows.
  void take_lines() {
    may_hold_lines_ = true;
    while (wants_more() && environment_.client.outstanding() < pump_.window && environment_.out.good()) {
      switch (environment_.input.next(line_)) {
        case LineReader::Next::nothing: may_hold_lines_ = false; return;
        case LineReader::Next::end: has_ended_ = true; break;
        case LineReader::Next::line: pump_.take(line_); break;
        case LineReader::Next::too_long: pump_.take_too_long(); break;
      }
    }
  }

  Environment& environment_;
  const LinePump& pump_;
  bool has_ended_ = false;
  bool may_hold_lines_ = false;  ///< the reader, of lines that the window had no room for
  std::string line_;
};

}  // namespace

Status pump_lines(Environment& environment, const LinePump& pump) { return Pumping(environment, pump).run(); }

}  // namespace parley::client::cli
