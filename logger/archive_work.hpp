#pragma once
#include <variant>

#include "common/mq/mailbox.hpp"
#include "common/replica/ports.hpp"
#include "common/replica/range_source.hpp"

namespace parley::logger {

/// A member has taken this logger in. Its log says so later; an image may come before.
struct Adopted {
  ClusterId cluster;
};
/// Of an image of the state that is on its way.
struct ImageMessage {
  ServerId from;
  transfer::Message message;
};
struct PeerRestarted {
  ServerId peer;
};

// What a RangeSource is asked for, and what the live log answered.
struct RunAsked {
  replica::RangeTicket ticket;
  Index from;
  Index to;
  std::size_t max_bytes = 0;
};
struct LiveRunRead {
  RunAsked asked;
  replica::RunRead outcome;
};
struct ImageAsked {
  replica::RangeTicket ticket;
  Index at_or_below;
};
struct RowsAsked {
  replica::RangeTicket ticket;
};
struct ImageClosed {
  replica::RangeTicket ticket;
};
struct VoteAsked {
  replica::RangeTicket ticket;
  ServerId server;
  NodeId name;
  Index first_kept;
};

/// What came of an image that was asked for from a member: its index, once it is complete.
struct ImageFetched {
  Result<Index> image;
};

/// What the owner of an archive is told. Of a Round it takes all that is in it.
using ArchiveWork = std::variant<replica::Round, Adopted, ImageMessage, PeerRestarted, replica::LogExtent, RunAsked,
                                 LiveRunRead, ImageAsked, RowsAsked, ImageClosed, VoteAsked, ImageFetched>;
using ArchiveMailbox = mq::Mailbox<ArchiveWork>;

}  // namespace parley::logger
