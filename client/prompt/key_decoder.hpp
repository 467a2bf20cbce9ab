#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::client::prompt {

/// What was pressed.
struct Key {
  enum class Kind : std::uint8_t {
    character,  ///< `point`; within what is pasted also an end of line
    enter,
    left,
    right,
    word_left,
    word_right,
    home,
    end,
    up,
    down,
    rub_out,         ///< backspace
    erase,           ///< delete
    rub_out_word,    ///< Ctrl-W
    rub_out_line,    ///< Ctrl-U: up to the cursor
    erase_line,      ///< Ctrl-K: from the cursor on
    put_back,        ///< Ctrl-Y
    complete,        ///< Tab
    draw_again,      ///< Ctrl-L
    interrupt,       ///< Ctrl-C
    erase_or_leave,  ///< Ctrl-D
    suspend,         ///< Ctrl-Z
  };
  Kind kind = Kind::character;
  char32_t point = 0;
  friend bool operator==(const Key&, const Key&) = default;
};

/// Makes keys of the bytes that a terminal sends: UTF-8, controls, the escape sequences of VT100 and xterm, and pasted
/// text between its brackets. A sequence may be split at any place; what it does not know is left out. For one thread.
class KeyDecoder {
 public:
  [[nodiscard]] std::vector<Key> take(std::string_view bytes);

 private:
  enum class State : std::uint8_t { ground, escape, sequence, single_shift };

  void take_byte(char byte, std::vector<Key>& keys);
  void take_ground(char byte, std::vector<Key>& keys);
  void take_escape(char byte, std::vector<Key>& keys);
  void take_sequence(char byte, std::vector<Key>& keys);
  void take_final(char byte, std::vector<Key>& keys);
  void take_utf8(char byte, std::vector<Key>& keys);

  State state_ = State::ground;
  bool is_pasting_ = false;
  bool was_return_ = false;  ///< the last byte pasted was one: a line feed behind it belongs to it
  std::string parameters_;   ///< of a sequence
  std::string character_;    ///< bytes of a character that is not whole yet
};

}  // namespace parley::client::prompt
