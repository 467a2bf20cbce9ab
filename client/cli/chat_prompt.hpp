#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/chat_user.hpp"
#include "client/cli/environment.hpp"
#include "client/feed_client.hpp"
#include "client/prompt/outbox.hpp"
#include "client/prompt/rooms.hpp"
#include "client/prompt/slash.hpp"

namespace parley::client::cli {

/// The interactive chat between what a person types and a cluster: typed lines in, lines to be shown out. It neither
/// reads nor writes; whoever owns it waits, and calls step(). Everything that is asked is asked without waiting, so
/// that nobody is kept from typing. For one thread, the client's.
class ChatPrompt {
 public:
  /// `name`: of the user, as created. `open`: the chat to begin with; if it is empty, the only one that there is. The
  /// environment must outlive it.
  ChatPrompt(Environment& environment, std::string name, ChatUser user, std::string open);
  ~ChatPrompt();
  ChatPrompt(const ChatPrompt&) = delete;
  ChatPrompt& operator=(const ChatPrompt&) = delete;

  /// A line that was typed. It waits while one before it decides which chat is open.
  void take_line(std::string line);
  /// A line that cannot be taken, and why.
  void refuse_line(std::string why);
  /// The person wants to leave: messages on their way are waited for, unless this is said twice.
  void stop();
  /// Takes what has come, tells of it, and asks what is to be asked.
  void step();
  /// When step() must be called again, by the monotonic clock, even if nothing comes.
  [[nodiscard]] std::uint64_t next_wake_us() const;

  /// Nothing is under way: what was typed last is over and done with.
  [[nodiscard]] bool is_idle() const;
  [[nodiscard]] bool is_over() const { return is_over_; }
  /// Once it is over: it was not for the person to end it, or he did not wait.
  [[nodiscard]] bool has_broken_off() const { return has_broken_off_; }
  /// The exit code: the first thing that was wanted and not done decides.
  [[nodiscard]] int code() const { return code_; }

  [[nodiscard]] std::vector<prompt::Line> take_lines() { return rooms_.take_lines(); }
  [[nodiscard]] const prompt::Outbox& outbox() const { return outbox_; }
  /// Typed lines that wait for those before them.
  [[nodiscard]] const std::deque<std::string>& waiting_lines() const { return typed_; }
  /// Where the person is, and how much is unread elsewhere: `garden +3`.
  [[nodiscard]] std::string label();
  [[nodiscard]] std::vector<std::string> chat_names() const;

 private:
  using ChatId = app::chat::ChatId;
  using Submit = std::function<void(Callback)>;
  using Then = std::function<void(Outcome&&)>;

  // chat_prompt.cpp
  void ask(const Submit& submit, Then then);
  void list_again();
  void ask_list(std::uint64_t after);
  void listed(Outcome&& outcome);
  void open_first();
  void open(prompt::Room& room);
  void send_next();
  void sent(std::uint64_t number, Outcome&& outcome);
  [[nodiscard]] bool is_sent_here(ChatId chat, const app::chat::Event& event);
  void tell_acknowledged(ChatId chat, std::uint64_t seq, const std::string& text);
  void mark_read();
  void finish();
  void refuse(const std::string& what, const Outcome& outcome);
  void break_off(int code);
  [[nodiscard]] std::uint64_t now_us() const { return environment_.clock.now().monotonic_us; }

  // chat_prompt_feeds.cpp
  void follow(const prompt::Room& room, std::uint64_t after);
  void unfollow(ChatId chat);
  void take(ChatId chat, FeedItems& page);
  void take(ChatId chat, FeedGone& gone);
  void take(ChatId chat, FeedRefused& refused);
  void take(ChatId chat, FeedTrouble& trouble);
  void grant_credit();
  void say_trouble(const std::string& what);

  // chat_prompt_commands.cpp
  [[nodiscard]] bool is_due(const std::string& line) const;
  void run(const std::string& line);
  void say(std::string text);
  void carry_out(const prompt::SlashCommand& command);
  void carry_out_there(const prompt::SlashCommand& command, prompt::Room& room);
  void help();
  void enter(const std::string& chat, const Submit& submit);
  void call(const std::string& what, const std::string& done, const Submit& submit);
  void look_back(prompt::Room& room, std::uint64_t before, std::uint64_t count);
  void list_members(const std::string& chat);
  void tell_who(const std::string& chat);
  void tell_info(const std::string& chat);
  void mute(prompt::Room& room);
  void read_all(prompt::Room& room);

  struct Followed {
    FeedId feed{};
    bool is_anew = false;    ///< it begins where its first page says
    std::uint64_t owed = 0;  ///< items that were taken and not yet said to be consumed
  };

  Environment& environment_;
  std::string name_;
  ChatUser user_;
  std::string first_chat_;
  FeedClient feeds_;
  prompt::Outbox outbox_;
  prompt::Rooms rooms_;
  std::map<ChatId, Followed> followed_;
  std::deque<std::string> typed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< what callbacks that come too late look for
  std::size_t calls_ = 0;                                       ///< that are under way
  std::uint64_t events_ = 0;                  ///< how often something was asked or answered: another step may be due
  std::size_t writes_ = 0;                    ///< of the calls, those whose order matters
  bool is_entering_ = true;                   ///< it is being decided which chat is open; typed lines wait
  std::string to_open_;                       ///< the chat to go to once it is listed
  std::vector<app::chat::ChatSummary> list_;  ///< the pages of the list that have come
  bool is_listing_ = false;
  bool is_list_void_ = false;  ///< the user's chats have changed since it was asked for
  bool is_answering_ = true;   ///< the last list has come, so a list that fails is news
  bool is_listed_ = false;
  std::uint64_t next_list_us_ = 0;
  bool is_marking_ = false;
  std::uint64_t next_mark_us_ = 0;
  std::uint64_t earliest_mark_us_ = 0;
  std::map<std::string, std::uint64_t> said_us_;  ///< troubles, and when they were said last
  bool is_leaving_ = false;
  std::uint64_t farewell_us_ = 0;
  bool is_over_ = false;
  bool has_broken_off_ = false;
  int code_ = done;
};

/// The word of an error and what there is to say to it.
[[nodiscard]] std::string words_of(const Outcome& outcome);

/// Line by line, without a terminal. Both give the exit code.
[[nodiscard]] int run_plain(Environment& environment, ChatPrompt& chat);
/// At the terminal that is the standard input and output. A trouble with it is said.
[[nodiscard]] int run_at_terminal(Environment& environment, ChatPrompt& chat);

}  // namespace parley::client::cli
