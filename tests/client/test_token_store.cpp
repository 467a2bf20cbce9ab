#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <fstream>

#include "client/cli/token_store.hpp"
#include "tests/client/home_testing.hpp"

using namespace parley;
using namespace parley::client;
using namespace parley::client::cli;

namespace {

ClusterId cluster(std::uint8_t first) {
  ClusterId id;
  id.bytes[0] = first;
  return id;
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777;
}

std::optional<TokenStore::Kept> found(const TokenStore& store, const std::string& user) {
  const auto kept = store.find(user);
  REQUIRE(kept.has_value());
  return *kept;
}

}  // namespace

TEST_CASE("a token is kept for its user and its cluster, and nobody else can read it") {
  const TemporaryFolder folder;
  TokenStore store(folder.path() / "home", cluster(1));
  CHECK_FALSE(found(store, "amy").has_value());
  CHECK(store.users()->empty());
  const ChatToken token = ChatToken::draw();
  REQUIRE(store.keep("Amy", token));
  const auto kept = found(store, "aMY");
  REQUIRE(kept.has_value());
  CHECK(kept->user == "Amy");
  CHECK(kept->token.id() == token.id());
  const auto tokens = folder.path() / "home" / "tokens";
  const auto file = tokens / cluster(1).text() / "amy.token";
  CHECK(mode_of(file) == 0600);
  for (const auto& each : {folder.path() / "home", tokens, tokens / cluster(1).text()}) CHECK(mode_of(each) == 0700);
  CHECK_FALSE(found(TokenStore(folder.path() / "home", cluster(2)), "amy").has_value());
}

TEST_CASE("a token is replaced, and forgotten") {
  const TemporaryFolder folder;
  TokenStore store(folder.path(), cluster(1));
  const ChatToken token = ChatToken::draw();
  REQUIRE(store.keep("amy", ChatToken::draw()));
  REQUIRE(store.keep("amy", token));
  REQUIRE(store.keep("bob", ChatToken::draw()));
  CHECK(found(store, "amy")->token.id() == token.id());
  CHECK(*store.users() == std::vector<std::string>{"amy", "bob"});
  REQUIRE(store.forget("AMY"));
  REQUIRE(store.forget("amy"));
  CHECK(*store.users() == std::vector<std::string>{"bob"});
  std::size_t files = 0;
  for (const auto& each : std::filesystem::recursive_directory_iterator(folder.path()))
    files += each.is_regular_file() ? 1 : 0;
  CHECK(files == 1);
}

TEST_CASE("a token that others could read is not used, nor what is none") {
  const TemporaryFolder folder;
  TokenStore store(folder.path(), cluster(1));
  REQUIRE(store.keep("amy", ChatToken::draw()));
  const auto file = folder.path() / "tokens" / cluster(1).text() / "amy.token";
  for (const mode_t mode : {0640U, 0604U, 0644U}) {
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    const auto refused = store.find("amy");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::refused);
    CHECK(refused.error().what.find(file.string()) != std::string::npos);
  }
  REQUIRE(::chmod(file.c_str(), 0600) == 0);
  for (const char* text : {"", "parley-token 1\namy\n", "parley-token 2\namy\n", "parley-token 1\namy\nabc\n"}) {
    std::ofstream(file) << text;
    const auto damaged = store.find("amy");
    REQUIRE_FALSE(damaged.has_value());
    CHECK(damaged.error().code == ErrorCode::corrupt);
  }
}

TEST_CASE("names that no user can have are looked for nowhere") {
  const TemporaryFolder folder;
  TokenStore store(folder.path(), cluster(1));
  REQUIRE(store.keep("..", ChatToken::draw()));  // a name like any other
  CHECK(found(store, "..").has_value());
  CHECK(*store.users() == std::vector<std::string>{".."});
  for (const char* name : {"", "a/b", "../amy", "a\nb"}) CHECK_FALSE(found(store, name).has_value());
}

TEST_CASE("where tokens are kept is said by PARLEY_HOME, or lies in the user's home") {
  const Variable home("PARLEY_HOME", "");
  const Variable users("HOME", "somewhere");
  CHECK(parley_home() == std::filesystem::path("somewhere") / ".parley");
  {
    const Variable ours("PARLEY_HOME", "elsewhere");
    CHECK(parley_home() == std::filesystem::path("elsewhere"));
  }
  const Variable nothing("HOME", "");
  CHECK_FALSE(parley_home().has_value());
}
