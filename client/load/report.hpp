#pragma once
#include <string>
#include <vector>

#include "client/load/options.hpp"
#include "client/load/result.hpp"

namespace parley::client::load {

/// What a measurement is reported with.
struct LoadReport {
  const LoadOptions& options;
  const std::vector<TargetName>& targets;
  const std::vector<LoadResult>& results;  ///< by target
  const std::vector<SecondRow>& seconds;   ///< of all targets together
  std::string preset;                      ///< empty if there was none
  std::string durability;                  ///< of the nodes: "fsync", "no-fsync"
  double cpu_us_per_op = 0;                ///< processor time of this process
};

/// For people: all targets together, then each if there are several; ends with a newline.
[[nodiscard]] std::string load_table(const LoadReport& report);
/// As INTERFACE has it, one line without its end: all targets together, with what became of each second under
/// `each_second`, and if there are several each of them under `targets`.
[[nodiscard]] std::string load_json(const LoadReport& report);

/// A line of progress for a person, with its end.
[[nodiscard]] std::string progress_line(const char* phase, const Second& second);

/// For `-csv`: the names of the columns, then a row for each target and second of warm-up and load, and, if there are
/// several targets, one for all of them; with their ends.
[[nodiscard]] std::string csv_header();
[[nodiscard]] std::string csv_rows(const char* phase, const std::vector<TargetName>& targets,
                                   const std::vector<Second>& seconds);

}  // namespace parley::client::load
