#include "common/store/inspect.hpp"

#include "common/app/application.hpp"
#include "common/app/quota.hpp"
#include "common/store/lmdb_backend.hpp"
#include "common/store/lmdb_file.hpp"
#include "common/store/write_behind_table.hpp"

namespace parley::store {
namespace {

Result<std::unique_ptr<Snapshot>> open_to_read(const std::filesystem::path& folder) {
  // A map of the least size: LMDB makes it as large as what is in the file.
  auto environment = LmdbEnvironment::open(folder, 4096, LmdbEnvironment::Access::read_only);
  if (!environment) return std::unexpected(std::move(environment.error()));
  return lmdb_snapshot(*std::move(environment));
}

std::unexpected<Error> damaged(const std::filesystem::path& folder, const std::string& how) {
  return fail(ErrorCode::corrupt, (folder / "data.mdb").string() + ": " + how);
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
  const auto snapshot = open_to_read(folder);
  if (!snapshot) return std::unexpected(snapshot.error());
  const auto row = (*snapshot)->get(app::meta_key().view());
  if (!row) return std::nullopt;
  auto meta = app::decode_meta(*row);
  if (!meta) return damaged(folder, "the meta row is none");
  return meta;
}

Result<StoreReport> verify_store(const std::filesystem::path& folder) {
  const auto head = read_head(folder / "data.mdb");
  if (!head) return std::unexpected(head.error());
  StoreReport report;
  report.file_bytes = head->file_bytes;
  report.transaction = head->transaction;
  auto snapshot = open_to_read(folder);  // walks the pages
  if (!snapshot) return std::unexpected(std::move(snapshot.error()));
  if (!count_rows(**snapshot, report)) return damaged(folder, "a row belongs to no known space");
  // The application itself is the judge of session rows and of the meta row.
  WriteBehindTable table(*std::move(snapshot));
  const auto application = app::Application::open(table);
  if (!application) return damaged(folder, application.error().what);
  if (report.rows == 0) return report;
  report.meta = application->meta();
  if (report.meta->keys != report.key_value_rows || report.meta->used_bytes != report.used_bytes) {
    return damaged(folder, "the meta row counts other keys or bytes than there are");
  }
  return report;
}

}  // namespace parley::store
