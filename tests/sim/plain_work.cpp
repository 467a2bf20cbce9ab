#include "tests/sim/plain_work.hpp"

#include <fmt/format.h>

namespace parley::sim {

void PlainWork::prepare(std::size_t lane, Random& random) {
  lanes_[lane].key = fmt::format("key-{}", random.below(plan_.keys));
}

Work::Read PlainWork::read(std::size_t number, Random& random) {
  Lane& lane = lanes_[number];
  lane.is_read = true;
  const app::Get get{lane.key};
  lane.place = history_.begin(get);
  return {draw_mode(random), app::encode_query(get)};
}

Work::Write PlainWork::write(std::size_t number, Random& random) {
  Lane& lane = lanes_[number];
  lane.is_read = false;
  key_ = lane.key;
  const app::Operation operation = draw_operation(key_, random);
  std::visit(
      [&](const auto& alternative) {
        if constexpr (requires { history_.begin(alternative); }) lane.place = history_.begin(alternative);
      },
      operation);
  return {operation};
}

app::Operation PlainWork::draw_operation(BytesView key, Random& random) {
  value_ = draw_value(random);
  const std::uint64_t kind = random.below(10);
  if (kind < 5) return app::Set{key, value_};
  if (kind < 6) return app::Delete{key};
  const auto seen = last_seen_.find(std::string(key));
  expected_ = seen == last_seen_.end() ? Bytes("never-written") : seen->second;
  return app::CompareAndSet{key, expected_, value_};
}

Bytes PlainWork::draw_value(Random& random) {
  Bytes value = fmt::format("{}-{}", name_, next_value_++);
  if (random.one_in(plan_.large_value_one_in)) value.append(random.between(500, 6'000), '.');
  return value;
}

std::string PlainWork::answered(std::size_t number, const Answer& answer) {
  const Lane& lane = lanes_[number];
  const app::Reply& reply = answer.reply;
  const bool is_usual =
      reply.word == ErrorWord::ok || reply.word == ErrorWord::not_found || reply.word == ErrorWord::mismatch;
  if (!is_usual) return fmt::format("a client is told \"{}\": {}.", text(reply.word), reply.detail);
  if (answer.is_stale) {
    history_.forget(lane.place);
    return {};
  }
  history_.end(lane.place, reply);
  const auto* value = std::get_if<app::ReplyValue>(&reply.body);
  if (value != nullptr) last_seen_[lane.place.key] = value->value;
  return {};
}

void PlainWork::gave_up(std::size_t number, bool is_certain) {
  if (is_certain || lanes_[number].is_read) history_.forget(lanes_[number].place);
}

}  // namespace parley::sim
