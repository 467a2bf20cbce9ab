#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/replica/range_source.hpp"
#include "common/wal/format.hpp"

namespace parley::node {

/// Tells who serves ranges (`-hrecov`) what this node has: the entries that are applied and still in the log, and an
/// image of what is flushed. One thread, the service's.
class RangeAnnouncer {
 public:
  struct Calls {
    std::function<void(replica::RangeOrder)> serve;
    std::function<void(const ClusterId&, const transfer::LogPoint&)> advanced;
    std::function<std::unique_ptr<replica::RangeSource>()> source;
  };
  /// `name` of this node.
  RangeAnnouncer(std::string name, Calls calls) : name_(std::move(name)), calls_(std::move(calls)) {}

  // Once all four are known the cluster is served.
  void belongs_to(const ClusterId& cluster);
  void log_begins(const wal::Start& before);
  void advanced(const transfer::LogPoint& applied);
  void flushed(Index flushed);

 private:
  void tell();

  std::string name_;
  Calls calls_;
  ClusterId cluster_;
  transfer::RangeHead head_;
  bool knows_log_ = false;
  bool is_open_ = false;
};

}  // namespace parley::node
