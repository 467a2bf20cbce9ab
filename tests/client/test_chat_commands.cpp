#include <algorithm>

#include "common/base/chat_limits.hpp"
#include "tests/client/cli_testing.hpp"
#include "tests/client/home_testing.hpp"

using namespace parley;
using namespace parley::client;
using namespace parley::client::cli;

namespace {

/// The command line with a home of its own, and a password that needs no terminal.
struct ChatCli : CliFixture {
  explicit ChatCli(const std::string& input_text = "")
      : CliFixture(input_text),
        home("PARLEY_HOME", (folder.path() / "home").string()),
        password("PARLEY_PASSWORD", "pw") {
    cluster.clock.now_us = 1'000'000;
  }

  int run(const std::string& command, const std::vector<std::string>& arguments = {}, const std::string& as = "") {
    environment.options.user = as;
    return run_command("chat " + command, arguments);
  }
  /// It ends with 0 and prints exactly this.
  void prints(const std::string& expected, const std::string& command, const std::vector<std::string>& arguments = {},
              const std::string& as = "") {
    const int code = run(command, arguments, as);
    INFO(command << ": " << err.str());
    CHECK(code == 0);
    CHECK(out.str() == expected);
    CHECK(err.str().empty());
  }
  void fails(int code, const std::string& said, const std::string& command,
             const std::vector<std::string>& arguments = {}, const std::string& as = "") {
    INFO(command);
    CHECK(run(command, arguments, as) == code);
    CHECK(out.str().empty());
    CHECK(err.str().find(said) != std::string::npos);
    CHECK(err.str().starts_with("parley: "));
  }
  void two_users() {
    for (const char* name : {"Amy", "bob"}) {
      prints("OK\n", "create-user", {name});
      prints("OK\n", "login", {name});
    }
  }

  TemporaryFolder folder;
  Variable home;
  Variable password;
};

constexpr const char* epoch = "1970-01-01T00:00:01.000000Z";  // the fake cluster's clock stands

}  // namespace

TEST_CASE("commands of the chat print what is promised") {
  ChatCli f;
  f.two_users();
  f.prints("OK\n", "create", {"garden", "-description", "where we meet"}, "amy");
  f.prints("OK\n", "join", {"Garden"}, "bob");
  f.prints("1\n", "send", {"garden", "hello all"}, "amy");
  f.prints("2\n", "send", {"garden", "hi", "-key", "k"}, "bob");
  f.prints("2\n", "send", {"garden", "hi", "-key", "k"}, "bob");
  f.prints("3\n", "edit", {"garden", "2", "hi!"}, "bob");
  f.prints("4\n", "delete", {"garden", "1"}, "amy");
  const std::string history = std::string("1\t") + epoch + "\tAmy\t(deleted)\n2\t" + epoch + "\tbob\thi\n3\t" + epoch +
                              "\tbob\t(edit of 2) hi!\n4\t" + epoch + "\tAmy\t(deletes 1)\n";
  f.prints(history, "history", {"garden"}, "bob");
  f.prints(history, "messages", {}, "bob");
  f.prints("", "messages", {"-after", "1000000"}, "bob");
  f.prints("Amy\nbob\n", "members", {"garden"}, "bob");
  f.prints("garden\n", "list", {}, "bob");
  f.prints("garden\t1 unread\n", "list", {}, "amy");
  f.prints("OK\n", "read", {"garden"}, "amy");
  f.prints("garden\n", "list", {}, "amy");
  f.prints("OK\n", "read", {"garden", "1"}, "amy");
  f.prints("bob\n", "whoami", {}, "BOB");
  f.prints("OK\n", "invite-only", {"garden", "on"}, "amy");
  f.prints("OK\n", "describe", {"garden", "elsewhere"}, "amy");
  f.prints("OK\n", "rename", {"garden", "yard"}, "amy");
  f.prints("OK\n", "remove", {"yard", "bob"}, "amy");
  f.prints("", "list", {}, "bob");
  f.prints("OK\n", "invite", {"yard", "bob"}, "amy");
  f.prints("yard\tinvited\n", "list", {}, "bob");
  f.prints("OK\n", "join", {"yard"}, "bob");
  f.prints("OK\n", "hand-over", {"yard", "bob"}, "amy");
  f.prints("OK\n", "leave", {"yard"}, "amy");
  CHECK(f.run("info", {"yard"}, "bob") == 0);
  CHECK(f.lines().at(1) == "description  elsewhere");
  f.prints("OK\n", "logout", {}, "amy");
  f.fails(1, "denied: amy is not logged in here", "whoami", {}, "amy");
  f.prints("bob\n", "whoami");
}

