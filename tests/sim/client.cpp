#include "tests/sim/client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/ensure.hpp"

namespace parley::sim {
namespace {

constexpr std::uint64_t random_part = 100;
constexpr std::uint64_t least_attempt_ms = 200;
constexpr std::uint64_t most_attempt_ms = 1'500;
constexpr std::uint64_t most_patience_us = 6'000'000;

}  // namespace

Client::Client(World& world, std::unique_ptr<Work> work, std::size_t number, Send send, CountNodes count_nodes)
    : world_(world),
      work_(std::move(work)),
      number_(number),
      connection_("c" + std::to_string(number)),
      random_(random_for(world.plan.seed, random_part + number)),
      send_(std::move(send)),
      count_nodes_(std::move(count_nodes)),
      lanes_(world.plan.lanes) {}

void Client::start() {
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) rest(lane);
}

bool Client::is_idle() const {
  return std::ranges::none_of(lanes_, [](const Lane& lane) { return lane.is_busy; });
}

void Client::rest(std::size_t lane) {
  world_.queue.after(random_.between(1'000, world_.plan.most_pause_us), [this, lane] { begin(lane); });
}

void Client::begin(std::size_t number) {
  if (is_stopping_) return;
  if (work_->crashes(random_)) crash();
  Lane& lane = lanes_[number];
  const Work::Kind kind = work_->next(random_);
  if (kind == Work::Kind::nothing) return rest(number);
  const bool reads = kind == Work::Kind::read;
  if (!reads && session_ == SessionId{} && is_opening_) return rest(number);
  const std::uint64_t turn = lane.turn;
  lane = Lane{};
  lane.turn = turn;
  lane.is_busy = true;
  lane.give_up_us = world_.now_us() + random_.between(1'000'000, most_patience_us);
  lane.floor = world_.state_judge.acknowledged();
  work_->prepare(number, random_);
  if (reads) {
    begin_read(number);
  } else if (session_ == SessionId{}) {
    begin_opening(lane);
  } else {
    begin_write(number);
  }
  attempt(number);
}

/// It is another client then, with the same name.
void Client::crash() {
  ++world_.counters.client_crashes;
  world_.trace.note(Trace::nobody_special, "client {} forgets what it did", number_);
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (!lanes_[lane].is_busy) continue;
    lanes_[lane].may_have_effect = true;
    give_up(lane);
  }
  session_ = SessionId{};
  work_->crashed();
}

void Client::begin_opening(Lane& lane) {
  is_opening_ = true;
  lane.opens_session = true;
  const app::Command command{SessionId{}, RequestSeq{}, RequestSeq{1}, app::OpenSession{random_.next() | 1}};
  lane.command = app::id_of(command);
  lane.encoded = app::encode_command(command);
}

void Client::begin_read(std::size_t number) {
  Lane& lane = lanes_[number];
  Work::Read read = work_->read(number, random_);
  lane.mode = read.mode;
  lane.encoded = std::move(read.query);
  lane.token = std::move(read.token);
}

void Client::begin_write(std::size_t number) {
  Lane& lane = lanes_[number];
  Work::Write write = work_->write(number, random_);
  app::Command command{session_, next_seq_, RequestSeq{1}, write.operation};
  next_seq_ = next_seq_.next();
  lane.command = app::id_of(command);
  command.lowest_unanswered = lowest_unanswered();
  lane.encoded = app::encode_command(command);
  lane.token = std::move(write.token);
  lane.password = std::move(write.password);
  lane.new_password = std::move(write.new_password);
}

wire::RequestBody Client::body_of(const Lane& lane) const {
  const SharedBytes encoded(lane.encoded);
  const SharedBytes token(lane.token);
  if (!lane.command) return wire::ReadRequest{lane.mode, encoded, token};
  if (lane.password.empty()) return wire::WriteRequest{encoded, token};
  return wire::PasswordRequest{encoded, token, SharedBytes(lane.password), SharedBytes(lane.new_password)};
}

/// Those that were given up are never asked for again, so they are not waited for.
RequestSeq Client::lowest_unanswered() const {
  RequestSeq lowest = next_seq_;
  for (const Lane& lane : lanes_) {
    if (lane.is_busy && lane.command && lane.command->session == session_) lowest = std::min(lowest, lane.command->seq);
  }
  return lowest;
}

void Client::attempt(std::size_t number) {
  Lane& lane = lanes_[number];
  const std::size_t nodes = count_nodes_();
  const bool elsewhere = lane.attempts > 0 || favourite_ >= nodes || random_.one_in(4);
  const std::size_t node = elsewhere ? random_.below(nodes) : favourite_;
  if (lane.attempts++ > 0) ++world_.counters.retries;
  const std::uint64_t request = next_request_++;
  lane.unanswered.insert(request);
  const std::uint64_t wait_ms = random_.between(least_attempt_ms, most_attempt_ms);
  const auto deadline_ms = static_cast<std::uint32_t>(random_.one_in(3) ? most_attempt_ms : wait_ms);
  world_.trace.note(static_cast<int>(node), "client {} lane {} asks, request {}, command {}/{}", number_, number,
                    request, lane.command ? lane.command->session.value : 0,
                    lane.command ? lane.command->seq.value : 0);
  send_(node, {0, connection_, request}, body_of(lane), deadline_ms);
  world_.queue.after(wait_ms * 1000, [this, number, turn = ++lane.turn] { timed_out(number, turn); });
}

void Client::attempt_again(std::size_t number, std::uint64_t delay_us) {
  Lane& lane = lanes_[number];
  if (world_.now_us() + delay_us >= lane.give_up_us) return give_up(number);
  world_.queue.after(delay_us, [this, number, turn = ++lane.turn] {
    if (lanes_[number].turn == turn) attempt(number);
  });
}

void Client::timed_out(std::size_t number, std::uint64_t turn) {
  Lane& lane = lanes_[number];
  if (lane.turn != turn || !lane.is_busy) return;
  lane.may_have_effect = true;
  if (random_.one_in(20)) return give_up(number);
  attempt_again(number, random_.below(50'000));
}

/// Nothing is known of the outcome, unless every attempt was answered with "certainly no effect".
void Client::give_up(std::size_t number) {
  Lane& lane = lanes_[number];
  const bool is_certain = !lane.may_have_effect && lane.unanswered.empty();
  if (lane.command && is_certain) world_.state_judge.refused(*lane.command);
  if (!lane.opens_session) work_->gave_up(number, is_certain);
  if (!is_certain) ++world_.counters.abandoned;
  end(number);
}

void Client::end(std::size_t number) {
  Lane& lane = lanes_[number];
  if (lane.opens_session) is_opening_ = false;
  lane.is_busy = false;
  lane.unanswered.clear();
  ++lane.turn;
  rest(number);
}

void Client::answered(const node::Answer& answer) {
  const std::uint64_t request = answer.to.request;
  for (std::size_t number = 0; number < lanes_.size(); ++number) {
    Lane& lane = lanes_[number];
    if (!lane.is_busy || lane.unanswered.erase(request) == 0) continue;
    if (const auto* error = std::get_if<wire::ErrorReply>(&answer.body)) return on_error(number, *error);
    const auto* reply = std::get_if<wire::AppReply>(&answer.body);
    ENSURE(reply != nullptr);
    return on_reply(number, *reply);
  }
}

void Client::on_error(std::size_t number, const wire::ErrorReply& error) {
  Lane& lane = lanes_[number];
  world_.trace.note(Trace::nobody_special, "client {} lane {} is told error {}", number_, number,
                    static_cast<int>(error.error));
  if (error.error == ErrorWord::timeout) lane.may_have_effect = true;
  if (error.error == ErrorWord::disk_full) ++world_.counters.refused_for_room;
  // A node denies an attempt at a password that comes too early; nothing else is wrong with what is asked here.
  const bool is_wrong =
      error.error == ErrorWord::invalid || (error.error == ErrorWord::denied && lane.password.empty());
  world_.findings.must(!is_wrong, [&] { return fmt::format("a client is refused: {}.", error.detail); });
  attempt_again(number, random_.between(5'000, 80'000));
}

void Client::on_reply(std::size_t number, const wire::AppReply& answer) {
  Lane& lane = lanes_[number];
  const auto reply = app::decode_reply(answer.reply.view());
  world_.findings.must(reply.has_value(), [] { return std::string("a reply cannot be decoded."); });
  if (!reply) return;
  if (reply->word == ErrorWord::session_expired) {
    // It did not run now; whether an earlier attempt did, nobody can say.
    if (lane.command->session == session_) session_ = SessionId{};
    ++world_.counters.sessions_lost;
    return give_up(number);
  }
  world_.trace.note(Trace::nobody_special, "client {} lane {} is told {} at {}", number_, number,
                    static_cast<int>(reply->word), answer.index.value);
  ++world_.counters.operations;
  const bool is_stale = !lane.command && lane.mode == wire::ReadMode::stale;
  if (lane.command) {
    world_.state_judge.acknowledged(*lane.command, answer.index, lane.floor, *reply);
  } else {
    ++world_.counters.reads;
    // How old a stale read is, is judged where it is answered.
    if (!is_stale) world_.state_judge.was_read(answer.index, lane.floor);
  }
  if (lane.opens_session) {
    const auto* opened = std::get_if<app::SessionOpened>(&reply->body);
    ENSURE(opened != nullptr);
    session_ = opened->session;
    next_seq_ = RequestSeq{1};
  } else {
    const std::string wrong = work_->answered(number, {answer.index, *reply, is_stale});
    world_.findings.must(wrong.empty(), [&] { return wrong; });
  }
  end(number);
}

}  // namespace parley::sim
