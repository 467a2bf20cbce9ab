#pragma once
#include <utility>

#include <catch2/catch.hpp>

#include "common/app/application.hpp"

namespace parley::app {

inline std::ostream& operator<<(std::ostream& out, const Reply& reply) {
  return out << text(reply.word) << " [" << reply.detail << "] body " << reply.body.index()
             << (reply.value_elided ? " elided" : "");
}

/// An application over a table in memory, and the log that it is fed with.
class Replica {
 public:
  Replica() { restart(); }
  explicit Replica(const Settings& settings) {
    restart();
    apply(EntryKind::settings, encode_settings(settings));
  }

  /// A new application over the same rows.
  void restart() {
    auto opened = Application::open(table_);
    REQUIRE(opened.has_value());
    application_.emplace(*std::move(opened));
  }
  void save_and_restart() {
    application_->save_meta();
    restart();
  }

  Outcome apply(EntryKind kind, Bytes payload) {
    Entry entry{application_->applied().next(), Term{3}, kind, {}, SharedBytes(std::move(payload)), {}};
    entry.time = {std::exchange(wait_us_, 0) + application_->meta().time.cluster_us + 10, entry.index.value * 1000};
    entry.digest = blake2b(entry.payload.view());
    return apply(entry);
  }
  Outcome apply(const Entry& entry) {
    last_payload_ = entry.payload;
    Outcome outcome = application_->apply(entry);
    if (entry.kind == EntryKind::command) {
      CHECK(decode_reply(outcome.encoded) == outcome.reply);
    } else {
      CHECK(outcome.encoded.empty());
    }
    return outcome;
  }
  Outcome apply(const Command& command) { return apply(EntryKind::command, encode_command(command)); }

  /// So much more cluster time will have passed when the next entry comes: each comes 10 us after the one before.
  void wait_us(std::uint64_t more_us) { wait_us_ += more_us; }
  /// Time passes, and an entry that says no more than that.
  Outcome pass_us(std::uint64_t more_us) {
    wait_us(more_us);
    return apply(EntryKind::time, {});
  }

  SessionId open_session(std::uint64_t nonce = 1) {
    const Outcome outcome = apply(Command{.operation = OpenSession{nonce}});
    REQUIRE(outcome.opened.has_value());
    return *outcome.opened;
  }
  /// A command of a session that has one unanswered at a time.
  Outcome run(SessionId session, std::uint64_t seq, Operation operation) {
    return apply(Command{session, RequestSeq{seq}, RequestSeq{seq}, operation});
  }
  /// The same with earlier ones unanswered.
  Outcome run(SessionId session, std::uint64_t seq, std::uint64_t lowest, Operation operation) {
    return apply(Command{session, RequestSeq{seq}, RequestSeq{lowest}, operation});
  }

  [[nodiscard]] std::optional<Bytes> value(BytesView key) const {
    const Reply reply = application_->query(Get{key});
    if (reply.word == ErrorWord::not_found) return std::nullopt;
    return std::get<ReplyValue>(reply.body).value;
  }
  [[nodiscard]] Application& application() { return *application_; }
  [[nodiscard]] const Meta& meta() const { return application_->meta(); }
  [[nodiscard]] MemoryTable& table() { return table_; }
  [[nodiscard]] std::size_t rows(RowSpace space) const {
    std::size_t count = 0;
    for (const auto& [key, value] : table_.rows()) count += key.front() == static_cast<char>(space) ? 1 : 0;
    return count;
  }

 private:
  MemoryTable table_;
  std::optional<Application> application_;
  std::uint64_t wait_us_ = 0;
  SharedBytes last_payload_;  ///< the change in an outcome lies in it
};

}  // namespace parley::app