TEST_CASE("commands of the chat answer in JSON where they have such a form") {
  ChatCli f;
  f.two_users();
  f.environment.options.json = true;
  f.prints("OK\n", "create", {"c"}, "amy");
  f.prints("{\"chat\":\"c\",\"seq\":1,\"time\":1000000}\n", "send", {"c", "a\tb"}, "amy");
  f.prints("{\"chat\":\"c\",\"seq\":1,\"time\":1000000,\"user\":\"Amy\",\"text\":\"a\\tb\"}\n", "history", {"c"},
           "amy");
  f.prints("{\"chat\":\"c\",\"seq\":1,\"time\":1000000,\"user\":\"Amy\",\"text\":\"a\\tb\"}\n", "messages", {}, "amy");
  f.prints("{\"user\":\"Amy\",\"owner\":true,\"joined\":1000000}\n", "members", {"c"}, "amy");
  CHECK(f.run("list", {}, "amy") == 0);
  CHECK(f.out.str().starts_with("{\"chat\":\"c\",\"id\":1,\"member\":true,\"owner\":true,"));
  CHECK(f.run("info", {"c"}, "amy") == 0);
  CHECK(f.out.str().find("\"owner_name\":\"Amy\"") != std::string::npos);
  CHECK(f.run("whoami", {}, "amy") == 0);
  CHECK(f.out.str().starts_with("{\"user\":\"Amy\",\"created\":1000000,\"expires_in_us\":"));
}

