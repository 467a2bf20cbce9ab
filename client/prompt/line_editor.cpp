#include "client/prompt/line_editor.hpp"

#include <algorithm>
#include <utility>

#include "common/base/utf8.hpp"

namespace parley::client::prompt {
namespace {

std::size_t bytes_of(char32_t point) { return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4; }

std::size_t bytes_of(std::u32string_view points) {
  std::size_t bytes = 0;
  for (const char32_t point : points) bytes += bytes_of(point);
  return bytes;
}

bool parts_words(char32_t point) { return is_blank(point) || point == U'\n' || point == U'\t'; }

}  // namespace

std::string to_utf8(std::u32string_view points) {
  std::string text;
  text.reserve(points.size());
  for (const char32_t point : points) {
    const std::size_t size = bytes_of(point);
    if (size == 1) {
      text += static_cast<char>(point);
      continue;
    }
    static constexpr unsigned leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    text += static_cast<char>(leads[size] | point >> 6 * (size - 1));
    for (std::size_t left = size - 1; left-- > 0;) text += static_cast<char>(0x80 | (point >> 6 * left & 0x3F));
  }
  return text;
}

LineEditor::Effect LineEditor::take(const Key& key) {
  const std::size_t end = text_.size();
  switch (key.kind) {
    case Key::Kind::character: return insert(key.point);
    case Key::Kind::enter: return Effect::entered;
    case Key::Kind::left: return move(left_of(cursor_));
    case Key::Kind::right: return move(right_of(cursor_));
    case Key::Kind::word_left: return move(word_left_of(cursor_));
    case Key::Kind::word_right: return move(word_right_of(cursor_));
    case Key::Kind::home: return move(0);
    case Key::Kind::end: return move(end);
    case Key::Kind::up: return recall(true);
    case Key::Kind::down: return recall(false);
    case Key::Kind::rub_out: return cut(left_of(cursor_), cursor_, false);
    case Key::Kind::erase: return cut(cursor_, right_of(cursor_), false);
    case Key::Kind::rub_out_word: return cut(word_left_of(cursor_), cursor_, true);
    case Key::Kind::rub_out_line: return cut(0, cursor_, true);
    case Key::Kind::erase_line: return cut(cursor_, end, true);
    case Key::Kind::put_back: return insert(to_utf8(cut_));
    case Key::Kind::complete: return Effect::complete;
    case Key::Kind::draw_again: return Effect::draw_again;
    case Key::Kind::interrupt: return text_.empty() ? Effect::interrupted : cut(0, end, true);
    case Key::Kind::erase_or_leave: return text_.empty() ? Effect::ended : cut(cursor_, right_of(cursor_), false);
    case Key::Kind::suspend: return Effect::suspended;
  }
  return Effect::nothing;
}

std::string LineEditor::before_cursor() const { return to_utf8(std::u32string_view(text_).substr(0, cursor_)); }

LineEditor::Effect LineEditor::insert(std::string_view text) {
  Effect effect = Effect::nothing;
  while (!text.empty() && effect != Effect::refused) effect = insert(take_code_point(text));
  return effect;
}

LineEditor::Effect LineEditor::insert(char32_t point) {
  if (bytes_ + bytes_of(point) > longest_) return Effect::refused;
  text_.insert(cursor_++, 1, point);
  bytes_ += bytes_of(point);
  return Effect::changed;
}

std::string LineEditor::take_line() {
  std::string line = to_utf8(text_);
  if (!text_.empty() && (past_.empty() || past_.back() != text_)) past_.push_back(text_);
  if (past_.size() > remembered_) past_.pop_front();
  back_ = 0;
  present_.clear();
  set({});
  return line;
}

LineEditor::Effect LineEditor::move(std::size_t to) {
  return std::exchange(cursor_, to) == to ? Effect::nothing : Effect::changed;
}

LineEditor::Effect LineEditor::cut(std::size_t begin, std::size_t end, bool is_kept) {
  if (begin == end) return Effect::nothing;
  const std::u32string gone = text_.substr(begin, end - begin);
  text_.erase(begin, end - begin);
  bytes_ -= bytes_of(gone);
  cursor_ = begin;
  if (is_kept) cut_ = gone;
  return Effect::changed;
}

/// Goes through the lines that were entered. What was being typed is there again at the end; what was changed of an
/// older line is not kept.
LineEditor::Effect LineEditor::recall(bool is_older) {
  if (is_older ? back_ == past_.size() : back_ == 0) return Effect::nothing;
  if (back_ == 0) present_ = text_;
  back_ += is_older ? 1 : std::size_t{0} - 1;
  set(back_ == 0 ? std::exchange(present_, {}) : past_[past_.size() - back_]);
  return Effect::changed;
}

void LineEditor::set(std::u32string text) {
  text_ = std::move(text);
  bytes_ = bytes_of(text_);
  cursor_ = text_.size();
}

std::size_t LineEditor::left_of(std::size_t at) const {
  if (at > 0) --at;
  while (at > 0 && columns_.of(text_[at]) == 0) --at;
  return at;
}

std::size_t LineEditor::right_of(std::size_t at) const {
  if (at < text_.size()) ++at;
  while (at < text_.size() && columns_.of(text_[at]) == 0) ++at;
  return at;
}

std::size_t LineEditor::word_left_of(std::size_t at) const {
  while (at > 0 && parts_words(text_[at - 1])) --at;
  while (at > 0 && !parts_words(text_[at - 1])) --at;
  return at;
}

std::size_t LineEditor::word_right_of(std::size_t at) const {
  while (at < text_.size() && parts_words(text_[at])) ++at;
  while (at < text_.size() && !parts_words(text_[at])) ++at;
  return at;
}

}  // namespace parley::client::prompt
