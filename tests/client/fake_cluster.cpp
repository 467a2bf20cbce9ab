#include "tests/client/fake_cluster.hpp"

#include <poll.h>

#include <algorithm>

#include "common/app/chat/chat.hpp"
#include "common/app/follow.hpp"
#include "common/base/ensure.hpp"
#include "common/wire/client_codec.hpp"

namespace parley::client {

class FakeConnection final : public Connection {
 public:
  FakeConnection(FakeCluster& cluster, FakeServer& server, std::size_t number)
      : cluster_(cluster), server_(server), number_(number) {}
  ~FakeConnection() override {
    const auto is_ours = [this](const auto& each) { return each.connection == number_; };
    std::erase_if(server_.replies, is_ours);
    std::erase_if(server_.held, is_ours);
    std::erase_if(cluster_.feeds_, is_ours);
  }
  bool is_writable() override { return server_.is_reachable; }
  bool send(const wire::RequestFrame& frame) override {
    if (!server_.is_reachable) return false;
    cluster_.arrive(server_, number_, frame);
    return true;
  }
  std::optional<wire::ReplyFrame> receive() override {
    const auto ours = std::ranges::find(server_.replies, number_, &FakeServer::Delivery::connection);
    if (ours == server_.replies.end()) return std::nullopt;
    auto decoded = wire::decode_reply_frame(SharedBytes(wire::encode(ours->frame)));
    server_.replies.erase(ours);
    ENSURE(decoded.has_value());
    return *std::move(decoded);
  }

