#include "tests/sim/files/simulated_file_system.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "common/base/ensure.hpp"

namespace parley::sim {
namespace {

using std::filesystem::path;

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
/// What a disk writes as a whole.
constexpr std::size_t sector_bytes = 512;

/// A write that is not yet durable; `size` is what the file's size is at least once it is.
struct Pending {
  std::uint64_t order = 0;
  std::uint64_t offset = 0;
  Bytes bytes;
  std::uint64_t size = 0;
};

/// A mapping gets every write too, since the content itself moves when it grows.
class SimulatedMapping final : public files::Mapping {
 public:
  explicit SimulatedMapping(BytesView content) : content_(content) {}
  [[nodiscard]] BytesView bytes() const override { return content_; }
  void put(std::uint64_t offset, BytesView bytes) {
    if (offset >= content_.size()) return;
    const BytesView within = bytes.substr(0, content_.size() - static_cast<std::size_t>(offset));
    std::ranges::copy(within, content_.begin() + static_cast<std::ptrdiff_t>(offset));
  }

 private:
  Bytes content_;
};

struct Inode {
  Bytes current;
  Bytes durable;
  std::vector<Pending> pending;
  std::vector<std::weak_ptr<SimulatedMapping>> mappings;

  static void put(Bytes& content, std::uint64_t offset, BytesView bytes, std::uint64_t size) {
    const std::uint64_t end = std::max(size, bytes.empty() ? 0 : offset + bytes.size());
    if (content.size() < end) content.resize(end, '\0');
    std::ranges::copy(bytes, content.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void sync() {
    for (const Pending& write : pending) put(durable, write.offset, write.bytes, write.size);
    pending.clear();
  }
};

using Names = std::map<std::string, std::shared_ptr<Inode>>;

/// What a crash makes of a change to names. The two halves of a renaming from one folder to another share it: it is one
/// change to the file system's journal.
struct Fate {
  int unsynced = 0;  ///< folders that it changes and that were not synced since
  std::optional<bool> drawn;

  [[nodiscard]] bool is_certain() const { return unsynced == 0; }
  bool survives(Random& random) {
    if (!is_certain() && !drawn) drawn = random.one_in(2);
    return is_certain() || *drawn;
  }
};

/// A change to a folder that is not yet durable: what each of these names stands for after it, null for nothing.
struct NameChange {
  std::vector<std::pair<std::string, std::shared_ptr<Inode>>> names;
  std::shared_ptr<Fate> fate = {};
  bool is_synced = false;  ///< this folder was, the other one perhaps not
};

struct Folder {
  Names current;
  Names durable;
  std::vector<NameChange> pending;

  static void put(Names& names, const NameChange& change) {
    for (const auto& [name, inode] : change.names) {
      if (inode) {
        names[name] = inode;
      } else {
        names.erase(name);
      }
    }
  }
  void change(NameChange next) {
    if (!next.fate) next.fate = std::make_shared<Fate>();
    ++next.fate->unsynced;
    put(current, next);
    pending.push_back(std::move(next));
  }
  void sync() {
    std::vector<NameChange> waiting;
    for (NameChange& change : pending) {
      if (!std::exchange(change.is_synced, true)) --change.fate->unsynced;
      if (change.fate->is_certain()) {
        put(durable, change);
      } else {
        waiting.push_back(std::move(change));
      }
    }
    pending = std::move(waiting);
  }
};

std::unexpected<Error> no_such(const path& where) { return fail(ErrorCode::io, where.string() + ": no such file"); }

void tear(Inode& inode, const Pending& write, Random& random) {
  if (random.one_in(2)) {
    // Up to some byte.
    const auto kept = static_cast<std::size_t>(random.below(write.bytes.size() + 1));
    Inode::put(inode.durable, write.offset, BytesView(write.bytes).substr(0, kept), 0);
    return;
  }
  // Some of the sectors.
  for (std::size_t at = 0; at < write.bytes.size();) {
    const std::size_t to_boundary = sector_bytes - static_cast<std::size_t>((write.offset + at) % sector_bytes);
    const std::size_t size = std::min(to_boundary, write.bytes.size() - at);
    if (random.one_in(2)) Inode::put(inode.durable, write.offset + at, BytesView(write.bytes).substr(at, size), 0);
    at += size;
  }
}

}  // namespace

struct SimulatedFileSystem::Disk {
  std::map<path, Folder> folders;
  std::set<path> locks;
  std::uint64_t life = 0;  ///< how many crashes there were
  std::uint64_t order = 0;
  std::uint64_t operations = 0;
  std::uint64_t stop_at = never;
  bool stopped = false;
  bool fails_sync = false;
  bool fails_directory_sync = false;
  bool ignores_directory_syncs = false;
  std::optional<std::pair<std::uint64_t, ErrorCode>> fails_write;
  std::optional<ErrorCode> fails_rename;
  std::uint64_t capacity = never;
  Counters counters;

