#include "tests/scenario/file.hpp"

#include <sstream>

namespace parley::scenario {

std::vector<Block> parse(const std::string& text) {
  std::vector<Block> blocks;
  Block block;
  const auto finish = [&] {
    blocks.push_back(block);
    block = {};
  };
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("> ")) {
      if (!block.command.empty()) finish();
      block.command = line.substr(2);
    } else if (block.command.empty()) {
      block.story.push_back(line);
    } else if (line.empty()) {
      finish();
    } else {
      block.expected.push_back(line);
    }
  }
  if (!block.command.empty() || !block.story.empty()) finish();
  return blocks;
}

std::string format(const std::vector<Block>& blocks) {
  std::string text;
  for (const Block& block : blocks) {
    for (const std::string& line : block.story) text += line + "\n";
    if (block.command.empty()) continue;
    text += "> " + block.command + "\n";
    for (const std::string& line : block.expected) text += line + "\n";
    if (&block != &blocks.back()) text += "\n";
  }
  return text;
}

}  // namespace parley::scenario
