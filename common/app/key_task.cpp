#include "common/app/key_task.hpp"

#include <limits>

#include "common/app/key_value.hpp"
#include "common/base/ensure.hpp"

namespace parley::app {
namespace {

/// So far from both ends that counting up or down from here never meets one.
constexpr std::uint64_t middle = std::numeric_limits<std::uint64_t>::max() / 2;

Reply run(const Operation& operation, const Execution& execution) {
  return std::visit(
      [&](const auto& kind) -> Reply {
        if constexpr (requires { execute(kind, execution); }) {
          return execute(kind, execution);
        } else {
          ENSURE(false);
          return {};
        }
      },
      operation);
}

}  // namespace

BytesView KeyTask::key() const {
  return std::visit(
      [](const auto& kind) -> BytesView {
        if constexpr (requires { kind.key; }) {
          return kind.key;
        } else {
          ENSURE(false);
          return {};
        }
      },
      command.operation);
}

KeyHand::KeyHand(Table& rows) : table_(rows) {
  meta_.settings = Settings{.quota_bytes = std::numeric_limits<std::uint64_t>::max()};
}

void KeyHand::carry_out(const KeyTask& task, KeyEffect& effect) {
  meta_.used_bytes = meta_.keys = middle;
  changes_.clear();
  const Execution execution{table_, meta_, changes_, {}};
  Reply reply;
  if (task.reduced) {
    table_.begin_part(task.reduced->value);
    placeholder_.resize(task.reduced->value_bytes, '\0');
    reply = run(task.reduced->command(placeholder_).operation, execution);
  } else {
    table_.begin_part(std::nullopt);
    reply = run(task.command.operation, execution);
  }
  effect.change.assign(table_.part());
  effect.is_changed = reply.word == ErrorWord::ok;
  effect.used_more = meta_.used_bytes - middle;
  effect.keys_more = meta_.keys - middle;
  encode_reply_for_state(reply, effect.state_reply);
  encode_reply_to_keep(reply, effect.kept_reply);
}

}  // namespace parley::app