  /// To be asked before anything is changed.
  Status operate() {
    if (stopped || operations >= stop_at) {
      stopped = true;
      return fail(ErrorCode::io, "the machine has stopped");
    }
    ++operations;
    return {};
  }

  [[nodiscard]] std::shared_ptr<Inode> find(const path& where) const {
    const auto folder = folders.find(where.parent_path());
    if (folder == folders.end()) return nullptr;
    const auto name = folder->second.current.find(where.filename().string());
    return name == folder->second.current.end() ? nullptr : name->second;
  }

  [[nodiscard]] std::uint64_t used() const {
    std::uint64_t bytes = 0;
    for (const auto& [_, folder] : folders) {
      for (const auto& [name, inode] : folder.current) bytes += inode->current.size();
    }
    return bytes;
  }

  /// Each file that has a name, now or on the disk, once and in an order that is always the same.
  [[nodiscard]] std::vector<std::shared_ptr<Inode>> inodes() const {
    std::vector<std::shared_ptr<Inode>> all;
    const auto add = [&](const Names& names) {
      for (const auto& [name, inode] : names) {
        if (std::ranges::find(all, inode) == all.end()) all.push_back(inode);
      }
    };
    for (const auto& [_, folder] : folders) {
      add(folder.durable);
      add(folder.current);
      for (const NameChange& change : folder.pending) {
        for (const auto& [name, inode] : change.names) {
          if (inode && std::ranges::find(all, inode) == all.end()) all.push_back(inode);
        }
      }
    }
    return all;
  }

  /// The machine comes up again with what is durable.
  void come_up() {
    for (const auto& inode : inodes()) {
      inode->pending.clear();
      inode->current = inode->durable;
    }
    for (auto& [_, folder] : folders) {
      folder.pending.clear();
      folder.current = folder.durable;
    }
    forget_process();
  }

  void forget_process() {
    locks.clear();
    ++life;
    stop_at = never;
    stopped = false;
    fails_sync = fails_directory_sync = ignores_directory_syncs = false;
    fails_write.reset();
    fails_rename.reset();
  }
};

namespace {

using Disk = SimulatedFileSystem::Disk;

class SimulatedFile final : public files::File {
 public:
  SimulatedFile(std::shared_ptr<Disk> disk, std::shared_ptr<Inode> inode, path where, bool writable)
      : disk_(std::move(disk)),
        inode_(std::move(inode)),
        path_(std::move(where)),
        writable_(writable),
        life_(disk_->life) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const override {
    if (Status alive = check_alive(); !alive) return std::unexpected(alive.error());
    ++disk_->counters.reads;
    const Bytes& bytes = inode_->current;
    if (offset >= bytes.size()) return 0;
    const std::size_t count = std::min(into.size(), bytes.size() - static_cast<std::size_t>(offset));
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
    return count;
  }

  Status write_at(std::uint64_t offset, BytesView bytes) override {
    if (Status ready = begin_change(); !ready) return ready;
    if (const auto failing = std::exchange(disk_->fails_write, std::nullopt)) {
      put(offset, bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(failing->first, bytes.size()))));
      return fail(failing->second, "cannot write " + path_.string() + ": injected");
    }
    const std::uint64_t size = inode_->current.size();
    const std::uint64_t growth = offset + bytes.size() > size ? offset + bytes.size() - size : 0;
    const std::uint64_t room = free_space();
    if (growth > room) {
      const std::uint64_t end = size + room;
      put(offset, bytes.substr(0, static_cast<std::size_t>(end > offset ? end - offset : 0)));
      return full();
    }
    put(offset, bytes);
    return {};
  }

