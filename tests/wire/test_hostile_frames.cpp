#include <catch2/catch.hpp>

#include "common/base/chat_limits.hpp"
#include "common/base/hex.hpp"
#include "common/base/limits.hpp"
#include "common/base/random.hpp"
#include "common/wire/client_codec.hpp"
#include "common/wire/entry_block.hpp"
#include "common/wire/peer_codec.hpp"
#include "common/wire/range_codec.hpp"
#include "tests/wire/samples.hpp"

using namespace parley;
using namespace parley::wire;

namespace {

/// The bytes end exactly where their memory does, so that the address sanitizer sees a read beyond them.
SharedBytes exactly(BytesView bytes) {
  const std::shared_ptr<char[]> memory(new char[bytes.size() + 1]);
  char* begin = memory.get() + 1;  // odd, so that the undefined-behaviour sanitizer sees an aligned access
  bytes.copy(begin, bytes.size());
  return {memory, {begin, bytes.size()}};
}

/// How many of the decoders take these bytes.
int takers(BytesView bytes) {
  int count = 0;
  if (decode_request_frame(exactly(bytes))) ++count;
  if (decode_reply_frame(exactly(bytes))) ++count;
  if (decode_peer_frame(exactly(bytes))) ++count;
  if (decode_range_request(exactly(bytes))) ++count;
  if (decode_range_reply(exactly(bytes))) ++count;
  return count;
}

/// Writes frames by hand, so that they can be wrong.
class Raw {
 public:
  Raw& array(unsigned size) { return byte(0x90 + size); }
  Raw& number(unsigned small) { return byte(small); }
  Raw& text(std::string_view value) { return byte(0xa0 + static_cast<unsigned>(value.size())).append(value); }
  Raw& bin(std::string_view value) { return byte(0xc4).byte(static_cast<unsigned>(value.size())).append(value); }
  Raw& cluster() { return bin(std::string(16, '\1')); }
  Raw& byte(unsigned value) {
    bytes_ += static_cast<char>(value);
    return *this;
  }
  Raw& append(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  [[nodiscard]] SharedBytes shared() const { return SharedBytes(bytes_); }

 private:
  Bytes bytes_;
};

Raw request_head() { return Raw().array(4).number(1).number(1).cluster(); }
Raw reply_head() { return Raw().array(7).number(1).number(2).cluster().text("n").text("").text(""); }
Raw batch_head() { return Raw().array(8).number(1).number(3).cluster().number(1).number(2).number(3).number(2); }

template <class T>
std::string refusal(const Result<T>& result) {
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::protocol);
  return result.error().what;
}

}  // namespace

TEST_CASE("each frame is taken by its own decoder only") {
  for (const Bytes& frame : samples::all_frames()) CHECK(takers(frame) == 1);
}

TEST_CASE("a frame cut anywhere, or with a byte more, is refused") {
  for (const Bytes& frame : samples::all_frames()) {
    for (std::size_t size = 0; size < frame.size(); ++size) {
      INFO("cut at " << size << " of " << to_hex(frame));
      REQUIRE(takers(BytesView(frame).substr(0, size)) == 0);
    }
    CHECK(takers(frame + '\0') == 0);
    CHECK(takers(frame + frame) == 0);
  }
}

TEST_CASE("random changes of frames never harm, and what is taken can be said again") {
  Random random(20240229);
  const auto frames = samples::all_frames();
  int taken = 0;
  for (int round = 0; round < 60000; ++round) {
    Bytes frame = frames[random.below(frames.size())];
    for (std::uint64_t change = random.between(1, 4); change > 0; --change) {
      const std::size_t at = random.below(frame.size());
      switch (random.below(4)) {
        case 0: frame[at] = static_cast<char>(random.below(256)); break;
        case 1: frame[at] = static_cast<char>(frame[at] ^ (1 << random.below(8))); break;
        case 2: frame.insert(at, 1, static_cast<char>(random.below(256))); break;
        default:
          if (frame.size() > 1) frame.erase(at, 1);
      }
    }
    const SharedBytes bytes = exactly(frame);
    if (const auto decoded = decode_request_frame(bytes)) {
      ++taken;
      REQUIRE(*decode_request_frame(SharedBytes(encode(*decoded))) == *decoded);
    }
    if (const auto decoded = decode_reply_frame(bytes)) {
      ++taken;
      REQUIRE(*decode_reply_frame(SharedBytes(encode(*decoded))) == *decoded);
    }
    if (const auto decoded = decode_peer_frame(bytes)) {
      ++taken;
      REQUIRE(*decode_peer_frame(SharedBytes(encode(*decoded))) == *decoded);
    }
    if (const auto decoded = decode_range_request(bytes)) {
      ++taken;
      REQUIRE(*decode_range_request(SharedBytes(encode(*decoded))) == *decoded);
    }
    if (const auto decoded = decode_range_reply(bytes)) {
      ++taken;
      REQUIRE(*decode_range_reply(SharedBytes(encode(*decoded))) == *decoded);
    }
  }
  CHECK(taken > 1000);  // else the changes are too wild to say anything about what is behind the first check
}

