#include <catch2/catch.hpp>

#include "common/base/address.hpp"
#include "common/base/limits.hpp"

using namespace parley;

TEST_CASE("an address is read, written and told apart from what is none") {
  struct Row {
    const char* text;
    const char* host;
    int port;
    const char* endpoint;
    bool loopback;
  };
  for (const Row& row :
       {Row{":11000", "127.0.0.1", 11000, "tcp://127.0.0.1:11000", true},
        Row{"localhost:1", "127.0.0.1", 1, "tcp://127.0.0.1:1", true},
        Row{"127.3.2.1:0", "127.3.2.1", 0, "tcp://127.3.2.1:0", true},
        Row{"0.0.0.0:65535", "0.0.0.0", 65535, "tcp://0.0.0.0:65535", false},
        Row{"10.0.0.1:12000", "10.0.0.1", 12000, "tcp://10.0.0.1:12000", false},
        Row{"node-1.example_net.org:12", "node-1.example_net.org", 12, "tcp://node-1.example_net.org:12", false},
        Row{"127.example.org:12", "127.example.org", 12, "tcp://127.example.org:12", false},
        Row{"[::1]:7", "::1", 7, "tcp://[::1]:7", true},
        Row{"[fe80::1:2]:7", "fe80::1:2", 7, "tcp://[fe80::1:2]:7", false},
        Row{"[::]:7", "::", 7, "tcp://[::]:7", false}}) {
    DYNAMIC_SECTION(row.text) {
      const auto address = Address::parse(row.text);
      REQUIRE(address);
      CHECK(address->host() == row.host);
      CHECK(address->port() == row.port);
      CHECK(address->endpoint() == row.endpoint);
      CHECK(address->is_loopback() == row.loopback);
      CHECK(*Address::parse(address->text()) == *address);
      CHECK(address->with_port(99).port() == 99);
      CHECK(address->with_port(99).host() == row.host);
    }
  }
}

TEST_CASE("what is no address is refused by name") {
  for (const char* text :
       {"",      "11000",        "host",      ":",     "host:",   ":65536",       ":-1",    ":+1",     ":1x",
        ": 1",   "a b:1",        "tcp://h:1", "*:1",   "1.2.3:4", "300.1.1.1:80", "::1:80", "[::1:80", "::1]:80",
        "[]:80", "[1.2.3.4]:80", "[zz]:1",    "h\n:1", "h/x:1"}) {
    DYNAMIC_SECTION("'" << text << "'") {
      const auto address = Address::parse(text);
      REQUIRE_FALSE(address);
      CHECK(address.error().code == ErrorCode::usage);
      if (std::string(text).find('\n') == std::string::npos)
        CHECK_THAT(address.error().what, Catch::Contains("'" + std::string(text) + "'"));
    }
  }
  CHECK_FALSE(Address::parse(std::string(limits::address_bytes, 'h') + ":1"));
}

TEST_CASE("an address that nobody gave is the loopback with any port") {
  CHECK(Address{}.text() == "127.0.0.1:0");
  CHECK(Address{}.is_loopback());
}
