#pragma once
#include <string>
#include <vector>

namespace parley::scenario {

/// A scenario file: lines that tell the story, and commands (lines that begin with "> "), each followed by what it must
/// print. What a command prints ends at the first empty line.
struct Block {
  std::vector<std::string> story;  ///< as they stand in the file, empty lines and the ones with # alike
  std::string command;             ///< without the "> "; empty only in the last block, which may be story alone
  std::vector<std::string> expected;
};

[[nodiscard]] std::vector<Block> parse(const std::string& text);
[[nodiscard]] std::string format(const std::vector<Block>& blocks);

}  // namespace parley::scenario
