#pragma once
#include <optional>

#include "common/app/changes.hpp"
#include "common/app/meta.hpp"
#include "common/app/recorded_table.hpp"
#include "common/app/reduced.hpp"

/// Apply in parts, so that a log can be replayed by several threads: what belongs to a key is carried out beside what
/// belongs to other keys; sessions, quota and the digest of the state stay in order (Application::begin_by_key).
namespace parley::app {

/// The part of a command that belongs to its key. It refers to the payload of its entry.
struct KeyTask {
  Command command;                    ///< Set, Delete or CompareAndSet; without its value if it was reduced
  std::optional<ReducedSet> reduced;  ///< then this is what is left of it
  RequestSeq lowest;                  ///< Sessions::Session::lowest, with this command
  std::uint64_t growth = 0;           ///< by which it may raise the used bytes

  [[nodiscard]] BytesView key() const;
};

/// What came of it. To be used again and again, since it then allocates nothing.
struct KeyEffect {
  Bytes change;       ///< of rows, as the digest of the state covers it
  Bytes state_reply;  ///< encode_reply_for_state
  Bytes kept_reply;   ///< encode_reply_to_keep
  bool is_changed = false;
  std::uint64_t used_more = 0;  ///< added to the used bytes; may be a negative number modulo 2^64
  std::uint64_t keys_more = 0;  ///< the same for the keys
};

/// Carries tasks out on a table with the rows of some of all keys. One thread, the table's.
class KeyHand {
 public:
  /// `rows` must outlive this.
  explicit KeyHand(Table& rows);

  /// Of the tasks of one key, in their order.
  void carry_out(const KeyTask& task, KeyEffect& effect);

 private:
  RecordedTable table_;
  ChangeList changes_;
  Meta meta_;  ///< without any bound, since whoever began the task knows that none is reached
  Bytes placeholder_;
};

}  // namespace parley::app
