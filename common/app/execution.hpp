#pragma once
#include "common/app/changes.hpp"
#include "common/app/meta.hpp"
#include "common/app/recorded_table.hpp"

namespace parley::app {

/// What an operation works on while its entry is applied.
struct Execution {
  RecordedTable& table;
  Meta& meta;  ///< its time is that of the entry: what is later than meta.time.cluster_us is still to come
  ChangeList& changes;
  Index index;  ///< of the entry
};

}  // namespace parley::app
