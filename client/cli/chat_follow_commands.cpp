// chat follow, who
#include <algorithm>
#include <optional>
#include <utility>

#include "client/cli/chat_commands.hpp"
#include "client/cli/chat_session.hpp"
#include "client/cli/chat_text.hpp"
#include "client/chat_pages.hpp"
#include "client/chat_presence.hpp"
#include "client/feed_client.hpp"
#include "common/app/follow.hpp"
#include "common/base/entropy.hpp"

namespace parley::client::cli {
namespace {

using Arguments = std::vector<std::string>;

Bytes subject_of(const ChatUser& user, BytesView chat) {
  return app::encode_follow(app::FollowChat{user.token().id(), chat});
}

class Follow final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.number("from", &from_, {.min = 0, .max = UINT64_MAX - 1},
                 {.meaning = "the first message that is of interest; 0: what is said from now on",
                  .where = config::Where::flag_only});
  }

  int run(Environment& environment, const Arguments& arguments) override {
    int code = done;
    const auto user = acting_user(environment, code);
    if (!user) return code;
    FeedClient::Settings settings;
    settings.servers = environment.client.configured_servers();
    settings.cluster = environment.client.cluster();
    settings.seed = draw_u64();
    FeedClient feeds(environment.network, environment.clock, std::move(settings));
    const FeedId feed = feeds.follow(
        subject_of(*user, arguments[0]), from_ == 0 ? wire::follow_from_now : from_ - 1,
        [&](FeedEvent&& event) { std::visit([&](auto& each) { take(environment, each); }, event); },
        user->token().secret());
    const std::uint64_t begin_us = environment.clock.now().monotonic_us;
    while (true) {
      feeds.step();
      if (code_) return *code_;
      feeds.consumed(feed, std::exchange(items_, 0));
      const std::uint64_t now_us = environment.clock.now().monotonic_us;
      if (!has_answer_ && now_us - begin_us >= environment.client.timeout_us()) {
        environment.err << "parley: no server has answered in time" << std::endl;
        return no_answer;
      }
      const std::uint64_t wake_us = feeds.next_wake_us();
      environment.network.wait(wake_us - std::min(wake_us, now_us), -1);
    }
  }

 private:
  void take(Environment& environment, FeedItems& page) {
    has_answer_ = true;
    items_ += page.count;
    if (page.items.empty()) return;
    auto events = pages_.take(page.items);
    if (!events) return take(environment, events.error());
    for (const app::chat::Event& event : events->events) {
      environment.out << (environment.options.json ? event_json(event, chat_name_of(*events, event))
                                                   : event_line(event))
                      << '\n';
    }
    environment.out.flush();
    if (!environment.out.good()) code_ = answer_is_no;  // nobody reads it any more
  }
  void take(Environment& environment, FeedGone& gone) { end(environment, gone.detail); }
  void take(Environment& environment, FeedRefused& refused) {
    end(environment, std::string(text(refused.word)) + ": " + refused.detail, exit_code(refused.word));
  }
  void take(Environment& environment, FeedTrouble& trouble) {
    environment.err << "parley: " << trouble.detail << "; asking another node" << std::endl;
  }
  void end(Environment& environment, const std::string& why, int code = answer_is_no) {
    environment.err << "parley: " << why << std::endl;
    code_ = code;
  }

  ChatPages pages_;
  std::uint64_t from_ = 0;
  std::uint64_t items_ = 0;
  bool has_answer_ = false;
  std::optional<int> code_;
};

/// Each node knows who follows at it; all of them are asked.
class Who final : public Command {
 public:
  int run(Environment& environment, const Arguments& arguments) override {
    int code = done;
    const auto user = acting_user(environment, code);
    if (!user) return code;
    std::optional<ChatPresence> found;
    ask_presence(environment.client, *user, arguments[0],
                 [&](ChatPresence&& presence) { found = std::move(presence); });
    while (!found) environment.client.poll(environment.client.timeout_us());
    if (!found->is_known()) return explain(environment, found->refusal);
    if (found->silent > 0)
      environment.err << "parley: " << found->silent << " of " << found->nodes << " nodes did not say" << std::endl;
    for (const std::string& name : found->users) environment.out << name << '\n';
    environment.out.flush();
    return done;
  }
};

}  // namespace

std::unique_ptr<Command> make_chat_follow() { return std::make_unique<Follow>(); }
std::unique_ptr<Command> make_chat_who() { return std::make_unique<Who>(); }

}  // namespace parley::client::cli
