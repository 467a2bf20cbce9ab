#pragma once
#include <memory>
#include <string>
#include <variant>

#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/replica/read_run.hpp"
#include "common/transfer/message.hpp"
#include "common/transfer/range.hpp"
#include "common/wire/range_message.hpp"

namespace parley::replica {

/// Something that a RangeDesk has asked of a source, to be given back with the answer. No two are ever the same.
struct RangeTicket : StrongNumber<struct RangeTicketTag> {};

/// Where the entries and images of one cluster come from: the log and the store of a node, the archive of a logger. It
/// is called from the thread of the desk and must not block; it answers each question once, later and not from within
/// the call, by what stands below. When it is destroyed, or has closed an image, answers that are still on their way
/// are passed over.
class RangeSource {
 public:
  virtual ~RangeSource() = default;

  /// The entries [from, to], whose digests are to be those that were kept; fewer if they would exceed `max_bytes` (as
  /// entry_bytes counts), but at least one. Answered by ReadDone.
  virtual void read(RangeTicket ticket, Index from, Index to, std::size_t max_bytes) = 0;

  /// The newest image at or below this index. Answered by ImageOpened; if it was found, it is open until close_image().
  virtual void open_image(RangeTicket ticket, Index at_or_below) = 0;
  /// Its next rows, from the first on; limits::image_chunk_most_bytes at most. Answered by ImageRowsRead.
  virtual void read_image(RangeTicket ticket) = 0;
  /// Also of one that was not answered yet. Not answered.
  virtual void close_image(RangeTicket ticket) = 0;

  /// This server, if it is a member, votes for forgetting the entries below `first_kept`. Answered by VoteTaken.
  virtual void truncate(RangeTicket ticket, ServerId server, const NodeId& name, Index first_kept) = 0;
};

struct ReadDone {
  RangeTicket ticket;
  RunRead outcome;
};
struct ImageGone {};
struct ImageOpened {
  RangeTicket ticket;
  std::variant<transfer::ImageHead, ImageGone, Error> outcome;
};
struct ImageRows {
  SharedBytes rows;
  bool is_last = false;
};
struct ImageRowsRead {
  RangeTicket ticket;
  Result<ImageRows> rows;
};
struct VoteTaken {
  RangeTicket ticket;
  std::variant<wire::RangeDoneReply, wire::VotesReply, wire::RangeErrorReply> reply;
};

/// From now on this cluster is served. A source that was there before is closed.
struct OpenSource {
  ClusterId cluster;
  std::string name;  ///< of the node or logger in it
  std::unique_ptr<RangeSource> source;
  transfer::RangeHead head;
};
/// It no longer is; its streams end with this reason.
struct CloseSource {
  ClusterId cluster;
  std::string why;
};
/// What the source has is something else now: more, or less.
struct HeadChanged {
  ClusterId cluster;
  transfer::RangeHead head;
};
/// It has more entries, up to this one, and all else is as it was.
struct Advanced {
  ClusterId cluster;
  transfer::LogPoint last;
};

/// What a RangeDesk is told.
using RangeOrder =
    std::variant<OpenSource, CloseSource, HeadChanged, Advanced, ReadDone, ImageOpened, ImageRowsRead, VoteTaken>;

}  // namespace parley::replica
