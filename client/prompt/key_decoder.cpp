#include "client/prompt/key_decoder.hpp"

#include <optional>

#include "common/base/utf8.hpp"

namespace parley::client::prompt {
namespace {

constexpr char escape = 0x1b;
/// Of a sequence; the longest that terminals send for a key are far shorter.
constexpr std::size_t most_parameters = 32;

/// The keys that are one control.
std::optional<Key::Kind> control_key(char byte) {
  switch (byte) {
    case 1: return Key::Kind::home;
    case 2: return Key::Kind::left;
    case 3: return Key::Kind::interrupt;
    case 4: return Key::Kind::erase_or_leave;
    case 5: return Key::Kind::end;
    case 6: return Key::Kind::right;
    case 8:
    case 127: return Key::Kind::rub_out;
    case '\t': return Key::Kind::complete;
    case '\n':
    case '\r': return Key::Kind::enter;
    case 11: return Key::Kind::erase_line;
    case 12: return Key::Kind::draw_again;
    case 14: return Key::Kind::down;
    case 16: return Key::Kind::up;
    case 21: return Key::Kind::rub_out_line;
    case 23: return Key::Kind::rub_out_word;
    case 25: return Key::Kind::put_back;
    case 26: return Key::Kind::suspend;
    default: return std::nullopt;
  }
}

std::optional<Key::Kind> letter_key(char byte, bool has_modifier) {
  switch (byte) {
    case 'A': return Key::Kind::up;
    case 'B': return Key::Kind::down;
    case 'C': return has_modifier ? Key::Kind::word_right : Key::Kind::right;
    case 'D': return has_modifier ? Key::Kind::word_left : Key::Kind::left;
    case 'H': return Key::Kind::home;
    case 'F': return Key::Kind::end;
    default: return std::nullopt;
  }
}

std::optional<Key::Kind> numbered_key(std::string_view number) {
  if (number == "1" || number == "7") return Key::Kind::home;
  if (number == "4" || number == "8") return Key::Kind::end;
  if (number == "3") return Key::Kind::erase;
  return std::nullopt;
}

}  // namespace

std::vector<Key> KeyDecoder::take(std::string_view bytes) {
  std::vector<Key> keys;
  // Terminals send a sequence at once. So what came before was the key Escape, unless this goes on like a sequence.
  if (state_ == State::escape && !bytes.empty() && bytes.front() != '[' && bytes.front() != 'O') state_ = State::ground;
  for (const char byte : bytes) take_byte(byte, keys);
  return keys;
}

void KeyDecoder::take_byte(char byte, std::vector<Key>& keys) {
  switch (state_) {
    case State::ground: return take_ground(byte, keys);
    case State::escape: return take_escape(byte, keys);
    case State::sequence: return take_sequence(byte, keys);
    case State::single_shift:
      state_ = State::ground;
      if (const auto kind = letter_key(byte, false)) keys.push_back({*kind});
      return;
  }
}

void KeyDecoder::take_ground(char byte, std::vector<Key>& keys) {
  if (byte == escape) {
    state_ = State::escape;
    character_.clear();
    return;
  }
  const bool is_control = static_cast<unsigned char>(byte) < 0x20 || byte == 127;
  if (!is_control) {
    was_return_ = false;
    return take_utf8(byte, keys);
  }
  character_.clear();
  if (is_pasting_) {
    const bool ends_line = byte == '\r' || (byte == '\n' && !was_return_);
    was_return_ = byte == '\r';
    if (ends_line) keys.push_back({Key::Kind::character, U'\n'});
    if (byte == '\t') keys.push_back({Key::Kind::character, U'\t'});
  } else if (const auto kind = control_key(byte)) {
    keys.push_back({*kind});
  }
}

/// Behind the control Escape: the begin of a sequence, or a key that was pressed together with Alt.
void KeyDecoder::take_escape(char byte, std::vector<Key>& keys) {
  state_ = State::ground;
  parameters_.clear();
  switch (byte) {
    case '[': state_ = State::sequence; return;
    case 'O': state_ = State::single_shift; return;
    case escape: state_ = State::escape; return;
    case '\r':
    case '\n': keys.push_back({Key::Kind::character, U'\n'}); return;
    case 'b': keys.push_back({Key::Kind::word_left}); return;
    case 'f': keys.push_back({Key::Kind::word_right}); return;
    case 8:
    case 127: keys.push_back({Key::Kind::rub_out_word}); return;
    default: return;
  }
}

void KeyDecoder::take_sequence(char byte, std::vector<Key>& keys) {
  if (byte >= 0x40 && byte <= 0x7e) {
    state_ = State::ground;
    return take_final(byte, keys);
  }
  // One that is broken off by something else is none.
  if (byte < 0x20 || parameters_.size() == most_parameters) {
    state_ = byte == escape ? State::escape : State::ground;
  } else {
    parameters_ += byte;
  }
}

void KeyDecoder::take_final(char byte, std::vector<Key>& keys) {
  if (byte == '~' && (parameters_ == "200" || parameters_ == "201")) {
    is_pasting_ = parameters_ == "200";
    was_return_ = false;
    return;
  }
  const std::size_t modifier = parameters_.find(';');
  const auto kind = byte == '~' ? numbered_key(std::string_view(parameters_).substr(0, modifier))
                                : letter_key(byte, modifier != std::string::npos);
  if (kind) keys.push_back({*kind});
}

void KeyDecoder::take_utf8(char byte, std::vector<Key>& keys) {
  const bool continues = (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
  if (!continues) character_.clear();
  character_ += byte;
  if (is_utf8(character_)) {
    std::string_view text = character_;
    const char32_t point = take_code_point(text);
    if (!is_control(point)) keys.push_back({Key::Kind::character, point});
    character_.clear();
  } else if (character_.size() >= 4) {
    character_.clear();
  }
}

}  // namespace parley::client::prompt
