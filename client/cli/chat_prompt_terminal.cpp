// The interactive chat at a terminal: keys in, rows out.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "client/cli/chat_prompt.hpp"
#include "client/cli/chat_session.hpp"
#include "client/cli/raw_terminal.hpp"
#include "client/prompt/line_editor.hpp"
#include "client/prompt/screen.hpp"
#include "common/base/prompt_limits.hpp"

namespace parley::client::cli {
namespace {

using prompt::Key;
using Effect = prompt::LineEditor::Effect;

bool wants_colours() {
  const char* refused = std::getenv("NO_COLOR");
  return refused == nullptr || *refused == '\0';
}

class AtTerminal {
 public:
  AtTerminal(Environment& environment, ChatPrompt& chat, RawTerminal& terminal)
      : environment_(environment), chat_(chat), terminal_(terminal) {}

  int run() {
    ::tzset();
    fit();
    take_lines_read_before();
    for (;;) {
      chat_.step();
      show();
      if (chat_.is_over()) break;
      const std::uint64_t now_us = environment_.clock.now().monotonic_us;
      const std::uint64_t wake_us = chat_.next_wake_us();
      if (environment_.network.wait(wake_us - std::min(wake_us, now_us), terminal_.fd())) take(terminal_.take());
      // A signal may end a wait that says nothing of it.
    }
    environment_.out << screen_.leave() << std::flush;
    return chat_.has_broken_off() ? chat_.code() : done;
  }

 private:
  /// By the prompt of all commands, if the person types faster than it takes.
  void take_lines_read_before() {
    for (std::string line; environment_.input.next(line) == LineReader::Next::line;) chat_.take_line(line);
  }

  void fit() {
    const RawTerminal::Size size = terminal_.size();
    screen_.resize(size.columns, size.rows);
  }

  [[nodiscard]] prompt::Look look() const { return {columns_, screen_.width(), prompt::local_time}; }
  [[nodiscard]] prompt::Block block() {
    prompt::Block block{prompt::rows_of(chat_.outbox(), look()), chat_.label(), editor_.text(), editor_.cursor()};
    if (!chat_.waiting_lines().empty())
      block.above.push_back(prompt::waiting_row(chat_.waiting_lines().front(), look()));
    return block;
  }

  void show() {
    std::vector<prompt::Row> rows;
    for (const prompt::Line& line : chat_.take_lines()) {
      if (const std::string day = days_.before(line, look()); !day.empty())
        rows.push_back({{prompt::Style::dim, "--- " + day + " ---"}});
      std::ranges::move(prompt::rows_of(line, look()), std::back_inserter(rows));
    }
    const std::string bytes = screen_.show(rows, block());
    if (!bytes.empty()) environment_.out << bytes << std::flush;
  }

  void take(const RawTerminal::Came& came) {
    for (const Key& key : decoder_.take(came.bytes)) take(key);
    if (came.is_another) fit();
    if (came.is_another) show_changed();
    if (came.is_suspended) suspend();
    // Who is asked to end by a signal does not wait.
    if (came.is_over) chat_.stop();
    if (came.is_over) chat_.stop();
  }

  void take(const Key& key) {
    switch (editor_.take(key)) {
      case Effect::nothing:
      case Effect::changed: break;
      case Effect::refused: environment_.out << '\a' << std::flush; break;
      case Effect::entered: chat_.take_line(editor_.take_line()); break;
      case Effect::interrupted:
      case Effect::ended: chat_.stop(); break;
      case Effect::suspended: suspend(); break;
      case Effect::draw_again: environment_.out << screen_.show_again(block()) << std::flush; break;
      case Effect::complete: complete(); break;
    }
  }

  void complete() {
    const std::string more = prompt::completion_of(editor_.before_cursor(), chat_.chat_names());
    const bool is_put = !more.empty() && editor_.insert(more) == Effect::changed;
    if (!is_put) environment_.out << '\a' << std::flush;
  }

  /// The rows that stand there are of another width, or somebody else has written below them.
  void show_changed() {
    environment_.out << screen_.leave() << std::flush;
    show();
  }

  void suspend() {
    environment_.out << screen_.leave() << std::flush;
    terminal_.suspend();
    fit();
    show();
  }

  Environment& environment_;
  ChatPrompt& chat_;
  RawTerminal& terminal_;
  const prompt::Columns columns_;
  prompt::KeyDecoder decoder_;
  prompt::LineEditor editor_{columns_, limits::prompt_line_bytes, limits::prompt_remembered_lines};
  prompt::Screen screen_{columns_, wants_colours()};
  prompt::DayMarks days_;
};

}  // namespace

int run_at_terminal(Environment& environment, ChatPrompt& chat) {
  environment.out.flush();
  // An exception that nobody catches would end the process with the terminal as it is. It is thrown on from here, when
  // the terminal is as it was.
  try {
    const auto terminal = RawTerminal::open(environment.input.fd(), STDOUT_FILENO);
    if (!terminal) return explain(environment, terminal.error());
    return AtTerminal(environment, chat, **terminal).run();
  } catch (...) {
    throw;
  }
}

}  // namespace parley::client::cli
