#pragma once
#include <algorithm>
#include <array>
#include <vector>

#include "common/app/command.hpp"
#include "common/app/settings.hpp"
#include "common/app/transaction.hpp"
#include "common/base/entry.hpp"
#include "common/base/hash.hpp"
#include "common/base/random.hpp"

namespace parley::app {

/// A log of commands that make sense, do not, and are no commands: with few keys, sessions and numbers, so that they
/// meet.
class LogMaker {
 public:
  /// `is_plain`: keys that stay until they are deleted, by commands that name one. `has_all`: also the chat, settings
  /// that change, and days that pass.
  explicit LogMaker(std::uint64_t seed, std::uint64_t quota_bytes = 2000, bool is_plain = false, bool has_all = false)
      : random_(seed), quota_bytes_(quota_bytes), is_plain_(is_plain), has_all_(has_all) {}

  Entry next() {
    index_ = index_.next();
    // Mostly a little later, sometimes much, and sometimes not at all.
    cluster_us_ += random_.one_in(40) ? 200 : random_.below(8);
    if (has_all_ && random_.one_in(500)) cluster_us_ += random_.below(20) * day_us;
    if (has_all_ && random_.one_in(20)) cluster_us_ += random_.below(1'000'000);
    Entry entry{index_, Term{1 + index_.value / 50}, EntryKind::command, {cluster_us_, random_.below(1000)}, {}, {}};
    entry.digest.bytes.fill(static_cast<std::uint8_t>(random_.below(256)));
    Bytes payload;
    if (index_ == Index{1}) {
      entry.kind = EntryKind::settings;
      payload = encode_settings({.quota_bytes = quota_bytes_, .value_bytes = 600, .session_window = 4, .sessions = 5});
    } else if (has_all_ && random_.one_in(300)) {
      entry.kind = EntryKind::settings;
      payload = encode_settings({.quota_bytes = random_.between(quota_bytes_ / 2, 2 * quota_bytes_),
                                 .value_bytes = static_cast<std::uint32_t>(random_.between(300, 700)),
                                 .session_window = 4,
                                 .sessions = static_cast<std::uint32_t>(random_.between(3, 8))});
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
    key_ = any_key();
    value_ = Bytes(random_.below(700), static_cast<char>('a' + random_.below(3)));
    if (has_all_ && random_.one_in(2)) {
      command.operation = any_call();
      return command;
    }
    switch (random_.below(is_plain_ ? 8 : 16)) {
      case 0: command.operation = CloseSession{}; break;
      case 1: command.operation = Delete{key_}; break;
      case 2: command.operation = CompareAndSet{key_, "", value_}; break;
      case 3: command.operation = Set{key_, ""}; break;
      case 8: command.operation = any_set_expiring(); break;
      case 9: command.operation = Increment{key_, static_cast<std::int64_t>(random_.below(50)) - 20}; break;
      case 10: command.operation = DeleteIf{key_, random_.one_in(2) ? BytesView() : BytesView(value_)}; break;
      case 11: command.operation = any_lease_operation(); break;
      case 12: {
        parts_ = encode_transaction({any_compares(), any_items(), any_items()});
        command.operation = Transaction{parts_};
        break;
      }
      default: command.operation = Set{key_, value_};
    }
    return command;
  }
  /// Mostly one that was granted, if it still is.
  LeaseId any_lease() {
    if (leases_.empty() || random_.one_in(20)) return LeaseId{random_.below(3)};
    return leases_[leases_.size() - 1 - random_.below(std::min<std::size_t>(leases_.size(), 3))];
  }
  SetExpiring any_set_expiring() {
    if (random_.one_in(2)) return {key_, value_, 0, any_lease()};
    return {key_, value_, random_.below(60), {}};
  }
  Operation any_lease_operation() {
    switch (random_.below(5)) {
      case 0: return LeaseRevoke{any_lease()};
      case 1:
      case 2: return LeaseKeepAlive{any_lease()};
      default: leases_.push_back(LeaseId{index_.value}); return LeaseGrant{random_.below(150)};
    }
  }
  BytesView any_key() { return names_[random_.below(names_.size())]; }
  std::vector<Compare> any_compares() {
    std::vector<Compare> compares;
    for (std::uint64_t i = random_.below(3); i > 0; --i) {
      const auto how = static_cast<Compare::How>(1 + random_.below(last_compare));
      const bool has_value = how != Compare::How::exists && how != Compare::How::absent;
      compares.push_back({how, any_key(), has_value && random_.one_in(2) ? BytesView(value_) : BytesView()});
    }
    return compares;
  }
  std::vector<TransactionItem> any_items() {
    std::vector<TransactionItem> items;
    for (std::uint64_t i = random_.below(5); i > 0; --i) {
      switch (random_.below(7)) {
        case 0: items.emplace_back(Get{any_key()}); break;
        case 1: items.emplace_back(Delete{any_key()}); break;
        case 2: items.emplace_back(Increment{any_key(), 3}); break;
        case 3: {
          SetExpiring set = any_set_expiring();
          set.key = any_key();
          items.emplace_back(set);
          break;
        }
        case 4: items.emplace_back(Set{any_key(), "17"}); break;
        default: items.emplace_back(Set{any_key(), value_});
      }
    }
    return items;
  }
  /// Of a few users and chats, so that they meet; names in any case, some not of ASCII, some not sound.
  chat::Operation any_call() {
    const chat::TokenId token = blake2b("token" + std::to_string(random_.below(8)));
    const std::array<Bytes, 6> chats = {"Room 1", "room 2", "ROOM 1", "Z\xc3\xbcrich", "\xff", "Hall"};
    const std::array<Bytes, 6> users = {"Ann", "bob", "ANN", "Eve", "\xc3\xbc", "Tim"};
    chat_ = chats[random_.below(chats.size())];
    user_ = users[random_.below(users.size())];
    other_ = chats[random_.below(chats.size())];
    value_.resize(std::min<std::size_t>(value_.size(), 200));
    if (random_.one_in(3)) value_ += "\xe2\x82\xac";
    if (random_.one_in(20)) value_ += "\x80";
    key_ = random_.one_in(2) ? "" : "key" + std::to_string(random_.below(12));
    const chat::EventSeq seq{random_.below(40)};
    // Mostly one that a user may have by now.
    const std::uint64_t version = random_.one_in(3) ? random_.below(3) : 1;
    const bool is_right = !random_.one_in(3);
    switch (random_.below(24)) {
      case 0: return chat::CreateUser{user_, "hash"};
      case 1:
      case 2:
      case 3: return chat::Login{user_, token, version, is_right};
      case 4: return chat::Logout{token};
      case 5: return chat::ChangePassword{token, version, is_right, "other hash"};
      case 6: {
        // A new one takes his place.
        user_ += std::to_string(random_.below(40));
        if (random_.one_in(3)) return chat::DisableUser{token, version, is_right};
        return random_.one_in(2) ? chat::Operation(chat::CreateUser{user_, "hash"})
                                 : chat::Login{user_, token, version, is_right};
      }
      case 7: return chat::CreateChat{token, chat_, value_, random_.one_in(2)};
      case 8:
      case 9: return chat::JoinChat{token, chat_};
      case 10: return chat::LeaveChat{token, chat_};
      case 11: return chat::RenameChat{token, chat_, other_};
      case 12: return chat::DescribeChat{token, chat_, value_};
      case 13: return chat::SetInviteOnly{token, chat_, random_.one_in(2)};
      case 14: return chat::Invite{token, chat_, user_};
      case 15: return chat::RemoveMember{token, chat_, user_};
      case 16: return chat::HandOver{token, chat_, user_};
      case 17: return chat::Edit{token, chat_, seq, value_};
      case 18: return chat::DeleteMessage{token, chat_, seq};
      case 19: return chat::MarkRead{token, chat_, seq};
      default: return chat::Send{token, chat_, value_, key_};
    }
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

  static constexpr std::uint64_t day_us = 24ULL * 3600 * 1'000'000;

  Random random_;
  std::uint64_t quota_bytes_;
  bool is_plain_;
  bool has_all_;
  Index index_;
  std::uint64_t cluster_us_ = 0;
  std::vector<std::uint64_t> opened_;
  Bytes key_;
  Bytes value_;
  Bytes parts_;
  Bytes chat_;
  Bytes user_;
  Bytes other_;
  std::vector<LeaseId> leases_;
  const std::array<Bytes, 12> names_ = {"key0", "key1", "key2", "key3", "key4",  "key5",
                                        "key6", "key7", "key8", "key9", "key10", "key11"};
};

}  // namespace parley::app
