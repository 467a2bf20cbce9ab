#include "common/store/inspect.hpp"

#include "common/app/application.hpp"
#include "common/app/quota.hpp"
#include "common/files/posix_file_system.hpp"
#include "common/store/engine.hpp"
#include "common/store/lmdb_backend.hpp"
#include "common/store/lmdb_file.hpp"
#include "common/store/write_behind_table.hpp"

namespace parley::store {
namespace {

/// A store as it stands in its folder.
struct Found {
  std::unique_ptr<Snapshot> snapshot;
  std::filesystem::path where;  ///< what is named if something is wrong
  std::uint64_t file_bytes = 0;
  std::uint64_t commit = 0;
  std::optional<TornCommit> torn = {};
};

Result<Found> open_lmdb_to_read(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "data.mdb";
  const auto head = read_head(file);
  if (!head) return std::unexpected(head.error());
  // A map of the least size: LMDB makes it as large as what is in the file. It walks the pages.
  auto environment = LmdbEnvironment::open(folder, 4096, LmdbEnvironment::Access::read_only);
  if (!environment) return std::unexpected(std::move(environment.error()));
  auto snapshot = lmdb_snapshot(*std::move(environment));
  if (!snapshot) return std::unexpected(std::move(snapshot.error()));
  return Found{*std::move(snapshot), file, head->file_bytes, head->transaction};
}

Result<Found> open_to_read(const std::filesystem::path& folder) {
  files::PosixFileSystem files;
  const auto made = engine_of(files, folder);
  if (!made) return std::unexpected(made.error());
  if (!*made || (*made)->engine == "lmdb") return open_lmdb_to_read(folder);
  // Reads all there is.
  const auto rows = JournaledRows::open(files, folder, {}, StoreMode::inspect);
  if (!rows) return std::unexpected(rows.error());
  const Journal& journal = (*rows)->journal();
  return Found{(*rows)->snapshot(), folder, journal.bytes() + (*rows)->slot_bytes(), journal.commit(), journal.torn()};
}

std::unexpected<Error> damaged(const Found& found, const std::string& how) {
  return fail(ErrorCode::corrupt, found.where.string() + ": " + how);
}

/// Counts the rows; false at one of no known space.
bool count_rows(const Snapshot& snapshot, StoreReport& report) {
  for (const auto row = snapshot.seek({}); row->valid(); row->next()) {
    ++report.rows;
    report.row_bytes += row->key().size() + row->value().size();
    const char space = row->key().front();
    if (!app::is_space(space)) return false;
    if (app::is_counted(space)) report.used_bytes += app::quota_cost(row->key().size() - 1, row->value().size());
    if (space != static_cast<char>(app::RowSpace::key_value)) continue;
    ++report.key_value_rows;
    report.key_value_bytes += row->key().size() - 1 + row->value().size();
  }
  return true;
}

}  // namespace

Result<std::optional<app::Meta>> inspect_store(const std::filesystem::path& folder) {
  const auto found = open_to_read(folder);
  if (!found) return std::unexpected(found.error());
  const auto row = found->snapshot->get(app::meta_key().view());
  if (!row) return std::nullopt;
  auto meta = app::decode_meta(*row);
  if (!meta) return damaged(*found, "the meta row is none");
  return meta;
}

Result<StoreReport> verify_store(const std::filesystem::path& folder) {
  auto found = open_to_read(folder);
  if (!found) return std::unexpected(std::move(found.error()));
  StoreReport report;
  report.file_bytes = found->file_bytes;
  report.commit = found->commit;
  report.torn = found->torn;
  if (!count_rows(*found->snapshot, report)) return damaged(*found, "a row belongs to no known space");
  // The application itself is the judge of session rows and of the meta row.
  WriteBehindTable table(std::move(found->snapshot));
  const auto application = app::Application::open(table);
  if (!application) return damaged(*found, application.error().what);
  if (report.rows == 0) return report;
  report.meta = application->meta();
  if (report.meta->keys != report.key_value_rows || report.meta->used_bytes != report.used_bytes) {
    return damaged(*found, "the meta row counts other keys or bytes than there are");
  }
  return report;
}

}  // namespace parley::store
