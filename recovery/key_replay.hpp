#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "common/app/application.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/mailbox.hpp"
#include "common/transfer/range.hpp"
#include "recovery/sharded_table.hpp"

namespace parley::recovery {

/// Applies a log with several threads, with the result of one. A thread, a hand, has the rows of some of all keys, and
/// carries out what commands do to these; the owner's thread decides before, in the order of the log, which commands
/// run, and keeps sessions, quota and the digest of the state afterwards, in that order too. A command that depends on
/// more than its key (Application::begin_by_key) waits until the hands are idle, and is applied alone.
///
///     owner    begin 1 | begin 2 | finish 1 | begin 3 | finish 2 | ...
///     hand 0            keys of 1 | keys of 2          | ...
///     hand 1            keys of 1   | keys of 2 | ...
class KeyReplay {
 public:
  /// Told of each key that was changed, in order.
  using Changed = std::function<void(Index index, BytesView key, bool is_reduced)>;

  /// Both must outlive this; the table must have a shard for each hand.
  [[nodiscard]] static Result<std::unique_ptr<KeyReplay>> start(app::Application& application, ShardedTable& table,
                                                                Changed changed);

  /// The next entries. Some of them may be under way when it returns. `corrupt`, naming it, for a reduced entry of
  /// which nothing can be understood: then those before it are applied.
  [[nodiscard]] Status apply(std::vector<transfer::RangeEntry> entries);
  /// Waits until all are applied.
  void settle();

  /// Of what the hands have changed since the table was frozen, as they last said.
  [[nodiscard]] std::size_t bytes_of_hands() const;
  /// The table was frozen, while all were idle.
  void frozen();

 private:
  /// Entries that were begun together.
  struct Run {
    std::vector<transfer::RangeEntry> entries;
    std::vector<app::KeyTask> tasks;
    std::vector<app::KeyEffect> effects;            ///< as many at least
    std::vector<std::vector<std::uint32_t>> parts;  ///< by hand, the numbers of its tasks
    std::size_t hands_at_work = 0;
  };
  struct Done {
    Run* run;
    std::size_t hand;
    std::size_t bytes;
  };
  struct Hand {
    mq::Mailbox<Run*> orders{0};
    std::size_t bytes = 0;
    mq::Actor actor;
  };

  KeyReplay(app::Application& application, ShardedTable& table, Changed changed);
  [[nodiscard]] Status work(Hand& self, std::size_t number, std::stop_token stop);
  [[nodiscard]] bool begin(transfer::RangeEntry& item);
  [[nodiscard]] Status apply_alone(const transfer::RangeEntry& item);
  void hand_out();
  void finish_first();

  app::Application& application_;
  ShardedTable& table_;
  Changed changed_;
  std::unique_ptr<Run> filling_;
  std::deque<std::unique_ptr<Run>> under_way_;
  std::vector<std::unique_ptr<Run>> idle_;
  std::vector<Done> taken_;
  mq::Mailbox<Done> done_{0};
  std::vector<std::unique_ptr<Hand>> hands_;  // last: joined before what their threads use is gone
};

/// Tells of the changes that an entry made when it was applied by itself. Only a set is ever reduced: of what fell due
/// before it, nothing is left out.
void tell_changes(const transfer::RangeEntry& item, const app::Outcome& outcome, const KeyReplay::Changed& changed);

/// Applies one entry; `corrupt` if it is reduced and means nothing.
[[nodiscard]] Result<app::Outcome> apply_entry(app::Application& application, const transfer::RangeEntry& item);

}  // namespace parley::recovery
