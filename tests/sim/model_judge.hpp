#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/app/application.hpp"
#include "common/app/follow.hpp"
#include "common/wire/client_message.hpp"
#include "tests/app/chat_model.hpp"
#include "tests/app/key_model.hpp"
#include "tests/sim/counters.hpp"
#include "tests/sim/findings.hpp"
#include "tests/sim/past.hpp"

namespace parley::sim {

/// Holds what replicas make of commands against models that are as simple as can be. Every entry is told to it once, in
/// order, when the first replica has applied it: that all others do the same is seen by their digests. What clients
/// were told, what they read and what they follow is then held against the model as of the index at which it was
/// answered: one sequence of everything, in which each operation stands where its answer says.
class ModelJudge {
 public:
  ModelJudge(Findings& findings, Counters& counters) : findings_(findings), counters_(counters) {}

  /// Also judge reads, feeds, and the changes of keys; without, only answers to commands and the rows of the end.
  void look_closely() {
    is_close_ = true;
    remember(Index{}, true, true);
  }

  // ---- entries, as the first replica applies them ----

  /// An entry of any kind: time passes.
  void begin(const Entry& entry);
  /// It carried out this command.
  void executed(const Entry& entry, const app::Command& command, const app::Reply& reply);
  /// It is applied.
  void end(const Entry& entry, const app::Outcome& outcome);

  // ---- what clients and nodes say ----

  /// A client was told that this command was carried out.
  void acknowledged(const app::CommandId& id);
  /// A query was answered as of this index.
  void was_read(Index index, const app::Query& query, const app::Reply& reply);
  /// A node whose state is as of this index sent a page of a chat to whoever follows it by this subject; chat number
  /// `was` when that began (0: unknown).
  void was_fed(Index index, const app::FollowChat& subject, std::uint64_t was, const wire::FeedReply& page);
  /// Or has refused it, although it may have fed chat number `was` until now (0: none).
  void was_refused(Index index, const app::FollowChat& subject, std::uint64_t was, const wire::ErrorReply& refusal);
  /// Which chat that is for whoever asks, as of this index: 0 if he may not read it; nothing if that is forgotten.
  [[nodiscard]] std::optional<std::uint64_t> chat_of(Index index, const app::FollowChat& subject) const;

  // ---- the end ----

  /// The rows of a node, whose state is the last there is, are those of the models.
  void check_rows(const std::string& node, const app::Table& rows) const;
  /// What was acknowledged is there; balances add up.
  void check_promises() const;
  /// Nothing is left that ends by itself.
  [[nodiscard]] bool is_lasting() const { return keys_.is_lasting(); }

  // ---- what there is to follow ----

  struct ChatEvent {
    std::string author;
    std::uint64_t time_us = 0;
    std::uint8_t kind = 0;
    std::string text;  ///< as it was sent, whatever became of it
    std::uint64_t of = 0;
    bool is_acknowledged = false;
  };
  /// All that ever happened in a chat, by its number.
  [[nodiscard]] const std::vector<ChatEvent>& events_of(std::uint64_t chat) const;
  struct KeyEvent {
    Index index;
    std::string key;
    std::optional<std::string> value;
    std::optional<std::string> previous;
    friend bool operator==(const KeyEvent&, const KeyEvent&) = default;
  };
  /// All changes of keys, in order; if it looks closely.
  [[nodiscard]] const std::vector<KeyEvent>& key_events() const { return key_events_; }
  [[nodiscard]] const app::chat::ChatModel& chats() const { return chats_; }
  [[nodiscard]] const app::KeyModel& keys() const { return keys_; }

  /// What the keys whose names begin so add up to, once there are any.
  static constexpr const char* accounts = "account-";
  void accounts_add_up_to(std::int64_t total) { total_ = total; }

 private:
  void on(const Entry& entry, const app::LeaseGrant& grant, const app::Reply& reply);
  void on(const Entry& entry, const app::Transaction& transaction, const app::Reply& reply);
  void on(const Entry& entry, const app::chat::Operation& operation, const app::Reply& reply);
  void expect_answer(const Entry& entry, const app::KeyModel::Answer& expected, const app::Reply& reply);
  void count(const app::chat::Operation& operation, const app::Reply& reply);
  void note_event(const Entry& entry, const app::chat::ChatModel::Place& place);
  void check_changes(const Entry& entry, const app::Outcome& outcome);
  void check_total(Index index, const app::KeyModel& keys) const;
  void remember(Index index, bool is_keys, bool is_chats);
  void must(bool condition, Index index, const std::string& what) const;

  Findings& findings_;
  Counters& counters_;
  bool is_close_ = false;
  app::KeyModel keys_;
  app::chat::ChatModel chats_;
  Past<app::KeyModel> past_keys_;
  Past<app::chat::ChatModel> past_chats_;
  bool keys_changed_ = false;
  bool chats_changed_ = false;
  std::map<std::uint64_t, std::vector<ChatEvent>> events_;
  const std::vector<ChatEvent> nothing_;
  std::set<std::string> texts_;  ///< of messages: each is sent once
  std::map<app::CommandId, app::chat::ChatModel::Place> sends_;
  std::vector<KeyEvent> key_events_;
  std::map<std::string, std::string> told_;  ///< the rows, by the changes that are told
  std::optional<std::int64_t> total_;
};

}  // namespace parley::sim
