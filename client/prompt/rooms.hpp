#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client/prompt/line.hpp"
#include "common/app/chat/answer.hpp"

namespace parley::client::prompt {

/// A chat that the user is in, or is invited to.
struct Room {
  app::chat::ChatId id;
  std::string name;
  bool is_member = false;
  bool is_muted = false;
  std::uint64_t unread = 0;
  std::uint64_t last = 0;    ///< up to which its events have come, or were there when it was first listed
  std::uint64_t shown = 0;   ///< up to which they were shown while it was open
  std::uint64_t oldest = 0;  ///< the first of those that were shown; 0 for none
  std::uint64_t read = 0;    ///< up to which the cluster knows that the user has read
  bool is_loading = false;   ///< what was said before is being asked for; what comes meanwhile waits behind it
  std::vector<app::chat::Event> held;
};

/// The chats of a user, one of which may be open, and what is to be told of what happens in them: answers and events
/// in, lines out. It asks nothing itself. For one thread.
class Rooms {
 public:
  /// `is_sent_here`: asked once of each message that comes from the user, in the order in which they come.
  Rooms(std::string user, std::function<bool(app::chat::ChatId, const app::chat::Event&)> is_sent_here)
      : user_(std::move(user)), is_sent_here_(std::move(is_sent_here)) {}

  struct Changes {
    std::vector<app::chat::ChatId> entered;  ///< the user is a member of them now
    std::vector<app::chat::ChatId> left;     ///< and no more of these
  };
  /// All chats that there are for the user. What is new since the last time is told.
  Changes listed(const std::vector<app::chat::ChatSummary>& chats);
  /// Tells of all of them.
  void describe();

  /// Null if there is none. A name is that of one whatever the case, or the begin of a single one's.
  [[nodiscard]] Room* find(std::string_view name);
  [[nodiscard]] Room* find(app::chat::ChatId id);
  /// The one that is open; null if none is.
  [[nodiscard]] Room* open_one() { return find(open_); }
  [[nodiscard]] const std::vector<Room>& all() const { return rooms_; }

  /// Makes it the open one. What was said there is to be asked for, so many events of it, and then given to one of the
  /// next two.
  std::uint32_t open(Room& room);
  /// The end of its history, as it was asked for when it was opened.
  void came(Room& room, const app::chat::Events& history);
  void came_not(Room& room);
  /// Other parts of it, which the user asked to see.
  void look_back(Room& room, const app::chat::Events& history);
  /// What its feed says.
  void follow(Room& room, const app::chat::Events& events);

  void tell(Line line) { lines_.push_back(std::move(line)); }
  [[nodiscard]] std::vector<Line> take_lines() { return std::exchange(lines_, {}); }
  /// Messages in chats that are not open.
  [[nodiscard]] std::uint64_t unread_elsewhere() const;

 private:
  void take(Room& room, const app::chat::Event& event);
  void show(const Room& room, const app::chat::Event& event, bool is_new);
  void show_here(Room& room, const app::chat::Event& event, bool is_new);

  std::string user_;
  std::function<bool(app::chat::ChatId, const app::chat::Event&)> is_sent_here_;
  std::vector<Room> rooms_;  ///< by id
  app::chat::ChatId open_;   ///< 0 for none
  bool is_listed_ = false;
  std::vector<Line> lines_;
};

}  // namespace parley::client::prompt
