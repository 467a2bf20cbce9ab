#include "common/config/addresses.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>

namespace parley::config {
namespace {

enum class HostKind { name, number, wildcard };

HostKind kind_of(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return v4.s_addr == 0 ? HostKind::wildcard : HostKind::number;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return HostKind::name;
  const bool zero = std::ranges::all_of(v6.s6_addr, [](unsigned char byte) { return byte == 0; });
  return zero ? HostKind::wildcard : HostKind::number;
}

Checked<Address> read_address(std::string_view text) {
  auto address = Address::parse(text);
  if (!address) return std::unexpected(address.error().what);
  return std::move(*address);
}

}  // namespace

bool is_wildcard(const Address& address) { return kind_of(address.host()) == HostKind::wildcard; }

Checked<Address> read_listener(std::string_view text) {
  auto address = read_address(text);
  if (address && kind_of(address->host()) == HostKind::name) {
    return std::unexpected(
        fmt::format("{} is a name; to listen takes an address by number", in_quotes(address->host())));
  }
  return address;
}

Checked<Address> read_target(std::string_view text) {
  auto address = read_address(text);
  if (!address) return address;
  if (address->port() == 0)
    return std::unexpected(fmt::format("{} has port 0, to which nobody can connect", in_quotes(text)));
  if (is_wildcard(*address)) return std::unexpected(fmt::format("{} is no address to connect to", in_quotes(text)));
  return address;
}

Checked<std::string> read_host(std::string_view text) {
  const bool bare_ipv6 = kind_of(std::string(text)) != HostKind::name && text.find(':') != std::string_view::npos;
  const bool has_port = !bare_ipv6 && text.find(':') != std::string_view::npos && !text.ends_with(']');
  if (has_port) return std::unexpected(fmt::format("expected a host alone, without a port, found {}", in_quotes(text)));
  const auto address = read_target(fmt::format(fmt::runtime(bare_ipv6 ? "[{}]:1" : "{}:1"), text));
  if (!address) return std::unexpected(fmt::format("{} is no host that others can reach", in_quotes(text)));
  return address->host();
}

}  // namespace parley::config
