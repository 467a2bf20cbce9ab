#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "client/cli/command.hpp"
#include "common/base/limits.hpp"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  parley::client::cli::LineReader input(STDIN_FILENO, parley::limits::client_line_bytes);
  return parley::client::cli::run_program(arguments, input, std::cout, std::cerr);
}
