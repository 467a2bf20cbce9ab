#pragma once
#include <parley/feed.hpp>

#include <memory>

#include "client/library/core.hpp"

namespace parley::client::library {

/// Begins a feed of changes: a KeyWatch, and a ChangeFeed for what lies further back than that goes.
[[nodiscard]] Answer<Feed> start_key_feed(std::shared_ptr<Common> common, const FeedOptions& options,
                                          Feed::Callback callback);

}  // namespace parley::client::library
