#pragma once
#include <cstdint>
#include <string>
#include <variant>

#include "common/base/error_word.hpp"
#include "common/base/ids.hpp"
#include "common/transfer/message.hpp"
#include "common/transfer/range.hpp"

/// What a recovery, a subscriber or a replica says to a source of entries (the `-hrecov` of a node or a logger), and
/// what that answers. RANGES.md has the grammar and the rules.
namespace parley::wire {

/// What does the source have?
struct HeadRequest {
  friend bool operator==(const HeadRequest&, const HeadRequest&) = default;
};
/// Opens a stream of entries. Answered by EntriesReply and AliveReply, until the last or an error.
struct EntriesRequest {
  Index from;
  Index to;                  ///< included; 0 for a feed, which follows what is committed for ever
  std::uint64_t window = 0;  ///< bytes that may be on their way: the first credit
  friend bool operator==(const EntriesRequest&, const EntriesRequest&) = default;
};
/// The stream under this id may send so many bytes in all since it was opened. Not answered.
struct CreditRequest {
  std::uint64_t total = 0;
  friend bool operator==(const CreditRequest&, const CreditRequest&) = default;
};
/// The stream under this id is no longer wanted. Not answered.
struct CancelRequest {
  friend bool operator==(const CancelRequest&, const CancelRequest&) = default;
};
/// Opens a stream of the newest image at or below an index. Answered by ImageHeadReply, then ImageRowsReply.
struct ImageRequest {
  Index index;                 ///< 0: the newest of all
  std::uint64_t sequence = 0;  ///< the first chunk that is wanted; above 0 only of the image at exactly `index`
  std::uint64_t window = 0;
  friend bool operator==(const ImageRequest&, const ImageRequest&) = default;
};
/// A member votes for forgetting the entries below an index.
struct TruncateRequest {
  ServerId server;
  std::string name;
  Index first_kept;
  friend bool operator==(const TruncateRequest&, const TruncateRequest&) = default;
};

using RangeRequestBody =
    std::variant<HeadRequest, EntriesRequest, CreditRequest, CancelRequest, ImageRequest, TruncateRequest>;

/// One frame to a source.
struct RangeRequest {
  ClusterId cluster;              ///< nil: the only one that it serves
  std::uint64_t id = 0;           ///< chosen by who asks, unique on its connection; names the stream from then on
  std::uint32_t deadline_ms = 0;  ///< how long to wait for what is not there yet; a feed waits for ever
  RangeRequestBody body;
  friend bool operator==(const RangeRequest&, const RangeRequest&) = default;
};

/// Not done; a stream that was open under this id is over.
struct RangeErrorReply {
  ErrorWord error = ErrorWord::invalid;
  std::string detail;
  std::uint32_t retry_after_ms = 0;
  Index first;  ///< with `not_found` for entries: the first behind the missing ones that is there; 0: not known
  friend bool operator==(const RangeErrorReply&, const RangeErrorReply&) = default;
};
/// The truncation is decided and done.
struct RangeDoneReply {
  friend bool operator==(const RangeDoneReply&, const RangeDoneReply&) = default;
};
struct HeadReply {
  transfer::RangeHead head;
  friend bool operator==(const HeadReply&, const HeadReply&) = default;
};
struct EntriesReply {
  transfer::EntryChunk chunk;
  friend bool operator==(const EntriesReply&, const EntriesReply&) = default;
};
struct ImageHeadReply {
  transfer::ImageHead head;
  friend bool operator==(const ImageHeadReply&, const ImageHeadReply&) = default;
};
/// `chunk.id` is the id of the reply, and does not travel twice.
struct ImageRowsReply {
  transfer::ImageChunk chunk;
  friend bool operator==(const ImageRowsReply&, const ImageRowsReply&) = default;
};
/// The vote counts, and more are missing.
struct VotesReply {
  std::uint32_t votes = 0;    ///< members that have asked for a truncation
  std::uint32_t members = 0;  ///< of so many; it is done when more than half have
  Index lowest;               ///< and what is to be the first entry, as it stands
  friend bool operator==(const VotesReply&, const VotesReply&) = default;
};
/// The stream is open and has nothing to send.
struct AliveReply {
  Index last;  ///< the last entry that is there
  friend bool operator==(const AliveReply&, const AliveReply&) = default;
};

using RangeReplyBody = std::variant<RangeErrorReply, RangeDoneReply, HeadReply, EntriesReply, ImageHeadReply,
                                    ImageRowsReply, VotesReply, AliveReply>;

/// One frame from a source.
struct RangeReply {
  ClusterId cluster;   ///< which one this is about; nil if none was found
  std::string source;  ///< who answers
  std::uint64_t id = 0;
  RangeReplyBody body;
  friend bool operator==(const RangeReply&, const RangeReply&) = default;
};

}  // namespace parley::wire
