#include <catch2/catch.hpp>

#include "client/cli/chat_text.hpp"

using namespace parley;
using namespace parley::client::cli;
using namespace parley::app::chat;

TEST_CASE("times are written to the microsecond, and read back") {
  const std::vector<std::pair<std::uint64_t, std::string>> table = {
      {0, "1970-01-01T00:00:00.000000Z"},
      {1, "1970-01-01T00:00:00.000001Z"},
      {951'782'399'999'999, "2000-02-28T23:59:59.999999Z"},
      {951'782'400'000'000, "2000-02-29T00:00:00.000000Z"},
      {1'709'164'800'000'000, "2024-02-29T00:00:00.000000Z"},
      {1'717'143'300'123'456, "2024-05-31T08:15:00.123456Z"},
      {253'402'300'799'999'999, "9999-12-31T23:59:59.999999Z"},
  };
  for (const auto& [us, text] : table) {
    INFO(text);
    CHECK(time_text(us) == text);
    CHECK(parse_time(text) == us);
    CHECK(parse_time(std::to_string(us)) == us);
  }
  CHECK(time_text(253'402'300'800'000'000) == "253402300800000000");
  CHECK(time_text(UINT64_MAX) == "18446744073709551615");
  CHECK(parse_time("18446744073709551615") == UINT64_MAX);
  CHECK(parse_time("2024-05-31T08:15:00Z") == 1'717'143'300'000'000);
  CHECK(parse_time("2024-05-31T08:15:00.5Z") == 1'717'143'300'500'000);
  CHECK(parse_time("2024-05-31T08:15:00.1234569Z") == 1'717'143'300'123'456);
}

TEST_CASE("what is no time is refused") {
  for (const char* text : {"",
                           "yesterday",
                           "-1",
                           "+1",
                           "1.5",
                           "18446744073709551616",
                           "2024-05-31",
                           "2024-05-31T08:15:00",
                           "2024-05-31T08:15Z",
                           "2024-02-30T00:00:00Z",
                           "2023-02-29T00:00:00Z",
                           "2024-13-01T00:00:00Z",
                           "2024-00-01T00:00:00Z",
                           "2024-05-31T24:00:00Z",
                           "2024-05-31T08:60:00Z",
                           "2024-05-31T08:15:60Z",
                           "2024-05-31T08:15:00.Z",
                           "2024-05-31T08:15:00+02:00",
                           "1969-12-31T23:59:59Z",
                           "2024-05-31 08:15:00Z",
                           "2024-5-31T08:15:00Z",
                           "2024-05-31T08:15:00Z ",
                           "-024-05-31T08:15:00Z"}) {
    INFO(text);
    CHECK_FALSE(parse_time(text).has_value());
  }
}

TEST_CASE("events are shown on a line each, whatever is in them") {
  Event event{ChatId{1}, EventSeq{7}, 1, 1, "amy", "hi", {}, {}, {}};
  const std::string head = "7\t1970-01-01T00:00:00.000001Z\tamy\t";
  CHECK(event_line(event) == head + "hi");
  event.edited_by = EventSeq{9};
  CHECK(event_line(event) == head + "hi");
  event.text = "a\nb\tc\x1b[2J";
  CHECK(event_line(event) == head + "a\\nb\\tc\\x1b[2J");
  event.text = "\xff";
  CHECK(event_line(event) == head + "(not UTF-8)");
  event.text = "";
  event.deleted_by = EventSeq{9};
  CHECK(event_line(event) == head + "(deleted)");
  Event edit{ChatId{1}, EventSeq{7}, 1, 2, "amy", "ho", EventSeq{3}, {}, {}};
  CHECK(event_line(edit) == head + "(edit of 3) ho");
  edit.deleted_by = EventSeq{8};
  CHECK(event_line(edit) == head + "(edit of 3) (deleted)");
  const Event deletion{ChatId{1}, EventSeq{7}, 1, 3, "amy", "", EventSeq{3}, {}, {}};
  CHECK(event_line(deletion) == head + "(deletes 3)");
}

TEST_CASE("events are JSON with the text as it is, and say of edits and deletions what there is to say") {
  Event event{ChatId{1}, EventSeq{7}, 9, 1, "amy", "a\n\"b\"", {}, {}, {}};
  CHECK(event_json(event, "c") == R"({"chat":"c","seq":7,"time":9,"user":"amy","text":"a\n\"b\""})");
  event.edited_by = EventSeq{8};
  event.deleted_by = EventSeq{9};
  CHECK(event_json(event, "c") ==
        R"({"chat":"c","seq":7,"time":9,"user":"amy","text":"a\n\"b\"","edited_by":8,"deleted_by":9})");
  const Event edit{ChatId{1}, EventSeq{7}, 9, 2, "amy", "x", EventSeq{3}, {}, {}};
  CHECK(event_json(edit, "c") == R"({"chat":"c","seq":7,"time":9,"user":"amy","text":"x","edit_of":3})");
  const Event deletion{ChatId{1}, EventSeq{7}, 9, 3, "amy", "", EventSeq{3}, {}, {}};
  CHECK(event_json(deletion, "c") == R"({"chat":"c","seq":7,"time":9,"user":"amy","text":"","deletes":3})");
  const Events page{{{ChatId{1}, "c"}, {ChatId{2}, "d"}}, {edit}, false};
  CHECK(chat_name_of(page, edit) == "c");
  CHECK(chat_name_of({}, edit).empty());
}

TEST_CASE("chats are listed by name, with what there is to know") {
  ChatSummary summary{ChatId{1}, "garden", true, false, false, 2, EventSeq{3}, 4, EventSeq{3}, 0};
  CHECK(chat_line(summary) == "garden");
  summary.unread = 2;
  CHECK(chat_line(summary) == "garden\t2 unread");
  summary.is_member = false;
  CHECK(chat_line(summary) == "garden\tinvited");
  CHECK(chat_json(summary) == R"({"chat":"garden","id":1,"member":false,"owner":false,"invite_only":false,"members":2,)"
                              R"("last_seq":3,"time":4,"read_seq":3,"unread":2})");
  ChatDetails details{summary, "", "two\nlines", 5};
  CHECK(details_json(details).ends_with(R"("owner_name":null,"description":"two\nlines","created":5})"));
  CHECK(details_text(details).find("description  two\\nlines\nowner        nobody\n") != std::string::npos);
  details.owner = "amy";
  CHECK(details_json(details).find(R"("owner_name":"amy")") != std::string::npos);
}
