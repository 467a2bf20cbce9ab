#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/base/address.hpp"
#include "common/config/option_table.hpp"

namespace parley::config {

/// What every command of `parley` can be told, by flags or by the client file. The values here are the defaults.
struct ClientOptions {
  /// `-servers`: nodes of one cluster, asked in turn until one answers.
  std::vector<Address> servers = {Address{}.with_port(11000)};
  /// `-user`: which of the logged-in chat users acts. Empty: the only one.
  std::string user;
  /// `-timeout`, or `timeout_ms` in the file: how long a request may take before its outcome counts as unknown.
  std::uint64_t timeout_ms = 5'000;
  /// `thinking_time_ms` in the file: what `bench` waits between two requests of a client, unless told by `-think`.
  std::uint64_t thinking_time_ms = 0;
  /// `-json`: answers as JSON where a command has such a form.
  bool json = false;
};

/// The name of the client file that is read when neither `-servers` nor `-config` is given.
inline constexpr const char* client_file_name = "client-config.toml";

/// Declares the global flags and the keys of the client file, `-config` included. `folders`: where client_file_name is
/// looked for, in this order; the program's own folder, then the working folder. `options` must outlive the table.
///
/// A command line is read in two steps: a table with these alone finds the command (OptionTable::split_command), then
/// a second one, with these and with the command's own flags (Where::flag_only), parses the rest. So global flags may
/// also stand behind the command.
void declare_client_options(OptionTable& table, ClientOptions& options,
                            const std::vector<std::filesystem::path>& folders);

/// The folder of the running program, then the working folder as ".".
[[nodiscard]] std::vector<std::filesystem::path> client_file_folders();

}  // namespace parley::config
