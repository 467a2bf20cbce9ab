#include "tests/sim/store/simulated_backend.hpp"

#include <set>

#include "common/base/ensure.hpp"

namespace parley::sim {

/// What a row was from a commit on; nothing for erased.
using History = std::map<std::uint64_t, std::optional<Bytes>>;
using Rows = std::map<Bytes, History, std::less<>>;

struct SimulatedBackend::Disk {
  Rows rows;
  std::uint64_t last_commit = 0;
  std::multiset<std::uint64_t> readers;  ///< the commit of each snapshot

  /// The row as of that commit; null if there was none.
  [[nodiscard]] static const Bytes* as_of(const History& history, std::uint64_t commit) {
    const auto later = history.upper_bound(commit);
    if (later == history.begin()) return nullptr;
    const auto& value = std::prev(later)->second;
    return value ? &*value : nullptr;
  }

  /// Forgets what no snapshot, present or to come, can see.
  void prune(Rows::iterator row) {
    const std::uint64_t oldest = readers.empty() ? last_commit : *readers.begin();
    History& history = row->second;
    const auto later = history.upper_bound(oldest);
    if (later != history.begin()) history.erase(history.begin(), std::prev(later));
    if (history.size() == 1 && history.begin()->first <= oldest && !history.begin()->second) rows.erase(row);
  }
};

namespace {

using Disk = SimulatedBackend::Disk;

class SimulatedCursor final : public store::RowCursor {
 public:
  SimulatedCursor(const Disk& disk, std::uint64_t commit, BytesView from)
      : disk_(disk), commit_(commit), row_(disk.rows.lower_bound(from)) {
    settle();
  }
  [[nodiscard]] bool valid() const override { return row_ != disk_.rows.end(); }
  [[nodiscard]] BytesView key() const override { return row_->first; }
  [[nodiscard]] BytesView value() const override { return *Disk::as_of(row_->second, commit_); }
  [[nodiscard]] bool erased() const override { return false; }
  void next() override {
    ++row_;
    settle();
  }

 private:
  void settle() {
    while (valid() && Disk::as_of(row_->second, commit_) == nullptr) ++row_;
  }

  const Disk& disk_;
  std::uint64_t commit_;
  Rows::const_iterator row_;
};

class SimulatedSnapshot final : public store::Snapshot {
 public:
  explicit SimulatedSnapshot(std::shared_ptr<Disk> disk) : disk_(std::move(disk)), commit_(disk_->last_commit) {
    disk_->readers.insert(commit_);
  }
  ~SimulatedSnapshot() override { disk_->readers.erase(disk_->readers.find(commit_)); }
  SimulatedSnapshot(const SimulatedSnapshot&) = delete;
  SimulatedSnapshot& operator=(const SimulatedSnapshot&) = delete;

  [[nodiscard]] std::optional<BytesView> get(BytesView key) const override {
    const auto row = disk_->rows.find(key);
    if (row == disk_->rows.end()) return std::nullopt;
    const Bytes* const value = Disk::as_of(row->second, commit_);
    if (value == nullptr) return std::nullopt;
    return *value;
  }
  [[nodiscard]] std::unique_ptr<store::RowCursor> seek(BytesView from) const override {
    return std::make_unique<SimulatedCursor>(*disk_, commit_, from);
  }
  [[nodiscard]] Status renew() override {
    disk_->readers.erase(disk_->readers.find(commit_));
    commit_ = disk_->last_commit;
    disk_->readers.insert(commit_);
    return {};
  }

 private:
  std::shared_ptr<Disk> disk_;
  std::uint64_t commit_;
};

}  // namespace

SimulatedBackend::SimulatedBackend() : disk_(std::make_shared<Disk>()) {}
SimulatedBackend::~SimulatedBackend() = default;

Result<std::unique_ptr<store::Snapshot>> SimulatedBackend::snapshot() {
  return std::make_unique<SimulatedSnapshot>(disk_);
}

Status SimulatedBackend::commit(const store::Overlay& overlay) {
  if (is_full_) return fail(ErrorCode::disk_full, "no space left on a simulated disk");
  if (failure_) return std::unexpected(*std::exchange(failure_, std::nullopt));
  ++disk_->last_commit;
  for (auto row = overlay.seek({}); row.valid(); row.next()) {
    const auto stored = disk_->rows.try_emplace(Bytes(row.key())).first;
    stored->second[disk_->last_commit] = row.erased() ? std::nullopt : std::optional<Bytes>(row.value());
    disk_->prune(stored);
  }
  return {};
}

Result<store::Backend*> SimulatedBackend::begin_image() {
  discard_image();
  image_ = std::make_unique<SimulatedBackend>();
  image_->set_full(is_full_);
  return image_.get();
}

Status SimulatedBackend::complete_image() {
  ENSURE(image_ != nullptr);
  is_image_complete_ = true;
  return {};
}

Result<std::unique_ptr<store::Snapshot>> SimulatedBackend::completed_image() {
  if (!is_image_complete_) return nullptr;
  return image_->snapshot();
}

Status SimulatedBackend::install_image() {
  ENSURE(is_image_complete_);
  disk_ = std::move(image_->disk_);
  discard_image();
  return {};
}

void SimulatedBackend::discard_image() {
  image_.reset();
  is_image_complete_ = false;
}

void SimulatedBackend::crash() {
  ENSURE(disk_->readers.empty());
  if (!is_image_complete_) image_.reset();
  failure_.reset();
}

void SimulatedBackend::wipe() {
  crash();
  discard_image();
  *disk_ = Disk{};
}

std::uint64_t SimulatedBackend::commits() const { return disk_->last_commit; }

std::map<Bytes, Bytes> SimulatedBackend::rows() const {
  std::map<Bytes, Bytes> rows;
  for (const auto& [key, history] : disk_->rows) {
    if (const Bytes* value = Disk::as_of(history, disk_->last_commit)) rows.emplace(key, *value);
  }
  return rows;
}

}  // namespace parley::sim
