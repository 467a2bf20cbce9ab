#pragma once
#include <string>
#include <vector>

#include "client/cluster_status.hpp"

namespace parley::client::cli {

/// For people: a line for the cluster, a row for each member with aligned columns; ends with a newline.
[[nodiscard]] std::string status_table(const ClusterStatus& status);
/// As INTERFACE has it, one line without its end. What a member that is not up would have said is null.
[[nodiscard]] std::string status_json(const ClusterStatus& status);

[[nodiscard]] std::string members_table(const std::vector<wire::MemberInfo>& members);
/// A list with id, address and role of each, and its further addresses.
[[nodiscard]] std::string members_json(const std::vector<wire::MemberInfo>& members);

/// Rows of equally many cells as lines with aligned columns, two blanks between them.
[[nodiscard]] std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace parley::client::cli
