#pragma once
#include <functional>
#include <string>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/mq/context.hpp"
#include "common/transfer/range.hpp"

namespace parley::client {

/// What a logger says of its archive of one cluster.
struct ArchiveHead {
  Address address;
  transfer::RangeHead head;
};

/// Asks loggers at these addresses (`-hrecov`) for what they have of this cluster. Those that gave no answer in time
/// are missing.
using AskArchives = std::function<std::vector<ArchiveHead>(const std::vector<Address>&, const ClusterId&)>;

/// Over connections of its own, all at once, in half a second. `context` and `clock` must outlive what is returned.
[[nodiscard]] AskArchives ask_archives_over(mq::Context& context, const Clock& clock);

}  // namespace parley::client
