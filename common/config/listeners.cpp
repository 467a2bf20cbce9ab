#include "common/config/listeners.hpp"

#include <fmt/core.h>

#include "common/base/limits.hpp"
#include "common/config/addresses.hpp"

namespace parley::config {
namespace {

Status check_listener(const Listener& listener, const Exposure& exposure, const Parsed& parsed) {
  const Address& address = listener.address;
  if (!address.is_loopback() && !exposure.insecure) {
    return wrong(parsed.origin(listener.option),
                 fmt::format("host {} is not the loopback address, and nothing is encrypted or authenticated: "
                             "to listen there all the same, add -insecure",
                             address.host()));
  }
  if (is_wildcard(address) && exposure.advertise.empty()) {
    return wrong(parsed.origin(listener.option),
                 fmt::format("{} binds every address of this machine; say with -advertise HOST which one "
                             "others shall use",
                             address.host()));
  }
  return {};
}

}  // namespace

Checked<NodeId> read_name(std::string_view text) {
  auto id = NodeId::parse(text);
  if (id) return std::move(*id);
  return std::unexpected(fmt::format("{} is no name: letters, digits, '.', '_', '-', at most {} of them",
                                     in_quotes(text), limits::node_name_bytes));
}

Checked<std::optional<Address>> read_optional_listener(std::string_view text) {
  auto address = read_listener(text);
  if (!address) return std::unexpected(address.error());
  return std::optional(std::move(*address));
}

std::unexpected<Error> wrong(const std::string& origin, std::string_view problem) {
  return fail(ErrorCode::usage, fmt::format("{}: {}", origin, problem));
}

Status check_listeners(const std::vector<Listener>& listeners, const Exposure& exposure, const Parsed& parsed) {
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const Listener& listener = listeners[i];
    if (const Status fine = check_listener(listener, exposure, parsed); !fine) return fine;
    for (std::size_t j = 0; j < i; ++j) {
      if (listener.address.port() == 0 || listener.address != listeners[j].address) continue;
      const std::string whose =
          listener.option == listeners[j].option ? "given twice" : "the address of -" + listeners[j].option + " too";
      return wrong(parsed.origin(listener.option), fmt::format("{} is {}", listener.address.text(), whose));
    }
  }
  return {};
}

}  // namespace parley::config
