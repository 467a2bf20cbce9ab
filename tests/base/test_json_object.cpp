#include "common/base/json_object.hpp"

#include <catch2/catch.hpp>

using namespace parley;

TEST_CASE("an object of JSON has its members in order, its texts escaped, and other bytes in base64") {
  JsonObject json;
  json.number("n", UINT64_MAX).truth("t", true).truth("f", false).text("text", "a\"b\\c\n\r\t\x01\x1f/\x7f");
  json.bytes("key", "v\xc3\xbc").bytes("value", "\xff").bytes("empty", "").json("inner", "{}").null("none");
  CHECK(std::move(json).done() ==
        "{\"n\":18446744073709551615,\"t\":true,\"f\":false,\"text\":\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f/\x7f\","
        "\"key\":\"v\xc3\xbc\",\"value_base64\":\"/w==\",\"empty\":\"\",\"inner\":{},\"none\":null}");
  CHECK(JsonObject().done() == "{}");
  JsonArray array;
  array.json("1").json("{}");
  CHECK(std::move(array).done() == "[1,{}]");
}
