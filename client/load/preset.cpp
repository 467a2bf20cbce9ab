#include "client/load/preset.hpp"

#include <array>

namespace parley::client::load {
namespace {

// raft-demo's load: a million keys, half sets and half gets, one request of each client at a time, values of 128 bytes,
// 1 KB or 4 KB, of which its printed results are for 1 KB. Its reads go through the log, as linearizable ones do here
// for all that a client can tell. Its diskstorage keeps key K at K x 1024; of 1024 bytes a record needs some for its
// length and checksum, so values are 1 KB in the sense of 1000 bytes.
// Telegraft's load: a hundred users, a hundred rounds of reading one's messages and sending one to a chat that one is
// in, without think time, which is its stress test; with `-rate 40` and so on it is throttled. How many chats there
// were, and how long their messages, is not known.
constexpr std::array<Preset, 3> all = {{
    {"kvstore", "-keys 1000000 -value-size 1024 -mix set=50,get=50 -outstanding 1 -think 0 -read linearizable"},
    {"diskstorage",
     "-keys 1000000 -key-form number -value-size 1000 -mix set=50,get=50 -outstanding 1 -think 0 -read linearizable"},
    {"telegraft",
     "-clients 100 -users 100 -chats 20 -chats-per-user 5 -requests 20000 -value-size 128 -mix messages=50,send=50 "
     "-outstanding 1 -think 0 -read linearizable"},
}};

}  // namespace

std::span<const Preset> presets() { return all; }

}  // namespace parley::client::load
