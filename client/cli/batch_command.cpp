// batch
#include <map>
#include <utility>

#include "client/cli/batch_line.hpp"
#include "client/cli/chat_session.hpp"
#include "client/cli/command.hpp"
#include "client/cli/line_pump.hpp"
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
    int exit_code = done;
    const parley::Status read =
        pump_lines(environment, {.window = window_,
                                 .take = [&](const std::string& line) { take_line(environment, line); },
                                 .take_too_long = [&] { print(environment, batch_answer("null", too_long_line())); }});
    if (!read) {
      (void)wrong(environment, read.error().what);
      exit_code = answer_is_no;
    }
    if (environment.out.good()) return exit_code;
    environment.err << "parley: answers could not be written" << std::endl;
    return answer_is_no;
  }

 private:
  static Outcome too_long_line() {
    Outcome outcome;
    outcome.word = ErrorWord::too_large;
    outcome.detail = "a line of more than " + std::to_string(limits::client_line_bytes) + " bytes";
    return outcome;
  }

  void take_line(Environment& environment, const std::string& line) {
    auto parsed = parse_batch_line(line);
    if (const auto* problem = std::get_if<BatchProblem>(&parsed)) return print(environment, batch_answer(*problem));
    const BatchRequest& request = std::get<BatchRequest>(parsed);
    const auto callback = [&environment, id = request.id](Outcome&& outcome) {
      print(environment, batch_answer(id, outcome));
    };
    const bool is_of_chat = request.op == BatchRequest::Op::send || request.op == BatchRequest::Op::history;
    if (is_of_chat) return take_chat_line(environment, request, callback);
    submit(environment.client, request, callback);
  }

  static void submit(Client& client, const BatchRequest& request, const Callback& callback) {
    using Op = BatchRequest::Op;
    const Bytes& key = request.key;
    switch (request.op) {
      case Op::get: return client.submit(app::Get{key}, request.mode, callback);
      case Op::set:
        if (!request.has_life) return client.submit(app::Set{key, request.value}, callback);
        return client.submit(app::SetExpiring{key, request.value, request.ttl_us, request.lease}, callback);
      case Op::erase:
        if (!request.expected) return client.submit(app::Delete{key}, callback);
        return client.submit(app::DeleteIf{key, *request.expected}, callback);
      case Op::cas: return client.submit(app::CompareAndSet{key, *request.expected, request.value}, callback);
      case Op::scan: return client.submit(app::Scan{key, request.after_key, request.limit}, request.mode, callback);
      case Op::incr: return client.submit(app::Increment{key, request.by}, callback);
      case Op::transaction: return client.submit(app::Transaction{request.parts}, callback);
      case Op::lease_grant: return client.submit(app::LeaseGrant{request.ttl_us}, callback);
      case Op::lease_keep_alive: return client.submit(app::LeaseKeepAlive{request.lease}, callback);
      case Op::lease_revoke: return client.submit(app::LeaseRevoke{request.lease}, callback);
      case Op::lease_info: return client.submit(app::LeaseInfo{request.lease}, request.mode, callback);
      case Op::send:
      case Op::history: break;  // they are taken by who has the tokens
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
    user->history(request.chat, request.before, request.after, request.has_after, request.limit, callback);
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
  std::optional<ChatSession> chat_;
  std::map<std::string, std::optional<ChatUser>> users_;  ///< by the names under which lines asked for them
};

}  // namespace

std::unique_ptr<Command> make_batch() { return std::make_unique<Batch>(); }

}  // namespace parley::client::cli
