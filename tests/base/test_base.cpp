#include <catch2/catch.hpp>

#include "common/base/byte_codec.hpp"
#include "common/base/chain.hpp"
#include "common/base/entropy.hpp"
#include "common/base/hex.hpp"
#include "common/base/limits.hpp"
#include "common/base/random.hpp"

using namespace parley;

TEST_CASE("a node's name is short and made of harmless characters") {
  CHECK(NodeId::parse("node-0.a_B"));
  CHECK(NodeId::parse(std::string(limits::node_name_bytes, 'x')));
  for (const auto* bad : {"", ".", "..", "a b", "a/b", "\xc3\xa9", "a\n"}) CHECK_FALSE(NodeId::parse(bad));
  CHECK_FALSE(NodeId::parse(std::string(limits::node_name_bytes + 1, 'x')));
}

TEST_CASE("a cluster id survives its text") {
  const ClusterId id = draw_cluster_id();
  REQUIRE(ClusterId::parse(id.text()));
  CHECK(*ClusterId::parse(id.text()) == id);
  CHECK_FALSE(ClusterId::parse("12"));
  CHECK_FALSE(ClusterId::parse(std::string(32, 'g')));
}

TEST_CASE("a byte reader fails once and for all at the first read beyond the end") {
  Bytes bytes;
  ByteWriter(bytes).number(std::uint32_t{7}).sized("abc");
  ByteReader reader(bytes);
  CHECK(reader.number<std::uint32_t>() == 7);
  CHECK(reader.sized() == "abc");
  CHECK(reader.done());
  CHECK(reader.number<std::uint64_t>() == 0);
  CHECK_FALSE(reader.ok());

  Bytes lying;
  ByteWriter(lying).number(std::uint32_t{0xffffffff});
  ByteReader liar(lying);
  CHECK(liar.sized().empty());
  CHECK_FALSE(liar.ok());
}

TEST_CASE("the chain of a log has golden values, since it is a disk format") {
  ClusterId cluster;
  for (std::size_t i = 0; i < 16; ++i) cluster.bytes[i] = static_cast<std::uint8_t>(i);
  const Digest start = chain_start(cluster);
  CHECK(start.text() == "c7cb5d1a1a214f1d833a21fe6c7b2420e417c2f220784cbe90072975131bc367");
  Entry entry{Index{1}, Term{2}, EntryKind::command, {3, 4}, SharedBytes(Bytes("payload")), {}};
  const Digest next = chain_next(start, entry);
  CHECK(next.text() == "044f36247a97c6b83e24fc57c73a5d70e3b50820478cc43d0768588eff2efb3b");
  CHECK(chain_next(start, entry, blake2b("payload")) == next);

  SECTION("and every field changes it") {
    auto changed = [&](auto change) {
      Entry other = entry;
      change(other);
      return chain_next(start, other) != next;
    };
    CHECK(changed([](Entry& e) { e.index = Index{9}; }));
    CHECK(changed([](Entry& e) { e.term = Term{9}; }));
    CHECK(changed([](Entry& e) { e.kind = EntryKind::noop; }));
    CHECK(changed([](Entry& e) { e.time.cluster_us = 9; }));
    CHECK(changed([](Entry& e) { e.time.wall_us = 9; }));
    CHECK(changed([](Entry& e) { e.payload = SharedBytes(Bytes("other")); }));
    CHECK(chain_next(next, entry) != next);
  }
}

TEST_CASE("the seeded generator gives the same numbers on every machine") {
  Random random(5489);
  CHECK(random.next() == 14514284786278117030ULL);  // the first number of mt19937_64 by the C++ standard
  for (int i = 0; i < 1000; ++i) {
    const auto number = random.between(3, 5);
    CHECK((number >= 3 && number <= 5));
  }
}

TEST_CASE("hexadecimal text goes both ways and refuses what is none") {
  CHECK(to_hex("\x01\xff") == "01ff");
  CHECK(from_hex("01FF") == Bytes("\x01\xff"));
  CHECK_FALSE(from_hex("1"));
  CHECK_FALSE(from_hex("0g"));
}

TEST_CASE("a server is shown as the sixteen digits of its incarnation") {
  CHECK(ServerId{0x0123456789abcdef}.text() == "0123456789abcdef");
  CHECK(ServerId{10}.text() == "000000000000000a");
  CHECK(nobody.text() == "none");
}
