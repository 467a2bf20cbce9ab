#include "common/base/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/base/limits.hpp"

namespace parley {
namespace {

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  std::string shown(text.substr(0, limits::address_bytes));
  std::ranges::replace_if(
      shown, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return fail(ErrorCode::usage, "address '" + shown + "': " + std::string(why));
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return port;
}

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_host_name(const std::string& host) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  };
  const bool only_numbers = host.find_first_not_of("0123456789.") == std::string::npos;
  return !only_numbers && std::ranges::all_of(host, allowed);
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  if (text.size() > limits::address_bytes)
    return bad(text, "longer than " + std::to_string(limits::address_bytes) + " bytes");
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad(text, "no port; write [HOST]:PORT");
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return bad(text, "the port must be a number from 0 to 65535");

  std::string host(text.substr(0, colon));
  if (host.empty() || host == "localhost") return Address(Address{}.host(), *port);
  if (host.front() == '[' || host.back() == ']') {
    if (host.front() != '[' || host.back() != ']') return bad(text, "unpaired bracket");
    host = host.substr(1, host.size() - 2);
    if (!parley::is_ipv6(host)) return bad(text, "no IPv6 address stands in the brackets");
    return Address(host, *port);
  }
  if (host.find(':') != std::string::npos) return bad(text, "an IPv6 address stands in brackets");
  if (!is_ipv4(host) && !is_host_name(host))
    return bad(text, "'" + host + "' is neither an IPv4 address nor a host name");
  return Address(host, *port);
}

bool Address::is_loopback() const {
  in_addr v4{};
  if (inet_pton(AF_INET, host_.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host_.c_str(), &v6) != 1) return false;
  return std::equal(std::begin(v6.s6_addr), std::end(v6.s6_addr), std::begin(in6addr_loopback.s6_addr));
}

Address Address::with_port(std::uint16_t port) const { return Address(host_, port); }

Address Address::at_host(const std::string& host) const { return Address(host.empty() ? host_ : host, port_); }

std::string Address::text() const {
  const std::string shown = is_ipv6() ? "[" + host_ + "]" : host_;
  return shown + ":" + std::to_string(port_);
}

}  // namespace parley
