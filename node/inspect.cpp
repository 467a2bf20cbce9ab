#include "node/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/hex.hpp"
#include "common/store/inspect.hpp"
#include "common/wal/log.hpp"
#include "common/wal/posix_file_system.hpp"
#include "node/data_folder.hpp"

namespace parley::node {
namespace {

Result<wal::OpenedLog> read_log(wal::FileSystem& files, const std::filesystem::path& folder) {
  const auto log_folder = DataFolder::log_of(folder);
  const auto exists = wal::Log::exists(files, log_folder);
  if (!exists) return std::unexpected(exists.error());
  if (!*exists)
    return fail(ErrorCode::usage, folder.string() + " is no data folder: there is no log in " + log_folder.string());
  return wal::Log::open(files, log_folder, {}, wal::OpenMode::inspect);
}

Result<std::optional<app::Meta>> read_meta(const std::filesystem::path& folder) {
  const auto store_folder = DataFolder::store_of(folder);
  if (!std::filesystem::exists(store_folder)) return std::optional<app::Meta>{};
  return store::inspect_store(store_folder);
}

std::string describe_log(const wal::OpenedLog& opened) {
  const wal::Recovered& log = opened.recovered;
  std::string text;
  text += fmt::format("cluster       {}\n", log.identity.cluster.is_nil() ? "none yet" : log.identity.cluster.text());
  text += fmt::format("incarnation   {}\n", log.identity.server.text());
  text += fmt::format("term          {}\n", log.hard_state.term.value);
  text += fmt::format("vote          {}\n", log.hard_state.vote.text());
  text += fmt::format("log first     {}\n", log.start.index.value + 1);
  text += fmt::format("log last      {}\n", log.last.index.value);
  text += fmt::format("log digest    {}\n", log.last.digest.text());
  text += fmt::format("commit        {} or above\n", log.commit_hint.value);
  text += fmt::format("segments      {}\n", opened.log.segments().size());
  if (log.torn)
    text += fmt::format("torn tail     {} bytes at {} of {}\n", log.torn->bytes, log.torn->offset,
                        log.torn->segment.string());
  return text;
}

std::string describe_store(const std::optional<app::Meta>& meta) {
  if (!meta) return "store         empty\n";
  std::string text;
  text += fmt::format("store applied {}\n", meta->applied.value);
  text += fmt::format("store digest  {}\n", meta->digest.text());
  text += fmt::format("state digest  {}\n", meta->state.text());
  text += fmt::format("keys          {}\n", meta->keys);
  text += fmt::format("quota         {} of {} bytes\n", meta->used_bytes, meta->in_force().quota_bytes);
  text += fmt::format("engine        {}\n", meta->in_force().engine);
  text += fmt::format("sessions      {}\n", meta->sessions);
  return text;
}

Result<std::string> describe_membership(const wal::Recovered& log, const std::filesystem::path& folder) {
  if (log.memberships.empty()) return std::string("members       none\n");
  const auto membership = raft::decode_membership(log.memberships.back().payload);
  if (!membership) return fail(ErrorCode::corrupt, folder.string() + ": the membership in the log cannot be read");
  std::string text;
  for (const raft::Member& member : membership->members) {
    const bool votes = std::ranges::binary_search(membership->voters, member.server);
    const char* const role = votes                                 ? "voter"
                             : membership->is_voter(member.server) ? "leaving"
                             : member.wants_vote                   ? "learner"
                                                                   : "logger";
    text += fmt::format("member        {} {} {} raft={} client={}\n", member.name.text(), role, member.server.text(),
                        member.addresses.raft, member.addresses.client);
  }
  return text;
}

/// Equal index means equal digest, or one of the two is wrong.
Status compare(const wal::Log& log, const app::Meta& meta, const std::filesystem::path& folder) {
  if (meta.applied > log.last().index) {
    return fail(ErrorCode::corrupt, fmt::format("{}: the store is at entry {}, ahead of the log, which ends at {}",
                                                folder.string(), meta.applied.value, log.last().index.value));
  }
  if (meta.applied <= log.start().index) return {};
  const auto entry = log.read(meta.applied, meta.applied, 1);
  if (!entry) return std::unexpected(entry.error());
  if (!entry->empty() && entry->front().digest == meta.digest) return {};
  return fail(ErrorCode::corrupt, fmt::format("{}: log and store disagree about the digest of entry {}",
                                              folder.string(), meta.applied.value));
}

}  // namespace

Result<std::string> inspect(const std::filesystem::path& folder) {
  wal::PosixFileSystem files;
  const auto opened = read_log(files, folder);
  if (!opened) return std::unexpected(opened.error());
  const auto meta = read_meta(folder);
  if (!meta) return std::unexpected(meta.error());
  const auto members = describe_membership(opened->recovered, folder);
  if (!members) return std::unexpected(members.error());
  return describe_log(*opened) + describe_store(*meta) + *members;
}

Result<std::string> verify(const std::filesystem::path& folder) {
  wal::PosixFileSystem files;
  const auto opened = read_log(files, folder);
  if (!opened) return std::unexpected(opened.error());
  const wal::Recovered& log = opened->recovered;
  std::string text = fmt::format("log ok: entries {} to {}, digest {}\n", log.start.index.value + 1,
                                 log.last.index.value, log.last.digest.text());
  if (log.torn)
    text += fmt::format("log: {} bytes behind it were never synced, and will be cut when the node starts\n",
                        log.torn->bytes);

  const auto store_folder = DataFolder::store_of(folder);
  if (!std::filesystem::exists(store_folder)) return text + "store: none yet\n";
  const auto store = store::verify_store(store_folder);
  if (!store) return std::unexpected(store.error());
  if (!store->meta) return text + "store ok: empty\n";
  if (const Status same = compare(opened->log, *store->meta, folder); !same) return std::unexpected(same.error());
  return text + fmt::format("store ok: {} rows, {} keys, applied up to {}, state {}\n", store->rows,
                            store->key_value_rows, store->meta->applied.value, store->meta->state.text());
}

}  // namespace parley::node
