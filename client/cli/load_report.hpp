#pragma once
#include <string>

#include "client/cli/load.hpp"

namespace parley::client::cli {

/// What a measurement is reported with.
struct LoadReport {
  const LoadOptions& options;
  const LoadResult& result;
  std::string durability;    ///< of the nodes: "fsync", "no-fsync"
  double cpu_us_per_op = 0;  ///< processor time of this process
};

/// For people; ends with a newline.
[[nodiscard]] std::string load_table(const LoadReport& report);
/// As INTERFACE has it, one line without its end.
[[nodiscard]] std::string load_json(const LoadReport& report);

}  // namespace parley::client::cli