TEST_CASE("random bytes are refused") {
  Random random(7);
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes(random.below(200), '\0');
    for (char& c : bytes) c = static_cast<char>(random.below(256));
    REQUIRE(takers(bytes) == 0);
  }
}

TEST_CASE("another protocol version is refused by name, and told from garbage") {
  const Bytes newer = Raw().array(9).number(2).number(1).cluster().byte(0xc0).append("anything").bytes();
  for (const std::string& text :
       {refusal(decode_request_frame(SharedBytes(newer))), refusal(decode_reply_frame(SharedBytes(newer))),
        refusal(decode_peer_frame(SharedBytes(newer))), refusal(decode_range_request(SharedBytes(newer))),
        refusal(decode_range_reply(SharedBytes(newer)))}) {
    CHECK_THAT(text, Catch::Contains("version 2") && Catch::Contains("version 1"));
  }
  CHECK(is_other_version(newer));
  REQUIRE(peek_frame(newer));
  CHECK(peek_frame(newer)->cluster.text() == "01010101010101010101010101010101");
  CHECK_FALSE(is_other_version("garbage"));
  CHECK_FALSE(peek_frame(""));
  for (const Bytes& frame : samples::all_frames()) {
    CHECK_FALSE(is_other_version(frame));
    REQUIRE(peek_frame(frame));
    CHECK(peek_frame(frame)->cluster == samples::cluster());
  }
}

TEST_CASE("a frame on the wrong port is refused by name") {
  const Bytes request = encode(samples::frame_of(samples::requests()[0].request));
  CHECK_THAT(refusal(decode_peer_frame(SharedBytes(request))),
             Catch::Contains("request frame") && Catch::Contains("peer frame"));
  CHECK_THAT(refusal(decode_request_frame(Raw().array(4).number(1).number(99).cluster().array(0).shared())),
             Catch::Contains("kind 99"));
}

TEST_CASE("numbers that name nothing are refused") {
  CHECK_THAT(refusal(decode_request_frame(request_head().array(1).array(3).number(1).number(2).number(9).shared())),
             Catch::Contains("request of unknown kind 9"));
  CHECK_THAT(refusal(decode_request_frame(
                 request_head().array(1).array(5).number(1).number(2).number(1).number(3).bin("q").shared())),
             Catch::Contains("mode of a read"));
  CHECK_THAT(refusal(decode_reply_frame(reply_head().array(1).array(2).number(1).number(99).shared())),
             Catch::Contains("reply of unknown kind 99"));
  for (const unsigned word : {0U, 14U}) {
    CHECK_THAT(refusal(decode_reply_frame(
                   reply_head().array(1).array(5).number(1).number(1).number(word).text("").number(0).shared())),
               Catch::Contains("error word"));
  }
  CHECK_THAT(refusal(decode_reply_frame(reply_head()
                                            .array(1)
                                            .array(3)
                                            .number(1)
                                            .number(4)
                                            .array(1)
                                            .array(7)
                                            .number(1)
                                            .text("n")
                                            .number(5)
                                            .text("")
                                            .text("")
                                            .text("")
                                            .text("")
                                            .shared())),
             Catch::Contains("role"));
  CHECK_THAT(refusal(decode_peer_frame(
                 Raw().array(7).number(1).number(3).cluster().number(1).number(2).number(3).number(6).shared())),
             Catch::Contains("unknown kind 6"));
  const auto progress_head = [] {
    return Raw().array(11).number(1).number(3).cluster().number(1).number(2).number(3).number(5);
  };
  CHECK_THAT(refusal(decode_peer_frame(progress_head().number(1).number(4).number(0).number(0).shared())),
             Catch::Contains("phase of a transfer"));
  CHECK_THAT(refusal(decode_peer_frame(batch_head().array(1).array(2).number(16).number(1).shared())),
             Catch::Contains("message of unknown kind 16"));
  CHECK_THAT(
      refusal(decode_peer_frame(batch_head().array(1).array(4).number(12).number(1).number(1).number(7).shared())),
      Catch::Contains("refusal"));
}