 private:
  FakeCluster& cluster_;
  FakeServer& server_;
  std::size_t number_;
};

std::vector<wire::Request> FakeServer::requests() const {
  std::vector<wire::Request> all;
  for (const auto& frame : frames) all.insert(all.end(), frame.requests.begin(), frame.requests.end());
  return all;
}

std::vector<app::Command> FakeServer::commands() const {
  std::vector<app::Command> all;
  for (const auto& frame : frames) {
    for (const auto& request : frame.requests) {
      const auto* write = std::get_if<wire::WriteRequest>(&request.body);
      if (write == nullptr) continue;
      const auto command = app::decode_command(write->command.view());
      ENSURE(command.has_value());
      if (!std::holds_alternative<app::OpenSession>(command->operation)) all.push_back(*command);
    }
  }
  return all;
}

void FakeServer::release() {
  for (auto& frame_held : held) replies.push_back(std::move(frame_held));
  held.clear();
}

wire::ReplyFrame FakeServer::frame() const { return {cluster, name, leader, leader_address, {}}; }

FakeCluster::FakeCluster(std::size_t count) {
  auto opened = app::Application::open(table_);
  ENSURE(opened.has_value());
  application_.emplace(*std::move(opened));
  for (std::size_t at = 0; at < count; ++at) add_server("n" + std::to_string(at));
  elect(0);
}

FakeServer& FakeCluster::add_server(const std::string& name) {
  auto server = std::make_unique<FakeServer>();
  server->name = name;
  server->address = Address{}.with_port(static_cast<std::uint16_t>(servers_.size() + 1));
  server->cluster.bytes[0] = 1;
  servers_.push_back(std::move(server));
  return *servers_.back();
}

std::vector<Address> FakeCluster::addresses() const {
  std::vector<Address> all;
  for (const auto& server : servers_) all.push_back(server->address);
  return all;
}

void FakeCluster::elect(std::size_t leader) {
  for (const auto& server : servers_) {
    server->leader = servers_[leader]->name;
    server->leader_address = servers_[leader]->address.text();
  }
}

void FakeCluster::after(std::uint64_t delay_us, std::function<void()> action) {
  events_.emplace(clock.now_us + delay_us, std::move(action));
}

Result<std::unique_ptr<Connection>> FakeCluster::connect(const Address& server) {
  ++connections;
  for (const auto& each : servers_) {
    if (each->address == server) return std::make_unique<FakeConnection>(*this, *each, connections);
  }
  return fail(ErrorCode::usage, "nobody can be at " + server.text());
}

bool FakeCluster::wait(std::uint64_t timeout_us, int input) {
  pollfd readable{input, POLLIN, 0};
  if (input >= 0 && ::poll(&readable, 1, 0) == 1) return true;
  for (const auto& server : servers_) {
    if (!server->replies.empty()) return false;
  }
  const std::uint64_t until = clock.now_us + std::min<std::uint64_t>(timeout_us, 3'600'000'000);
  if (events_.empty() || events_.begin()->first > until) {
    clock.now_us = until;
    send_beats();
    return false;
  }
  const auto event = events_.begin();
  clock.now_us = std::max(clock.now_us, event->first);
  const auto action = std::move(event->second);
  events_.erase(event);
  action();
  return false;
}

void FakeCluster::arrive(FakeServer& server, std::size_t connection, const wire::RequestFrame& frame) {
  const Bytes bytes = wire::encode(frame);
  ENSURE_LE(bytes.size(), limits::client_frame_bytes);
  auto decoded = wire::decode_request_frame(SharedBytes(bytes));
  ENSURE(decoded.has_value());
  server.frames.push_back(*decoded);
  if (server.is_deaf) return;
  wire::ReplyFrame answers = server.frame();
  for (const auto& request : decoded->requests) {
    if (takes_feed(server, connection, request)) continue;
    const auto* presence = std::get_if<wire::PresenceRequest>(&request.body);
    auto body = server.handler        ? server.handler(request)
                : presence != nullptr ? std::optional(carry_out(server, *presence))
                                      : std::optional(carry_out(request));
    if (body && server.answers_to_lose == 0) answers.replies.push_back({request.id, *std::move(body)});
    if (server.answers_to_lose > 0) --server.answers_to_lose;
  }
  if (!answers.replies.empty())
    (server.holds_answers ? server.held : server.replies).push_back({connection, std::move(answers)});
  serve_feeds();
}

bool FakeCluster::takes_feed(FakeServer& server, std::size_t connection, const wire::Request& request) {
  if (server.handler) return false;
  if (const auto* follow = std::get_if<wire::FollowRequest>(&request.body)) {
    feeds_.push_back({&server, connection, request.id, Bytes(follow->subject.view()), follow->after, false});
    return true;
  }
  if (const auto* end = std::get_if<wire::EndFeedRequest>(&request.body)) {
    std::erase_if(feeds_, [&](const Feed& feed) { return feed.connection == connection && feed.request == end->feed; });
    return true;
  }
  return std::holds_alternative<wire::GrantRequest>(request.body);
}

void FakeCluster::push(FakeServer& server, std::size_t connection, std::uint64_t request, wire::ReplyBody body) {
  wire::ReplyFrame frame = server.frame();
  frame.replies.push_back({request, std::move(body)});
  (server.holds_answers ? server.held : server.replies).push_back({connection, std::move(frame)});
}

void FakeCluster::serve_feeds() {
  std::erase_if(feeds_, [this](Feed& feed) {
    if (!feed.server->is_reachable || feed.server->is_deaf) return false;
    auto page = next_page(feed);
    if (!page) return false;
    const bool is_over = !std::holds_alternative<wire::FeedReply>(*page);
    push(*feed.server, feed.connection, feed.request, *std::move(page));
    return is_over;
  });
}

std::optional<wire::ReplyBody> FakeCluster::next_page(Feed& feed) {
  const auto subject = app::decode_follow(feed.subject);
  ENSURE(subject.has_value());
  const auto& chat = std::get<app::FollowChat>(*subject);
  const auto reader = app::chat::reader_of(chat.token, chat.chat, application_->rows(), application_->meta());
  if (!reader) return wire::ErrorReply{reader.error().word, reader.error().detail, 0};
  const std::uint64_t last = app::chat::last_event(reader->chat, application_->rows())->value;
  if (feed.position == wire::follow_from_now) feed.position = last;
  if (feed.position > last) return wire::FeedGoneReply{0, "it is not there yet"};
  wire::FeedReply page{feed.position, feed.position, 0, {}};
  if (std::exchange(feed.is_begun, true) && feed.position == last) return std::nullopt;
  if (feed.position < last) {
    auto events = app::chat::events_behind(reader->chat, {feed.position}, 100, application_->rows());
    page.upto = feed.position = events.events.back().seq.value;
    page.count = static_cast<std::uint32_t>(events.events.size());
    page.items = SharedBytes(app::encode_reply({.body = app::chat::Answer(std::move(events))}));
  }
  return page;
}

void FakeCluster::send_beats() {
  if (clock.now_us - beaten_us_ < 1'000'000) return;
  beaten_us_ = clock.now_us;
  std::map<std::pair<FakeServer*, std::size_t>, std::uint64_t> feeds;
  for (const Feed& feed : feeds_) ++feeds[{feed.server, feed.connection}];
  for (const auto& [at, count] : feeds) {
    if (at.first->is_reachable && !at.first->is_deaf) push(*at.first, at.second, 0, wire::BeatReply{count});
  }
}

wire::ReplyBody FakeCluster::carry_out(FakeServer& server, const wire::PresenceRequest& request) {
  const auto subject = app::decode_follow(request.subject.view());
  const auto& chat = std::get<app::FollowChat>(*subject);
  const auto reader = app::chat::reader_of(chat.token, chat.chat, application_->rows(), application_->meta());
  if (!reader) return wire::ErrorReply{reader.error().word, reader.error().detail, 0};
  wire::PresenceReply there;
  for (const Feed& feed : feeds_) {
    const auto its = std::get<app::FollowChat>(*app::decode_follow(feed.subject));
    const auto who = app::chat::reader_of(its.token, its.chat, application_->rows(), application_->meta());
    const auto name = who && who->chat == reader->chat && feed.server == &server
                          ? app::chat::member_name(reader->chat, who->user, application_->rows())
                          : std::nullopt;
    if (name) there.users.push_back(*name);
  }
  return there;
}

app::Outcome FakeCluster::apply(EntryKind kind, Bytes payload) {
  Entry entry;
  entry.index = application_->applied().next();
  entry.term = Term{1};
  entry.kind = kind;
  entry.time = {clock.now_us, clock.now_us};
  entry.payload = SharedBytes(std::move(payload));
  return application_->apply(entry);
}

void FakeCluster::settle(const app::Settings& settings) {
  (void)apply(EntryKind::settings, app::encode_settings(settings));
}

wire::ReplyBody FakeCluster::carry_out(const wire::Request& request) {
  if (const auto* write = std::get_if<wire::WriteRequest>(&request.body)) {
    const auto outcome = apply(EntryKind::command, Bytes(write->command.view()));
    return wire::AppReply{application_->applied(), SharedBytes(Bytes(outcome.encoded))};
  }
  if (const auto* read = std::get_if<wire::ReadRequest>(&request.body)) {
    const auto query = app::decode_query(read->query.view());
    ENSURE(query.has_value());
    return wire::AppReply{application_->applied(), SharedBytes(app::encode_reply(application_->query(*query)))};
  }
  if (const auto* password = std::get_if<wire::PasswordRequest>(&request.body)) return carry_out(*password);
  if (std::holds_alternative<wire::MembersRequest>(request.body)) {
    wire::MembersReply members;
    for (const auto& server : servers_) {
      members.members.push_back({ServerId{}, server->name, server->name == server->leader ? "leader" : "follower", "",
                                 server->address.text(), "", ""});
    }
    return members;
  }
  return wire::DoneReply{};
}

/// As a node does, but that a hash is "hash of " the password.
wire::ReplyBody FakeCluster::carry_out(const wire::PasswordRequest& request) {
  auto command = app::decode_command(request.command.view());
  ENSURE(command.has_value());
  auto operation = std::get<app::chat::Operation>(command->operation);
  ENSURE(app::chat::is_template(operation));
  const auto known = app::chat::credentials_for(operation, application_->rows(), application_->meta());
  const auto hash_of = [](const SharedBytes& password) { return "hash of " + Bytes(password.view()); };
  const bool is_new_alone = std::holds_alternative<app::chat::CreateUser>(operation);
  const Bytes hash = hash_of(is_new_alone ? request.password : request.new_password);
  std::visit(
      [&](auto& kind) {
        if constexpr (requires { kind.password_version; }) kind.password_version = known.password_version;
        if constexpr (requires { kind.is_right; }) kind.is_right = known.password_hash == hash_of(request.password);
        if constexpr (requires { kind.password_hash; }) kind.password_hash = hash;
      },
      operation);
  command->operation = operation;
  const auto outcome = apply(EntryKind::command, app::encode_command(*command));
  return wire::AppReply{application_->applied(), SharedBytes(Bytes(outcome.encoded))};
}

void FakeCluster::expire_sessions() {
  for (std::size_t i = 0; i < limits::sessions; ++i) {
    app::Command command;
    command.operation = app::OpenSession{1'000'000 + i};
    (void)apply(EntryKind::command, app::encode_command(command));
  }
}

std::optional<std::string> FakeCluster::stored(const std::string& key) const {
  const auto reply = application_->query(app::Get{key});
  const auto* value = std::get_if<app::ReplyValue>(&reply.body);
  return value ? std::optional<std::string>(value->value) : std::nullopt;
}

}  // namespace parley::client
