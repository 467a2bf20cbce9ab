#pragma once
#include "common/raft/message.hpp"
#include "common/wire/value_reader.hpp"
#include "common/wire/value_writer.hpp"

/// One message of consensus within a batch: `[kind, term, ...]`. Internal to wire: it includes msgpack.
namespace parley::wire {

void write_message(ValueWriter& out, const raft::Message& message);
/// Without `from` and `to`. Fails the reader on anything that is no message.
[[nodiscard]] raft::Message read_message(ValueReader& in);

}  // namespace parley::wire