TEST_CASE("a frame of the right kind with too few or too many values is refused") {
  CHECK_THAT(
      refusal(decode_request_frame(request_head().array(1).array(4).number(1).number(2).number(6).number(0).shared())),
      Catch::Contains("found request has 4 values instead of 3"));
  CHECK_THAT(refusal(decode_request_frame(Raw().array(5).number(1).number(1).cluster().array(0).number(0).shared())),
             Catch::Contains("request frame has 5 values instead of 4"));
  CHECK_THAT(refusal(decode_peer_frame(batch_head().array(1).array(2).number(9).number(1).shared())),
             Catch::Contains("read request"));
}

TEST_CASE("values that the grammar does not have are refused where they stand") {
  const std::vector<Bytes> strangers = {
      Raw().byte(0xc0).bytes(),                     // nil
      Raw().byte(0xff).bytes(),                     // -1
      Raw().byte(0xca).append("\0\0\0\0").bytes(),  // float
      Raw().byte(0xcb).append("12345678").bytes(),  // double
      Raw().byte(0x80).bytes(),                     // map
      Raw().byte(0xdf).append("\x7f\xff\xff\xff").bytes(),
      Raw().byte(0xd4).append("ab").bytes(),  // extension
      Raw().byte(0xc7).append("\1ab").bytes(),
      Raw().byte(0xc1).bytes(),  // never used
  };
  for (const Bytes& stranger : strangers) {
    INFO(to_hex(stranger));
    CHECK(takers(Raw().array(4).number(1).number(1).cluster().append(stranger).bytes()) == 0);
    CHECK(takers(request_head().array(1).array(4).number(1).append(stranger).number(0).bin("c").bytes()) == 0);
    CHECK(takers(batch_head().array(1).array(3).number(5).number(1).append(stranger).bytes()) == 0);
  }
}

TEST_CASE("names, addresses, commands and lists beyond their bounds are refused") {
  const auto join_with = [](auto change) {
    const auto all = samples::requests();
    const auto sample = std::ranges::find(all, std::string_view("join"), &samples::RequestSample::name);
    auto join = std::get<JoinRequest>(sample->request.body);
    change(join);
    return refusal(decode_request_frame(SharedBytes(encode(samples::frame_of(Request{1, 2, join})))));
  };
  CHECK_THAT(join_with([](JoinRequest& join) { join.name = std::string(limits::node_name_bytes + 1, 'n'); }),
             Catch::Contains("name"));
  CHECK_THAT(join_with([](JoinRequest& join) { join.raft_address = std::string(limits::address_bytes + 1, 'a'); }),
             Catch::Contains("address"));
  CHECK_THAT(join_with([](JoinRequest& join) {
               join.settings = samples::shared(std::string(limits::settings_bytes + 1, 's'));
             }),
             Catch::Contains("settings"));
  const WriteRequest write{samples::shared(std::string(limits::command_bytes + 1, 'c'))};
  CHECK_THAT(refusal(decode_request_frame(SharedBytes(encode(samples::frame_of(Request{1, 2, write}))))),
             Catch::Contains("command"));
  const auto refused = [](RequestBody body) {
    return refusal(decode_request_frame(SharedBytes(encode(samples::frame_of(Request{1, 2, std::move(body)})))));
  };
  const SharedBytes token = samples::shared(std::string(limits::token_bytes, 't'));
  for (const std::size_t size : {limits::token_bytes - 1, limits::token_bytes + 1}) {
    const SharedBytes other = samples::shared(std::string(size, 't'));
    CHECK_THAT(refused(WriteRequest{samples::shared("c"), other}), Catch::Contains("token"));
    CHECK_THAT(refused(ReadRequest{ReadMode::stale, samples::shared("q"), other}), Catch::Contains("token"));
    CHECK_THAT(refused(PasswordRequest{samples::shared("c"), other, samples::shared("p"), {}}),
               Catch::Contains("token"));
  }
  const SharedBytes long_password = samples::shared(std::string(limits::password_bytes + 1, 'p'));
  CHECK_THAT(refused(PasswordRequest{samples::shared("c"), token, long_password, {}}), Catch::Contains("password"));
  CHECK_THAT(refused(PasswordRequest{samples::shared("c"), token, {}, long_password}), Catch::Contains("password"));
  CHECK_THAT(refusal(decode_request_frame(
                 request_head().array(1).array(5).number(1).number(2).number(0).bin("c").bin("").shared())),
             Catch::Contains("token of 0 bytes"));

  Raw too_many = request_head().byte(0xdc).byte(0x10).byte(0x01);  // 4097
  for (std::size_t i = 0; i < limits::requests_per_frame + 1; ++i) too_many.array(3).number(1).number(2).number(6);
  CHECK_THAT(refusal(decode_request_frame(too_many.shared())), Catch::Contains("4097"));
}

