#pragma once
#include <optional>
#include <vector>

#include "common/app/changes.hpp"
#include "common/app/command.hpp"
#include "common/app/due.hpp"
#include "common/app/effect_details.hpp"
#include "common/app/effects.hpp"
#include "common/app/execution.hpp"
#include "common/app/key_task.hpp"
#include "common/app/meta.hpp"
#include "common/app/query.hpp"
#include "common/app/recorded_table.hpp"
#include "common/app/reply.hpp"
#include "common/app/sessions.hpp"
#include "common/base/entry.hpp"
#include "common/base/result.hpp"

namespace parley::app {

/// What an entry did.
struct Outcome {
  Reply reply;
  /// `reply` as bytes, ready to be sent; empty for an entry that is no command. Lives until the next apply.
  BytesView encoded;
  /// Whose command it was, so that the owner finds who waits for it. Nothing for other entries, and for bytes that
  /// are no command.
  std::optional<CommandId> command;
  /// The command had taken effect before; `reply` is what was kept then, without its detail.
  bool duplicate = false;
  std::optional<SessionId> opened;
  std::vector<SessionId> closed;  ///< by the client, or to make room for the one opened
  /// In order; of an entry of any kind, since what is due ends with whatever entry comes. They live until the next
  /// apply, and as long as the entry's payload.
  std::span<const KeyChange> changes;
  const chat::ChatChanges* chats = nullptr;  ///< as long; never null
  std::size_t ended = 0;                     ///< of these, the first: of keys that were due to end when the entry came

  /// It was carried out, now and for the first time, and not refused.
  [[nodiscard]] bool took_effect() const { return command && !duplicate && reply.word == ErrorWord::ok; }
};

/// The state machine: entries in, rows and replies out. A function of the log alone. It lives in a Table, and
/// whatever it keeps in memory can be built again from there. One thread, the table's.
class Application {
 public:
  /// Goes on from what the table holds; an empty table is the state before the first entry. `corrupt` if its rows are
  /// not what an application leaves. `table` must outlive this.
  [[nodiscard]] static Result<Application> open(Table& table);

  /// Applies the next entry: its index must be applied().next(). No payload makes it fail: one that means nothing is
  /// answered `invalid`, on every replica alike.
  Outcome apply(const Entry& entry);
  /// Applies an entry of which reduce() has left no more than the payload that it now has: digest of the state, replies
  /// and rows are what apply() would have made, but for the value, in whose place zeros stand. Nothing, and nothing
  /// done, if the payload is not what reduce() leaves.
  std::optional<Outcome> apply_reduced(const Entry& entry);

  /// From now on Outcome::changes have previous values, which costs a copy of each.
  void want_previous(bool is_wanted) { changes_.want_previous(is_wanted); }

  /// The cluster time at which an entry is needed, if none comes by then: something may be due (Meta::never: nothing
  /// is to come). Not above that of applied() if an entry could not work off all that was due.
  [[nodiscard]] std::uint64_t next_due_us() const { return meta_.next_due_us; }

  // ---- commands on different keys at the same time: application_by_key.cpp ----

  /// The next entry, if it is a command of which nothing but the row of its key can still tell how it ends: it runs, in
  /// a session that is there, it is sound, the quota is out of reach, and nothing falls due by then. Then it is begun,
  /// and more may be; each is carried out by a KeyHand, those of one key in their order, and finished in the order of
  /// all. Nothing, and nothing done, for every other entry: that is to be applied when all that were begun are
  /// finished. The task refers to the entry's payload.
  [[nodiscard]] std::optional<KeyTask> begin_by_key(const Entry& entry);
  /// The same for a command whose payload was reduced.
  [[nodiscard]] std::optional<KeyTask> begin_reduced_by_key(const Entry& entry);
  /// Digest of the state, replies and rows are then what apply() would have made.
  void finish_by_key(const Entry& entry, const KeyTask& task, const KeyEffect& effect);

  /// Which of the entries of a block took effect, as far as that is still known.
  [[nodiscard]] std::optional<EffectBlock> effects(std::uint64_t block) const {
    return effects_of(table_.table(), meta_, block);
  }

  /// What an applied entry changed beyond what its command says; nothing if that is not known any more. Until the next
  /// apply.
  [[nodiscard]] std::optional<BytesView> effect_detail(Index index) const {
    return detail_of(table_.table(), meta_, index);
  }

  /// The same of all entries from `from` on that have a detail, in order, until the visitor says false.
  void visit_details(Index from, const std::function<bool(Index, BytesView detail)>& visitor) const {
    app::visit_details(table_.table(), meta_, from, visitor);
  }

  /// Answers from the rows as they are. `now_us`: what cluster time is thought to be by now; of no account but for the
  /// answer to how long something still lives.
  [[nodiscard]] Reply query(const Query& query, std::uint64_t now_us = 0) const;

  /// Puts the meta row into the table. To be called before the table is frozen or copied, so that the rows and what is
  /// known of them become durable together.
  void save_meta();

  /// The state is to begin another cluster: it knows no members. The digest does not cover them.
  void forget_membership();

  /// All rows, as they are.
  [[nodiscard]] const Table& rows() const { return table_.table(); }
  [[nodiscard]] Index applied() const { return meta_.applied; }
  /// As of applied(), whether saved or not.
  [[nodiscard]] const Meta& meta() const { return meta_; }

 private:
  Application(Table& table, Meta meta, Sessions sessions);

  [[nodiscard]] std::optional<KeyTask> begin_task(const Entry& entry, const Command& command);
  void apply_command(const std::optional<Command>& command, Index index, Outcome& outcome);
  void begin(const Entry& entry);
  void work_off_due();
  void let_fall_due(const Due& due);
  void finish(const Entry& entry, bool took_effect);
  void apply_settings(const Entry& entry, Outcome& outcome);
  void run_in_session(const Command& command, Index index, Outcome& outcome);
  [[nodiscard]] Reply execute_operation(const Command& command, Sessions::Session& session, Index index,
                                        Outcome& outcome);
  [[nodiscard]] Reply open_session(const OpenSession& open, Index index, Outcome& outcome);

  RecordedTable table_;
  Meta meta_;
  Sessions sessions_;
  ChangeList changes_;
  Count begun_;                     ///< by key, and not finished
  std::uint64_t begun_growth_ = 0;  ///< by which they may raise the used bytes
  // Reused from entry to entry.
  Bytes state_reply_;
  Bytes kept_reply_;
  Bytes full_reply_;
  Bytes meta_row_;
  Bytes placeholder_;
};

}  // namespace parley::app
