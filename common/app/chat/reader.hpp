#pragma once
#include <map>

#include "common/app/chat/answer.hpp"
#include "common/app/chat/call.hpp"

namespace parley::app::chat {

/// Collects the events of a page until it is full: so many of them, or so many bytes. The first one always fits.
class EventPage {
 public:
  /// `limit`: 0 for as many as a page may have.
  EventPage(const Draft& rows, std::uint32_t limit);

  /// False if it has no room for this one; then it stands as it was.
  [[nodiscard]] bool add(ChatId chat, EventSeq seq, EventRow row);
  [[nodiscard]] std::size_t size() const { return events_.size(); }
  /// What it has, `backwards` if the last was added first.
  [[nodiscard]] Events take(bool backwards, bool more);

 private:
  [[nodiscard]] const Bytes& name_of(UserId user);

  const Draft& rows_;
  std::size_t most_;
  std::size_t bytes_ = 0;
  std::vector<Event> events_;
  std::map<ChatId, Bytes> chats_;
  std::map<UserId, Bytes> users_;
};

}  // namespace parley::app::chat
