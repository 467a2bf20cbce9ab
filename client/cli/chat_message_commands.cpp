// chat send, edit, delete, history, messages, read
#include <algorithm>
#include <charconv>
#include <utility>

#include "client/cli/chat_commands.hpp"
#include "client/cli/chat_session.hpp"
#include "client/cli/chat_text.hpp"
#include "common/base/chat_limits.hpp"

namespace parley::client::cli {
namespace {

using Arguments = std::vector<std::string>;

/// The number of an event, as an argument.
std::optional<std::uint64_t> parse_seq(const std::string& text) {
  std::uint64_t seq = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seq);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() || seq == 0) return std::nullopt;
  return seq;
}

int wrong_seq(Environment& environment, const std::string& text) {
  return wrong(environment, config::in_quotes(text) + " is no number of a message");
}

int print_sent(Environment& environment, const std::string& chat, const Outcome& outcome) {
  const auto* sent = outcome.chat<app::chat::Sent>();
  if (!outcome.ok() || sent == nullptr) return explain(environment, outcome);
  if (environment.options.json) {
    environment.out << sent_json(chat, *sent) << std::endl;
  } else {
    environment.out << sent->seq.value << std::endl;
  }
  return done;
}

void print_events(Environment& environment, const app::chat::Events& page) {
  for (const app::chat::Event& event : page.events) {
    environment.out << (environment.options.json ? event_json(event, chat_name_of(page, event)) : event_line(event))
                    << '\n';
  }
  environment.out.flush();
}

/// Of what is left to print, as much as a page may have; 0 for all.
std::uint32_t page_limit(std::uint64_t left) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(left, limits::chat_page_rows));
}

/// An argument, or standard input where it is `-`.
Result<std::string> read_text(Environment& environment, const std::string& argument) {
  if (argument != "-") return argument;
  if (environment.is_prompt) return fail(ErrorCode::usage, "at the prompt a message is not read from standard input");
  return environment.input.rest(limits::message_bytes);
}

class Send final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.text("key", &key_,
               {.meaning = "names this message: sent again under it within a day, it is there once",
                .value = "KEY",
                .where = config::Where::flag_only});
  }
  int run(Environment& environment, const Arguments& arguments) override {
    const auto text = read_text(environment, arguments[1]);
    if (!text) return explain(environment, text.error());
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    const Outcome outcome = wait_for(
        environment.client, [&](Callback callback) { user->send(arguments[0], *text, key_, std::move(callback)); });
    return print_sent(environment, arguments[0], outcome);
  }

 private:
  std::string key_;
};

class Edit final : public Command {
 public:
  int run(Environment& environment, const Arguments& arguments) override {
    const auto seq = parse_seq(arguments[1]);
    if (!seq) return wrong_seq(environment, arguments[1]);
    const auto text = read_text(environment, arguments[2]);
    if (!text) return explain(environment, text.error());
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    const Outcome outcome = wait_for(
        environment.client, [&](Callback callback) { user->edit(arguments[0], *seq, *text, std::move(callback)); });
    return print_sent(environment, arguments[0], outcome);
  }
};

class Delete final : public Command {
 public:
  int run(Environment& environment, const Arguments& arguments) override {
    const auto seq = parse_seq(arguments[1]);
    if (!seq) return wrong_seq(environment, arguments[1]);
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    const Outcome outcome =
        wait_for(environment.client, [&](Callback callback) { user->erase(arguments[0], *seq, std::move(callback)); });
    return print_sent(environment, arguments[0], outcome);
  }
};

