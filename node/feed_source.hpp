#pragma once
#include <cstdint>
#include <expected>
#include <variant>

#include "common/app/follow.hpp"
#include "common/wire/client_message.hpp"

namespace parley::node {

/// What stands behind a position, up to another one.
struct FeedPage {
  std::uint64_t upto = 0;  ///< at least the position that was asked for
  std::size_t items = 0;   ///< how many there are
  SharedBytes bytes;       ///< empty if there is none
};
/// A page, or why there is none.
using FeedPages = std::variant<FeedPage, wire::FeedGoneReply, wire::ErrorReply>;

/// Where the pages of one kind of subject come from. A topic is what followers share: those of one topic at one
/// position get the same page.
class FeedSource {
 public:
  virtual ~FeedSource() = default;
  struct Opened {
    Bytes topic;
    std::uint64_t follower = 0;  ///< who it is; 0 if that is nobody in particular
  };
  /// The topic of a subject, if it may be followed.
  [[nodiscard]] virtual std::expected<Opened, wire::ErrorReply> open(const app::Follow& subject) const = 0;
  /// The last position that there is.
  [[nodiscard]] virtual std::uint64_t last(BytesView topic) const = 0;
  /// At most so many items, but at least one if there is any.
  [[nodiscard]] virtual FeedPages page(BytesView topic, std::uint64_t after, std::size_t most_items) const = 0;
  /// Grows when open() might answer otherwise about who could follow until now.
  [[nodiscard]] virtual std::uint64_t access_version() const = 0;
};

}  // namespace parley::node
