#include <algorithm>
#include <array>
#include <string_view>
#include <variant>

#include "common/base/ensure.hpp"
#include "common/base/chat_limits.hpp"
#include "common/base/feed_limits.hpp"
#include "common/wire/client_codec.hpp"
#include "common/wire/value_reader.hpp"
#include "common/wire/value_writer.hpp"

namespace parley::wire {
namespace {

/// The numbers stand on the wire.
enum class ReplyKind : std::uint64_t {
  app = 0,
  error = 1,
  done = 2,
  status = 3,
  members = 4,
  join = 5,
  feed = 6,
  feed_gone = 7,
  beat = 8,
  presence = 9
};

/// Roles travel as their position here.
constexpr std::array<std::string_view, 5> roles = {"leader", "follower", "candidate", "learner", "logger"};

/// Values of a reply before those of its kind: id, kind.
constexpr std::size_t common_values = 2;
constexpr std::size_t member_values = 7;

std::uint64_t role_number(std::string_view role) {
  const auto found = std::ranges::find(roles, role);
  if (found == roles.end())
    ensure_failed(__FILE__, __LINE__, "a role is one of those that MemberInfo lists", std::string(role));
  return static_cast<std::uint64_t>(found - roles.begin());
}

void write_member(ValueWriter& out, const MemberInfo& member) {
  out.array(member_values)
      .number(member.server)
      .text(member.name)
      .number(role_number(member.role))
      .text(member.raft_address);
  out.text(member.client_address).text(member.join_address).text(member.recovery_address);
}

void write_members(ValueWriter& out, const std::vector<MemberInfo>& members) {
  ENSURE_LE(members.size(), limits::members);
  out.array(members.size());
  for (const MemberInfo& member : members) write_member(out, member);
}

void open(ValueWriter& out, const Reply& reply, ReplyKind kind, std::size_t values) {
  out.array(common_values + values).number(reply.id).number(static_cast<std::uint64_t>(kind));
}

struct ReplyWriter {
  ValueWriter& out;
  const Reply& reply;

