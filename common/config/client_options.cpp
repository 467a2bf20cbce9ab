#include "common/config/client_options.hpp"

#include <system_error>

#include "common/config/addresses.hpp"

namespace parley::config {
namespace {

constexpr std::uint64_t longest_timeout_ms = 3'600'000;

}  // namespace

void declare_client_options(OptionTable& table, ClientOptions& options,
                            const std::vector<std::filesystem::path>& folders) {
  const DurationRange timeout{.min_ms = 1, .max_ms = longest_timeout_ms, .plain_ms = 1'000};
  const DurationRange timeout_ms{.min_ms = 1, .max_ms = longest_timeout_ms, .plain_ms = 1};
  const DurationRange thinking{.min_ms = 0, .max_ms = longest_timeout_ms, .plain_ms = 1};

  table.parsed_list<Address>("servers", &options.servers, read_target,
                             {.meaning = "nodes of the cluster, asked in turn until one answers",
                              .value = "[HOST]:PORT,...",
                              .shown_default = options.servers.front().text()});
  table.text("user", &options.user,
             {.meaning = "which of the logged-in chat users acts", .value = "NAME", .shown_default = "the only one"});
  table.duration("timeout", &options.timeout_ms, timeout, {.meaning = "how long a request may take"});
  table.flag("json", &options.json, {.meaning = "answer in JSON where the command has such a form"});
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path& folder : folders) files.push_back(folder / client_file_name);
  table.config_file(std::move(files), "servers");

  table.duration("timeout_ms", &options.timeout_ms, timeout_ms,
                 {.meaning = "the same as timeout", .where = Where::key_only, .same_as = "timeout"});
  table.duration("thinking_time_ms", &options.thinking_time_ms, thinking,
                 {.meaning = "what bench waits between two requests of a client", .where = Where::key_only});
  table.parsed_list<Address>(
      "svrIps", &options.servers, read_target,
      {.meaning = "the same as servers", .value = "[HOST]:PORT,...", .where = Where::key_only, .same_as = "servers"});
  table.duration("thinkingTimeMsec", &options.thinking_time_ms, thinking,
                 {.meaning = "the same as thinking_time_ms", .where = Where::key_only, .same_as = "thinking_time_ms"});
}

std::vector<std::filesystem::path> client_file_folders() {
  std::vector<std::filesystem::path> folders;
  std::error_code unknown;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (!unknown) folders.push_back(self.parent_path());
  folders.emplace_back(".");
  return folders;
}

}  // namespace parley::config