  Status reserve(std::uint64_t bytes) override {
    if (Status ready = begin_change(); !ready) return ready;
    if (bytes <= inode_->current.size()) return {};
    if (bytes - inode_->current.size() > free_space()) return full();
    inode_->pending.push_back({disk_->order++, 0, {}, bytes});
    inode_->current.resize(static_cast<std::size_t>(bytes), '\0');
    return {};
  }

  Status sync() override {
    if (Status ready = begin_change(); !ready) return ready;
    ++disk_->counters.syncs;
    if (std::exchange(disk_->fails_sync, false)) {
      inode_->pending.clear();
      return fail(ErrorCode::sync_failed, "cannot sync " + path_.string() + ": injected");
    }
    inode_->sync();
    return {};
  }

  Result<std::uint64_t> size() const override {
    if (Status alive = check_alive(); !alive) return std::unexpected(alive.error());
    return inode_->current.size();
  }

  Result<std::shared_ptr<const files::Mapping>> map(std::uint64_t bytes) const override {
    if (Status alive = check_alive(); !alive) return std::unexpected(alive.error());
    ENSURE_LE(bytes, inode_->current.size());
    auto mapping = std::make_shared<SimulatedMapping>(BytesView(inode_->current).substr(0, bytes));
    std::erase_if(inode_->mappings, [](const auto& each) { return each.expired(); });
    inode_->mappings.push_back(mapping);
    return mapping;
  }

  Result<std::uint64_t> next_data(std::uint64_t offset) const override {
    if (Status alive = check_alive(); !alive) return std::unexpected(alive.error());
    const auto data = BytesView(inode_->current).find_first_not_of('\0', offset);
    // As a file system of blocks tells it.
    return data == BytesView::npos ? inode_->current.size() : std::max(offset, data / sector_bytes * sector_bytes);
  }

 private:
  Status check_alive() const {
    if (disk_->stopped || life_ != disk_->life)
      return fail(ErrorCode::io, path_.string() + ": the machine has stopped");
    return {};
  }
  Status begin_change() {
    ENSURE(writable_);
    if (Status alive = check_alive(); !alive) return alive;
    return disk_->operate();
  }
  std::uint64_t free_space() const { return disk_->capacity - std::min(disk_->capacity, disk_->used()); }
  std::unexpected<Error> full() const {
    return fail(ErrorCode::disk_full, "cannot write " + path_.string() + ": no space left");
  }
  void put(std::uint64_t offset, BytesView bytes) {
    ++disk_->counters.writes;
    disk_->counters.bytes_written += bytes.size();
    if (bytes.empty()) return;
    Inode::put(inode_->current, offset, bytes, 0);
    for (const auto& each : inode_->mappings) {
      if (const auto mapping = each.lock()) mapping->put(offset, bytes);
    }
    inode_->pending.push_back({disk_->order++, offset, Bytes(bytes), offset + bytes.size()});
  }

  std::shared_ptr<Disk> disk_;
  std::shared_ptr<Inode> inode_;
  path path_;
  bool writable_;
  std::uint64_t life_;
};

class SimulatedLock final : public files::DirectoryLock {
 public:
  SimulatedLock(std::shared_ptr<Disk> disk, path folder)
      : disk_(std::move(disk)), folder_(std::move(folder)), life_(disk_->life) {}
  SimulatedLock(const SimulatedLock&) = delete;
  SimulatedLock& operator=(const SimulatedLock&) = delete;
  ~SimulatedLock() override {
    if (life_ == disk_->life) disk_->locks.erase(folder_);
  }

