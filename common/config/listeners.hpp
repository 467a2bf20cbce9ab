#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/ids.hpp"
#include "common/config/option_table.hpp"

/// What the daemons' options have in common: names, and the addresses at which they listen.
namespace parley::config {

[[nodiscard]] Checked<NodeId> read_name(std::string_view text);

/// As read_listener, for a service that may be left out.
[[nodiscard]] Checked<std::optional<Address>> read_optional_listener(std::string_view text);

/// ErrorCode::usage: `origin: problem`.
[[nodiscard]] std::unexpected<Error> wrong(const std::string& origin, std::string_view problem);

/// An address at which a daemon listens, and the option that says so.
struct Listener {
  std::string option;
  Address address;
};

/// What the other options say about listening.
struct Exposure {
  bool insecure = false;
  std::string advertise;  ///< empty: the bound host
};

/// Nobody listens beyond this machine without -insecure, nor at all addresses without -advertise, nor twice at one.
[[nodiscard]] Status check_listeners(const std::vector<Listener>& listeners, const Exposure& exposure,
                                     const Parsed& parsed);

}  // namespace parley::config
