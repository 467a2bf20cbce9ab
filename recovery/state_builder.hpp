#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "common/app/application.hpp"
#include "common/store/lmdb_backend.hpp"
#include "common/store/write_behind_table.hpp"
#include "common/transfer/message.hpp"

namespace parley::recovery {

/// Builds the state of a cluster in a fresh store, from an image of it or from nothing, and the entries behind that;
/// and makes a data folder of it, from which a node founds a new cluster. An image must be of what was said; the
/// digests of entries were verified by whoever received them. One thread.
///
///     begin -> add_rows ... -> end_image -> apply ... -> finish
///
/// Everything grows in FOLDER.making, which has its name only when it is whole. What is left of an attempt that was cut
/// short is removed by the next.
class StateBuilder {
 public:
  /// `folder` must not exist, or be empty: `usage` if it is not.
  [[nodiscard]] static Result<StateBuilder> begin(const std::filesystem::path& folder);
  StateBuilder(StateBuilder&&) = default;
  /// An unfinished one leaves nothing behind.
  ~StateBuilder();

  /// Rows of an image, in the order in which they come; all before the first entry. `protocol` if they are none.
  [[nodiscard]] Status add_rows(BytesView rows);
  /// The image is complete. `corrupt` if its rows are not the state that `head` says.
  [[nodiscard]] Status end_image(const transfer::ImageHead& head);

  /// Applies the next entry; without an image that is entry 1. `corrupt`, naming its index, if it is another one.
  [[nodiscard]] Status apply(const Entry& entry);
  /// The same of an entry whose payload was reduced (app/reduced.hpp); `corrupt` also if it was not.
  [[nodiscard]] Status apply_reduced(const Entry& entry);

  /// As of the last entry.
  [[nodiscard]] const app::Meta& meta() const { return application_->meta(); }
  /// Client commands among the entries that were applied.
  [[nodiscard]] std::uint64_t commands() const { return commands_; }
  /// The first key of which an entry was applied without its value, and that no later one has replaced.
  [[nodiscard]] std::optional<Bytes> incomplete_key() const;

  /// Makes the rows durable, and of the folder a data folder that belongs to no cluster and names no node. `corrupt` if
  /// a key is incomplete.
  [[nodiscard]] Status finish();

 private:
  StateBuilder(std::filesystem::path folder, std::filesystem::path making)
      : folder_(std::move(folder)), making_(std::move(making)) {}

  [[nodiscard]] Status open_application();
  [[nodiscard]] Status check_next(const Entry& entry);
  [[nodiscard]] Status take_note(const app::Outcome& outcome, bool is_reduced);
  [[nodiscard]] Status flush();
  [[nodiscard]] Status make_log() const;

  std::filesystem::path folder_;
  std::filesystem::path making_;
  std::unique_ptr<store::LmdbBackend> backend_;
  std::unique_ptr<store::Overlay> rows_;  ///< of an image, not yet committed
  std::unique_ptr<store::WriteBehindTable> table_;
  std::optional<app::Application> application_;
  std::set<Bytes> incomplete_;  ///< keys whose values were left out so far
  std::uint64_t commands_ = 0;
};

}  // namespace parley::recovery
