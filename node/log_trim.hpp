#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/limits.hpp"

namespace parley::node {

/// Up to where the log may be forgotten: what is flushed to the store, less what is retained for peers that lag, and
/// not beyond what an image on its way will be followed by, as long as that is not too much.
class LogTrim {
 public:
  /// `retain`: entries kept behind the last one that is flushed. `image_log_bytes`: of entries that came since an image
  /// was begun; beyond it, that image is to be given up.
  explicit LogTrim(std::uint64_t retain, std::uint64_t image_log_bytes = limits::image_log_bytes)
      : retain_(retain), image_log_bytes_(image_log_bytes) {}

  /// An image of what is flushed now is to be sent to this peer, who then goes on with the log.
  void hold(ServerId peer, Index flushed) { holds_[peer] = {flushed, grown_}; }
  void release(ServerId peer) { holds_.erase(peer); }
  void release_all() { holds_.clear(); }

  /// So many bytes of entries more are in the log.
  void grow(std::uint64_t bytes) { grown_ += bytes; }
  /// Whose images hold more than they may, each once: they are to be given up, and then released.
  [[nodiscard]] std::vector<ServerId> take_overdue() { return take_held_for(image_log_bytes_); }
  /// The disk has no room for more: all whose images hold anything, each once. The same.
  [[nodiscard]] std::vector<ServerId> take_all() { return take_held_for(0); }

  /// The first entry to be kept, each time that it moves on.
  [[nodiscard]] std::optional<Index> next(Index flushed);

 private:
  struct Hold {
    Index image;
    std::uint64_t grown_before = 0;
    bool is_taken = false;
  };
  std::vector<ServerId> take_held_for(std::uint64_t bytes);

  std::uint64_t retain_;
  std::uint64_t image_log_bytes_;
  std::uint64_t grown_ = 0;
  std::map<ServerId, Hold> holds_;
  Index first_kept_{1};
};

}  // namespace parley::node
