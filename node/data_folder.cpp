#include "node/data_folder.hpp"

#include <utility>

#include "common/base/entropy.hpp"
#include "common/replica/restore.hpp"
#include "common/store/engine.hpp"
#include "common/store/inspect.hpp"
#include "node/pending_image.hpp"
#include "node/put_aside.hpp"

namespace parley::node {
namespace {

/// What is there is a folder, or lies in one.
Status check_place(const std::filesystem::path& folder) {
  std::error_code unknown;
  auto at = std::filesystem::absolute(folder, unknown);
  while (!unknown && !std::filesystem::exists(at, unknown) && at.has_relative_path()) at = at.parent_path();
  if (unknown) return fail(ErrorCode::usage, "cannot look for " + folder.string() + ": " + unknown.message());
  if (std::filesystem::is_directory(at, unknown)) return {};
  return fail(ErrorCode::usage, folder.string() + " cannot be a data folder: " + at.string() + " is no folder");
}

Result<wal::OpenedLog> open_log(wal::FileSystem& files, const std::filesystem::path& folder,
                                const wal::Options& options, bool& is_new) {
  const auto log_folder = DataFolder::log_of(folder);
  const auto exists = wal::Log::exists(files, log_folder);
  if (!exists) return std::unexpected(exists.error());
  is_new = !*exists;
  if (is_new) {
    // A store without its log has lost the promises that the log held: it must not start as if it had made none.
    if (std::filesystem::exists(DataFolder::store_of(folder))) {
      return fail(ErrorCode::corrupt,
                  log_folder.string() + ": no log here, but there is a store beside it; the log is lost");
    }
    const Status made = files.make_directories(folder);
    // A place where nothing may be made is a wrong place; a disk that is full is not.
    if (!made && made.error().code == ErrorCode::io) return fail(ErrorCode::usage, made.error().what);
    if (!made) return std::unexpected(made.error());
    auto created = wal::Log::create(files, log_folder, {ClusterId{}, draw_server_id()}, options);
    if (!created) return std::unexpected(created.error());
  }
  return wal::Log::open(files, log_folder, options);
}

/// The settings of the cluster, if this folder knows them yet: from the store, or from the first entry.
Result<std::optional<app::Settings>> known_settings(const std::optional<app::Meta>& meta, const wal::Log& log) {
  if (meta && meta->settings) return meta->settings;
  if (log.first() != Index{1} || log.last().index == Index{}) return std::optional<app::Settings>{};
  const auto first = log.read(Index{1}, Index{1}, 1);
  if (!first) return std::unexpected(first.error());
  if (first->empty() || first->front().kind != EntryKind::settings) return std::optional<app::Settings>{};
  return app::decode_settings(first->front().payload.view());
}

Status check_settings(const std::filesystem::path& folder, const app::Settings& ours,
                      const std::optional<app::Settings>& known) {
  if (!known) return {};
  std::string all;
  for (const std::string& each : app::difference(ours, *known)) all += (all.empty() ? "" : "; ") + each;
  if (all.empty()) return {};
  return fail(ErrorCode::usage, folder.string() + " belongs to a cluster with other settings: " + all);
}

/// A store that another engine has made, or one with other slots, is no store of this one. If it has any rows, the
/// cluster that it belongs to has other settings; if it has none, because this node was started with the wrong flags
/// before it became a member, it is made anew.
Status check_engine(wal::FileSystem& files, const std::filesystem::path& folder, const app::Settings& settings,
                    const wal::Log& log) {
  const auto where = DataFolder::store_of(folder);
  const auto made = store::engine_of(files, where);
  if (!made) return std::unexpected(made.error());
  if (!*made || store::fits(**made, settings)) return {};
  const auto meta = store::inspect_store(where);
  if (!meta) return std::unexpected(meta.error());
  const auto known = known_settings(*meta, log);
  if (!known) return std::unexpected(known.error());
  if (Status same = check_settings(folder, settings, *known); !same) return same;
  if (*meta)
    return fail(ErrorCode::corrupt, where.string() + ": the engine " + (*made)->engine +
                                        " made this store, and it is not that of the cluster");
  std::error_code code;
  std::filesystem::remove_all(where, code);
  if (code) return fail(ErrorCode::io, "cannot remove " + where.string() + ": " + code.message());
  return {};
}

/// True if the log is whole and holds everything since the first entry: the state can be made from it.
bool is_log_complete(const std::filesystem::path& folder, const wal::Options& options) {
  wal::PosixFileSystem files;
  const auto opened = wal::Log::open(files, DataFolder::log_of(folder), options, wal::OpenMode::inspect);
  return opened && opened->log.start().index == Index{};
}

}  // namespace

Result<bool> DataFolder::exists(const std::filesystem::path& folder) {
  if (const Status place = check_place(folder); !place) return std::unexpected(place.error());
  wal::PosixFileSystem files;
  const auto has_log = wal::Log::exists(files, log_of(folder));
  if (!has_log || *has_log) return has_log;
  std::error_code unknown;
  return std::filesystem::exists(store_of(folder), unknown);
}

Result<DataFolder> DataFolder::open(const std::filesystem::path& folder, const app::Settings& settings,
                                    const wal::Options& options, Damage damage, const obs::Logger& logger) {
  if (const Status place = check_place(folder); !place) return std::unexpected(place.error());
  bool is_store_damaged = false;
  auto opened = open_whole(folder, settings, options, logger, is_store_damaged);
  if (opened || opened.error().code != ErrorCode::corrupt) return opened;
  const Error error = opened.error();
  // Not when both can be read and contradict each other: then it may be the log that has lost something.
  if (is_store_damaged && is_log_complete(folder, options)) {
    const auto aside = put_aside(folder, {"store", "store.image"});
    if (!aside) return std::unexpected(aside.error());
    logger.error("{}; the log is whole, so the store is put aside in {} and made again from it", error.what,
                 aside->string());
    opened = open_whole(folder, settings, options, logger, is_store_damaged);
    if (opened || opened.error().code != ErrorCode::corrupt) return opened;
  }
  if (damage == Damage::refuses) return std::unexpected(error);
  // The log first: a store without one is damage, too, so that a crash in between changes nothing.
  const auto aside = put_aside(folder, {"log", "store", "store.image"});
  if (!aside) return std::unexpected(aside.error());
  logger.error(
      "{}; everything is put aside in {}, and this node asks the cluster to take it in as a new incarnation, which "
      "votes again once it holds what the others hold",
      error.what, aside->string());
  return open_whole(folder, settings, options, logger, is_store_damaged);
}

Result<DataFolder> DataFolder::open_whole(const std::filesystem::path& folder, const app::Settings& settings,
                                          const wal::Options& options, const obs::Logger& logger,
                                          bool& is_store_damaged) {
  auto files = std::make_unique<wal::PosixFileSystem>();
  bool is_new = false;
  auto opened = open_log(*files, folder, options, is_new);
  if (!opened) return std::unexpected(opened.error());
  // A process that died before it could sync what it made or renamed leaves names that only the system's cache knows.
  for (const auto& made_in : {folder, std::filesystem::absolute(folder).parent_path()}) {
    if (Status synced = files->sync_directory(made_in); !synced) return std::unexpected(synced.error());
  }
  if (opened->recovered.torn) {
    const wal::Recovered& recovered = opened->recovered;
    logger.warn("{}: {} bytes behind offset {} were never synced and are cut{}", recovered.torn->segment.string(),
                recovered.torn->bytes, recovered.torn->offset,
                recovered.torn->copy ? ", with a copy in " + recovered.torn->copy->string()
                                     : ", without a copy: the disk is full");
  }
  is_store_damaged = true;
  if (const Status fits = check_engine(*files, folder, settings, opened->log); !fits)
    return std::unexpected(fits.error());
  auto backend = store::open_engine(*files, store_of(folder), settings);
  if (!backend) return std::unexpected(backend.error());
  const auto is_changed = finish_pending_image(**backend, opened->log);
  if (!is_changed) return std::unexpected(is_changed.error());
  if (*is_changed) {
    const bool was_new = is_new;
    opened = fail(ErrorCode::locked, "");  // closed first
    opened = open_log(*files, folder, options, is_new);
    if (!opened) return std::unexpected(opened.error());
    is_new = was_new;
  }
  const wal::Recovered& recovered = opened->recovered;
  auto machine = StateMachine::open(**backend);
  if (!machine) return std::unexpected(machine.error());
  is_store_damaged = false;

  const auto known = known_settings((*machine)->meta(), opened->log);
  if (!known) return std::unexpected(known.error());
  if (const Status same = check_settings(folder, settings, *known); !same) return std::unexpected(same.error());
  auto restored = replica::restore(recovered, opened->log, (*machine)->applied(), (*machine)->meta().digest);
  if (!restored) return std::unexpected(Error{restored.error().code, folder.string() + ": " + restored.error().what});

  return DataFolder{std::move(files),
                    std::move(*backend),
                    std::move(*machine),
                    std::move(opened->log),
                    std::move(*restored),
                    recovered.identity.server,
                    is_new};
}

}  // namespace parley::node
