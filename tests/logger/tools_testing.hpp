#pragma once
#include <vector>

#include "common/app/command.hpp"
#include "common/app/settings.hpp"
#include "logger/tools/console.hpp"
#include "tests/archive/archive_testing.hpp"

namespace parley::logger_testing {

using archive_testing::good;

inline const std::filesystem::path first_folder = "/data/log0";
inline const std::filesystem::path second_folder = "/data/log1";

/// What a cluster commits.
class ClusterLog {
 public:
  explicit ClusterLog(const ClusterId& cluster = wal_testing::test_identity().cluster)
      : cluster_(cluster), maker_(cluster) {}

  /// A new leader's first entry, and with it another term.
  void elect();
  void add(EntryKind kind, BytesView payload);
  void settings(const app::Settings& settings) { add(EntryKind::settings, app::encode_settings(settings)); }
  /// Opens the session in which commands are sent from now on.
  void open_session(std::uint64_t nonce = 7);
  /// The session's next command.
  void run(const app::Operation& operation);
  /// The last one, sent again.
  void again(const app::Operation& operation);
  [[nodiscard]] SessionId session() const { return session_; }
  [[nodiscard]] const ClusterId& cluster() const { return cluster_; }

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] const Entry& at(std::uint64_t index) const { return entries_.at(static_cast<std::size_t>(index - 1)); }
  [[nodiscard]] wal::Start place(Index index) const;
  [[nodiscard]] Index last() const { return Index{entries_.size()}; }

 private:
  ClusterId cluster_;
  wal_testing::EntryMaker maker_;
  Term term_{1};
  SessionId session_;
  std::uint64_t seq_ = 0;
  std::vector<Entry> entries_;
};

/// An archive with its live log, and who takes in what a cluster commits.
class ArchiveMaker {
 public:
  ArchiveMaker(wal::FileSystem& disk, const ClusterLog& log, const std::filesystem::path& folder = first_folder);

  /// From its next start on the archive compacts itself; it is started at once.
  void compact(const archive::CompactionOptions& options);
  /// Archive and live log are opened anew.
  void restart();
  /// The entries up to this one, a few in a batch, in the live log.
  void take(Index to);
  /// All live segments but the newest are sealed.
  void seal();
  /// An image of the state behind that entry.
  void add_image(Index index);
  /// Goes on behind an image of the state at that entry.
  void restart_behind(Index index);

  archive::Archive& archive() { return *archive_; }
  wal::Log& live() { return *log_; }

 private:
  wal::FileSystem& disk_;
  const ClusterLog& committed_;
  archive::Layout layout_;
  std::optional<archive::CompactionOptions> compaction_;
  std::optional<archive::Archive> archive_;
  std::optional<wal::Log> log_;
};

/// What a tool has said.
struct Said {
  std::string out;
  std::string remarks;
  /// The console that writes here, which must not move.
  [[nodiscard]] logger::tools::Console console();
};

/// The lines of a text.
[[nodiscard]] std::vector<std::string> lines_of(const std::string& text);

}  // namespace parley::logger_testing
