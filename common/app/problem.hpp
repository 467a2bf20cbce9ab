#pragma once
#include <string>

#include "common/base/error_word.hpp"

namespace parley::app {

/// Why a command cannot be carried out.
struct Problem {
  ErrorWord word = ErrorWord::invalid;
  std::string text;  ///< for people; names the bound
};

}  // namespace parley::app
