#include <algorithm>

#include "client/cli/chat_prompt.hpp"
#include "client/cli/chat_session.hpp"
#include "common/base/prompt_limits.hpp"
#include "tests/client/cli_testing.hpp"
#include "tests/client/home_testing.hpp"

using namespace parley;
using namespace parley::client;
using namespace parley::client::cli;

namespace {

/// Amy and Bob, and Amy's interactive chat.
struct Chatting : CliFixture {
  explicit Chatting(const std::string& script = "", std::size_t servers = 1)
      : CliFixture(script, servers),
        home("PARLEY_HOME", (folder.path() / "home").string()),
        password("PARLEY_PASSWORD", "pw") {
    for (const char* name : {"Amy", "bob"}) {
      run("create-user", {name});
      run("login", {name});
    }
    run("create", {"tea"}, "bob");
    run("join", {"tea"}, "amy");
  }

  void run(const std::string& command, const std::vector<std::string>& arguments, const std::string& as = "") {
    environment.options.user = as;
    REQUIRE(run_command("chat " + command, arguments) == 0);
  }
  /// The script, line by line.
  int run_script(const std::vector<std::string>& flags = {}, const std::string& as = "amy") {
    environment.options.user = as;
    return run_command("chat", flags);
  }
  void open(const std::string& as = "amy") {
    int code = 0;
    auto session = ChatSession::open(environment, code);
    auto found = session->user(environment, as, code);
    prompt.emplace(environment, found->name, std::move(found->user), "");
  }
  /// Lets time pass until it has said this; gives all that was said.
  std::vector<std::string> until(const std::string& text) {
    std::vector<std::string> said;
    for (int i = 0; i < 10'000; ++i) {
      prompt->step();
      for (const prompt::Line& line : prompt->take_lines()) {
        const std::string event = line.event ? std::to_string(line.event->seq.value) + " " + line.event->user + ": " +
                                                   line.event->text + (line.is_sent_here ? " ✓" : "")
                                             : line.text;
        said.push_back((line.is_elsewhere ? "[" + line.chat + "] " : "") + event);
        if (said.back().find(text) != std::string::npos) return said;
      }
      if (prompt->is_over() && text.empty()) return said;
      const std::uint64_t now = cluster.clock.now_us;
      const std::uint64_t wake = prompt->next_wake_us();
      cluster.wait(wake - std::min(wake, now), -1);
    }
    for (const std::string& line : said) UNSCOPED_INFO(line);
    FAIL("never said: " << text);
    return said;
  }
  [[nodiscard]] bool has_said(const std::string& text) const { return out.str().find(text) != std::string::npos; }

  TemporaryFolder folder;
  Variable home;
  Variable password;
  std::optional<ChatPrompt> prompt;
};

std::size_t count_of(const std::vector<std::string>& lines, const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(lines, [&](const std::string& line) { return line.find(text) != std::string::npos; }));
}

}  // namespace

TEST_CASE("a script chats line by line, and each line finds what those before it have done") {
  Chatting f(
      "hello\n//slash\n/edit 1 hallo\n/create den\nhere\n/open tea\n/who\n/members\n/leave\nnowhere\n/quit\nnever\n");
  CHECK(f.run_script() == 2);
  for (const char* line :
       {"* you are Amy; /help", "* tea: acknowledged as 1: hello\n", "* tea: acknowledged as 2: /slash\n",
        "* editing 1 is acknowledged as 3\n", "* den: acknowledged as 1: here\n", "* here now: Amy\n",
        "* in tea: bob (owner), Amy\n", "* you are in tea no more\n", "! no chat is open"}) {
    INFO(line << " in\n" << f.out.str());
    CHECK(f.has_said(line));
  }
  CHECK_FALSE(f.has_said("never"));
  f.run("history", {"tea"}, "bob");
  CHECK(f.lines().size() == 3);
}

TEST_CASE("the first thing that is not done is the exit code of a script") {
  Chatting f("/join nowhere\n/edit 7 x\n");
  CHECK(f.run_script() == 1);
  CHECK(f.has_said("! going to nowhere -- not_found"));
  CHECK(f.has_said("! editing 7 -- not_found"));
}

TEST_CASE("a script may have its answers in JSON") {
  Chatting f("hi\n");
  f.environment.options.json = true;
  CHECK(f.run_script({"-open", "TEA"}) == 0);
  CHECK(f.has_said("{\"sending\":\"acknowledged as 1: hi\",\"chat\":\"tea\"}\n"));
}

TEST_CASE("who is not logged in is told what to type") {
  Chatting f;
  CHECK(f.run_script({}, "carla") == 1);
  CHECK(f.err.str().find("parley chat login") != std::string::npos);
}

