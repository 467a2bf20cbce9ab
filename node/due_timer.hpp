#pragma once
#include <cstdint>
#include <optional>

namespace parley::node {

/// Says when whoever leads must put the time into the log, since something falls due and nobody writes. Cluster time is
/// guessed here: that of the entry that was applied last, and what has passed since. The guess is behind the clock that
/// stamps entries by as long as that entry took to be committed, so that nothing is asked for too early but after a
/// change of leader, when the clock of the one before is lost: then it is asked for again.
class DueTimer {
 public:
  /// The last entry has this cluster time, and was applied at this moment of the own monotonic clock.
  void applied(std::uint64_t cluster_us, std::uint64_t now_us);
  /// An entry was asked for.
  void asked(std::uint64_t now_us) { asked_us_ = now_us; }

  /// The monotonic moment at which an entry is to be asked for, if none comes by itself; nothing if nothing falls due.
  /// `due_us`: app::Application::next_due_us().
  [[nodiscard]] std::optional<std::uint64_t> ask_us(std::uint64_t due_us) const;
  /// What cluster time may be now.
  [[nodiscard]] std::uint64_t cluster_us(std::uint64_t now_us) const;

 private:
  std::uint64_t cluster_us_ = 0;
  std::uint64_t applied_us_ = 0;
  std::optional<std::uint64_t> asked_us_;  ///< since the last entry was applied
};

}  // namespace parley::node
