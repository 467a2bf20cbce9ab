#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "common/app/chat/ids.hpp"
#include "common/base/error_word.hpp"

namespace parley::client::prompt {

/// A message that was typed, until it stands among those of its chat.
struct Sending {
  enum class State : std::uint8_t {
    waiting,       ///< for those before it
    on_its_way,    ///< the cluster was asked
    acknowledged,  ///< it is there for good, and is to be seen as soon as the feed has come so far
    failed,        ///< certainly not there, or with `timeout` not known to be
  };
  std::uint64_t number = 0;
  app::chat::ChatId chat;
  std::string chat_name;  ///< as it was when this was typed
  std::string text;
  std::string key;  ///< under which it is there once, however often it is sent
  State state = State::waiting;
  std::uint64_t seq = 0;  ///< of an acknowledged one
  ErrorWord word = ErrorWord::ok;
};

/// The messages of a user that are not done with, in the order in which they were typed. One is on its way at a time,
/// so that they are said in that order. For one thread.
class Outbox {
 public:
  [[nodiscard]] bool has_room() const;
  /// There must be room.
  void add(app::chat::ChatId chat, std::string chat_name, std::string text, std::string key);

  /// The one that is to be sent now, which is on its way from then on; null if one is already, or none waits. It may be
  /// looked at until the outbox is changed.
  [[nodiscard]] const Sending* next();
  struct Ended {
    Sending sending;             ///< as it is now
    std::size_t fail_along = 0;  ///< of those behind it, which the same would have happened to
  };
  /// What became of the one that was on its way. Nothing to be told if it was seen() before.
  [[nodiscard]] std::optional<Ended> acknowledged(std::uint64_t number, std::uint64_t seq);
  [[nodiscard]] std::optional<Ended> failed(std::uint64_t number, ErrorWord word);

  /// The user has said this in this chat, wherever. If it was one of these it is done with: gives it as it was.
  [[nodiscard]] std::optional<Sending> seen(app::chat::ChatId chat, std::string_view text, std::uint64_t seq);
  /// All events of this chat up to there were shown, or will not be: what was acknowledged there is done with.
  void shown(app::chat::ChatId chat, std::uint64_t upto);

  /// Those that have failed wait again, under the keys that they had. Gives how many.
  std::size_t retry();
  /// Those that have failed are forgotten.
  std::size_t drop();

  [[nodiscard]] const std::deque<Sending>& all() const { return all_; }
  [[nodiscard]] std::size_t count(Sending::State state) const;
  /// Nothing waits or is on its way.
  [[nodiscard]] bool is_idle() const;

 private:
  [[nodiscard]] Sending* find(std::uint64_t number);

  std::deque<Sending> all_;
  std::uint64_t last_number_ = 0;
  std::uint64_t on_its_way_ = 0;  ///< its number; 0 for none
};

}  // namespace parley::client::prompt
