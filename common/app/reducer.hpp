#pragma once
#include <map>
#include <memory>
#include <vector>

#include "common/app/application.hpp"

namespace parley::app {

/// Finds, in a log, the values that nobody needs: those of sets that were not carried out, or that a later set or
/// delete of the same key in the same window made unnecessary before any conditional command could have read them. What
/// app::reduce leaves of these, and the other entries whole, give the same digest of the state; and at the end of every
/// window the same rows.
///
/// It knows the sessions, and so whether a command was carried out, but no values; and not which keys end by
/// themselves: those were set by commands that count as conditional here, and a set or delete behind them ends that.
/// Whether the quota let a set through
/// it knows from lengths alone: a value no longer than the one it replaces is never refused, and none is as long as all
/// rows together cannot fill the quota, of which it keeps count. Where they might, a longer value makes no earlier one
/// unnecessary, until a shorter one has followed.
///
/// Sees every entry of a cluster from the first on, or from an image on. One thread.
class Reducer {
 public:
  /// Before the first entry.
  Reducer();
  Reducer(Reducer&&) noexcept;
  ~Reducer();
  /// As of an image: `rows` must have its meta row and those of its sessions; the others are left out. `corrupt` if
  /// they are not what an application leaves.
  [[nodiscard]] static Result<Reducer> at(const Table& rows);

  /// Whether a row is of those that at() needs.
  [[nodiscard]] static bool keeps(BytesView row);

  /// The rows from which at() goes on, at the end of a window. Until the next call.
  [[nodiscard]] const Table& rows();

  /// The next entry: its index must be last().next().
  void take(const Entry& entry);
  [[nodiscard]] Index last() const { return application_->applied(); }
  /// Ends a window: of the entries since the one before, those to which app::reduce may be applied, in order. It is for
  /// the caller to see that it leaves something.
  [[nodiscard]] std::vector<Index> end_window();

 private:
  /// What is known of a key since the window began.
  struct Key {
    std::vector<Index> sets;      ///< one of these made the present value, if there is any
    std::size_t least_bytes = 0;  ///< of their values
    bool is_certain = false;      ///< the only one of them certainly did
  };
  class SessionRows;

  explicit Reducer(std::unique_ptr<SessionRows> rows);
  void set(const Set& set, Index index);
  void erase(const Delete& erase);
  void conditional(const Operation& operation);
  void drop_all(Key& key);
  [[nodiscard]] static std::uint64_t certain_cost(BytesView name, const Key& key);

  std::unique_ptr<SessionRows> rows_;
  std::optional<Application> application_;
  std::map<Bytes, Key, std::less<>> keys_;
  std::vector<Index> unnecessary_;
  std::uint64_t quota_;          ///< as the settings in force have it
  std::uint64_t most_used_ = 0;  ///< of it: all rows together use no more
};

}  // namespace parley::app
