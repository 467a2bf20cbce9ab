#include "client/cli/environment.hpp"

#include "common/base/entropy.hpp"

namespace parley::client::cli {

ClientSettings client_settings(const config::ClientOptions& options) {
  ClientSettings settings;
  settings.servers = options.servers;
  settings.timeout_us = options.timeout_ms * 1000;
  settings.seed = draw_u64();
  return settings;
}

int explain(Environment& environment, const Outcome& outcome) {
  environment.err << "parley: " << text(outcome.word);
  if (!outcome.detail.empty()) environment.err << ": " << outcome.detail;
  environment.err << std::endl;
  return exit_code(outcome.word);
}

int wrong(Environment& environment, const std::string& what) {
  environment.err << "parley: " << what << std::endl;
  return wrong_usage;
}

}  // namespace parley::client::cli
