#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "common/app/application.hpp"
#include "common/base/recovery_limits.hpp"
#include "common/store/lmdb_backend.hpp"
#include "common/transfer/message.hpp"
#include "common/transfer/range.hpp"
#include "recovery/committer.hpp"
#include "recovery/key_replay.hpp"
#include "recovery/missing_values.hpp"
#include "recovery/sharded_table.hpp"

namespace parley::recovery {

struct BuildOptions {
  /// Threads that carry out what belongs to keys (key_replay.hpp); 0: all is applied by the owner's.
  std::size_t hands = 0;
  /// Bytes of changed rows that are gathered before they are committed.
  std::size_t overlay_bytes = limits::recovery_overlay_bytes;
};

/// Builds the state of a cluster in a fresh store of LMDB, from an image of it or from nothing, and the entries behind
/// that; and makes a data folder of it, from which a node founds a new cluster: with the engine of the old one, which
/// is known for certain only when all rows are there. An image must be of what was said; the digests of entries were
/// verified by whoever received them. One thread calls it; another makes rows durable.
///
///     begin -> add_rows ... -> end_image -> apply ... -> settle -> finish
///
/// Everything grows in FOLDER.making, which has its name only when it is whole. What is left of an attempt that was cut
/// short is removed by the next.
class StateBuilder {
 public:
  /// `folder` must not exist, or be empty: `usage` if it is not, or nothing can be made there.
  [[nodiscard]] static Result<StateBuilder> begin(const std::filesystem::path& folder, BuildOptions options = {});
  StateBuilder(StateBuilder&&) = default;
  /// An unfinished one leaves nothing behind.
  ~StateBuilder();

  /// Rows of an image, in the order in which they come; all before the first entry. `protocol` if they are none.
  [[nodiscard]] Status add_rows(BytesView rows);
  /// Forgets the rows: the image begins anew.
  [[nodiscard]] Status drop_rows();
  /// The image is complete. `corrupt` if its rows are not the state that `head` says.
  [[nodiscard]] Status end_image(const transfer::ImageHead& head);

  /// Applies the next entries; without an image these begin with entry 1. They may be under way when it returns.
  /// `corrupt`, naming the index, if they are others, or nothing can be understood of a reduced one.
  [[nodiscard]] Status apply(std::vector<transfer::RangeEntry> entries);
  /// Waits until all entries are applied. Before meta() and what stands below.
  void settle();

  /// As of the last entry.
  [[nodiscard]] const app::Meta& meta() const { return application_->meta(); }
  /// The first key of which an entry was applied without its value, and that no later one has replaced.
  [[nodiscard]] std::optional<Bytes> incomplete_key() const { return missing_->first_key(); }
  /// The last entry at which there was no such key.
  [[nodiscard]] Index last_complete() const { return missing_->last_complete(meta().applied); }

  /// MissingValues::watch, and what came of it; both after settle().
  void watch_completion() { missing_->watch(); }
  [[nodiscard]] std::optional<Index> completed() const { return missing_->completed(); }

  /// Makes all rows durable.
  [[nodiscard]] Status sync();
  /// Makes the rows durable, and of the folder a data folder that belongs to no cluster and names no node. `refused` if
  /// there is no state; or if a key is incomplete, naming the last index at which there was none.
  [[nodiscard]] Status finish();

 private:
  StateBuilder(std::filesystem::path folder, std::filesystem::path making, BuildOptions options)
      : folder_(std::move(folder)), making_(std::move(making)), options_(options) {}

  [[nodiscard]] Status make_store();
  [[nodiscard]] Status open_application();
  [[nodiscard]] Status apply_in_order(const std::vector<transfer::RangeEntry>& entries);
  [[nodiscard]] Status commit_rows();
  [[nodiscard]] Status flush_if_due();
  [[nodiscard]] Status begin_flush();
  [[nodiscard]] Status end_flush();
  [[nodiscard]] Status make_log() const;
  [[nodiscard]] Status finish_store();
  void close();

  std::filesystem::path folder_;
  std::filesystem::path making_;
  BuildOptions options_;
  std::unique_ptr<store::LmdbBackend> backend_;
  std::unique_ptr<Committer> committer_;
  std::shared_ptr<store::Overlay> rows_;  ///< of an image, not yet committed
  std::unique_ptr<ShardedTable> table_;
  std::unique_ptr<app::Application> application_;
  std::unique_ptr<KeyReplay> replay_;
  Index next_{1};
  std::unique_ptr<MissingValues> missing_ = std::make_unique<MissingValues>();
};

}  // namespace parley::recovery
