// batch
#include <algorithm>
#include <map>
#include <utility>

#include "client/cli/batch_line.hpp"
#include "client/cli/chat_session.hpp"
#include "client/cli/command.hpp"
#include "common/base/limits.hpp"

namespace parley::client::cli {
namespace {

class Batch final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.number(
        "window", &window_, {.min = 1, .max = limits::client_operations / 2},
        {.meaning = "requests in flight; with 1 they are carried out in order", .where = config::Where::flag_only});
  }

  int run(Environment& environment, const std::vector<std::string>&) override {
    if (environment.is_prompt) return wrong(environment, "batch: not at the prompt, which reads the same input");
    Client& client = environment.client;
    while (environment.out.good()) {
      take_lines(environment);
      client.step();
      const bool wants_line = !has_ended_ && client.outstanding() < window_;
      if (has_ended_ && client.outstanding() == 0) break;
      // The step made room, perhaps by the last answers that there were to come: for lines that were read already
      // nothing would end a wait.
      if (wants_line && may_hold_lines_) continue;
      const std::uint64_t now_us = environment.clock.now().monotonic_us;
      const std::uint64_t wait_us = client.next_wake_us() - std::min(client.next_wake_us(), now_us);
      if (!environment.network.wait(wait_us, wants_line ? environment.input.fd() : -1)) continue;
      if (const parley::Status filled = environment.input.fill(); !filled) {
        (void)wrong(environment, filled.error().what);
        has_ended_ = true;
        exit_code_ = answer_is_no;
      }
    }
    if (environment.out.good()) return exit_code_;
    environment.err << "parley: answers could not be written" << std::endl;
    return answer_is_no;
  }

 private:
  /// Submits lines that were read, as far as the window allows.
  void take_lines(Environment& environment) {
    may_hold_lines_ = true;
    while (!has_ended_ && environment.client.outstanding() < window_ && environment.out.good()) {
      switch (environment.input.next(line_)) {
        case LineReader::Next::nothing: may_hold_lines_ = false; return;
        case LineReader::Next::end: has_ended_ = true; break;
        case LineReader::Next::line: take_line(environment); break;
        case LineReader::Next::too_long: {
          Outcome outcome;
          outcome.word = ErrorWord::too_large;
          outcome.detail = "a line of more than " + std::to_string(limits::client_line_bytes) + " bytes";
          print(environment, batch_answer("null", outcome));
          break;
        }
      }
    }
  }

  void take_line(Environment& environment) {
    auto parsed = parse_batch_line(line_);
    if (const auto* problem = std::get_if<BatchProblem>(&parsed)) return print(environment, batch_answer(*problem));
    const BatchRequest& request = std::get<BatchRequest>(parsed);
    const auto callback = [&environment, id = request.id](Outcome&& outcome) {
      print(environment, batch_answer(id, outcome));
    };
    Client& client = environment.client;
    switch (request.op) {
      case BatchRequest::Op::get: return client.submit(app::Get{request.key}, request.mode, callback);
      case BatchRequest::Op::set: return client.submit(app::Set{request.key, request.value}, callback);
      case BatchRequest::Op::erase: return client.submit(app::Delete{request.key}, callback);
      case BatchRequest::Op::cas:
        return client.submit(app::CompareAndSet{request.key, request.expected, request.value}, callback);
      case BatchRequest::Op::scan:
        return client.submit(app::Scan{request.key, {}, request.limit}, request.mode, callback);
      case BatchRequest::Op::send:
      case BatchRequest::Op::history: return take_chat_line(environment, request, callback);
    }
  }

  void take_chat_line(Environment& environment, const BatchRequest& request, const Callback& callback) {
    ChatUser* user = find_user(environment, request.user.empty() ? environment.options.user : request.user);
    if (user == nullptr) {
      Outcome outcome;
      outcome.word = ErrorWord::denied;
      outcome.detail = "nobody who may act is logged in; standard error says why";
      return callback(std::move(outcome));
    }
    if (request.op == BatchRequest::Op::send) return user->send(request.chat, request.value, request.key, callback);
    user->history(request.chat, request.before, request.after, request.after != 0, request.limit, callback);
  }

  /// Null if he is not logged in. Tokens are looked for once.
  ChatUser* find_user(Environment& environment, const std::string& name) {
    const auto known = users_.find(name);
    if (known != users_.end()) return known->second ? &*known->second : nullptr;
    int code = done;
    if (!chat_) chat_ = ChatSession::open(environment, code);
    auto found = chat_ ? chat_->user(environment, name, code) : std::nullopt;
    // Servers that do not answer now may do so for the next line.
    if (!chat_) return nullptr;
    auto& user = users_[name];
    if (found) user.emplace(std::move(found->user));
    return user ? &*user : nullptr;
  }

  static void print(Environment& environment, const std::string& answer) {
    environment.out << answer << '\n' << std::flush;
  }

  std::uint64_t window_ = 64;
  bool has_ended_ = false;
  bool may_hold_lines_ = false;  ///< the reader, of lines that the window had no room for
  int exit_code_ = done;
  std::string line_;
  std::optional<ChatSession> chat_;
  std::map<std::string, std::optional<ChatUser>> users_;  ///< by the names under which lines asked for them
};

}  // namespace

std::unique_ptr<Command> make_batch() { return std::make_unique<Batch>(); }

}  // namespace parley::client::cli
