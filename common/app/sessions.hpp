#pragma once
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "common/app/recorded_table.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace parley::app {

/// The sessions of a cluster and the replies kept for them: what makes a command take effect once, however often it
/// is sent (thesis 6.3).
///
/// Everything is in rows, and what this class holds in memory is a function of them:
///
///     's' session                header: nonce and index of the entry that opened it
///     's' session slot           the last command of seq % window == slot: seq, index, lowest unanswered, its reply
///
/// `lowest` and `last_used` of a session are those in its row with the greatest index: a row is written with the
/// highest `lowest` known by then, so none that follows has a lower one.
class Sessions {
 public:
  struct Session {
    SessionId id;
    RequestSeq lowest{1};             ///< the client has the replies to all commands below
    Index last_used;                  ///< the last entry that executed something in it, or opened it
    std::vector<std::uint64_t> seqs;  ///< which command each slot holds; 0 for none
    std::list<SessionId>::iterator place;
  };

  /// How a command of a session is to be taken.
  enum class Verdict { execute, duplicate, outside_window };

  /// `window` is that of the settings in force; it never changes once there is a session.
  explicit Sessions(std::size_t window) : window_(window) {}
  /// `corrupt` if rows are none of this class.
  [[nodiscard]] static Result<Sessions> load(const Table& table, std::size_t window);

  [[nodiscard]] Session* find(SessionId id);
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }
  /// The one that was used least recently; there must be one. No two were used by the same entry.
  [[nodiscard]] Session& least_recently_used();

  [[nodiscard]] SessionId open(RecordedTable& table, Index index, std::uint64_t nonce);
  /// Erases its rows: at most the window and one.
  void close(RecordedTable& table, const Session& session);

  [[nodiscard]] Verdict judge(const Session& session, RequestSeq seq, RequestSeq lowest_unanswered) const;
  /// The encoded reply to a command that was judged a duplicate. Lives until the next change of the table.
  [[nodiscard]] BytesView kept_reply(const Table& table, const Session& session, RequestSeq seq) const;
  /// A command that was judged `execute` is: what keep() does, but for the row of its reply.
  void use(Session& session, RequestSeq seq, RequestSeq lowest_unanswered, Index index);
  /// The row that is then to follow; `lowest`: of the session, as it was behind this use.
  void write_reply(RecordedTable& table, SessionId session, RequestSeq seq, RequestSeq lowest, Index index,
                   BytesView reply);
  /// Keeps the reply of a command that was judged `execute`.
  void keep(RecordedTable& table, Session& session, RequestSeq seq, RequestSeq lowest_unanswered, Index index,
            BytesView reply);

 private:
  [[nodiscard]] std::size_t slot_of(RequestSeq seq) const { return seq.value % window_; }
  Session& insert(SessionId id);
  bool load_row(BytesView key, BytesView value);
  void sort_by_use();

  std::size_t window_;
  std::map<SessionId, Session> sessions_;
  std::list<SessionId> by_use_;  ///< least recently used first
  Bytes row_;                    ///< reused for every row that is written
};

}  // namespace parley::app
