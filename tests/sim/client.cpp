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

Client::Client(World& world, History& history, std::size_t number, Send send, CountNodes count_nodes)
    : world_(world),
      history_(history),
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
  Lane& lane = lanes_[number];
  const bool reads = random_.one_in(3);
  if (!reads && session_ == SessionId{} && is_opening_) return rest(number);
  const std::uint64_t turn = lane.turn;
  lane = Lane{};
  lane.turn = turn;
  lane.is_busy = true;
  lane.give_up_us = world_.now_us() + random_.between(1'000'000, most_patience_us);
  lane.floor = world_.state_judge.acknowledged();
  const std::string key = fmt::format("key-{}", random_.below(world_.plan.keys));
  if (reads) {
    begin_read(lane, key);
  } else if (session_ == SessionId{}) {
    begin_opening(lane);
  } else {
    begin_write(lane, key);
  }
  attempt(number);
}

void Client::begin_opening(Lane& lane) {
  is_opening_ = true;
  lane.opens_session = true;
  const app::Command command{SessionId{}, RequestSeq{}, RequestSeq{1}, app::OpenSession{random_.next() | 1}};
  lane.command = app::id_of(command);
  lane.encoded = app::encode_command(command);
}

void Client::begin_read(Lane& lane, const std::string& key) {
  const std::uint64_t kind = random_.below(6);
  lane.mode = kind == 0 ? wire::ReadMode::stale : kind < 3 ? wire::ReadMode::lease : wire::ReadMode::linearizable;
  const app::Get get{key};
  lane.encoded = app::encode_query(get);
  lane.place = history_.begin(get);
}

void Client::begin_write(Lane& lane, const std::string& key) {
  key_ = key;
  app::Command command{session_, next_seq_, RequestSeq{1}, draw_operation(key_)};
  next_seq_ = next_seq_.next();
  lane.command = app::id_of(command);
  command.lowest_unanswered = lowest_unanswered();
  lane.encoded = app::encode_command(command);
  std::visit(
      [&](const auto& operation) {
        if constexpr (requires { history_.begin(operation); }) lane.place = history_.begin(operation);
      },
      command.operation);
}

/// The views of what it returns live until the next draw.
app::Operation Client::draw_operation(BytesView key) {
  value_ = draw_value();
  const std::uint64_t kind = random_.below(10);
  if (kind < 5) return app::Set{key, value_};
  if (kind < 6) return app::Delete{key};
  const auto seen = last_seen_.find(std::string(key));
  expected_ = seen == last_seen_.end() ? Bytes("never-written") : seen->second;
  return app::CompareAndSet{key, expected_, value_};
}

Bytes Client::draw_value() {
  Bytes value = fmt::format("{}-{}", connection_, next_value_++);
  if (random_.one_in(world_.plan.large_value_one_in)) value.append(random_.between(500, 6'000), '.');
  return value;
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
  wire::RequestBody body = wire::ReadRequest{lane.mode, SharedBytes(lane.encoded)};
  if (lane.command) body = wire::WriteRequest{SharedBytes(lane.encoded)};
  world_.trace.note(static_cast<int>(node), "client {} lane {} asks, request {}, command {}/{}", number_, number,
                    request, lane.command ? lane.command->session.value : 0,
                    lane.command ? lane.command->seq.value : 0);
  send_(node, {0, connection_, request}, std::move(body), deadline_ms);
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
  if (!lane.opens_session && (is_certain || !lane.command)) history_.forget(lane.place);
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
  const bool is_usual =
      reply->word == ErrorWord::ok || reply->word == ErrorWord::not_found || reply->word == ErrorWord::mismatch;
  world_.findings.must(is_usual,
                       [&] { return fmt::format("a client is told \"{}\": {}.", text(reply->word), reply->detail); });
  ++world_.counters.operations;
  if (lane.command) {
    world_.state_judge.acknowledged(*lane.command, answer.index, *reply);
  } else {
    ++world_.counters.reads;
    // How old a stale read is, is judged where it is answered.
    if (lane.mode == wire::ReadMode::stale) {
      history_.forget(lane.place);
      return end(number);
    }
    world_.state_judge.was_read(answer.index, lane.floor);
  }
  if (lane.opens_session) {
    const auto* opened = std::get_if<app::SessionOpened>(&reply->body);
    ENSURE(opened != nullptr);
    session_ = opened->session;
    next_seq_ = RequestSeq{1};
  } else {
    history_.end(lane.place, *reply);
    const auto* value = std::get_if<app::ReplyValue>(&reply->body);
    if (value != nullptr) last_seen_[lane.place.key] = value->value;
  }
  end(number);
}

}  // namespace parley::sim