TEST_CASE("history turns pages and takes its anchors") {
  ChatCli f;
  f.two_users();
  f.prints("OK\n", "create", {"c"}, "amy");
  const std::size_t count = limits::chat_page_rows + 20;
  std::vector<std::string> expected;
  for (std::size_t i = 1; i <= count; ++i) {
    f.prints(std::to_string(i) + "\n", "send", {"c", "m"}, "amy");
    expected.push_back(std::to_string(i) + "\t" + epoch + "\tAmy\tm");
  }
  const auto shows = [&](const std::vector<std::string>& arguments, std::size_t first, std::size_t last) {
    std::vector<std::string> all = {"c"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    CHECK(f.run("history", all, "amy") == 0);
    CHECK(f.lines() == std::vector<std::string>(expected.begin() + static_cast<std::ptrdiff_t>(first) - 1,
                                                expected.begin() + static_cast<std::ptrdiff_t>(last)));
  };
  shows({}, 1, count);
  shows({"-limit", "3"}, count - 2, count);
  shows({"-limit", "1005"}, count - 1004, count);
  shows({"-limit", "5000"}, 1, count);
  shows({"-before", "5"}, 1, 4);
  shows({"-before", "5", "-limit", "2"}, 3, 4);
  shows({"-after", "1010"}, 1011, count);
  shows({"-after", "4", "-limit", "2"}, 5, 6);
  shows({"-after", "0", "-limit", "2"}, 1, 2);
  shows({"-after", "4", "-before", "8"}, 5, 7);
  shows({"-after", "4", "-before", "8", "-limit", "1"}, 5, 5);
  CHECK(f.run("messages", {}, "amy") == 0);
  CHECK(f.lines() == expected);
  CHECK(f.run("messages", {"-limit", "1001"}, "amy") == 0);
  CHECK(f.lines().size() == 1001);
}

TEST_CASE("who acts is whom -user names, or the only one who is logged in") {
  ChatCli f;
  f.fails(1, "denied: nobody is logged in here: parley chat login NAME", "list");
  f.fails(1, "denied: amy is not logged in here: parley chat login NAME", "list", {}, "amy");
  f.fails(2, "-user", "list", {}, "a b");
  f.prints("OK\n", "create-user", {"Amy"});
  f.prints("OK\n", "login", {"AMY"});
  f.prints("Amy\n", "whoami");
  f.prints("OK\n", "create-user", {"bob"});
  f.prints("OK\n", "login", {"bob"});
  f.fails(2, "-user: several are logged in: amy, bob", "whoami");
  f.prints("OK\n", "logout", {}, "amy");
  f.prints("bob\n", "whoami");
}

TEST_CASE("what is wrong ends with the word and its exit code") {
  ChatCli f;
  f.two_users();
  f.prints("OK\n", "create", {"c"}, "amy");
  f.fails(1, "exists", "create-user", {"amy"});
  f.fails(2, "invalid", "create-user", {"a b"});
  f.fails(2, "too_large", "login", {std::string(65, 'x')});
  f.fails(1, "not_found", "send", {"none", "x"}, "amy");
  f.fails(1, "not_member", "send", {"c", "x"}, "bob");
  f.prints("OK\n", "join", {"c"}, "bob");
  f.fails(1, "denied: only the owner", "rename", {"c", "x"}, "bob");
  f.fails(1, "exists", "create", {"C"}, "bob");
  f.fails(2, "too_large", "create", {std::string(65, 'x')}, "bob");
  f.fails(2, "invalid", "send", {"c", "\xff"}, "amy");
  f.fails(2, "is no number of a message", "edit", {"c", "0", "x"}, "amy");
  f.fails(2, "is no number of a message", "delete", {"c", "one"}, "amy");
  f.fails(2, "is no number of a message", "read", {"c", "-"}, "amy");
  f.fails(2, "neither on nor off", "invite-only", {"c", "yes"}, "amy");
  f.fails(2, "is no time", "messages", {"-after", "soon"}, "amy");
  {
    const Variable wrong("PARLEY_PASSWORD", "wrong");
    for (const char* name : {"amy", "nobody"}) f.fails(1, "denied: wrong name or password", "login", {name});
  }
  {
    const Variable empty("PARLEY_PASSWORD", "");
    f.fails(2, "the password is empty", "login", {"amy"});
  }
  f.cluster[0].is_deaf = true;
  f.fails(3, "timeout", "list", {}, "amy");
}

TEST_CASE("a message may come from standard input, as it stands there") {
  ChatCli f("two\nlines\n");
  f.two_users();
  f.prints("OK\n", "create", {"c"}, "amy");
  f.prints("1\n", "send", {"c", "-"}, "amy");
  f.prints(std::string("1\t") + epoch + "\tAmy\ttwo\\nlines\\n\n", "history", {"c"}, "amy");
}

TEST_CASE("changing the password and disabling end what they should") {
  ChatCli f;
  f.two_users();
  {
    const Variable other("PARLEY_NEW_PASSWORD", "other");
    f.prints("OK\n", "change-password", {}, "amy");
  }
  f.fails(1, "denied", "login", {"amy"});
  f.fails(1, "denied: wrong password", "disable", {}, "amy");
  f.prints("Amy\n", "whoami", {}, "amy");
  {
    const Variable other("PARLEY_PASSWORD", "other");
    f.prints("OK\n", "disable", {}, "amy");
    f.fails(1, "denied", "login", {"amy"});
  }
  f.fails(1, "denied: amy is not logged in here", "whoami", {}, "amy");
}

TEST_CASE("a token that has ended is forgotten by logout") {
  ChatCli f;
  f.prints("OK\n", "create-user", {"amy"});
  f.prints("OK\n", "login", {"amy"});
  const auto folder = f.folder.path() / "home" / "tokens" / f.client.cluster().text();
  std::filesystem::copy_file(folder / "amy.token", folder / "kept");
  f.prints("OK\n", "logout");
  std::filesystem::rename(folder / "kept", folder / "amy.token");
  f.fails(1, "denied: this token is none, or has ended", "whoami");
  f.fails(1, "denied", "logout");
  f.fails(1, "nobody is logged in", "logout");
}

TEST_CASE("a batch sends messages and reads histories, as whoever is named") {
  ChatCli f(R"({"id":1,"op":"send","chat":"c","text":"one","key":"k","user":"amy"}
{"id":2,"op":"send","chat":"c","text":"one","key":"k","user":"amy"}
{"id":3,"op":"send","chat":"c","text":"two","user":"bob"}
{"id":4,"op":"history","chat":"c","limit":1,"user":"amy"}
{"id":11,"op":"history","chat":"c","after":0,"limit":1,"user":"amy"}
{"id":5,"op":"history","chat":"c","after":1,"user":"amy"}
{"id":6,"op":"send","chat":"c","text":"x","user":"eve"}
{"id":7,"op":"send","chat":"c"}
{"id":8,"op":"history","chat":"c","before":-1}
{"id":9,"op":"send","chat":"none","text":"x","user":"bob"}
{"id":10,"op":"get","key":"k"})");
  f.two_users();
  f.prints("OK\n", "create", {"c"}, "amy");
  f.prints("OK\n", "join", {"c"}, "bob");
  f.environment.options.user.clear();
  CHECK(f.run_command("batch", {"-window", "1"}) == 0);
  const auto lines = f.lines();
  REQUIRE(lines.size() == 11);
  const auto has = [&](std::size_t id, const std::string& text) {
    const std::string begin = "{\"id\":" + std::to_string(id) + ",";
    for (const std::string& line : lines) {
      if (!line.starts_with(begin)) continue;
      INFO(line);
      CHECK(line.find(text) != std::string::npos);
      return;
    }
    FAIL("no answer to " << id);
  };
  has(1, R"("ok":true,"seq":1,"time":1000000,"index":)");
  has(2, R"("ok":true,"seq":1,"time":1000000,"index":)");
  has(3, R"("ok":true,"seq":2,)");
  has(4, R"("messages":[{"chat":"c","seq":2,"time":1000000,"user":"bob","text":"two"}],"more":true)");
  has(11, R"("messages":[{"chat":"c","seq":1,"time":1000000,"user":"Amy","text":"one"}],"more":true)");
  has(5, R"("messages":[{"chat":"c","seq":2,"time":1000000,"user":"bob","text":"two"}],"more":false)");
  has(6, R"("ok":false,"error":"denied")");
  has(7, R"("error":"invalid","detail":"`text` is missing")");
  has(8, R"("error":"invalid","detail":"`before` is not a number from 0 to 18446744073709551615")");
  has(9, R"("error":"not_found")");
  has(10, R"("error":"not_found")");
}

TEST_CASE("the prompt takes commands of two words") {
  ChatCli f(
      "chat create-user amy\nchat login amy\nchat create 'my room'\nchat send 'my room' \"hello there\"\n"
      "chat history 'my room'\nchat\nsaid there\n/quit\nchat -open nowhere\n/quit\nchat fly\nchat -json whoami\nchat "
      "whoami -user nobody\n");
  CHECK(run_prompt(f.environment) == 0);
  auto lines = f.lines();
  CHECK(std::ranges::count(lines, "* my room: acknowledged as 2: said there") == 1);
  CHECK(std::ranges::count(lines, "! you are in no chat nowhere; /join makes you a member") == 1);
  lines.resize(5);
  CHECK(lines == std::vector<std::string>{"OK", "OK", "OK", "1", std::string("1\t") + epoch + "\tamy\thello there"});
  CHECK(f.err.str().find("\"chat fly\" is no command") != std::string::npos);
  CHECK(f.err.str().find("denied: nobody is not logged in here") != std::string::npos);
}
