#include <catch2/catch.hpp>

#include "common/base/hex.hpp"
#include "common/base/range_limits.hpp"
#include "common/wire/client_codec.hpp"
#include "common/wire/range_codec.hpp"
#include "tests/wire/samples.hpp"

using namespace parley;
using namespace parley::wire;

namespace {

template <class T>
std::string refusal(const Result<T>& result) {
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::protocol);
  return result.error().what;
}

RangeReply reply_with(RangeReplyBody body) { return {samples::cluster(), "n0", 5, std::move(body)}; }

std::string refusal_of(RangeReplyBody body) {
  return refusal(decode_range_reply(SharedBytes(encode(reply_with(std::move(body))))));
}

/// The chunk among the samples, with something changed.
template <class Change>
std::string refusal_of_chunk(Change change) {
  for (const auto& sample : samples::range_replies()) {
    const auto* entries = std::get_if<EntriesReply>(&sample.reply.body);
    if (entries == nullptr) continue;
    transfer::EntryChunk chunk = entries->chunk;
    change(chunk);
    return refusal_of(EntriesReply{chunk});
  }
  return "";
}

}  // namespace

TEST_CASE("every range request has golden bytes and survives the wire") {
  for (const auto& sample : samples::range_requests()) {
    DYNAMIC_SECTION(sample.name) {
      const Bytes bytes = encode(sample.request);
      CHECK(to_hex(bytes) == sample.golden);
      CHECK(bytes.size() <= limits::range_request_bytes);
      const auto decoded = decode_range_request(SharedBytes(bytes));
      REQUIRE(decoded);
      CHECK(*decoded == sample.request);
    }
  }
}

TEST_CASE("every range reply has golden bytes and survives the wire") {
  for (const auto& sample : samples::range_replies()) {
    DYNAMIC_SECTION(sample.name) {
      const Bytes bytes = encode(sample.reply);
      CHECK(to_hex(bytes) == sample.golden);
      const auto decoded = decode_range_reply(SharedBytes(bytes));
      REQUIRE(decoded);
      CHECK(*decoded == sample.reply);
    }
  }
}

TEST_CASE("the largest of each fits its frame") {
  const TruncateRequest truncate{ServerId{UINT64_MAX}, std::string(limits::node_name_bytes, 'n'), Index{UINT64_MAX}};
  CHECK(encode(RangeRequest{samples::cluster(), UINT64_MAX, UINT32_MAX, truncate}).size() <=
        limits::range_request_bytes);

  transfer::RangeHead head;
  head.gaps.assign(limits::range_gaps, {Index{UINT64_MAX}, Index{UINT64_MAX}});
  head.images.assign(limits::range_images, Index{UINT64_MAX});
  const auto bytes = [](std::size_t size) { return samples::shared(std::string(size, 'x')); };
  transfer::EntryChunk entries;
  entries.first = Index{1};
  entries.count = 1;
  entries.block = bytes(limits::range_block_bytes);
  transfer::ImageHead image;
  image.membership = bytes(limits::membership_bytes);
  const transfer::ImageChunk rows{transfer::TransferId{5}, 1, false, 2, bytes(limits::image_chunk_most_bytes)};
  const RangeErrorReply error{ErrorWord::busy, std::string(5000, 'e'), UINT32_MAX, Index{UINT64_MAX}};
  const std::vector<RangeReplyBody> largest = {HeadReply{head}, EntriesReply{entries}, ImageHeadReply{image},
                                               ImageRowsReply{rows}, error};
  for (const RangeReplyBody& body : largest) {
    RangeReply reply = reply_with(body);
    reply.source = std::string(limits::node_name_bytes, 'n');
    const Bytes frame = encode(reply);
    CHECK(frame.size() <= limits::range_reply_bytes);
    CHECK(decode_range_reply(SharedBytes(frame)));
  }
}

