#include <variant>

#include "common/base/chat_limits.hpp"
#include "common/base/ensure.hpp"
#include "common/base/feed_limits.hpp"
#include "common/wire/client_codec.hpp"
#include "common/wire/value_reader.hpp"
#include "common/wire/value_writer.hpp"

namespace parley::wire {
namespace {

/// The numbers stand on the wire.
enum class RequestKind : std::uint64_t {
  write = 0,
  read = 1,
  status = 2,
  members = 3,
  remove = 4,
  transfer_leader = 5,
  found = 6,
  join = 7,
  password = 8,
  follow = 10,
  grant = 11,
  end_feed = 12,
  presence = 13,
};

/// Values of a request before those of its kind: id, deadline, kind.
constexpr std::size_t common_values = 3;

void open(ValueWriter& out, const Request& request, RequestKind kind, std::size_t values) {
  out.array(common_values + values)
      .number(request.id)
      .number(request.deadline_ms)
      .number(static_cast<std::uint64_t>(kind));
}

struct RequestWriter {
  ValueWriter& out;
  const Request& request;

  void operator()(const WriteRequest& body) const {
    open(out, request, RequestKind::write, body.token.empty() ? 1 : 2);
    out.bytes(body.command.view());
    if (!body.token.empty()) out.bytes(body.token.view());
  }
  void operator()(const ReadRequest& body) const {
    open(out, request, RequestKind::read, body.token.empty() ? 2 : 3);
    out.number(static_cast<std::uint64_t>(body.mode)).bytes(body.query.view());
    if (!body.token.empty()) out.bytes(body.token.view());
  }
  void operator()(const StatusRequest& body) const {
    open(out, request, RequestKind::status, 1);
    out.number(body.digest_at);
  }
  void operator()(const MembersRequest&) const { open(out, request, RequestKind::members, 0); }
  void operator()(const RemoveRequest& body) const {
    open(out, request, RequestKind::remove, 1);
    out.text(body.name);
  }
  void operator()(const TransferLeaderRequest& body) const {
    open(out, request, RequestKind::transfer_leader, 1);
    out.text(body.name);
  }
  void operator()(const FoundRequest&) const { open(out, request, RequestKind::found, 0); }
  void operator()(const JoinRequest& body) const {
    open(out, request, RequestKind::join, 8);
    out.number(body.server).text(body.name).text(body.raft_address).text(body.client_address).text(body.join_address);
    out.text(body.recovery_address).boolean(body.wants_vote).bytes(body.settings.view());
  }
  void operator()(const PasswordRequest& body) const {
    open(out, request, RequestKind::password, 4);
    out.bytes(body.command.view()).bytes(body.token.view());
    out.bytes(body.password.view()).bytes(body.new_password.view());
  }
  void operator()(const FollowRequest& body) const {
    open(out, request, RequestKind::follow, body.token.empty() ? 3 : 4);
    out.bytes(body.subject.view()).number(body.after).number(body.credit);
    if (!body.token.empty()) out.bytes(body.token.view());
  }
  void operator()(const GrantRequest& body) const {
    open(out, request, RequestKind::grant, 2);
    out.number(body.feed).number(body.credit);
  }
  void operator()(const PresenceRequest& body) const {
    open(out, request, RequestKind::presence, 2);
    out.bytes(body.subject.view()).bytes(body.token.view());
  }
  void operator()(const EndFeedRequest& body) const {
    open(out, request, RequestKind::end_feed, 1);
    out.number(body.feed);
  }
};

/// One that is there at all: there is one way to write that none is.
SharedBytes read_token(ValueReader& in) {
  SharedBytes token = in.kept_bytes(limits::token_bytes, "token");
  if (token.size() != limits::token_bytes) in.refuse("a token of " + std::to_string(token.size()) + " bytes");
  return token;
}

WriteRequest read_write(ValueReader& in, bool has_token) {
  WriteRequest write{in.kept_bytes(limits::command_bytes, "command of a write"), {}};
  if (has_token) write.token = read_token(in);
  return write;
}

ReadRequest read_read(ValueReader& in, bool has_token) {
  const auto mode = in.number(static_cast<std::uint64_t>(ReadMode::stale), "mode of a read");
  ReadRequest read{static_cast<ReadMode>(mode), in.kept_bytes(limits::command_bytes, "query of a read"), {}};
  if (has_token) read.token = read_token(in);
  return read;
}

PasswordRequest read_password(ValueReader& in) {
  PasswordRequest request;
  request.command = in.kept_bytes(limits::command_bytes, "command of a password request");
  request.token = in.kept_bytes(limits::token_bytes, "token");
  if (!request.token.empty() && request.token.size() != limits::token_bytes)
    in.refuse("a token of " + std::to_string(request.token.size()) + " bytes");
  request.password = in.kept_bytes(limits::password_bytes, "password");
  request.new_password = in.kept_bytes(limits::password_bytes, "new password");
  return request;
}

FollowRequest read_follow(ValueReader& in, bool has_token) {
  FollowRequest follow;
  follow.subject = in.kept_bytes(limits::feed_subject_bytes, "subject of a feed");
  follow.after = in.number("position of a feed");
  follow.credit = in.number("credit of a feed");
  if (has_token) follow.token = read_token(in);
  return follow;
}

PresenceRequest read_presence(ValueReader& in) {
  PresenceRequest presence;
  presence.subject = in.kept_bytes(limits::feed_subject_bytes, "subject of a presence request");
  presence.token = read_token(in);
  return presence;
}

GrantRequest read_grant(ValueReader& in) {
  GrantRequest grant;
  grant.feed = in.number("feed of a grant");
  grant.credit = in.number("credit of a grant");
  return grant;
}

JoinRequest read_join(ValueReader& in) {
  JoinRequest join;
  join.server = ServerId{in.number("server of a join")};
  join.name = in.text(limits::node_name_bytes, "name of a join");
  join.raft_address = in.text(limits::address_bytes, "raft address of a join");
  join.client_address = in.text(limits::address_bytes, "client address of a join");
  join.join_address = in.text(limits::address_bytes, "join address of a join");
  join.recovery_address = in.text(limits::address_bytes, "recovery address of a join");
  join.wants_vote = in.boolean("vote wish of a join");
  join.settings = in.kept_bytes(limits::settings_bytes, "settings of a join");
  return join;
}

RequestBody read_body(ValueReader& in, std::uint64_t kind, std::size_t values) {
  const auto expect = [&](std::size_t expected, std::string_view what) {
    in.expect_size(values, common_values + expected, what);
  };
  switch (static_cast<RequestKind>(kind)) {
    case RequestKind::write: {
      const bool has_token = values == common_values + 2;
      expect(has_token ? 2 : 1, "write request");
      return read_write(in, has_token);
    }
    case RequestKind::read: {
      const bool has_token = values == common_values + 3;
      expect(has_token ? 3 : 2, "read request");
      return read_read(in, has_token);
    }
    case RequestKind::status:
      expect(1, "status request");
      return StatusRequest{Index{in.number("index of a status request")}};
    case RequestKind::members: expect(0, "members request"); return MembersRequest{};
    case RequestKind::remove:
      expect(1, "remove request");
      return RemoveRequest{in.text(limits::node_name_bytes, "name of a remove request")};
    case RequestKind::transfer_leader:
      expect(1, "transfer request");
      return TransferLeaderRequest{in.text(limits::node_name_bytes, "name of a transfer request")};
    case RequestKind::found: expect(0, "found request"); return FoundRequest{};
    case RequestKind::join: expect(8, "join request"); return read_join(in);
    case RequestKind::follow: {
      const bool has_token = values == common_values + 4;
      expect(has_token ? 4 : 3, "follow request");
      return read_follow(in, has_token);
    }
    case RequestKind::presence: expect(2, "presence request"); return read_presence(in);
    case RequestKind::grant: expect(2, "grant request"); return read_grant(in);
    case RequestKind::end_feed:
      expect(1, "request to end a feed");
      return EndFeedRequest{in.number("feed to be ended")};
    case RequestKind::password: expect(4, "password request"); return read_password(in);
  }
  in.refuse("request of unknown kind " + std::to_string(kind));
  return FoundRequest{};
}

Request read_request(ValueReader& in) {
  Request request;
  const std::size_t values = in.array(16, "request");
  request.id = in.number("id of a request");
  request.deadline_ms = static_cast<std::uint32_t>(in.number(UINT32_MAX, "deadline of a request"));
  request.body = read_body(in, in.number("kind of a request"), values);
  return request;
}

}  // namespace

std::size_t size_bound(const Request& request) {
  constexpr std::size_t numbers = 48;  // an array, at most four numbers of nine bytes, and the header of bytes
  constexpr std::size_t token = 8 + limits::token_bytes;
  if (const auto* write = std::get_if<WriteRequest>(&request.body)) return numbers + write->command.size() + token;
  if (const auto* read = std::get_if<ReadRequest>(&request.body)) return numbers + read->query.size() + token;
  if (const auto* password = std::get_if<PasswordRequest>(&request.body)) {
    return 2 * numbers + password->command.size() + token + password->password.size() + password->new_password.size();
  }
  if (const auto* remove = std::get_if<RemoveRequest>(&request.body)) return numbers + remove->name.size();
  if (const auto* transfer = std::get_if<TransferLeaderRequest>(&request.body)) return numbers + transfer->name.size();
  if (const auto* follow = std::get_if<FollowRequest>(&request.body))
    return 2 * numbers + follow->subject.size() + follow->token.size();
  if (const auto* presence = std::get_if<PresenceRequest>(&request.body))
    return numbers + presence->subject.size() + presence->token.size();
  if (const auto* join = std::get_if<JoinRequest>(&request.body)) {
    return 2 * numbers + join->name.size() + join->raft_address.size() + join->client_address.size() +
           join->join_address.size() + join->recovery_address.size() + join->settings.size();
  }
  return numbers;
}

Bytes encode(const RequestFrame& frame) {
  ENSURE_LE(frame.requests.size(), limits::requests_per_frame);
  std::size_t expected = frame_overhead_bytes;
  for (const Request& request : frame.requests) expected += size_bound(request);
  ValueWriter out(expected);
  out.head(4, FrameKind::request, frame.cluster).array(frame.requests.size());
  for (const Request& request : frame.requests) std::visit(RequestWriter{out, request}, request.body);
  return out.take();
}

Result<RequestFrame> decode_request_frame(SharedBytes frame) {
  RequestFrame decoded;
  if (const auto head = peek_frame(frame.view())) decoded.cluster = head->cluster;
  ValueReader in(std::move(frame), FrameKind::request);
  in.expect_size(in.frame_size(), 4, "request frame");
  const std::size_t requests = in.array(limits::requests_per_frame, "list of requests");
  decoded.requests.reserve(requests);
  for (std::size_t i = 0; i < requests && in.ok(); ++i) decoded.requests.push_back(read_request(in));
  if (const Status done = in.finish(); !done) return std::unexpected(done.error());
  return decoded;
}

}  // namespace parley::wire
