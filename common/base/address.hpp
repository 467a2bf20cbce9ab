#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace parley {

/// Where a socket listens or connects to. A value; thread-safe as any value.
class Address {
 public:
  /// Loopback, port 0: "any free port of this machine" when it is bound.
  Address() = default;

  /// `[HOST]:PORT`. Without a host it is the loopback address. A host is an IPv4 address, an IPv6 address in brackets,
  /// or a name; `localhost` is written out as 127.0.0.1, since a listener cannot be bound to a name. A port is 0 to
  /// 65535; 0 asks the system for a free one. Anything else is ErrorCode::usage and names the text.
  [[nodiscard]] static Result<Address> parse(std::string_view text);

  /// Without the brackets of IPv6.
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] bool is_ipv6() const { return host_.find(':') != std::string::npos; }
  /// True if nobody but this machine can reach it: 127.0.0.0/8 and ::1, by number. A name is never taken for loopback.
  [[nodiscard]] bool is_loopback() const;

  /// The same host with this port.
  [[nodiscard]] Address with_port(std::uint16_t port) const;
  /// The same port at this host, a name or a number without brackets; at the same one if it is empty.
  [[nodiscard]] Address at_host(const std::string& host) const;

  /// `HOST:PORT`, with brackets around IPv6; parse() gives the same address back.
  [[nodiscard]] std::string text() const;
  /// `tcp://HOST:PORT`, as ZeroMQ and people write it.
  [[nodiscard]] std::string endpoint() const { return "tcp://" + text(); }

  friend bool operator==(const Address&, const Address&) = default;

 private:
  Address(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}
  std::string host_ = "127.0.0.1";
  std::uint16_t port_ = 0;
};

}  // namespace parley