TEST_CASE("what is beyond a bound is refused, and named") {
  const auto bytes = [](std::size_t size) { return samples::shared(std::string(size, 'x')); };
  CHECK_THAT(refusal_of_chunk([&](auto& chunk) { chunk.block = bytes(limits::range_block_bytes + 1); }),
             Catch::Contains("entries of a chunk"));
  CHECK_THAT(refusal_of_chunk([](auto& chunk) { chunk.count = limits::range_chunk_entries + 1; }),
             Catch::Contains("number of entries"));
  CHECK_THAT(refusal_of_chunk([](auto& chunk) { chunk.count = 0; }), Catch::Contains("as many entries"));
  CHECK_THAT(refusal_of_chunk([](auto& chunk) { chunk.count = 4; }), Catch::Contains("as many entries"));
  CHECK_THAT(refusal_of_chunk([](auto& chunk) { chunk.first = Index{0}; }), Catch::Contains("indexes"));
  CHECK_THAT(refusal_of_chunk([](auto& chunk) { chunk.first = Index{UINT64_MAX - 1}; }), Catch::Contains("indexes"));
  transfer::ImageHead image;
  image.membership = bytes(limits::membership_bytes + 1);
  CHECK_THAT(refusal_of(ImageHeadReply{image}), Catch::Contains("membership"));
  CHECK_THAT(refusal_of(ImageRowsReply{{{}, 1, false, 2, bytes(limits::image_chunk_most_bytes + 1)}}),
             Catch::Contains("rows"));
  const TruncateRequest truncate{ServerId{1}, std::string(limits::node_name_bytes + 1, 'n'), Index{1}};
  CHECK_THAT(refusal(decode_range_request(SharedBytes(encode(RangeRequest{samples::cluster(), 1, 2, truncate})))),
             Catch::Contains("name of a member"));
}

TEST_CASE("kinds that nobody knows, and too few or too many values, are refused by name") {
  // The kind is the last value of the shortest frames, and the array's size is the first byte.
  Bytes head = encode(RangeRequest{samples::cluster(), 1, 2, HeadRequest{}});
  head.back() = 7;
  CHECK_THAT(refusal(decode_range_request(SharedBytes(head))), Catch::Contains("range request of unknown kind 7"));
  head.back() = 10;
  CHECK_THAT(refusal(decode_range_request(SharedBytes(head))), Catch::Contains("credit has 6 values instead of 7"));
  Bytes done = encode(reply_with(RangeDoneReply{}));
  done.back() = 0;
  CHECK_THAT(refusal(decode_range_reply(SharedBytes(done))), Catch::Contains("range reply of unknown kind 0"));
  done.back() = 11;
  CHECK_THAT(refusal(decode_range_reply(SharedBytes(done))), Catch::Contains("alive reply"));
}

TEST_CASE("on the wrong port a range request and a request are told apart by name") {
  const Bytes range = encode(samples::range_requests()[0].request);
  CHECK_THAT(refusal(decode_request_frame(SharedBytes(range))),
             Catch::Contains("a range request where a request frame"));
  const Bytes request = encode(samples::frame_of(samples::requests()[0].request));
  CHECK_THAT(refusal(decode_range_request(SharedBytes(request))),
             Catch::Contains("a request frame where a range request"));
}

TEST_CASE("blocks and rows are slices of their frame") {
  for (const auto& sample : samples::range_replies()) {
    const SharedBytes frame(encode(sample.reply));
    const auto is_slice = [&frame](const SharedBytes& part) {
      return part.view().data() > frame.view().data() &&
             part.view().data() + part.size() <= frame.view().data() + frame.size();
    };
    const auto decoded = decode_range_reply(frame);
    REQUIRE(decoded);
    if (const auto* entries = std::get_if<EntriesReply>(&decoded->body)) CHECK(is_slice(entries->chunk.block));
    if (const auto* rows = std::get_if<ImageRowsReply>(&decoded->body)) CHECK(is_slice(rows->chunk.rows));
    if (const auto* head = std::get_if<ImageHeadReply>(&decoded->body)) CHECK(is_slice(head->head.membership));
  }
}
