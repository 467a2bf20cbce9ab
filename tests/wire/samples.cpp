#include "tests/wire/samples.hpp"

#include "common/wire/client_codec.hpp"
#include "common/wire/peer_codec.hpp"
#include "common/wire/range_codec.hpp"
#include "tests/wire/golden.hpp"

namespace parley::wire::samples {

ClusterId cluster() {
  ClusterId id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(i);
  return id;
}

Digest digest(std::uint8_t first) {
  Digest digest;
  digest.bytes.fill(first);
  return digest;
}

SharedBytes shared(std::string bytes) { return SharedBytes(std::move(bytes)); }

MemberInfo member(std::uint64_t server, std::string role) {
  return {ServerId{server}, "n" + std::to_string(server), std::move(role), "r:1", "c:2", "j:3", "s:4"};
}

std::vector<RequestSample> requests() {
  JoinRequest join{ServerId{0x0102030405060708}, "n7", "r:1", "c:2", "j:3", "s:4", true, shared("set")};
  const SharedBytes token = shared(std::string(32, '\x55'));
  return {
      {"write", {1, 5000, WriteRequest{shared("command")}}, golden::write},
      {"read, linearizable",
       {2, 5000, ReadRequest{ReadMode::linearizable, shared("query")}},
       golden::read_linearizable},
      {"read, lease", {3, 5000, ReadRequest{ReadMode::lease, shared("query")}}, golden::read_lease},
      {"read, stale", {4, 5000, ReadRequest{ReadMode::stale, shared("query")}}, golden::read_stale},
      {"status", {5, 100, StatusRequest{Index{70000}}}, golden::status},
      {"members", {6, 100, MembersRequest{}}, golden::members},
      {"remove", {7, 100, RemoveRequest{"node2"}}, golden::remove},
      {"transfer leader", {8, 100, TransferLeaderRequest{"node1"}}, golden::transfer_leader},
      {"found", {9, 100, FoundRequest{}}, golden::found},
      {"write with a token", {10, 5000, WriteRequest{shared("command"), token}}, golden::write_with_token},
      {"read with a token",
       {11, 5000, ReadRequest{ReadMode::linearizable, shared("query"), token}},
       golden::read_with_token},
      {"password",
       {12, 5000, PasswordRequest{shared("command"), token, shared("old"), shared("new")}},
       golden::password},
      {"password without a token",
       {13, 5000, PasswordRequest{shared("command"), {}, shared("secret"), {}}},
       golden::password_without_token},
      {"join", {0xffffffffffffffff, 0xffffffff, join}, golden::join},
      {"follow", {10, 100, FollowRequest{shared("subject"), 77, 64}}, golden::follow},
      {"follow from now", {11, 100, FollowRequest{shared("s")}}, golden::follow_from_now},
      {"follow with a token",
       {14, 100, FollowRequest{shared("s"), 5, 6, shared(std::string(32, 't'))}},
       golden::follow_with_token},
      {"presence", {15, 100, PresenceRequest{shared("s"), shared(std::string(32, 't'))}}, golden::presence},
      {"grant", {12, 0, GrantRequest{10, 300}}, golden::grant},
      {"end of a feed", {13, 0, EndFeedRequest{10}}, golden::end_feed},
  };
}

std::vector<ReplySample> replies() {
  StatusReply status{member(1, "leader"), Term{3},      Index{1},   Index{900},   Index{800},   Index{700}, Index{600},
                     digest(0xaa),        digest(0xbb), Index{500}, digest(0xcc), digest(0xdd), true,       "ok"};
  return {
      {"of the application", {1, AppReply{Index{300}, shared("reply")}}, golden::app_reply},
      {"error", {2, ErrorReply{ErrorWord::busy, "too much", 20}}, golden::error_reply},
      {"done", {3, DoneReply{}}, golden::done_reply},
      {"status", {4, status}, golden::status_reply},
      {"members",
       {5, MembersReply{{member(1, "leader"), member(2, "follower"), member(3, "candidate")}}},
       golden::members_reply},
      {"join", {6, JoinReply{cluster(), {member(4, "learner"), member(5, "logger")}}}, golden::join_reply},
      {"page of a feed", {7, FeedReply{40, 300, 2, shared("items")}}, golden::feed_reply},
      {"a feed that is gone", {8, FeedGoneReply{41, "trimmed"}}, golden::feed_gone_reply},
      {"who is there", {9, PresenceReply{{"anna", "ben"}}}, golden::presence_reply},
      {"sign of life", {0, BeatReply{3}}, golden::beat_reply},
  };
}

std::vector<PeerSample> peer_frames() {
  const PeerHeader header{cluster(), ServerId{0x1111}, BootId{0x2222}, ServerId{0x3333}};
  const auto entry = [](std::uint64_t index, std::uint64_t term, EntryKind kind, std::string payload) {
    return Entry{Index{index}, Term{term}, kind, {index * 10, index * 100}, shared(std::move(payload)), {}};
  };
  const auto batch = [&](raft::MessageBody body) {
    return PeerFrame{header, MessageBatch{{{header.from, header.to, Term{9}, std::move(body)}}}};
  };
  const auto transferred = [&](transfer::Message message) { return PeerFrame{header, std::move(message)}; };
  const transfer::TransferId id{5};
  const transfer::ImageHead head{Index{900}, Term{8}, digest(0xee), {77, 88}, Index{3}, shared("members")};
  const raft::AppendRequest append{Index{41},
                                   Term{8},
                                   Index{40},
                                   {entry(42, 8, EntryKind::command, "one"), entry(43, 9, EntryKind::noop, ""),
                                    entry(44, 9, EntryKind::membership, "m"), entry(45, 9, EntryKind::settings, "s"),
                                    entry(46, 9, EntryKind::time, "")}};
  return {
      {"greeting", {header, Hello{"node0", "127.0.0.1:12000", BootId{0x4444}}}, golden::hello},
      {"refusal", {header, HelloRefused{"another cluster"}}, golden::hello_refused},
      {"empty batch", {header, MessageBatch{}}, golden::empty_batch},
      {"pre-vote request", batch(raft::PreVoteRequest{Index{42}, Term{8}}), golden::pre_vote_request},
      {"pre-vote reply", batch(raft::PreVoteReply{true}), golden::pre_vote_reply},
      {"vote request", batch(raft::VoteRequest{Index{42}, Term{8}, true}), golden::vote_request},
      {"vote reply", batch(raft::VoteReply{false}), golden::vote_reply},
      {"append", batch(append), golden::append_request},
      {"append without entries", batch(raft::AppendRequest{Index{41}, Term{8}, Index{40}, {}}), golden::append_probe},
      {"append acknowledgement", batch(raft::AppendAccepted{Index{46}}), golden::append_accepted},
      {"append rejection", batch(raft::AppendRejected{Index{41}, Index{30}, Term{7}}), golden::append_rejected},
      {"heartbeat", batch(raft::Heartbeat{Index{40}, 77, {Index{43}, 1101, 33}}), golden::heartbeat},
      {"heartbeat reply", batch(raft::HeartbeatReply{77, 1101}), golden::heartbeat_reply},
      {"read request", batch(raft::ReadIndexRequest{5}), golden::read_index_request},
      {"read reply", batch(raft::ReadIndexReply{5, true, Index{40}}), golden::read_index_reply},
      {"forwarded proposal", batch(raft::ForwardedProposal{6, {shared("first"), shared(""), shared("third")}}),
       golden::forwarded_proposal},
      {"refused proposal", batch(raft::ProposalRefused{6, raft::Refusal::too_many}), golden::proposal_refused},
      {"timeout-now", batch(raft::TimeoutNow{}), golden::timeout_now},
      {"membership question", batch(raft::MembershipQuestion{}), golden::membership_question},
      {"not a member", batch(raft::NotMember{Index{40}}), golden::not_member},
      {"image offer", transferred(transfer::ImageOffer{id, head}), golden::image_offer},
      {"image chunk", transferred(transfer::ImageChunk{id, 6, true, 0x0102030405060708, shared("rows")}),
       golden::image_chunk},
      {"image progress", transferred(transfer::ImageProgress{id, transfer::ImagePhase::installing, 7, 15}),
       golden::image_progress},
  };
}

std::vector<RangeRequestSample> range_requests() {
  const TruncateRequest truncate{ServerId{0x0102030405060708}, "node2", Index{901}};
  return {
      {"head", {cluster(), 1, 5000, HeadRequest{}}, golden::head_request},
      {"entries", {cluster(), 2, 5000, EntriesRequest{Index{5}, Index{70000}, 1048576}}, golden::entries_request},
      {"feed", {cluster(), 3, 0, EntriesRequest{Index{5}, Index{0}, 4096}}, golden::feed_request},
      {"credit", {cluster(), 2, 0, CreditRequest{2097152}}, golden::credit_request},
      {"cancel", {cluster(), 2, 0, CancelRequest{}}, golden::cancel_request},
      {"image", {cluster(), 4, 5000, ImageRequest{Index{900}, 7, 1048576}}, golden::image_request},
      {"truncate", {cluster(), 0xffffffffffffffff, 0xffffffff, truncate}, golden::truncate_request},
  };
}

std::vector<RangeReplySample> range_replies() {
  const transfer::RangeHead head{transfer::SourceKind::logger,
                                 Index{5},
                                 digest(0xaa),
                                 {Index{900}, Term{8}, {77, 88}, digest(0xbb)},
                                 {{Index{10}, Index{20}}, {Index{30}, Index{40}}},
                                 {Index{9}, Index{29}, Index{800}}};
  const std::string header("\x08\0\0\0\0\0\0\0\x01\xa4\x01\0\0\0\0\0\0\x68\x10\0\0\0\0\0\0\x03\0\0\0", 29);
  const std::string reduced("\x09\0\0\0\0\0\0\0\x81\xae\x01\0\0\0\0\0\0\xcc\x10\0\0\0\0\0\0\x24\0\0\0", 29);
  const SharedBytes block = shared(header + "one" + reduced + std::string(32, '\x77') + "rest");
  const transfer::EntryChunk chunk{Index{42}, digest(0xaa), digest(0xbb), true, 0x0102030405060708, 2, block};
  const transfer::ImageHead image{Index{900}, Term{8}, digest(0xee), {77, 88}, Index{3}, shared("members")};
  const transfer::ImageChunk rows{transfer::TransferId{6}, 6, true, 0x0102030405060708, shared("rows")};
  const auto from = [](std::uint64_t id, RangeReplyBody body) {
    return RangeReply{cluster(), "n0", id, std::move(body)};
  };
  return {
      {"error", from(2, RangeErrorReply{ErrorWord::not_found, "trimmed", 20, Index{300}}), golden::range_error_reply},
      {"done", from(3, RangeDoneReply{}), golden::range_done_reply},
      {"head", from(4, HeadReply{head}), golden::head_reply},
      {"entries", from(5, EntriesReply{chunk}), golden::entries_reply},
      {"head of an image", from(6, ImageHeadReply{image}), golden::image_head_reply},
      {"rows of an image", from(6, ImageRowsReply{rows}), golden::image_rows_reply},
      {"votes", from(7, VotesReply{1, 3, Index{901}}), golden::votes_reply},
      {"alive", from(5, AliveReply{Index{850}}), golden::alive_reply},
  };
}

RequestFrame frame_of(Request request) { return {cluster(), {std::move(request)}}; }

ReplyFrame frame_of(Reply reply) { return {cluster(), "n0", "n1", "h:1", {std::move(reply)}}; }

std::vector<Bytes> all_frames() {
  std::vector<Bytes> frames;
  for (auto& sample : requests()) frames.push_back(encode(frame_of(sample.request)));
  for (auto& sample : replies()) frames.push_back(encode(frame_of(sample.reply)));
  for (auto& sample : peer_frames()) frames.push_back(encode(sample.frame));
  for (auto& sample : range_requests()) frames.push_back(encode(sample.request));
  for (auto& sample : range_replies()) frames.push_back(encode(sample.reply));
  return frames;
}

}  // namespace parley::wire::samples
