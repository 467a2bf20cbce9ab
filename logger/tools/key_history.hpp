#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/app/application.hpp"
#include "common/archive/archived_entry.hpp"

namespace parley::logger::tools {

/// A command that asked to write the key; or the end of the key, when it was due.
struct KeyWrite {
  std::string_view operation;  ///< set, delete, cas, incr, txn, lease_revoke; end
  SessionId session;           ///< 0: of no command
  RequestSeq seq;
  std::optional<Bytes> value;     ///< nothing for a delete, and for a value that was left out
  std::uint64_t value_bytes = 0;  ///< also of one that was left out
  /// `ok` or the word by which it was refused, `duplicate` of a command that was sent again; several with `or` between
  /// them where the archive does not tell which; `ok (no change)` of a transaction that did not come to this key;
  /// `unknown`.
  std::string outcome;
};

/// Follows one key through a log, and finds out what became of each command that was to write it.
///
/// It applies every command to the sessions, the leases and this one row, without those of other keys: so it knows what
/// was carried out, and what conditional commands found. What it cannot know is how much of the quota the other rows
/// use; it counts what they may use at most, and where that is not enough says `ok or quota`. What a transaction did
/// that names other keys is `unknown`, and so is what depends on it; a key that may have been given an end by one may
/// then have ended unseen.
class KeyHistory {
 public:
  explicit KeyHistory(Bytes key) : key_(std::move(key)) {}

  /// The state before the first entry is empty.
  void begin_empty();
  /// The state is that of an image: its rows, one piece after the other, then the end. `corrupt` if they are none.
  void begin_image();
  [[nodiscard]] Status add_rows(BytesView rows);
  [[nodiscard]] Status end_image();
  /// Entries are missing: what is known of the state is no longer so.
  void forget() { application_.reset(); }
  [[nodiscard]] bool knows_state() const { return application_.has_value(); }

  /// The next entry; what it did with the key, or asked of it.
  [[nodiscard]] Result<std::vector<KeyWrite>> take(const archive::ArchivedEntry& archived);

 private:
  class Rows;

  [[nodiscard]] Status open();
  /// Of our key, before a command.
  struct Before {
    std::uint64_t least_cost = 0;  ///< what its row costs at least
    bool may_end = false;
  };
  void take_settings(BytesView payload);
  void note_end(const app::Outcome& outcome, const std::optional<app::Command>& command, std::vector<KeyWrite>& found);
  void note_command(const app::Command& command, const app::Outcome& outcome, const Before& before,
                    std::optional<KeyWrite>& write);
  [[nodiscard]] std::string judge(const app::Operation& operation, const app::Outcome& outcome, const Before& before);
  [[nodiscard]] std::string judge_transaction(const app::Operation& operation, const app::Outcome& outcome);
  [[nodiscard]] std::string lose_certainty(std::string outcome, std::uint64_t least_cost, bool may_end);
  [[nodiscard]] std::uint64_t cost_of_row() const;

  Bytes key_;
  std::shared_ptr<Rows> rows_;
  std::optional<app::Application> application_;
  std::uint64_t quota_ = 0;       ///< as the settings in force have it
  std::uint64_t most_used_ = 0;   ///< of it: all rows together use no more
  bool is_certain_ = true;        ///< the row is what it was in truth, and so is when it ends
  bool may_end_ = false;          ///< in truth, though that is not certain
  bool is_room_certain_ = true;   ///< leases have at least as many keys here as in truth
  std::uint64_t least_cost_ = 0;  ///< of the row, if that is not certain; 0: it may not be there
};

}  // namespace parley::logger::tools
