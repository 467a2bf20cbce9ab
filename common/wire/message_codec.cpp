#include "common/wire/message_codec.hpp"

#include <algorithm>
#include <variant>

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"
#include "common/wire/entry_block.hpp"
#include "common/wire/peer_codec.hpp"

namespace parley::wire {
namespace {

/// The numbers stand on the wire.
enum class MessageKind : std::uint64_t {
  pre_vote_request = 0,
  pre_vote_reply = 1,
  vote_request = 2,
  vote_reply = 3,
  append_request = 4,
  append_accepted = 5,
  append_rejected = 6,
  heartbeat = 7,
  heartbeat_reply = 8,
  read_index_request = 9,
  read_index_reply = 10,
  forwarded_proposal = 11,
  proposal_refused = 12,
  timeout_now = 13,
  membership_question = 14,
  not_member = 15,
};

/// Values of a message before those of its kind: kind, term.
constexpr std::size_t common_values = 2;

/// The largest that an append may be: at least one entry travels even if it alone is larger than append_bytes.
constexpr std::size_t most_block_bytes =
    limits::append_bytes + limits::command_bytes + limits::append_entries * entry_block_header_bytes;
static_assert(most_block_bytes + peer_frame_overhead_bytes + 128 <= limits::peer_frame_bytes);

struct BodyWriter {
  ValueWriter& out;
  Term term;

