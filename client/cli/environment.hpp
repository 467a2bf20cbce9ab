#pragma once
#include <ostream>

#include "client/cli/exit_code.hpp"
#include "client/cli/line_reader.hpp"
#include "client/archive_heads.hpp"
#include "client/client.hpp"
#include "common/config/client_options.hpp"

namespace parley::client::cli {

/// What a command works with. Everything outlives it.
struct Environment {
  config::ClientOptions options;
  Network& network;
  const Clock& clock;
  Client& client;
  LineReader& input;
  std::ostream& out;
  std::ostream& err;
  bool is_prompt = false;          ///< the command was typed at our prompt, which reads the same input
  mq::Context* context = nullptr;  ///< for connections beside the client's; tests have none
};

/// What the library is told by the options.
[[nodiscard]] ClientSettings client_settings(const config::ClientOptions& options);

/// Says on `err` why it was not done, and gives the exit code.
[[nodiscard]] int explain(Environment& environment, const Outcome& outcome);
/// A mistake of the person: says so and gives exit code 2.
[[nodiscard]] int wrong(Environment& environment, const std::string& what);

/// Waits for the outcome of what `submit` asks; it is given the callback to pass on.
template <class Submit>
[[nodiscard]] Outcome wait_for(Client& client, Submit submit) {
  std::optional<Outcome> outcome;
  submit([&outcome](Outcome&& ended) { outcome = std::move(ended); });
  while (!outcome) client.poll(client.timeout_us());
  return *std::move(outcome);
}

}  // namespace parley::client::cli
