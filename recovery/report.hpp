#pragma once
#include <string>
#include <vector>

#include "recovery/recovery.hpp"

namespace parley::recovery {

/// What is said of one source.
struct SourceReport {
  std::string address;
  std::string name;  ///< empty if it never answered
  transfer::SourceKind kind = transfer::SourceKind::node;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::string trouble;  ///< empty if there was none
};

struct RunReport {
  Outcome outcome;
  std::vector<SourceReport> sources;
  std::string into;  ///< empty: the state was made to be measured, and is gone
  std::string replay;
};

[[nodiscard]] std::vector<SourceReport> report_of(Sources& sources);
/// The four lines that experiments rely on, then others.
[[nodiscard]] std::string report_lines(const RunReport& report);
/// The same as one object of JSON, with a newline.
[[nodiscard]] std::string report_json(const RunReport& report);

}  // namespace parley::recovery
