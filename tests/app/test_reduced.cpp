#include "common/app/reduced.hpp"

#include "common/base/hex.hpp"
#include "common/base/limits.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

constexpr std::uint64_t quota = 4 * limits::MiB;

Bytes set_bytes(SessionId session, std::uint64_t seq, BytesView key, BytesView value) {
  return encode_command({session, RequestSeq{seq}, RequestSeq{seq}, Set{key, value}});
}

Entry entry_of(Index index, Bytes payload) {
  return {index, Term{3}, EntryKind::command, {}, SharedBytes(std::move(payload)), {}};
}

/// Applies the same commands to both, to the second without their values where that can be.
class Pair {
 public:
  void apply(const Bytes& payload) {
    const Index next = whole_.application().applied().next();
    const Outcome one = whole_.apply(entry_of(next, payload));
    const auto left = reduce(payload);
    const auto other = left ? reduced_.application().apply_reduced(entry_of(next, *left))
                            : reduced_.application().apply(entry_of(next, payload));
    REQUIRE(other.has_value());
    CHECK(other->reply == one.reply);
    CHECK(other->duplicate == one.duplicate);
    CHECK(whole_.meta().state == reduced_.meta().state);
    CHECK(whole_.meta().used_bytes == reduced_.meta().used_bytes);
  }
  Replica& whole() { return whole_; }
  Replica& reduced() { return reduced_; }

 private:
  Replica whole_{Settings{.quota_bytes = quota}};
  Replica reduced_{Settings{.quota_bytes = quota}};
};

}  // namespace

TEST_CASE("a reduced command has golden bytes") {
  const Bytes payload = set_bytes(SessionId{2}, 7, "key", Bytes(65, 'v'));
  const auto left = reduce(payload);
  REQUIRE(left.has_value());
  CHECK(to_hex(*left) ==
        "0103"
        "0200000000000000"
        "0700000000000000"
        "0700000000000000"  // version, set, session, seq, unanswered
        "03000000"
        "6b6579"
        "41000000"  // key, bytes of the value
            + blake2b(Bytes(65, 'v')).text());
  const auto decoded = decode_reduced(*left);
  REQUIRE(decoded.has_value());
  CHECK(*decoded == ReducedSet{SessionId{2}, RequestSeq{7}, RequestSeq{7}, "key", 65, blake2b(Bytes(65, 'v'))});
  const Bytes zeros(65, '\0');
  CHECK(encode_command(decoded->command(zeros)) == set_bytes(SessionId{2}, 7, "key", zeros));
}

TEST_CASE("only a set with a value that the digest holds by its hash can be reduced") {
  CHECK_FALSE(reduce(set_bytes(SessionId{2}, 7, "key", Bytes(64, 'v'))));
  CHECK_FALSE(reduce(encode_command({SessionId{2}, RequestSeq{1}, RequestSeq{1}, Delete{"key"}})));
  const Bytes large(100, 'x');
  CHECK_FALSE(reduce(encode_command({SessionId{2}, RequestSeq{1}, RequestSeq{1}, CompareAndSet{"key", large, large}})));
  CHECK_FALSE(reduce("no command"));
  CHECK_FALSE(reduce(""));
}

TEST_CASE("what is no reduced command is not taken for one") {
  const Bytes left = reduce(set_bytes(SessionId{2}, 7, "key", Bytes(65, 'v'))).value();
  for (std::size_t size = 0; size < left.size(); ++size) CHECK_FALSE(decode_reduced(BytesView(left).substr(0, size)));
  CHECK_FALSE(decode_reduced(left + "x"));
  Bytes short_value = left;
  short_value[2 + 24 + 7] = 64;
  CHECK_FALSE(decode_reduced(short_value));
  Bytes bomb = left;
  bomb[2 + 24 + 7 + 3] = '\x7f';
  CHECK_FALSE(decode_reduced(bomb));
  Replica replica;
  CHECK_FALSE(replica.application().apply_reduced(entry_of(Index{1}, "no command")));
  CHECK(replica.application().applied() == Index{});
}

TEST_CASE("a log whose values were left out where they are replaced gives the same state and the same rows") {
  Pair pair;
  pair.apply(encode_command({.operation = OpenSession{1}}));
  const SessionId session{pair.whole().application().applied().value};
  // Too long a value, a duplicate, a session that is not there: what was not executed is not executed.
  for (std::uint64_t seq = 1; seq <= 20; ++seq) {
    const Bytes key = "k" + std::to_string(seq % 3);
    pair.apply(set_bytes(session, seq, key, Bytes(65 + seq, static_cast<char>('a' + seq))));
    if (seq % 5 == 0) pair.apply(set_bytes(session, seq, key, Bytes(65 + seq, static_cast<char>('a' + seq))));
    if (seq % 7 == 0) pair.apply(set_bytes(SessionId{99}, seq, key, Bytes(80, 'z')));
  }
  pair.apply(set_bytes(session, 21, "k0", Bytes(limits::value_bytes + 1, 'l')));
  pair.apply(encode_command({session, RequestSeq{22}, RequestSeq{22}, Delete{"k1"}}));
  CHECK(pair.whole().table().rows() != pair.reduced().table().rows());
  for (std::uint64_t seq = 23; seq <= 25; ++seq)
    pair.apply(set_bytes(session, seq, "k" + std::to_string(seq - 23), "v"));
  CHECK(pair.whole().table().rows() == pair.reduced().table().rows());
}

TEST_CASE("a quota refuses the same commands whether their values are there or not") {
  Pair pair;
  pair.apply(encode_command({.operation = OpenSession{1}}));
  const SessionId session{pair.whole().application().applied().value};
  std::uint64_t refused = 0;
  const std::uint64_t values = quota / limits::value_bytes + 3;
  for (std::uint64_t seq = 1; seq <= values; ++seq) {
    pair.apply(set_bytes(session, seq, "k" + std::to_string(seq), Bytes(limits::value_bytes, 'v')));
    refused += pair.whole().value("k" + std::to_string(seq)) ? 0 : 1;
  }
  CHECK(refused > 0);
}
