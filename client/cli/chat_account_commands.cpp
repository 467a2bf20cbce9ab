// chat create-user, login, logout, change-password, disable, whoami
#include <utility>

#include "client/cli/chat_commands.hpp"
#include "client/cli/chat_session.hpp"
#include "client/cli/chat_text.hpp"
#include "client/cli/password_input.hpp"
#include "common/app/chat/names.hpp"

namespace parley::client::cli {
namespace {

constexpr const char* password_variable = "PARLEY_PASSWORD";
constexpr const char* new_password_variable = "PARLEY_NEW_PASSWORD";

/// Before a password is asked for in vain.
bool is_name(Environment& environment, const std::string& name, int& code) {
  const auto problem = app::chat::problem_of_user_name(name);
  if (!problem) return true;
  Outcome outcome;
  outcome.word = problem->word;
  outcome.detail = problem->text;
  code = explain(environment, outcome);
  return false;
}

class CreateUser final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    int code = done;
    if (!is_name(environment, arguments[0], code)) return code;
    const auto password = ask_password(password_variable, "password of " + arguments[0], true);
    if (!password) return wrong(environment, password.error().what);
    const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
      create_user(environment.client, arguments[0], *password, std::move(callback));
    });
    return print_ok(environment, outcome);
  }
};

/// As well as it can be done: it may have ended by itself.
void end(Environment& environment, const ChatToken& token) {
  ChatUser user(environment.client, token);
  (void)wait_for(environment.client, [&](Callback callback) { user.log_out(std::move(callback)); });
}

class Login final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    int code = done;
    if (!is_name(environment, arguments[0], code)) return code;
    auto session = ChatSession::open(environment, code);
    if (!session) return code;
    if (const Status prepared = session->tokens().prepare(); !prepared) return explain(environment, prepared.error());
    const auto password = ask_password(password_variable, "password of " + arguments[0], false);
    if (!password) return wrong(environment, password.error().what);
    const ChatToken token = ChatToken::draw();
    const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
      log_in(environment.client, arguments[0], *password, token, std::move(callback));
    });
    if (!outcome.ok()) return explain(environment, outcome);
    const auto* logged_in = outcome.chat<app::chat::LoggedIn>();
    const Status kept = session->tokens().keep(logged_in != nullptr ? logged_in->user : arguments[0], token);
    // Nobody could act by it. One that it has replaced may still be in use by a program that runs.
    if (!kept) end(environment, token);
    return kept ? print_ok(environment, outcome) : explain(environment, kept.error());
  }
};

/// A command that ends in that this user is logged in here no more.
class Ending : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>&) final {
    int code = done;
    auto session = ChatSession::open(environment, code);
    if (!session) return code;
    auto found = session->user(environment, environment.options.user, code);
    if (!found) return code;
    const Outcome outcome = end(environment, found->user, code);
    if (code != done) return code;
    // A token that has ended is of no use here either.
    const bool has_ended = outcome.ok() || (forgets_refused_ && outcome.word == ErrorWord::denied);
    if (has_ended) {
      if (const Status forgotten = session->tokens().forget(found->name); !forgotten)
        return explain(environment, forgotten.error());
    }
    return print_ok(environment, outcome);
  }

 protected:
  explicit Ending(bool forgets_refused) : forgets_refused_(forgets_refused) {}

 private:
  virtual Outcome end(Environment& environment, ChatUser& user, int& code) = 0;
  bool forgets_refused_;
};

class Logout final : public Ending {
 public:
  Logout() : Ending(true) {}

 private:
  Outcome end(Environment& environment, ChatUser& user, int&) override {
    return wait_for(environment.client, [&](Callback callback) { user.log_out(std::move(callback)); });
  }
};

class Disable final : public Ending {
 public:
  Disable() : Ending(false) {}

 private:
  Outcome end(Environment& environment, ChatUser& user, int& code) override {
    const auto password = ask_password(password_variable, "password", false);
    if (!password) {
      code = wrong(environment, password.error().what);
      return {};
    }
    return wait_for(environment.client, [&](Callback callback) { user.disable(*password, std::move(callback)); });
  }
};

class ChangePassword final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>&) override {
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    const auto old_password = ask_password(password_variable, "password", false);
    if (!old_password) return wrong(environment, old_password.error().what);
    const auto new_password = ask_password(new_password_variable, "new password", true);
    if (!new_password) return wrong(environment, new_password.error().what);
    const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
      user->change_password(*old_password, *new_password, std::move(callback));
    });
    return print_ok(environment, outcome);
  }
};

class WhoAmI final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>&) override {
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    const Outcome outcome =
        wait_for(environment.client, [&](Callback callback) { user->who_am_i(std::move(callback)); });
    const auto* me = outcome.chat<app::chat::Me>();
    if (me == nullptr) return explain(environment, outcome);
    environment.out << (environment.options.json ? me_json(*me) : me->user) << std::endl;
    return done;
  }
};

}  // namespace

std::unique_ptr<Command> make_chat_create_user() { return std::make_unique<CreateUser>(); }
std::unique_ptr<Command> make_chat_login() { return std::make_unique<Login>(); }
std::unique_ptr<Command> make_chat_logout() { return std::make_unique<Logout>(); }
std::unique_ptr<Command> make_chat_change_password() { return std::make_unique<ChangePassword>(); }
std::unique_ptr<Command> make_chat_disable() { return std::make_unique<Disable>(); }
std::unique_ptr<Command> make_chat_whoami() { return std::make_unique<WhoAmI>(); }

}  // namespace parley::client::cli