TEST_CASE("bombs of msgpack are refused while they are read, without the memory they ask for") {
  const Bytes huge_array("\xdd\xff\xff\xff\xff", 5);
  const Bytes huge_bytes("\xc6\xff\xff\xff\xff", 5);
  const Bytes huge_text("\xdb\xff\xff\xff\xff", 5);
  const Bytes nested(2 * limits::MiB, '\x91');
  Bytes many_lists;  // a list of lists, each of which announces as much as may be announced
  for (int i = 0; i < 100000; ++i) many_lists += "\xdc\x10\x00";
  const Bytes zeros(2 * limits::MiB, '\0');
  const Bytes zero_list = Bytes("\xdd\x00\x1f\xff\xff", 5) + Bytes(limits::MiB * 2 - 1, '\0');
  for (const Bytes& bomb : {huge_array, huge_bytes, huge_text, nested, many_lists, zeros, zero_list}) {
    CHECK(takers(bomb) == 0);
    CHECK(takers(Raw().array(4).number(1).number(1).cluster().append(bomb).bytes()) == 0);
    CHECK(takers(batch_head().append(bomb).bytes()) == 0);
    CHECK(takers(batch_head().array(1).array(3).number(5).append(bomb).bytes()) == 0);
  }
}

TEST_CASE("a block of entries must hold exactly what is announced") {
  Bytes bytes;
  const std::vector<Entry> entries = {{Index{6}, Term{1}, EntryKind::command, {2, 3}, samples::shared("payload"), {}},
                                      {Index{7}, Term{1}, EntryKind::noop, {4, 5}, {}, {}}};
  append_entry_block(bytes, entries);
  CHECK(to_hex(bytes) ==
        "0100000000000000"
        "01"
        "0200000000000000"
        "0300000000000000"
        "07000000"
        "7061796c6f6164"
        "0100000000000000"
        "00"
        "0400000000000000"
        "0500000000000000"
        "00000000");
  CHECK(bytes.size() == entry_block_bytes(entries));
  CHECK(read_entry_block(SharedBytes(bytes), 2, Index{5}) == entries);
  CHECK_FALSE(read_entry_block(SharedBytes(bytes), 1, Index{5}));
  CHECK_FALSE(read_entry_block(SharedBytes(bytes), 3, Index{5}));
  CHECK_FALSE(read_entry_block(SharedBytes(bytes), 0, Index{5}));
  CHECK_FALSE(read_entry_block(SharedBytes(bytes), std::size_t{1} << 60, Index{5}));
  CHECK_FALSE(read_entry_block(SharedBytes(bytes), 2, Index{UINT64_MAX}));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(read_entry_block(exactly(BytesView(bytes).substr(0, size)), 2, Index{5}));
  }
  Bytes unknown_kind = bytes;
  unknown_kind[8] = 5;
  CHECK_FALSE(read_entry_block(SharedBytes(unknown_kind), 2, Index{5}));
  Bytes huge_length = bytes;
  huge_length[28] = '\xff';
  CHECK_FALSE(read_entry_block(SharedBytes(huge_length), 2, Index{5}));
}

TEST_CASE("a block of commands must hold exactly what is announced") {
  Bytes bytes;
  const std::vector<SharedBytes> commands = {samples::shared("ab"), samples::shared("")};
  append_command_block(bytes, commands);
  CHECK(to_hex(bytes) ==
        "02000000"
        "6162"
        "00000000");
  CHECK(bytes.size() == command_block_bytes(commands));
  CHECK(read_command_block(SharedBytes(bytes), 2) == commands);
  CHECK_FALSE(read_command_block(SharedBytes(bytes), 1));
  CHECK_FALSE(read_command_block(SharedBytes(bytes), 3));
  CHECK_FALSE(read_command_block(SharedBytes(bytes), std::size_t{1} << 62));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(read_command_block(exactly(BytesView(bytes).substr(0, size)), 2));
  }
}
