#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/error_word.hpp"
#include "common/base/hash.hpp"
#include "common/base/ids.hpp"

/// What clients and nodes say to each other. Commands, queries and their replies are bytes here: their format belongs
/// to `app`, so that nothing between a client and apply decodes them twice. PROTOCOL.md has the grammar.
namespace parley::wire {

/// How fresh the answer to a read must be.
enum class ReadMode : std::uint8_t { linearizable = 0, lease = 1, stale = 2 };

struct WriteRequest {
  SharedBytes command;  ///< an encoded app::Command
  SharedBytes token{};  ///< of 32 bytes, whose hash the command names; empty if it names none
  friend bool operator==(const WriteRequest&, const WriteRequest&) = default;
};
struct ReadRequest {
  ReadMode mode = ReadMode::linearizable;
  SharedBytes query;    ///< an encoded app::Query
  SharedBytes token{};  ///< as in a write
  friend bool operator==(const ReadRequest&, const ReadRequest&) = default;
};
/// A write that a node completes: what comes of a password stands in the command that it proposes, the password
/// nowhere.
struct PasswordRequest {
  SharedBytes command;       ///< an encoded app::Command, whose operation is a template (app::chat::is_template)
  SharedBytes token;         ///< as in a write
  SharedBytes password;      ///< of whom the command is about, or whom it makes
  SharedBytes new_password;  ///< empty if the command sets none
  friend bool operator==(const PasswordRequest&, const PasswordRequest&) = default;
};
/// Asks the node about itself alone; a table of the cluster is made by asking each.
struct StatusRequest {
  Index digest_at;  ///< also give the digests at this index, if still remembered; 0 for none
  friend bool operator==(const StatusRequest&, const StatusRequest&) = default;
};
struct MembersRequest {
  friend bool operator==(const MembersRequest&, const MembersRequest&) = default;
};
struct RemoveRequest {
  std::string name;
  friend bool operator==(const RemoveRequest&, const RemoveRequest&) = default;
};
struct TransferLeaderRequest {
  std::string name;
  friend bool operator==(const TransferLeaderRequest&, const TransferLeaderRequest&) = default;
};
/// Tells a waiting node (started with -join, member of nothing) to found a cluster.
struct FoundRequest {
  friend bool operator==(const FoundRequest&, const FoundRequest&) = default;
};
/// A replica asks to be taken in as a learner; sent to a member's -hjoin.
struct JoinRequest {
  ServerId server;
  std::string name;
  std::string raft_address;
  std::string client_address;
  std::string join_address;
  std::string recovery_address;
  bool wants_vote = false;
  SharedBytes settings;  ///< the joiner's app::Settings, encoded; empty for a logger; a difference is refused and named
  friend bool operator==(const JoinRequest&, const JoinRequest&) = default;
};

/// Where a feed begins if nothing else is said: behind what the node has applied by then.
inline constexpr std::uint64_t follow_from_now = UINT64_MAX;
/// Asks for all that comes behind a position, in pages, until the feed is ended; its id is the request's. It is
/// answered at once, if only by an empty page that says where it begins.
struct FollowRequest {
  SharedBytes subject;                    ///< an encoded app::Follow
  std::uint64_t after = follow_from_now;  ///< what stands at this position is known
  std::uint64_t credit = 0;               ///< items that may come before more is granted
  SharedBytes token{};                    ///< as in a write
  friend bool operator==(const FollowRequest&, const FollowRequest&) = default;
};
/// Asks the node which members of a chat have feeds at it: whoever asks all nodes knows who is there. In no log.
struct PresenceRequest {
  SharedBytes subject;  ///< an encoded app::FollowChat
  SharedBytes token;    ///< as in a write
  friend bool operator==(const PresenceRequest&, const PresenceRequest&) = default;
};
/// Allows so many items in all since the feed began; never answered. Less than before changes nothing.
struct GrantRequest {
  std::uint64_t feed = 0;
  std::uint64_t credit = 0;
  friend bool operator==(const GrantRequest&, const GrantRequest&) = default;
};
/// Ends a feed; never answered. What is on its way still comes.
struct EndFeedRequest {
  std::uint64_t feed = 0;
  friend bool operator==(const EndFeedRequest&, const EndFeedRequest&) = default;
};

using RequestBody = std::variant<WriteRequest, ReadRequest, StatusRequest, MembersRequest, RemoveRequest,
                                 TransferLeaderRequest, FoundRequest, JoinRequest, PasswordRequest, FollowRequest,
                                 GrantRequest, EndFeedRequest, PresenceRequest>;

struct Request {
  std::uint64_t id = 0;  ///< chosen by the client, echoed in the reply; unique on its connection
  std::uint32_t deadline_ms =
      0;  ///< the client waits so long from its arrival; then it is dropped or answered `timeout`
  RequestBody body;
  friend bool operator==(const Request&, const Request&) = default;
};

/// One frame from a client: as many requests as were waiting.
struct RequestFrame {
  ClusterId cluster;  ///< nil if the client does not know it yet; another than the node's is refused
  std::vector<Request> requests;
  friend bool operator==(const RequestFrame&, const RequestFrame&) = default;
};

/// A member as clients see it.
struct MemberInfo {
  ServerId server;
  std::string name;
  std::string role;  ///< leader, follower, candidate, learner, logger
  std::string raft_address;
  std::string client_address;
  std::string join_address;
  std::string recovery_address;
  friend bool operator==(const MemberInfo&, const MemberInfo&) = default;
};

/// The server cannot say how old what it read is: no leader has vouched for it yet.
inline constexpr std::uint64_t unknown_age = UINT64_MAX;

/// A write or a read was answered by the application, be it with success or with one of its errors.
struct AppReply {
  Index index;               ///< the entry that did it, or for a read the index it reflects
  SharedBytes reply;         ///< an encoded app::Reply
  std::uint64_t age_ms = 0;  ///< of a stale read: all that was committed so long ago is in it; 0 for everything else
  friend bool operator==(const AppReply&, const AppReply&) = default;
};
/// Not done, for a reason outside the application.
struct ErrorReply {
  ErrorWord error = ErrorWord::invalid;
  std::string detail;
  std::uint32_t retry_after_ms = 0;
  friend bool operator==(const ErrorReply&, const ErrorReply&) = default;
};
/// An administrative request was carried out.
struct DoneReply {
  friend bool operator==(const DoneReply&, const DoneReply&) = default;
};
struct StatusReply {
  MemberInfo self;
  Term term;
  Index first;  ///< first index that the log still has
  Index last;
  Index commit;
  Index applied;
  Index flushed;    ///< up to which the store is on disk
  Digest digest;    ///< the chain at `applied`
  Digest state;     ///< the state's digest at `applied`
  Index digest_at;  ///< as asked if still remembered, else 0; then the next two are at that index
  Digest digest_there;
  Digest state_there;
  bool fsync = true;
  std::string health;  ///< "ok", or what is wrong
  friend bool operator==(const StatusReply&, const StatusReply&) = default;
};
struct MembersReply {
  std::vector<MemberInfo> members;
  friend bool operator==(const MembersReply&, const MembersReply&) = default;
};
/// The joiner is, or already was, a member. It learns its cluster and whom to connect to.
struct JoinReply {
  ClusterId cluster;
  std::vector<MemberInfo> members;
  friend bool operator==(const JoinReply&, const JoinReply&) = default;
};

/// A page of a feed, under the id of the request that began it. A feed ends by an ErrorReply.
struct FeedReply {
  std::uint64_t after = 0;  ///< the page has all that stands behind this position ...
  std::uint64_t upto = 0;   ///< ... up to this one
  std::uint32_t count = 0;  ///< items
  SharedBytes items;        ///< as the subject has it; empty for none
  friend bool operator==(const FeedReply&, const FeedReply&) = default;
};
/// Ends a feed: what comes behind its position is not known here any more, or never was.
struct FeedGoneReply {
  std::uint64_t first =
      0;  ///< the first position that a feed can have here; 0: the position lies ahead of all there is
  std::string detail;
  friend bool operator==(const FeedGoneReply&, const FeedGoneReply&) = default;
};
/// The names of those who are there, at most limits::presence_names.
struct PresenceReply {
  std::vector<std::string> users;
  friend bool operator==(const PresenceReply&, const PresenceReply&) = default;
};
/// A sign of life for a connection that has feeds, with id 0, and how many it has: a client that counts more has lost
/// some.
struct BeatReply {
  std::uint64_t feeds = 0;
  friend bool operator==(const BeatReply&, const BeatReply&) = default;
};

using ReplyBody = std::variant<AppReply, ErrorReply, DoneReply, StatusReply, MembersReply, JoinReply, FeedReply,
                               FeedGoneReply, BeatReply, PresenceReply>;

struct Reply {
  std::uint64_t id = 0;
  ReplyBody body;
  friend bool operator==(const Reply&, const Reply&) = default;
};

/// One frame to a client: as many replies as were ready, and who leads, so that the client goes there next.
struct ReplyFrame {
  ClusterId cluster;
  std::string node;            ///< who answers
  std::string leader;          ///< name; empty if none is known
  std::string leader_address;  ///< where it serves clients (on a join port: where it takes joins)
  std::vector<Reply> replies;
  friend bool operator==(const ReplyFrame&, const ReplyFrame&) = default;
};

}  // namespace parley::wire
