#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/app/chat/answer.hpp"

namespace parley::client::prompt {

/// Something that a person is told, once: it stands above what is being typed and is never changed. Texts are as they
/// came; whoever shows them keeps controls away from the terminal.
struct Line {
  enum class Kind : std::uint8_t {
    event,    ///< `event` of `chat`
    note,     ///< what was asked for, and what there is to know
    trouble,  ///< something is amiss, and will pass without help
    failure,  ///< what was wanted was not done
    sending,  ///< what became of a message; where messages on their way are shown themselves it needs no line
  };
  Kind kind = Kind::note;
  std::string text;
  std::string chat;
  std::optional<app::chat::Event> event;
  bool is_elsewhere = false;  ///< of another chat than the one that is open
  bool is_own = false;        ///< said by the user
  bool is_sent_here = false;  ///< and from here

  static Line note(std::string text) { return {.kind = Kind::note, .text = std::move(text), .chat = {}, .event = {}}; }
  static Line trouble(std::string text) {
    return {.kind = Kind::trouble, .text = std::move(text), .chat = {}, .event = {}};
  }
  static Line failure(std::string text) {
    return {.kind = Kind::failure, .text = std::move(text), .chat = {}, .event = {}};
  }
  static Line sending(std::string chat, std::string text) {
    return {.kind = Kind::sending, .text = std::move(text), .chat = std::move(chat), .event = {}};
  }
};

}  // namespace parley::client::prompt
