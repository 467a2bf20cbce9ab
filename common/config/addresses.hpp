#pragma once
#include <string>
#include <string_view>

#include "common/base/address.hpp"
#include "common/config/value.hpp"

/// The kinds of addresses that options hold, each with what it refuses.
namespace parley::config {

/// Where something listens: loopback by default, or an address of this machine by number; never a name, since what a
/// name stands for may change between two starts. Port 0 asks the system for a free one.
[[nodiscard]] Checked<Address> read_listener(std::string_view text);

/// Where to connect to: an address by number or by name, with a port.
[[nodiscard]] Checked<Address> read_target(std::string_view text);

/// A host under which others reach this machine, without a port; IPv6 with or without brackets. The result has none.
[[nodiscard]] Checked<std::string> read_host(std::string_view text);

/// True for 0.0.0.0 and ::, which mean "all of this machine's addresses" and are no place to connect to.
[[nodiscard]] bool is_wildcard(const Address& address);

}  // namespace parley::config