 private:
  std::shared_ptr<Disk> disk_;
  path folder_;
  std::uint64_t life_;
};

}  // namespace

SimulatedFileSystem::SimulatedFileSystem() : disk_(std::make_shared<Disk>()) {}
SimulatedFileSystem::~SimulatedFileSystem() = default;

Result<std::unique_ptr<files::File>> SimulatedFileSystem::open(const path& where, files::Access access) {
  if (disk_->stopped) return fail(ErrorCode::io, "the machine has stopped");
  auto inode = disk_->find(where);
  if (!inode) return no_such(where);
  return std::make_unique<SimulatedFile>(disk_, std::move(inode), where, access == files::Access::read_write);
}

Result<std::unique_ptr<files::File>> SimulatedFileSystem::create(const path& where) {
  if (Status ready = disk_->operate(); !ready) return std::unexpected(ready.error());
  const auto folder = disk_->folders.find(where.parent_path());
  if (folder == disk_->folders.end()) return no_such(where);
  // A file of that name stays what it was on the disk until the folder is synced.
  auto inode = std::make_shared<Inode>();
  folder->second.change({.names = {{where.filename().string(), inode}}});
  return std::make_unique<SimulatedFile>(disk_, std::move(inode), where, true);
}

Status SimulatedFileSystem::rename(const path& from, const path& to) {
  if (Status ready = disk_->operate(); !ready) return ready;
  if (const auto failing = std::exchange(disk_->fails_rename, std::nullopt))
    return fail(*failing, "cannot rename " + from.string() + ": injected");
  auto inode = disk_->find(from);
  if (!inode) return no_such(from);
  const auto target = disk_->folders.find(to.parent_path());
  if (target == disk_->folders.end()) return no_such(to);
  Folder& source = disk_->folders[from.parent_path()];
  std::pair<std::string, std::shared_ptr<Inode>> gone{from.filename().string(), nullptr};
  std::pair<std::string, std::shared_ptr<Inode>> here{to.filename().string(), std::move(inode)};
  if (&source == &target->second) {
    source.change({.names = {std::move(gone), std::move(here)}});
    return {};
  }
  const auto fate = std::make_shared<Fate>();
  target->second.change({.names = {std::move(here)}, .fate = fate});
  source.change({.names = {std::move(gone)}, .fate = fate});
  return {};
}

Status SimulatedFileSystem::remove(const path& where) {
  if (Status ready = disk_->operate(); !ready) return ready;
  if (!disk_->find(where)) return no_such(where);
  disk_->folders[where.parent_path()].change({.names = {{where.filename().string(), nullptr}}});
  return {};
}

Result<std::vector<std::string>> SimulatedFileSystem::list(const path& folder) {
  if (disk_->stopped) return fail(ErrorCode::io, "the machine has stopped");
  std::vector<std::string> names;
  const auto found = disk_->folders.find(folder);
  if (found == disk_->folders.end()) return names;
  for (const auto& [name, _] : found->second.current) names.push_back(name);
  return names;
}

Status SimulatedFileSystem::make_directories(const path& folder) {
  if (Status ready = disk_->operate(); !ready) return ready;
  disk_->folders.try_emplace(folder);
  return {};
}

Status SimulatedFileSystem::sync_directory(const path& folder) {
  if (Status ready = disk_->operate(); !ready) return ready;
  const auto found = disk_->folders.find(folder);
  if (found == disk_->folders.end()) return no_such(folder);
  ++disk_->counters.directory_syncs;
  if (std::exchange(disk_->fails_directory_sync, false)) {
    return fail(ErrorCode::sync_failed, "cannot sync folder " + folder.string() + ": injected");
  }
  if (!disk_->ignores_directory_syncs) found->second.sync();
  return {};
}

Result<std::unique_ptr<files::DirectoryLock>> SimulatedFileSystem::lock_directory(const path& folder) {
  if (disk_->stopped) return fail(ErrorCode::io, "the machine has stopped");
  if (!disk_->folders.contains(folder)) return no_such(folder);
  if (!disk_->locks.insert(folder).second) return fail(ErrorCode::locked, folder.string() + " is in use");
  return std::make_unique<SimulatedLock>(disk_, folder);
}

Result<std::uint64_t> SimulatedFileSystem::free_bytes(const path&) {
  return disk_->capacity - std::min(disk_->capacity, disk_->used());
}

void SimulatedFileSystem::crash(Random& random, Unsynced unsynced) {
  if (unsynced == Unsynced::kept) return disk_->forget_process();
  if (unsynced == Unsynced::any) {
    for (const auto& inode : disk_->inodes()) {
      for (const Pending& write : inode->pending) {
        const std::uint64_t fate = random.below(3);
        if (fate == 0) Inode::put(inode->durable, write.offset, write.bytes, write.size);
        if (fate == 1) tear(*inode, write, random);
      }
    }
  }
  for (auto& [_, folder] : disk_->folders) {
    for (const NameChange& change : folder.pending) {
      const bool survives = unsynced == Unsynced::any ? change.fate->survives(random) : change.fate->is_certain();
      if (survives) Folder::put(folder.durable, change);
    }
  }
  disk_->come_up();
}

void SimulatedFileSystem::crash_after(std::uint64_t bytes) {
  std::map<std::uint64_t, std::pair<Inode*, const Pending*>> in_order;
  const auto inodes = disk_->inodes();
  for (const auto& inode : inodes) {
    for (const Pending& write : inode->pending) in_order[write.order] = {inode.get(), &write};
  }
  for (const auto& [_, at] : in_order) {
    const auto& [inode, write] = at;
    const auto kept = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, write->bytes.size()));
    Inode::put(inode->durable, write->offset, BytesView(write->bytes).substr(0, kept),
               write->bytes.empty() ? write->size : 0);
    bytes -= kept;
  }
  for (auto& [_, folder] : disk_->folders) folder.sync();
  disk_->come_up();
}

