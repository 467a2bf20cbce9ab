// chat, without another word: the interactive chat, here line by line.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "client/cli/chat_commands.hpp"
#include "client/cli/chat_prompt.hpp"
#include "client/cli/chat_session.hpp"
#include "client/cli/chat_text.hpp"
#include "common/base/json_object.hpp"
#include "common/base/utf8.hpp"

namespace parley::client::cli {
namespace {

using prompt::Line;

/// Both ends are one, and it can move a cursor.
bool has_terminal(const Environment& environment) {
  const char* kind = std::getenv("TERM");
  const bool is_able = kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb";
  return is_able && !environment.options.json && ::isatty(environment.input.fd()) == 1 && ::isatty(STDOUT_FILENO) == 1;
}

std::string_view name_of(Line::Kind kind) {
  switch (kind) {
    case Line::Kind::event: break;
    case Line::Kind::note: return "note";
    case Line::Kind::trouble: return "trouble";
    case Line::Kind::failure: return "failure";
    case Line::Kind::sending: return "sending";
  }
  return "event";
}

std::string json_of(const Line& line) {
  if (line.event) return event_json(*line.event, line.chat);
  JsonObject json;
  json.bytes(name_of(line.kind), line.text);
  if (!line.chat.empty()) json.bytes("chat", line.chat);
  return std::move(json).done();
}

/// A line each, whatever is in it.
std::string text_of(const Line& line) {
  const auto shown = [](BytesView text) { return is_utf8(text) ? without_controls(text) : Bytes("(not UTF-8)"); };
  if (line.event) return shown(line.chat) + "\t" + event_line(*line.event);
  const std::string chat = line.chat.empty() ? "" : shown(line.chat) + ": ";
  return (line.kind == Line::Kind::failure ? "! " : "* ") + chat + shown(line.text);
}

class Chat final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.text("open", &open_,
               {.meaning = "the chat to begin with; without it, the only one that the user is in",
                .value = "CHAT",
                .shown_default = "none",
                .where = config::Where::flag_only});
  }

  int run(Environment& environment, const std::vector<std::string>&) override {
    int code = done;
    auto session = ChatSession::open(environment, code);
    if (!session) return code;
    auto found = session->user(environment, environment.options.user, code);
    if (!found) return code;
    ChatPrompt chat(environment, std::move(found->name), std::move(found->user), open_);
    return has_terminal(environment) ? run_at_terminal(environment, chat) : run_plain(environment, chat);
  }

 private:
  std::string open_;
};

}  // namespace

int run_plain(Environment& environment, ChatPrompt& chat) {
  std::string typed;
  bool has_ended = false;
  for (;;) {
    chat.step();
    for (const Line& line : chat.take_lines())
      environment.out << (environment.options.json ? json_of(line) : text_of(line)) << '\n';
    environment.out.flush();
    if (chat.is_over()) return chat.code();
    if (!environment.out.good()) return answer_is_no;  // nobody reads it any more
    // One line after the other, so that each finds what those before it have done.
    const bool wants_line = chat.is_idle() && !has_ended;
    if (wants_line) {
      switch (environment.input.next(typed)) {
        case LineReader::Next::line: chat.take_line(typed); continue;
        case LineReader::Next::too_long: chat.refuse_line("too_large: the line is too long"); continue;
        case LineReader::Next::end:
          has_ended = true;
          chat.stop();
          continue;
        case LineReader::Next::nothing: break;
      }
    }
    const std::uint64_t now_us = environment.clock.now().monotonic_us;
    const std::uint64_t wake_us = chat.next_wake_us();
    if (!environment.network.wait(wake_us - std::min(wake_us, now_us), wants_line ? environment.input.fd() : -1))
      continue;
    if (const Status filled = environment.input.fill(); !filled) return explain(environment, filled.error());
  }
}

std::unique_ptr<Command> make_chat() { return std::make_unique<Chat>(); }

}  // namespace parley::client::cli
