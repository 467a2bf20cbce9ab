#include "client/prompt/rows.hpp"

#include <algorithm>
#include <array>

#include "common/base/hash.hpp"
#include "common/base/prompt_limits.hpp"
#include "common/base/utf8.hpp"

namespace parley::client::prompt {
namespace {

using app::chat::Event;
using app::chat::EventKind;

constexpr std::uint64_t second_us = 1'000'000;
constexpr const char* check_mark = " ✓";

std::string shown(std::string_view text) { return is_utf8(text) ? without_controls(text) : "(not UTF-8)"; }

std::string written(std::uint64_t since_1970_us, const Look& look, const char* format) {
  const std::tm time = look.clock(static_cast<std::time_t>(since_1970_us / second_us));
  std::array<char, 64> text;
  return {text.data(), std::strftime(text.data(), text.size(), format, &time)};
}

bool is(const Event& event, EventKind kind) { return event.kind == static_cast<std::uint8_t>(kind); }

/// What stands between the name and the text.
std::string verb_of(const Event& event) {
  if (is(event, EventKind::deletion)) return " deletes " + std::to_string(event.of.value);
  return is(event, EventKind::edit) ? " edits " + std::to_string(event.of.value) + ": " : ": ";
}

std::string text_of(const Event& event) {
  if (is(event, EventKind::deletion)) return {};
  if (event.deleted_by.value != 0) return "(deleted)";
  return event.edited_by.value == 0 ? event.text
                                    : event.text + " (edited by " + std::to_string(event.edited_by.value) + ")";
}

Row head_of(const Line& line, const Look& look) {
  Row head;
  if (line.is_elsewhere) head.push_back({Style::elsewhere, "[" + shown(line.chat) + "] "});
  const Event& event = *line.event;
  head.push_back({Style::dim, std::to_string(event.seq.value) + " " + written(event.time_us, look, "%H:%M") + " "});
  head.push_back({Style::name, shown(event.user), static_cast<std::uint8_t>(checksum64(event.user) % shades)});
  head.push_back({Style::dim, verb_of(event)});
  return head;
}

/// The text in rows, its own ends of lines kept: each is without controls. `taken` as in wrapped().
std::vector<std::string> rows_of_text(const Columns& columns, std::string_view text, std::size_t width,
                                      std::size_t taken = 0) {
  if (!is_utf8(text)) return {shown(text)};
  std::vector<std::string> rows;
  for (;;) {
    const std::size_t end = text.find('\n');
    for (std::string& row : wrapped(columns, shown(text.substr(0, end)), width, rows.empty() ? taken : 0))
      rows.push_back(std::move(row));
    if (end == std::string_view::npos || rows.size() > limits::prompt_message_rows) break;
    text.remove_prefix(end + 1);
  }
  if (rows.size() > limits::prompt_message_rows) {
    rows.resize(limits::prompt_message_rows);
    rows.push_back(shortened(columns, "… (too long to be shown here)", width));
  }
  return rows;
}

std::vector<Row> event_rows(const Line& line, const Look& look) {
  Row head = head_of(line, look);
  std::vector<Row> all;
  std::size_t taken = width_of(look.columns, head);
  if (taken >= look.width) {
    // Too narrow for both: the head has rows of its own.
    std::string text;
    for (const Piece& piece : head) text += piece.text;
    for (std::string& row : wrapped(look.columns, text, look.width)) all.push_back({{Style::strong, std::move(row)}});
    head.clear();
    taken = 0;
  }
  // The text stands below itself, unless the head takes most of the width.
  const std::size_t indent = taken <= look.width / 2 ? taken : look.width / 4;
  const bool is_plain = line.event->deleted_by.value == 0 && is(*line.event, EventKind::message);
  bool is_first = true;
  for (std::string& row : rows_of_text(look.columns, text_of(*line.event), look.width - indent, taken - indent)) {
    Row out = is_first ? std::move(head) : Row{{Style::plain, std::string(indent, ' ')}};
    out.push_back({is_plain ? Style::plain : Style::dim, std::move(row)});
    all.push_back(std::move(out));
    is_first = false;
  }
  const bool has_room = width_of(look.columns, all.back()) + look.columns.of(check_mark) <= look.width;
  if (line.is_sent_here && has_room) all.back().push_back({Style::dim, check_mark});
  return all;
}

/// The longest begin of it that has so many bytes at most and no part of a character.
std::string_view begin_of(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

Style style_of(Line::Kind kind) {
  switch (kind) {
    case Line::Kind::note:
    case Line::Kind::trouble:
    case Line::Kind::sending: return Style::dim;
    case Line::Kind::failure: return Style::alarm;
    case Line::Kind::event: break;
  }
  return Style::plain;
}

std::string state_of(const Sending& sending) {
  switch (sending.state) {
    case Sending::State::waiting: return "… waits: ";
    case Sending::State::on_its_way: return "… on its way: ";
    case Sending::State::acknowledged: return "✓ acknowledged as " + std::to_string(sending.seq) + ": ";
    case Sending::State::failed: return "✗ failed, /retry or /drop: ";
  }
  return {};
}

}  // namespace

std::tm local_time(std::time_t since_1970) {
  std::tm time{};
  ::localtime_r(&since_1970, &time);
  return time;
}

std::vector<std::string> wrapped(const Columns& columns, std::string_view text, std::size_t width, std::size_t taken) {
  constexpr std::size_t none = std::string::npos;
  std::vector<std::string> rows;
  const std::string_view whole = text;
  std::size_t begin = 0;     // of the row
  std::size_t used = taken;  // columns of it
  std::size_t blank = none;  // the last one in it
  std::size_t used_up_to_blank = 0;
  while (!text.empty()) {
    const std::size_t at = whole.size() - text.size();
    const char32_t point = take_code_point(text);
    const std::size_t wide = columns.of(point);
    const bool is_begun = at > begin || (rows.empty() && taken > 0);
    if (used + wide > width && is_begun) {
      // At this blank, at the last one, before a word that begins in the rest of the first row, or within a word.
      const bool is_blank_here = point == U' ';
      const std::size_t end = is_blank_here ? at : blank != none ? blank : rows.empty() && taken > 0 ? begin : at;
      used = is_blank_here ? 0 : used - (blank != none ? used_up_to_blank : end == begin ? taken : used);
      rows.emplace_back(whole.substr(begin, end - begin));
      begin = is_blank_here || blank != none ? end + 1 : end;
      blank = none;
      if (is_blank_here) continue;
    }
    used += wide;
    if (point != U' ') continue;
    blank = at;
    used_up_to_blank = used;
  }
  rows.emplace_back(whole.substr(begin));
  return rows;
}

std::string shortened(const Columns& columns, std::string_view text, std::size_t width) {
  if (columns.of(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t used = 1;  // of the dots
  std::string_view rest = text;
  std::size_t end = 0;
  while (!rest.empty()) {
    used += columns.of(take_code_point(rest));
    if (used > width) break;
    end = text.size() - rest.size();
  }
  return std::string(text.substr(0, end)) + "…";
}

std::size_t width_of(const Columns& columns, const Row& row) {
  std::size_t width = 0;
  for (const Piece& piece : row) width += columns.of(piece.text);
  return width;
}

std::vector<Row> rows_of(const Line& line, const Look& look) {
  if (line.kind == Line::Kind::event) return event_rows(line, look);
  if (line.kind == Line::Kind::sending) return {};
  std::vector<Row> rows;
  for (std::string& row : rows_of_text(look.columns, line.text, look.width))
    rows.push_back({{style_of(line.kind), std::move(row)}});
  return rows;
}

std::vector<Row> rows_of(const Outbox& outbox, const Look& look) {
  const auto& all = outbox.all();
  const std::size_t shown_ones = std::min(all.size(), limits::prompt_sending_rows);
  std::vector<Row> rows;
  if (all.size() > shown_ones)
    rows.push_back(
        {{Style::dim,
          shortened(look.columns, "… and " + std::to_string(all.size() - shown_ones) + " more before", look.width)}});
  for (std::size_t at = all.size() - shown_ones; at < all.size(); ++at) {
    const Style style = all[at].state == Sending::State::failed ? Style::alarm : Style::dim;
    // Of a long message more is never seen.
    const std::string text = state_of(all[at]) + shown(begin_of(all[at].text, 4 * look.width));
    rows.push_back({{style, shortened(look.columns, text, look.width)}});
  }
  return rows;
}

Row waiting_row(std::string_view line, const Look& look) {
  return {{Style::dim, shortened(look.columns, "… waits: " + shown(begin_of(line, 4 * look.width)), look.width)}};
}

std::string DayMarks::before(const Line& line, const Look& look) {
  if (line.kind != Line::Kind::event) return {};
  std::string day = written(line.event->time_us, look, "%A, %-d %B %Y");
  if (day == day_) return {};
  day_ = day;
  return day;
}

}  // namespace parley::client::prompt
