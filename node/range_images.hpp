#pragma once
#include <map>
#include <memory>
#include <optional>

#include "common/replica/range_source.hpp"
#include "common/store/backend.hpp"
#include "common/store/image.hpp"

namespace parley::node {

/// Images of the state for whoever asks at `-hrecov`, each a snapshot of what was flushed when it was opened. The
/// service of ranges bounds how many there are. One thread, the store's.
class RangeImages {
 public:
  /// `backend` must outlive it.
  explicit RangeImages(store::Backend& backend) : backend_(backend) {}

  [[nodiscard]] replica::ImageOpened open(replica::RangeTicket ticket, Index at_or_below);
  /// Nothing if it was closed.
  [[nodiscard]] std::optional<replica::ImageRowsRead> read(replica::RangeTicket ticket);
  void close(replica::RangeTicket ticket) { open_.erase(ticket); }

  /// The pages that they pin are needed, or the rows are replaced: whoever reads on is told so.
  void give_up();
  [[nodiscard]] bool is_empty() const { return open_.empty(); }

 private:
  struct Image {
    std::unique_ptr<store::SnapshotSource> source;
    std::optional<Bytes> following;  ///< read ahead, since the last rows say that they are
  };
  store::Backend& backend_;
  std::map<replica::RangeTicket, Image> open_;
};

}  // namespace parley::node