class History final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.number("before", &before_, {.min = 0, .max = UINT64_MAX},
                 {.meaning = "only what stands before this message; 0: all", .where = config::Where::flag_only});
    table.number(
        "after", &after_, {.min = 0, .max = UINT64_MAX},
        {.meaning = "only what stands behind this message; 0: from the first on", .where = config::Where::flag_only});
    table.number("limit", &limit_, {.min = 0, .max = UINT32_MAX},
                 {.meaning = "how many at most: with -after those next to it, else the last ones; 0: all",
                  .where = config::Where::flag_only});
  }
  config::Checked<void> given(const config::Parsed& parsed) override {
    is_after_given_ = parsed.given("after");
    return {};
  }
  int run(Environment& environment, const Arguments& arguments) override {
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    const std::string& chat = arguments[0];
    std::uint64_t after = after_;
    if (!is_after_given_ && limit_ != 0) {
      // The last ones: where they begin follows from where the last one is, since there are no gaps.
      const Outcome newest = wait_for(environment.client, [&](Callback callback) {
        user->history(chat, before_, 0, false, 1, std::move(callback));
      });
      const auto* page = newest.chat<app::chat::Events>();
      if (page == nullptr) return explain(environment, newest);
      if (page->events.empty()) return done;
      const std::uint64_t last = page->events.back().seq.value;
      after = last - std::min(last, limit_);
    }
    std::uint64_t left = limit_ == 0 ? UINT64_MAX : limit_;
    while (left > 0) {
      const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
        user->history(chat, before_, after, true, page_limit(left), std::move(callback));
      });
      const auto* page = outcome.chat<app::chat::Events>();
      if (page == nullptr) return explain(environment, outcome);
      print_events(environment, *page);
      if (!page->more || page->events.empty() || !environment.out.good()) return done;
      after = page->events.back().seq.value;
      left -= std::min<std::uint64_t>(left, page->events.size());
    }
    return done;
  }

 private:
  std::uint64_t before_ = 0;
  std::uint64_t after_ = 0;
  bool is_after_given_ = false;
  std::uint64_t limit_ = 0;
};

class Messages final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.text("after", &after_,
               {.meaning = "only what is later: 2024-05-31T08:15:00Z, or microseconds since 1970",
                .value = "TIME",
                .shown_default = "the beginning",
                .where = config::Where::flag_only});
    table.number("limit", &limit_, {.min = 0, .max = UINT32_MAX},
                 {.meaning = "how many at most, the oldest; 0: all", .where = config::Where::flag_only});
  }
  int run(Environment& environment, const Arguments&) override {
    app::chat::Messages behind;
    if (!after_.empty()) {
      const auto time_us = parse_time(after_);
      if (!time_us) return wrong(environment, "-after: " + config::in_quotes(after_) + " is no time");
      behind.begin_behind(*time_us);
    }
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    std::uint64_t left = limit_ == 0 ? UINT64_MAX : limit_;
    while (left > 0) {
      behind.limit = page_limit(left);
      const Outcome outcome =
          wait_for(environment.client, [&](Callback callback) { user->messages(behind, std::move(callback)); });
      const auto* page = outcome.chat<app::chat::Events>();
      if (page == nullptr) return explain(environment, outcome);
      print_events(environment, *page);
      if (!page->more || page->events.empty() || !environment.out.good()) return done;
      const app::chat::Event& last = page->events.back();
      behind.time_us = last.time_us;
      behind.chat = last.chat;
      behind.seq = last.seq;
      left -= std::min<std::uint64_t>(left, page->events.size());
    }
    return done;
  }

 private:
  std::string after_;
  std::uint64_t limit_ = 0;
};

class Read final : public Command {
 public:
  int run(Environment& environment, const Arguments& arguments) override {
    std::optional<std::uint64_t> seq;
    if (arguments.size() > 1 && !(seq = parse_seq(arguments[1]))) return wrong_seq(environment, arguments[1]);
    int code = done;
    auto user = acting_user(environment, code);
    if (!user) return code;
    if (!seq) {
      // What is there now: what comes meanwhile was seen by nobody.
      const Outcome newest = wait_for(environment.client, [&](Callback callback) {
        user->history(arguments[0], 0, 0, false, 1, std::move(callback));
      });
      const auto* page = newest.chat<app::chat::Events>();
      if (page == nullptr || page->events.empty()) return print_ok(environment, newest);
      seq = page->events.back().seq.value;
    }
    const Outcome outcome = wait_for(
        environment.client, [&](Callback callback) { user->mark_read(arguments[0], *seq, std::move(callback)); });
    return print_ok(environment, outcome);
  }
};

}  // namespace

std::unique_ptr<Command> make_chat_send() { return std::make_unique<Send>(); }
std::unique_ptr<Command> make_chat_edit() { return std::make_unique<Edit>(); }
std::unique_ptr<Command> make_chat_delete() { return std::make_unique<Delete>(); }
std::unique_ptr<Command> make_chat_history() { return std::make_unique<History>(); }
std::unique_ptr<Command> make_chat_messages() { return std::make_unique<Messages>(); }
std::unique_ptr<Command> make_chat_read() { return std::make_unique<Read>(); }

}  // namespace parley::client::cli