  ValueWriter& open(MessageKind kind, std::size_t values) const {
    return out.array(common_values + values).number(static_cast<std::uint64_t>(kind)).number(term);
  }
  void operator()(const raft::PreVoteRequest& body) const {
    open(MessageKind::pre_vote_request, 2).number(body.last_index).number(body.last_term);
  }
  void operator()(const raft::PreVoteReply& body) const { open(MessageKind::pre_vote_reply, 1).boolean(body.granted); }
  void operator()(const raft::VoteRequest& body) const {
    open(MessageKind::vote_request, 3).number(body.last_index).number(body.last_term).boolean(body.transfer);
  }
  void operator()(const raft::VoteReply& body) const { open(MessageKind::vote_reply, 1).boolean(body.granted); }
  void operator()(const raft::AppendRequest& body) const {
    ENSURE_LE(body.entries.size(), limits::append_entries);
    open(MessageKind::append_request, 5).number(body.previous_index).number(body.previous_term).number(body.commit);
    out.number(body.entries.size()).bytes_header(entry_block_bytes(body.entries));
    append_entry_block(out.buffer(), body.entries);
  }
  void operator()(const raft::AppendAccepted& body) const {
    open(MessageKind::append_accepted, 2).number(body.match).boolean(body.has_room);
  }
  void operator()(const raft::AppendRejected& body) const {
    open(MessageKind::append_rejected, 3).number(body.previous_index).number(body.hint_index).number(body.hint_term);
  }
  void operator()(const raft::Heartbeat& body) const {
    open(MessageKind::heartbeat, 5).number(body.commit).number(body.round);
    out.number(body.fresh.commit).number(body.fresh.stamp_us).number(body.fresh.before_us);
  }
  void operator()(const raft::HeartbeatReply& body) const {
    open(MessageKind::heartbeat_reply, 3).number(body.round).number(body.stamp_us).boolean(body.has_room);
  }
  void operator()(const raft::ReadIndexRequest& body) const {
    open(MessageKind::read_index_request, 1).number(body.id);
  }
  void operator()(const raft::ReadIndexReply& body) const {
    open(MessageKind::read_index_reply, 3).number(body.id).boolean(body.ok).number(body.index);
  }
  void operator()(const raft::ForwardedProposal& body) const {
    ENSURE_LE(body.commands.size(), limits::forwarded_commands);
    open(MessageKind::forwarded_proposal, 3).number(body.id).number(body.commands.size());
    out.bytes_header(command_block_bytes(body.commands));
    append_command_block(out.buffer(), body.commands);
  }
  void operator()(const raft::ProposalRefused& body) const {
    open(MessageKind::proposal_refused, 2).number(body.id).number(static_cast<std::uint64_t>(body.refusal));
  }
  void operator()(const raft::TimeoutNow&) const { open(MessageKind::timeout_now, 0); }
  void operator()(const raft::MembershipQuestion&) const { open(MessageKind::membership_question, 0); }
  void operator()(const raft::NotMember& body) const { open(MessageKind::not_member, 1).number(body.committed); }
};

raft::AppendRequest read_append(ValueReader& in) {
  raft::AppendRequest append;
  append.previous_index = Index{in.number("previous index of an append")};
  append.previous_term = Term{in.number("previous term of an append")};
  append.commit = Index{in.number("commit index of an append")};
  const std::size_t count = in.number(limits::append_entries, "number of entries");
  const SharedBytes block = in.bytes(most_block_bytes, "entries of an append");
  auto entries = read_entry_block(block, count, append.previous_index);
  if (entries) {
    append.entries = std::move(*entries);
  } else {
    in.refuse("the entries of an append do not follow their layout");
  }
  return append;
}

raft::ForwardedProposal read_forwarded(ValueReader& in) {
  raft::ForwardedProposal proposal;
  proposal.id = in.number("id of a forwarded proposal");
  const std::size_t count = in.number(limits::forwarded_commands, "number of commands");
  const SharedBytes block = in.bytes(limits::peer_frame_bytes, "commands of a forwarded proposal");
  auto commands = read_command_block(block, count);
  if (commands) {
    proposal.commands = std::move(*commands);
  } else {
    in.refuse("the commands of a forwarded proposal do not follow their layout");
  }
  return proposal;
}

/// Braces evaluate from left to right, so that fields may be read in the initialiser of their struct.
raft::MessageBody read_body(ValueReader& in, std::uint64_t kind, std::size_t values) {
  const auto expect = [&](std::size_t expected, std::string_view what) {
    in.expect_size(values, common_values + expected, what);
  };
  switch (static_cast<MessageKind>(kind)) {
    case MessageKind::pre_vote_request:
      expect(2, "pre-vote request");
      return raft::PreVoteRequest{Index{in.number("last index")}, Term{in.number("last term")}};
    case MessageKind::pre_vote_reply: expect(1, "pre-vote reply"); return raft::PreVoteReply{in.boolean("pre-vote")};
    case MessageKind::vote_request:
      expect(3, "vote request");
      return raft::VoteRequest{Index{in.number("last index")}, Term{in.number("last term")},
                               in.boolean("transfer mark")};
    case MessageKind::vote_reply: expect(1, "vote reply"); return raft::VoteReply{in.boolean("vote")};
    case MessageKind::append_request: expect(5, "append request"); return read_append(in);
    case MessageKind::append_accepted:
      expect(2, "append acknowledgement");
      return raft::AppendAccepted{Index{in.number("match index")}, in.boolean("room")};
    case MessageKind::append_rejected:
      expect(3, "append rejection");
      return raft::AppendRejected{Index{in.number("previous index")}, Index{in.number("hint index")},
                                  Term{in.number("hint term")}};
    case MessageKind::heartbeat:
      expect(5, "heartbeat");
      return raft::Heartbeat{
          Index{in.number("commit index")},
          in.number("round"),
          {Index{in.number("fresh commit index")}, in.number("stamp of a follower"), in.number("age of a stamp")}};
    case MessageKind::heartbeat_reply:
      expect(3, "heartbeat reply");
      return raft::HeartbeatReply{in.number("round"), in.number("stamp of a follower"), in.boolean("room")};
    case MessageKind::read_index_request:
      expect(1, "read request");
      return raft::ReadIndexRequest{in.number("id of a read")};
    case MessageKind::read_index_reply:
      expect(3, "read reply");
      return raft::ReadIndexReply{in.number("id of a read"), in.boolean("answer to a read"),
                                  Index{in.number("read index")}};
    case MessageKind::forwarded_proposal: expect(3, "forwarded proposal"); return read_forwarded(in);
    case MessageKind::proposal_refused: {
      expect(2, "refused proposal");
      const std::uint64_t id = in.number("id of a refused proposal");
      return raft::ProposalRefused{id, static_cast<raft::Refusal>(in.number(raft::last_refusal, "refusal"))};
    }
    case MessageKind::timeout_now: expect(0, "timeout-now"); return raft::TimeoutNow{};
    case MessageKind::membership_question: expect(0, "membership question"); return raft::MembershipQuestion{};
    case MessageKind::not_member:
      expect(1, "word of a removal");
      return raft::NotMember{Index{in.number("index of a removal")}};
  }
  in.refuse("message of unknown kind " + std::to_string(kind));
  return raft::TimeoutNow{};
}

}  // namespace

void write_message(ValueWriter& out, const raft::Message& message) {
  std::visit(BodyWriter{out, message.term}, message.body);
}

raft::Message read_message(ValueReader& in) {
  raft::Message message;
  const std::size_t values = in.array(16, "message");
  const std::uint64_t kind = in.number("kind of a message");
  message.term = Term{in.number("term of a message")};
  message.body = read_body(in, kind, values);
  return message;
}

bool fits_frame(const raft::Message& message) {
  if (const auto* append = std::get_if<raft::AppendRequest>(&message.body)) {
    const auto fits = [](const Entry& entry) { return entry.payload.size() <= limits::command_bytes; };
    return append->entries.size() <= limits::append_entries && entry_block_bytes(append->entries) <= most_block_bytes &&
           std::ranges::all_of(append->entries, fits);
  }
  if (const auto* forwarded = std::get_if<raft::ForwardedProposal>(&message.body)) {
    const auto fits = [](const SharedBytes& command) { return command.size() <= limits::command_bytes; };
    return forwarded->commands.size() <= limits::forwarded_commands && std::ranges::all_of(forwarded->commands, fits) &&
           peer_frame_overhead_bytes + size_bound(message) <= limits::peer_frame_bytes;
  }
  return true;
}

std::size_t size_bound(const raft::Message& message) {
  constexpr std::size_t numbers = 64;  // an array, at most six numbers of nine bytes, and the header of bytes
  if (const auto* append = std::get_if<raft::AppendRequest>(&message.body))
    return numbers + entry_block_bytes(append->entries);
  if (const auto* forwarded = std::get_if<raft::ForwardedProposal>(&message.body)) {
    return numbers + command_block_bytes(forwarded->commands);
  }
  return numbers;
}

}  // namespace parley::wire