std::uint64_t SimulatedFileSystem::unsynced_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& inode : disk_->inodes()) {
    for (const Pending& write : inode->pending) bytes += write.bytes.size();
  }
  return bytes;
}

void SimulatedFileSystem::stop_after(std::uint64_t operations) { disk_->stop_at = disk_->operations + operations; }
bool SimulatedFileSystem::has_stopped() const { return disk_->stopped; }
std::uint64_t SimulatedFileSystem::operations() const { return disk_->operations; }
void SimulatedFileSystem::fail_next_sync() { disk_->fails_sync = true; }
void SimulatedFileSystem::fail_next_directory_sync() { disk_->fails_directory_sync = true; }
void SimulatedFileSystem::fail_next_write(std::uint64_t after_bytes, ErrorCode code) {
  disk_->fails_write = {after_bytes, code};
}
void SimulatedFileSystem::fail_next_rename(ErrorCode code) { disk_->fails_rename = code; }
void SimulatedFileSystem::set_capacity(std::uint64_t bytes) { disk_->capacity = bytes; }
std::uint64_t SimulatedFileSystem::used_bytes() const { return disk_->used(); }
void SimulatedFileSystem::ignore_directory_syncs(bool ignored) { disk_->ignores_directory_syncs = ignored; }

void SimulatedFileSystem::flip_bit(const path& where, std::uint64_t offset, unsigned bit) {
  const auto inode = disk_->find(where);
  ENSURE(inode);
  ENSURE_LT(offset, inode->durable.size());
  const auto mask = static_cast<char>(1U << bit);
  inode->durable[offset] = static_cast<char>(inode->durable[offset] ^ mask);
  inode->current[offset] = static_cast<char>(inode->current[offset] ^ mask);
}

void SimulatedFileSystem::lose(const path& where) {
  ENSURE(disk_->find(where));
  Folder& folder = disk_->folders[where.parent_path()];
  folder.current.erase(where.filename().string());
  folder.durable.erase(where.filename().string());
}

Bytes SimulatedFileSystem::contents(const path& where) const {
  const auto inode = disk_->find(where);
  ENSURE(inode);
  return inode->current;
}

std::map<std::string, Bytes> SimulatedFileSystem::everything() const {
  std::map<std::string, Bytes> files;
  for (const auto& [where, folder] : disk_->folders) {
    for (const auto& [name, inode] : folder.current) files[(where / name).string()] = inode->current;
  }
  return files;
}

const SimulatedFileSystem::Counters& SimulatedFileSystem::counters() const { return disk_->counters; }

}  // namespace parley::sim
