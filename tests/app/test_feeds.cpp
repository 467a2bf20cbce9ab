#include <catch2/catch.hpp>

#include "common/app/change_page.hpp"
#include "common/app/follow.hpp"
#include "common/base/hex.hpp"

using namespace parley;
using namespace parley::app;

namespace {

Bytes bytes_of(std::string text) {
  std::erase(text, ' ');
  return from_hex(text).value();
}

}  // namespace

TEST_CASE("what can be followed has the bytes that COMMANDS.md gives it") {
  CHECK(to_hex(encode_follow(FollowKeys{"key", true})) == to_hex(bytes_of("01 01 03000000 6b6579 01")));
  CHECK(to_hex(encode_follow(FollowKeys{})) == to_hex(bytes_of("01 01 00000000 00")));
  CHECK(decode_follow(bytes_of("01 01 03000000 6b6579 01")) == Follow(FollowKeys{"key", true}));
  for (const char* wrong : {"", "01", "02 01 00000000 00", "01 63 00000000 00", "01 01 00000000 02", "01 01 00000000",
                            "01 01 00000000 00 00", "01 01 ffffffff 00"}) {
    INFO(wrong);
    CHECK_FALSE(decode_follow(bytes_of(wrong)));
  }
}

TEST_CASE("a page of changes has the bytes that COMMANDS.md gives it") {
  using Previous = ChangeRecord::Previous;
  const std::vector<ChangeRecord> changes = {
      {Index{7}, {8, 9}, "k", "value", Previous::unknown, {}},
      {Index{7}, {8, 9}, "gone", std::nullopt, Previous::value, "old"},
      {Index{10}, {11, 12}, "new", "", Previous::none, {}},
      {Index{10}, {11, 12}, "big", "v", Previous::omitted, {}},
  };
  Bytes page = begin_change_page();
  for (const ChangeRecord& change : changes) append_change(change, page);
  const std::string first = "0700000000000000 0800000000000000 0900000000000000 ";
  const std::string second = "0a00000000000000 0b00000000000000 0c00000000000000 ";
  CHECK(to_hex(page) == to_hex(bytes_of("01" + first + "01 01000000 6b 05000000 76616c7565" + first +
                                        "04 04000000 676f6e65 03000000 6f6c64" + second + "03 03000000 6e6577 00000000" +
                                        second + "07 03000000 626967 01000000 76")));
  CHECK(decode_change_page(page) == changes);
  CHECK(decode_change_page(bytes_of("01")) == std::vector<ChangeRecord>{});
  CHECK_FALSE(decode_change_page({}));
  CHECK_FALSE(decode_change_page(bytes_of("02")));
  for (std::size_t size = 2; size < page.size(); ++size) {
    const auto cut = decode_change_page(BytesView(page).substr(0, size));
    if (cut) CHECK(cut->size() < changes.size());
  }
  CHECK_FALSE(decode_change_page(bytes_of("01" + first + "08 01000000 6b")));
}
