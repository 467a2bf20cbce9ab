#pragma once
#include "common/store/backend.hpp"
#include "common/wal/log.hpp"

namespace parley::node {

/// At the start of a node: a complete image that a crash has kept from taking the place of the state does so now, if it
/// is ahead of it, and the log goes on behind it. (That it is of what its sender has said was seen to before it counted
/// as complete: store::BackendSink.) True if the log was changed, and must be opened again.
[[nodiscard]] Result<bool> finish_pending_image(store::Backend& backend, wal::Log& log);

}  // namespace parley::node
