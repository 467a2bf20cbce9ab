// What clients, operators and joiners ask of a node.
#include <algorithm>

#include "common/app/chat/chat.hpp"
#include "common/app/validate.hpp"
#include "common/base/chat_limits.hpp"
#include "common/base/entropy.hpp"
#include "common/base/feed_limits.hpp"
#include "common/base/limits.hpp"
#include "node/service.hpp"

namespace parley::node {
namespace {

/// The longest that a request may wait; a client that says more is answered as if it had said this.
constexpr std::uint64_t longest_wait_us = 60'000'000;
/// Status questions that may be under way.
constexpr std::size_t status_questions = 1024;

/// Commands, log and rows name a token by its hash. Only who shows the token itself may act by it.
bool is_shown(const app::chat::TokenId* id, const SharedBytes& token) {
  return id == nullptr || blake2b(token.view()) == *id;
}

/// The same of what is followed.
bool is_subject_shown(const SharedBytes& subject, const SharedBytes& token) {
  const auto decoded = app::decode_follow(subject.view());
  const auto* follow = decoded ? std::get_if<app::FollowChat>(&*decoded) : nullptr;
  return follow == nullptr || is_shown(&follow->token, token);
}

}  // namespace

void Service::answer(const Asker& asker, wire::ReplyBody body) {
  std::size_t bytes = 0;
  if (const auto* application = std::get_if<wire::AppReply>(&body)) bytes = application->reply.size();
  if (const auto* there = std::get_if<wire::PresenceReply>(&body))
    bytes = there->users.size() * limits::user_name_bytes;
  answers_.push_back({asker, std::move(body)});
  send_if_many(bytes);
}

void Service::refuse(const Asker& asker, ErrorWord word, std::string detail) {
  answer(asker, wire::ErrorReply{word, std::move(detail), 0});
}

void Service::refuse_as_stranger(const Asker& asker) {
  const char* why = "this node is no member of its cluster";
  if (cluster_.is_nil()) why = "this node belongs to no cluster yet";
  if (is_removed_) why = "this node was removed from its cluster";
  refuse(asker, ErrorWord::not_member, why);
}

void Service::take(Asker asker, wire::Request& request) {
  const std::uint64_t deadline_us = now_us_ + std::min(std::uint64_t{request.deadline_ms} * 1000, longest_wait_us);
  std::visit([&](auto& body) { handle(asker, body, deadline_us); }, request.body);
}

void Service::handle(const Asker& asker, wire::WriteRequest& request, std::uint64_t deadline_us) {
  if (!admin_.is_member()) return refuse_as_stranger(asker);
  const auto command = app::decode_command(request.command.view());
  if (!command) return refuse(asker, ErrorWord::invalid, "these bytes are no command that this version knows");
  if (const auto problem = app::validate(*command, machine_->meta().in_force()))
    return refuse(asker, problem->word, problem->text);
  if (const auto* operation = std::get_if<app::chat::Operation>(&command->operation)) {
    if (app::chat::needs_password(*operation))
      return refuse(asker, ErrorWord::invalid, "this takes a password, which a node must see");
    if (!is_shown(app::chat::token_of(*operation), request.token)) return refuse_token(asker);
  }
  if (auto busy = writes_.add(asker, app::id_of(*command), std::move(request.command), deadline_us))
    answer(asker, std::move(*busy));
}

void Service::handle(const Asker& asker, wire::ReadRequest& request, std::uint64_t deadline_us) {
  if (!admin_.is_member()) return refuse_as_stranger(asker);
  const auto query = app::decode_query(request.query.view());
  if (!query) return refuse(asker, ErrorWord::invalid, "these bytes are no query that this version knows");
  const auto* of_chat = std::get_if<app::chat::Query>(&*query);
  if (of_chat != nullptr && !is_shown(&app::chat::token_of(*of_chat), request.token)) return refuse_token(asker);
  PendingReads::Read read{asker, std::move(request.query), deadline_us};
  // By the clock of now: if this thread stood still since the round began, what it reads has grown older by that.
  if (request.mode == wire::ReadMode::stale)
    return answer_read(read, age_ms(freshness_.age_us(machine_->applied(), clock_.now().monotonic_us)));
  read.by_lease = request.mode == wire::ReadMode::lease;
  if (admission_.is_light(connection_key(asker))) writes_.light_is_at_work();
  if (auto busy = reads_.add(std::move(read))) answer(asker, std::move(*busy));
}

void Service::answer_read(const PendingReads::Read& read, std::uint64_t age_ms) {
  const auto query = app::decode_query(read.query.view());
  ENSURE(query.has_value());
  const app::Reply reply = machine_->query(*query, due_timer_.cluster_us(now_us_));
  answer(read.asker, wire::AppReply{machine_->applied(), SharedBytes(app::encode_reply(reply)), age_ms});
}

void Service::handle(const Asker& asker, wire::PasswordRequest& request, std::uint64_t deadline_us) {
  if (!admin_.is_member()) return refuse_as_stranger(asker);
  const auto command = app::decode_command(request.command.view());
  const auto* operation = command ? std::get_if<app::chat::Operation>(&command->operation) : nullptr;
  if (operation == nullptr || !app::chat::is_template(*operation))
    return refuse(asker, ErrorWord::invalid, "these bytes are no command that takes a password");
  if (const auto problem = app::validate(*command, machine_->meta().in_force()))
    return refuse(asker, problem->word, problem->text);
  const bool sets_password = std::holds_alternative<app::chat::ChangePassword>(*operation);
  if (request.password.empty() || request.new_password.empty() == sets_password)
    return refuse(asker, ErrorWord::invalid, "a password is missing, empty, or one too many");
  if (!is_shown(app::chat::token_of(*operation), request.token)) return refuse_token(asker);
  const app::CommandId id = app::id_of(*command);
  auto busy = writes_.is_waiting(id) ? writes_.add(asker, id, {}, deadline_us)
                                     : passwords_.add(asker, id, std::move(request), deadline_us);
  if (busy) answer(asker, std::move(*busy));
}

void Service::begin_hashing() {
  const PasswordDesk::Known known{machine_->rows(), machine_->meta(), due_timer_.cluster_us(now_us_)};
  if (auto work = passwords_.take_work(known, answers_)) calls_.hash(*std::move(work));
}

void Service::on(const PasswordDone& done) {
  const auto finished = passwords_.finish(done, answers_);
  if (!finished) return;
  for (const PasswordDesk::Waiter& waiter : finished->waiters) {
    if (auto busy = writes_.add(waiter.asker, finished->id, finished->command, waiter.deadline_us))
      answer(waiter.asker, std::move(*busy));
  }
}

void Service::refuse_token(const Asker& asker) {
  refuse(asker, ErrorWord::denied, "the token that is shown is not the one that is meant");
}

void Service::handle(const Asker& asker, const wire::StatusRequest& request, std::uint64_t deadline_us) {
  if (status_asked_.size() >= status_questions) return answer(asker, too_busy("too many ask for the status"));
  const std::uint64_t ticket = next_ticket_++;
  status_asked_.emplace(ticket, StatusAsked{asker, request.digest_at, deadline_us});
  calls_.order(replica::StatusQuery{ticket});
}

void Service::answer_status(const replica::StatusAnswer& status) {
  const auto at = status_asked_.find(status.ticket);
  if (at == status_asked_.end()) return;
  wire::StatusReply reply;
  if (const raft::Member* self = admin_.membership().find(options_.self)) {
    reply.self = admin_.describe(*self);
    if (role_.role == raft::Role::candidate || role_.role == raft::Role::pre_candidate) reply.self.role = "candidate";
  } else {
    reply.self = {options_.self,
                  options_.name.text(),
                  "learner",
                  options_.addresses.raft,
                  options_.addresses.client,
                  options_.addresses.join,
                  options_.addresses.recovery};
  }
  reply.term = status.status.term;
  reply.first = status.status.first;
  reply.last = status.status.last;
  reply.commit = status.status.commit;
  reply.applied = machine_->applied();
  reply.flushed = machine_->flushed_index();
  reply.digest = machine_->meta().digest;
  reply.state = machine_->meta().state;
  if (const auto point = machine_->digests_at(at->second.digest_at)) {
    reply.digest_at = point->index;
    reply.digest_there = point->digest;
    reply.state_there = point->state;
  }
  reply.fsync = options_.fsync;
  reply.health = health();
  answer(at->second.asker, std::move(reply));
  status_asked_.erase(at);
}

std::string Service::health() const {
  if (is_removed_) return "removed from its cluster";
  if (!admin_.is_member()) return cluster_.is_nil() ? "waits to join a cluster" : "no member of its cluster";
  if (is_log_full_) return "no room for the application log";
  if (is_disk_full_) return "disk full";
  if (role_.leader.is_nobody()) return "no leader";
  return "ok";
}

void Service::handle(const Asker& asker, const wire::MembersRequest&, std::uint64_t) {
  if (!admin_.is_member()) return refuse_as_stranger(asker);
  // A follower that has heard only the first half of a change may be the one that it removes, and never hear the
  // second.
  if (admin_.membership().is_joint() && role_.leader != options_.self) {
    return refuse(asker, ErrorWord::no_leader, "a change of membership is under way, and this node does not lead");
  }
  answer(asker, wire::MembersReply{admin_.describe_all()});
}

void Service::carry_out(const Asker& asker, AdminDesk::Begun begun) {
  if (auto* reply = std::get_if<wire::ReplyBody>(&begun)) return answer(asker, std::move(*reply));
  std::visit([this](auto& ask) { calls_.order(std::move(ask)); }, std::get<AdminDesk::Ask>(begun));
}

void Service::handle(const Asker& asker, const wire::RemoveRequest& request, std::uint64_t deadline_us) {
  carry_out(asker, admin_.begin(asker, request, deadline_us));
}

void Service::handle(const Asker& asker, const wire::TransferLeaderRequest& request, std::uint64_t deadline_us) {
  carry_out(asker, admin_.begin(asker, request, deadline_us));
}

void Service::handle(const Asker& asker, const wire::JoinRequest& request, std::uint64_t deadline_us) {
  carry_out(asker, admin_.begin(asker, request, machine_->meta().in_force(), deadline_us));
}

void Service::handle(const Asker& asker, const wire::FoundRequest&, std::uint64_t deadline_us) {
  if (!admin_.membership().members.empty())
    return refuse(asker, ErrorWord::denied, "this node already belongs to cluster " + cluster_.text());
  raft::Found found;
  found.cluster = draw_cluster_id();
  found.settings = SharedBytes(app::encode_settings(options_.settings));
  found.self = {options_.self, options_.name, options_.addresses, true};
  if (auto busy = admin_.begin_found(asker, deadline_us)) return answer(asker, std::move(*busy));
  calls_.order(std::move(found));
}

void Service::handle(const Asker& asker, const wire::FollowRequest& request, std::uint64_t) {
  if (asker.port != client_port) return refuse(asker, ErrorWord::invalid, "feeds are served on the port for clients");
  // `not_member` would say that of the user.
  if (!admin_.is_member()) return refuse(asker, ErrorWord::no_leader, "this node is no member of its cluster");
  if (!is_told_of_commits())
    return refuse(asker, ErrorWord::no_leader, "this node has not been told for some time what is committed");
  if (!is_subject_shown(request.subject, request.token)) return refuse_token(asker);
  feeds_.follow(asker, request, answers_);
}

void Service::handle(const Asker& asker, const wire::PresenceRequest& request, std::uint64_t) {
  if (!admin_.is_member()) return refuse_as_stranger(asker);
  const auto subject = app::decode_follow(request.subject.view());
  const auto* follow = subject ? std::get_if<app::FollowChat>(&*subject) : nullptr;
  if (follow == nullptr) return refuse(asker, ErrorWord::invalid, "these bytes name no chat");
  if (!is_shown(&follow->token, request.token)) return refuse_token(asker);
  const auto reader = app::chat::reader_of(follow->token, follow->chat, machine_->rows(), machine_->meta());
  if (!reader) return refuse(asker, reader.error().word, reader.error().detail);
  wire::PresenceReply there;
  for (const std::uint64_t user : feeds_.followers(ChatFeeds::topic_of(reader->chat), limits::presence_names)) {
    auto name = app::chat::member_name(reader->chat, app::chat::UserId{user}, machine_->rows());
    if (name) there.users.push_back(*std::move(name));
  }
  answer(asker, std::move(there));
}

void Service::handle(const Asker& asker, const wire::GrantRequest& request, std::uint64_t) {
  feeds_.grant(asker, request);
}

void Service::handle(const Asker& asker, const wire::EndFeedRequest& request, std::uint64_t) {
  feeds_.end(asker, request);
}

}  // namespace parley::node
