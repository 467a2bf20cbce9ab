#pragma once
#include <vector>

#include "common/app/chat/ids.hpp"

namespace parley::app::chat {

/// What an entry did to chats, for those who follow them.
struct ChatChanges {
  std::vector<ChatId> chats;       ///< that may have events which they had not
  bool is_access_changed = false;  ///< somebody may be who he was, or where he was, no more

  void clear() {
    chats.clear();
    is_access_changed = false;
  }
};

}  // namespace parley::app::chat
