#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/config/node_options.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;
namespace fs = std::filesystem;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fs::path file = fs::temp_directory_path() / ("parley-fuzz-toml-" + std::to_string(getpid()));
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  const std::vector<std::string> arguments{"-config", file.string()};
  const auto command = config::parse_node_command(arguments);
  ENSURE(command || !command.error().what.empty());
  fs::remove(file);
  return 0;
}