TEST_CASE("what others say comes as they say it, read markers follow, and chats that are joined elsewhere appear") {
  Chatting f;
  f.run("send", {"tea", "before"}, "bob");
  f.open();
  CHECK(f.until("1 bob: before").at(2) == "--- tea, 1 message unread ---");
  f.run("send", {"tea", "now"}, "bob");
  f.until("2 bob: now");
  f.run("create", {"den"}, "amy");
  f.until("you are in den");
  f.run("join", {"den"}, "bob");
  f.run("send", {"den", "psst"}, "bob");
  f.until("[den] 1 bob: psst");
  CHECK(f.prompt->label() == "tea +1");
  f.run("list", {}, "amy");
  CHECK(f.out.str() == "tea\nden\t1 unread\n");
  f.run("rename", {"tea", "coffee"}, "bob");
  f.until("tea is called coffee now");
  f.prompt->take_line("still here");
  f.until("3 Amy: still here ✓");
  f.run("remove", {"coffee", "amy"}, "bob");
  f.until("you are in coffee no more");
  CHECK(f.prompt->label() == "no chat +1");
}

TEST_CASE("a message is on its way, acknowledged, or failed, and is there once however often it is sent") {
  Chatting f;
  f.open();
  f.until("--- tea");
  f.prompt->take_line("one");
  CHECK(count_of(f.until("1 Amy: one ✓"), "acknowledged as 1: one") == 1);
  CHECK(f.prompt->outbox().all().empty());
  // Carried out, and the answer lost together with the node.
  f.cluster[0].answers_to_lose = 1;
  f.cluster[0].is_deaf = false;
  f.prompt->take_line("two");
  f.prompt->take_line("three");
  f.prompt->step();
  CHECK(f.prompt->outbox().all().size() >= 1);
  f.until("3 Amy: three");
  f.cluster[0].is_deaf = true;
  f.prompt->take_line("four");
  f.prompt->take_line("five");
  const auto said = f.until("perhaps not sent to tea: four (and 1 behind it) -- timeout");
  CHECK(count_of(said, "on its way: four") == 1);
  CHECK(f.prompt->outbox().count(prompt::Sending::State::failed) == 2);
  f.cluster[0].is_deaf = false;
  f.prompt->take_line("/retry");
  f.prompt->take_line("/retry");
  f.until("5 Amy: five ✓");
  CHECK(f.prompt->outbox().all().empty());
  f.run("history", {"tea"}, "bob");
  CHECK(f.lines().size() == 5);
}

TEST_CASE("lines wait while one before them decides which chat is open") {
  Chatting f;
  f.run("create", {"den"}, "bob");
  f.open();
  f.until("--- tea");
  f.prompt->take_line("to tea");
  f.prompt->take_line("/join den");
  f.prompt->take_line("to den");
  f.prompt->take_line("/leave den");
  f.prompt->take_line("to nobody");
  f.until("no chat is open");
  f.run("history", {"den"}, "bob");
  CHECK(f.out.str().find("to den") != std::string::npos);
  CHECK(f.lines().size() == 1);
  f.run("history", {"tea"}, "bob");
  CHECK(f.lines().size() == 1);
}

TEST_CASE("the loss of a node is told once, and what is said meanwhile comes from another") {
  Chatting f("", 3);
  for (const char* name : {"a", "b", "c", "d"}) f.run("create", {name}, "amy");
  f.open();
  f.until("d");
  f.prompt->take_line("/open tea");
  f.until("--- tea");
  std::vector<std::string> said;
  for (std::size_t at = 0; at < 3; ++at) {
    f.cluster[at].is_reachable = false;
    f.run("send", {"tea", "message " + std::to_string(at)}, "bob");
    for (std::string& line : f.until("bob: message " + std::to_string(at))) said.push_back(std::move(line));
    f.cluster[at].is_reachable = true;
  }
  CHECK(count_of(said, "going on at another node") <= 3);
}

TEST_CASE("a session that has ended ends the chat, and so does leaving, with what is on its way") {
  Chatting f;
  f.open();
  f.until("--- tea");
  f.prompt->take_line("last words");
  f.prompt->take_line("/quit");
  f.prompt->take_line("too late");
  f.until("");
  CHECK(f.prompt->code() == 0);
  CHECK_FALSE(f.prompt->has_broken_off());
  f.run("history", {"tea"}, "bob");
  CHECK(f.lines().size() == 1);
  f.open();
  f.until("--- tea");
  f.run("logout", {}, "amy");
  f.until("the list of chats -- denied");
  CHECK(f.prompt->is_over());
  CHECK(f.prompt->code() == 1);
}

TEST_CASE("leaving twice does not wait for what nobody answers, and answers that come later find nobody") {
  Chatting f;
  f.open();
  f.until("--- tea");
  f.cluster[0].holds_answers = true;
  f.prompt->take_line("into the dark");
  f.prompt->step();
  f.prompt->stop();
  f.prompt->step();
  CHECK_FALSE(f.prompt->is_over());
  f.prompt->stop();
  f.prompt->step();
  CHECK(f.prompt->is_over());
  CHECK(f.prompt->code() == no_answer);
  f.prompt.reset();
  f.cluster[0].holds_answers = false;
  f.cluster[0].release();
  f.pass(10'000'000);
}

TEST_CASE("only so many messages are taken while nobody answers") {
  Chatting f;
  f.open();
  f.until("--- tea");
  f.cluster[0].is_deaf = true;
  for (std::size_t i = 0; i <= limits::prompt_outbox; ++i) f.prompt->take_line("message " + std::to_string(i));
  f.until("not taken: too many messages wait");
  CHECK(f.prompt->outbox().all().size() == limits::prompt_outbox);
}
