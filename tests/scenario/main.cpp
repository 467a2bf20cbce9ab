// scenario [--rewrite] FILE...: tells each file and compares; with --rewrite, writes what was told into the file
// instead.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/scenario/file.hpp"
#include "tests/scenario/teller.hpp"

namespace parley::scenario {
namespace {

void complain(const std::string& path, const Block& block, const std::vector<std::string>& told) {
  std::cerr << path << ": > " << block.command << '\n';
  const std::size_t lines = std::max(told.size(), block.expected.size());
  for (std::size_t at = 0; at < lines; ++at) {
    const std::string expected = at < block.expected.size() ? block.expected[at] : "";
    const std::string actual = at < told.size() ? told[at] : "";
    if (expected == actual) {
      std::cerr << "    " << actual << '\n';
      continue;
    }
    if (!expected.empty()) std::cerr << "  - " << expected << '\n';
    if (!actual.empty()) std::cerr << "  + " << actual << '\n';
  }
}

bool run(const std::string& path, bool rewrites) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) {
    std::cerr << path << ": cannot be read\n";
    return false;
  }
  std::vector<Block> blocks = parse(text.str());
  Teller teller;
  bool is_as_told = true;
  std::size_t commands = 0;
  for (Block& block : blocks) {
    if (block.command.empty()) continue;
    ++commands;
    std::vector<std::string> told = teller.tell(block.command);
    if (told != block.expected && !rewrites) {
      complain(path, block, told);
      is_as_told = false;
    }
    block.expected = std::move(told);
  }
  if (commands == 0) {
    std::cerr << path << ": has no command\n";
    return false;
  }
  if (!rewrites) return is_as_told;
  std::ofstream(path) << format(blocks);
  return true;
}

}  // namespace
}  // namespace parley::scenario

int main(int count, char** arguments) {
  bool rewrites = false;
  bool is_good = count > 1;
  for (int at = 1; at < count; ++at) {
    const std::string argument = arguments[at];
    if (argument == "--rewrite") {
      rewrites = true;
    } else {
      is_good = parley::scenario::run(argument, rewrites) && is_good;
    }
  }
  return is_good ? 0 : 1;
}