  void operator()(const AppReply& body) const {
    open(out, reply, ReplyKind::app, 3);
    out.number(body.index).number(body.age_ms).bytes(body.reply.view());
  }
  void operator()(const ErrorReply& body) const {
    ENSURE(body.error != ErrorWord::ok);
    open(out, reply, ReplyKind::error, 3);
    out.number(static_cast<std::uint64_t>(body.error)).explanation(body.detail).number(body.retry_after_ms);
  }
  void operator()(const DoneReply&) const { open(out, reply, ReplyKind::done, 0); }
  void operator()(const StatusReply& body) const {
    open(out, reply, ReplyKind::status, 14);
    write_member(out, body.self);
    out.number(body.term)
        .number(body.first)
        .number(body.last)
        .number(body.commit)
        .number(body.applied)
        .number(body.flushed);
    out.bytes(body.digest.view()).bytes(body.state.view());
    out.number(body.digest_at).bytes(body.digest_there.view()).bytes(body.state_there.view());
    out.boolean(body.fsync).explanation(body.health);
  }
  void operator()(const MembersReply& body) const {
    open(out, reply, ReplyKind::members, 1);
    write_members(out, body.members);
  }
  void operator()(const JoinReply& body) const {
    open(out, reply, ReplyKind::join, 2);
    out.cluster(body.cluster);
    write_members(out, body.members);
  }
  void operator()(const FeedReply& body) const {
    open(out, reply, ReplyKind::feed, 4);
    out.number(body.after).number(body.upto).number(body.count).bytes(body.items.view());
  }
  void operator()(const FeedGoneReply& body) const {
    open(out, reply, ReplyKind::feed_gone, 2);
    out.number(body.first).explanation(body.detail);
  }
  void operator()(const PresenceReply& body) const {
    ENSURE_LE(body.users.size(), limits::presence_names);
    open(out, reply, ReplyKind::presence, 1);
    out.array(body.users.size());
    for (const std::string& user : body.users) out.text(user);
  }
  void operator()(const BeatReply& body) const {
    open(out, reply, ReplyKind::beat, 1);
    out.number(body.feeds);
  }
};

MemberInfo read_member(ValueReader& in) {
  MemberInfo member;
  in.array_of(member_values, "member");
  member.server = ServerId{in.number("server of a member")};
  member.name = in.text(limits::node_name_bytes, "name of a member");
  member.role = roles[in.number(roles.size() - 1, "role of a member")];
  member.raft_address = in.text(limits::address_bytes, "raft address of a member");
  member.client_address = in.text(limits::address_bytes, "client address of a member");
  member.join_address = in.text(limits::address_bytes, "join address of a member");
  member.recovery_address = in.text(limits::address_bytes, "recovery address of a member");
  return member;
}

std::vector<MemberInfo> read_members(ValueReader& in) {
  std::vector<MemberInfo> members;
  const std::size_t size = in.array(limits::members, "list of members");
  members.reserve(size);
  for (std::size_t i = 0; i < size && in.ok(); ++i) members.push_back(read_member(in));
  return members;
}

ErrorReply read_error(ValueReader& in) {
  ErrorReply reply;
  const std::uint64_t number = in.number("error word");
  const auto word = error_word(number);
  if (!word || *word == ErrorWord::ok) in.refuse("unknown error word " + std::to_string(number));
  reply.error = word.value_or(ErrorWord::invalid);
  reply.detail = in.text(limits::explanation_bytes, "detail of an error");
  reply.retry_after_ms = static_cast<std::uint32_t>(in.number(UINT32_MAX, "retry hint of an error"));
  return reply;
}

FeedReply read_feed(ValueReader& in) {
  FeedReply feed;
  feed.after = in.number("begin of a page");
  feed.upto = in.number("end of a page");
  if (feed.upto < feed.after) in.refuse("a page ends before it begins");
  feed.count = static_cast<std::uint32_t>(in.number(UINT32_MAX, "count of a page"));
  feed.items = in.bytes(limits::feed_page_most_bytes, "items of a page");
  return feed;
}

PresenceReply read_presence(ValueReader& in) {
  PresenceReply presence;
  const std::size_t users = in.array(limits::presence_names, "list of who is there");
  for (std::size_t i = 0; i < users && in.ok(); ++i)
    presence.users.push_back(std::string(in.text(limits::user_name_bytes, "name of who is there")));
  return presence;
}

FeedGoneReply read_feed_gone(ValueReader& in) {
  FeedGoneReply gone;
  gone.first = in.number("first position of a feed");
  gone.detail = in.text(limits::explanation_bytes, "why a feed ends");
  return gone;
}

StatusReply read_status(ValueReader& in) {
  StatusReply status;
  status.self = read_member(in);
  status.term = Term{in.number("term of a status")};
  for (Index* index : {&status.first, &status.last, &status.commit, &status.applied, &status.flushed}) {
    *index = Index{in.number("index of a status")};
  }
  status.digest = in.digest("digest of a status");
  status.state = in.digest("state of a status");
  status.digest_at = Index{in.number("digest index of a status")};
  status.digest_there = in.digest("digest there of a status");
  status.state_there = in.digest("state there of a status");
  status.fsync = in.boolean("durability of a status");
  status.health = in.text(limits::explanation_bytes, "health of a status");
  return status;
}

ReplyBody read_body(ValueReader& in, std::uint64_t kind, std::size_t values) {
  const auto expect = [&](std::size_t expected, std::string_view what) {
    in.expect_size(values, common_values + expected, what);
  };
  switch (static_cast<ReplyKind>(kind)) {
    case ReplyKind::app: {
      expect(3, "reply of the application");
      AppReply reply;
      reply.index = Index{in.number("index of a reply")};
      reply.age_ms = in.number("age of a reply");
      reply.reply = in.bytes(limits::command_bytes, "reply of the application");
      return reply;
    }
    case ReplyKind::error: expect(3, "error reply"); return read_error(in);
    case ReplyKind::done: expect(0, "done reply"); return DoneReply{};
    case ReplyKind::status: expect(14, "status reply"); return read_status(in);
    case ReplyKind::members: expect(1, "members reply"); return MembersReply{read_members(in)};
    case ReplyKind::join: {
      expect(2, "join reply");
      const ClusterId cluster = in.cluster("cluster of a join");
      return JoinReply{cluster, read_members(in)};
    }
    case ReplyKind::feed: expect(4, "page of a feed"); return read_feed(in);
    case ReplyKind::feed_gone: expect(2, "end of a feed"); return read_feed_gone(in);
    case ReplyKind::presence: expect(1, "answer to who is there"); return read_presence(in);
    case ReplyKind::beat: expect(1, "sign of life"); return BeatReply{in.number("feeds of a connection")};
  }
  in.refuse("reply of unknown kind " + std::to_string(kind));
  return DoneReply{};
}

Reply read_reply(ValueReader& in) {
  Reply reply;
  const std::size_t values = in.array(32, "reply");
  reply.id = in.number("id of a reply");
  reply.body = read_body(in, in.number("kind of a reply"), values);
  return reply;
}

std::size_t size_bound(const MemberInfo& member) {
  return 64 + member.name.size() + member.raft_address.size() + member.client_address.size() +
         member.join_address.size() + member.recovery_address.size();
}

std::size_t size_bound(const std::vector<MemberInfo>& members) {
  std::size_t bytes = 8;
  for (const MemberInfo& member : members) bytes += size_bound(member);
  return bytes;
}

}  // namespace

std::size_t size_bound(const Reply& reply) {
  constexpr std::size_t numbers = 56;  // an array, at most five numbers of nine bytes, and the header of bytes
  if (const auto* app = std::get_if<AppReply>(&reply.body)) return numbers + app->reply.size();
  if (const auto* error = std::get_if<ErrorReply>(&reply.body)) {
    return numbers + std::min(error->detail.size(), limits::explanation_bytes);
  }
  if (const auto* feed = std::get_if<FeedReply>(&reply.body)) return numbers + feed->items.size();
  if (const auto* presence = std::get_if<PresenceReply>(&reply.body)) {
    std::size_t bytes = numbers;
    for (const std::string& user : presence->users) bytes += 8 + user.size();
    return bytes;
  }
  if (const auto* gone = std::get_if<FeedGoneReply>(&reply.body)) {
    return numbers + std::min(gone->detail.size(), limits::explanation_bytes);
  }
  if (const auto* members = std::get_if<MembersReply>(&reply.body)) return numbers + size_bound(members->members);
  if (const auto* join = std::get_if<JoinReply>(&reply.body)) return 2 * numbers + size_bound(join->members);
  if (const auto* status = std::get_if<StatusReply>(&reply.body)) {
    return 6 * numbers + size_bound(status->self) + std::min(status->health.size(), limits::explanation_bytes);
  }
  return numbers;
}

Bytes encode(const ReplyFrame& frame) {
  ENSURE_LE(frame.replies.size(), limits::replies_per_frame);
  std::size_t expected = frame_overhead_bytes;
  for (const Reply& reply : frame.replies) expected += size_bound(reply);
  ValueWriter out(expected);
  out.head(7, FrameKind::reply, frame.cluster).text(frame.node).text(frame.leader).text(frame.leader_address);
  out.array(frame.replies.size());
  for (const Reply& reply : frame.replies) std::visit(ReplyWriter{out, reply}, reply.body);
  return out.take();
}

Result<ReplyFrame> decode_reply_frame(SharedBytes frame) {
  ReplyFrame decoded;
  if (const auto head = peek_frame(frame.view())) decoded.cluster = head->cluster;
  ValueReader in(std::move(frame), FrameKind::reply);
  in.expect_size(in.frame_size(), 7, "reply frame");
  decoded.node = in.text(limits::node_name_bytes, "name of the node");
  decoded.leader = in.text(limits::node_name_bytes, "name of the leader");
  decoded.leader_address = in.text(limits::address_bytes, "address of the leader");
  const std::size_t replies = in.array(limits::replies_per_frame, "list of replies");
  decoded.replies.reserve(replies);
  for (std::size_t i = 0; i < replies && in.ok(); ++i) decoded.replies.push_back(read_reply(in));
  if (const Status done = in.finish(); !done) return std::unexpected(done.error());
  return decoded;
}

}  // namespace parley::wire
