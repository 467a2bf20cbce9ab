// chat create, join, leave, list, members, info, rename, describe, invite-only, invite, remove, hand-over
#include <utility>

#include "client/cli/chat_commands.hpp"
#include "client/cli/chat_session.hpp"
#include "client/cli/chat_text.hpp"

namespace parley::client::cli {
namespace {

using Arguments = std::vector<std::string>;

/// A call that is done with its arguments alone, and prints no more than `OK`.
template <auto call>
class Simple final : public Command {
 public:
  int run(Environment& environment, const Arguments& arguments) override {
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    const Outcome outcome =
        wait_for(environment.client, [&](Callback callback) { call(*user, arguments, std::move(callback)); });
    return print_ok(environment, outcome);
  }
};

class Create final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.text("description", &description_,
               {.meaning = "what it is for", .value = "TEXT", .where = config::Where::flag_only});
    table.flag("invite-only", &is_invite_only_,
               {.meaning = "only who is invited sees it and may join", .where = config::Where::flag_only});
  }
  int run(Environment& environment, const Arguments& arguments) override {
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
      user->create(arguments[0], description_, is_invite_only_, std::move(callback));
    });
    return print_ok(environment, outcome);
  }

 private:
  std::string description_;
  bool is_invite_only_ = false;
};

class InviteOnly final : public Command {
 public:
  int run(Environment& environment, const Arguments& arguments) override {
    if (arguments[1] != "on" && arguments[1] != "off")
      return wrong(environment, "chat invite-only: " + config::in_quotes(arguments[1]) + " is neither on nor off");
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
      user->set_invite_only(arguments[0], arguments[1] == "on", std::move(callback));
    });
    return print_ok(environment, outcome);
  }
};

class List final : public Command {
 public:
  int run(Environment& environment, const Arguments&) override {
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    std::uint64_t after = 0;
    for (;;) {
      const Outcome outcome =
          wait_for(environment.client, [&](Callback callback) { user->list(after, std::move(callback)); });
      const auto* page = outcome.chat<app::chat::Chats>();
      if (page == nullptr) return explain(environment, outcome);
      for (const app::chat::ChatSummary& chat : page->chats)
        environment.out << (environment.options.json ? chat_json(chat) : chat_line(chat)) << '\n';
      environment.out.flush();
      if (!page->more || page->chats.empty()) return done;
      after = page->chats.back().id.value;
    }
  }
};

class Members final : public Command {
 public:
  int run(Environment& environment, const Arguments& arguments) override {
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    std::uint64_t after = 0;
    for (;;) {
      const Outcome outcome = wait_for(
          environment.client, [&](Callback callback) { user->members(arguments[0], after, std::move(callback)); });
      const auto* page = outcome.chat<app::chat::Members>();
      if (page == nullptr) return explain(environment, outcome);
      for (const app::chat::Member& member : page->members)
        environment.out << (environment.options.json ? member_json(member) : member.user) << '\n';
      environment.out.flush();
      if (!page->more || page->members.empty()) return done;
      after = page->members.back().number;
    }
  }
};

class Info final : public Command {
 public:
  int run(Environment& environment, const Arguments& arguments) override {
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    const Outcome outcome =
        wait_for(environment.client, [&](Callback callback) { user->info(arguments[0], std::move(callback)); });
    const auto* details = outcome.chat<app::chat::ChatDetails>();
    if (details == nullptr) return explain(environment, outcome);
    environment.out << (environment.options.json ? details_json(*details) + "\n" : details_text(*details))
                    << std::flush;
    return done;
  }
};

void join(ChatUser& user, const Arguments& with, Callback callback) { user.join(with[0], std::move(callback)); }
void leave(ChatUser& user, const Arguments& with, Callback callback) { user.leave(with[0], std::move(callback)); }
void rename(ChatUser& user, const Arguments& with, Callback callback) {
  user.rename(with[0], with[1], std::move(callback));
}
void describe(ChatUser& user, const Arguments& with, Callback callback) {
  user.describe(with[0], with[1], std::move(callback));
}
void invite(ChatUser& user, const Arguments& with, Callback callback) {
  user.invite(with[0], with[1], std::move(callback));
}
void remove(ChatUser& user, const Arguments& with, Callback callback) {
  user.remove(with[0], with[1], std::move(callback));
}
void hand_over(ChatUser& user, const Arguments& with, Callback callback) {
  user.hand_over(with[0], with[1], std::move(callback));
}

}  // namespace

std::unique_ptr<Command> make_chat_create() { return std::make_unique<Create>(); }
std::unique_ptr<Command> make_chat_join() { return std::make_unique<Simple<join>>(); }
std::unique_ptr<Command> make_chat_leave() { return std::make_unique<Simple<leave>>(); }
std::unique_ptr<Command> make_chat_list() { return std::make_unique<List>(); }
std::unique_ptr<Command> make_chat_members() { return std::make_unique<Members>(); }
std::unique_ptr<Command> make_chat_info() { return std::make_unique<Info>(); }
std::unique_ptr<Command> make_chat_rename() { return std::make_unique<Simple<rename>>(); }
std::unique_ptr<Command> make_chat_describe() { return std::make_unique<Simple<describe>>(); }
std::unique_ptr<Command> make_chat_invite_only() { return std::make_unique<InviteOnly>(); }
std::unique_ptr<Command> make_chat_invite() { return std::make_unique<Simple<invite>>(); }
std::unique_ptr<Command> make_chat_remove() { return std::make_unique<Simple<remove>>(); }
std::unique_ptr<Command> make_chat_hand_over() { return std::make_unique<Simple<hand_over>>(); }

}  // namespace parley::client::cli
