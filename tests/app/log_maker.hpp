#pragma once
#include <vector>

#include "common/app/command.hpp"
#include "common/app/settings.hpp"
#include "common/base/entry.hpp"
#include "common/base/random.hpp"

namespace parley::app {

/// A log of commands that make sense, do not, and are no commands: with few keys, sessions and numbers, so that they
/// meet.
class LogMaker {
 public:
  explicit LogMaker(std::uint64_t seed, std::uint64_t quota_bytes = 2000) : random_(seed), quota_bytes_(quota_bytes) {}

  Entry next() {
    index_ = index_.next();
    Entry entry{index_, Term{1 + index_.value / 50}, EntryKind::command, {index_.value, random_.below(1000)}, {}, {}};
    entry.digest.bytes.fill(static_cast<std::uint8_t>(random_.below(256)));
    Bytes payload;
    if (index_ == Index{1}) {
      entry.kind = EntryKind::settings;
      payload = encode_settings({.quota_bytes = quota_bytes_, .value_bytes = 600, .session_window = 4, .sessions = 5});
    } else if (random_.one_in(10)) {
      entry.kind = static_cast<EntryKind>(random_.below(last_entry_kind + 1));
      payload = random_bytes(random_.below(40));
    } else if (random_.one_in(8)) {
      payload = random_bytes(random_.below(80));
      if (payload.size() > 2 && random_.one_in(2)) payload[0] = 1;
    } else {
      payload = encode_command(command());
      if (random_.one_in(8)) mutate(payload);
    }
    entry.payload = SharedBytes(std::move(payload));
    return entry;
  }

 private:
  Command command() {
    if (opened_.empty() || random_.one_in(12)) {
      opened_.push_back(index_.value);
      return {.operation = OpenSession{random_.next()}};
    }
    // One of the last few: mostly still open.
    Command command;
    command.session = SessionId{opened_[opened_.size() - 1 - random_.below(std::min<std::size_t>(opened_.size(), 6))]};
    command.seq = RequestSeq{random_.between(1, 8)};
    command.lowest_unanswered = RequestSeq{random_.between(1, command.seq.value)};
    key_ = "key" + std::to_string(random_.below(12));
    value_ = Bytes(random_.below(700), static_cast<char>('a' + random_.below(3)));
    switch (random_.below(8)) {
      case 0: command.operation = CloseSession{}; break;
      case 1: command.operation = Delete{key_}; break;
      case 2: command.operation = CompareAndSet{key_, "", value_}; break;
      case 3: command.operation = Set{key_, ""}; break;
      default: command.operation = Set{key_, value_};
    }
    return command;
  }
  Bytes random_bytes(std::size_t size) {
    Bytes bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(random_.below(256));
    return bytes;
  }
  void mutate(Bytes& bytes) {
    switch (random_.below(3)) {
      case 0: bytes.resize(random_.below(bytes.size() + 1)); break;
      case 1: bytes += random_bytes(1 + random_.below(8)); break;
      default: bytes[random_.below(bytes.size())] = static_cast<char>(random_.below(256));
    }
  }

  Random random_;
  std::uint64_t quota_bytes_;
  Index index_;
  std::vector<std::uint64_t> opened_;
  Bytes key_;
  Bytes value_;
};

}  // namespace parley::app
