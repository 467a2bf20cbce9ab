#include "common/store/journaled_rows.hpp"

#include <algorithm>

#include "common/app/meta.hpp"
#include "common/app/quota.hpp"
#include "common/base/ensure.hpp"

namespace parley::store {
namespace {

constexpr char clients_space = static_cast<char>(app::RowSpace::key_value);
/// The largest file of slots: what the largest quota there may be has room for.
constexpr std::uint64_t most_slot_bytes = std::uint64_t{1} << 50;
/// Rows that one step passes over on its way to such as belong to a base.
constexpr std::size_t rows_per_step = 65536;

bool is_clients(BytesView key) { return key.starts_with(clients_space); }

/// Of a client's row that a slot has, or will have.
std::uint64_t number_of(BytesView key) {
  const auto number = app::slot_of(key.substr(1));
  ENSURE(number.has_value());
  return *number;
}

std::uint64_t journal_bytes(const StoredRow& row) {
  return row.is_elsewhere() ? 0 : journal_row_bytes(row.key().size(), row.value_bytes());
}

BytesView value_of(const StoredRow& row, const JournaledRows::Version& version) {
  return row.is_elsewhere() ? version.slots->value(number_of(row.key()), row.value_bytes()) : row.value();
}

class JournaledCursor final : public RowCursor {
 public:
  JournaledCursor(const JournaledRows::Version& version, BytesView from)
      : version_(version), at_(version.rows.seek(from)) {}
  [[nodiscard]] bool valid() const override { return at_.valid(); }
  [[nodiscard]] BytesView key() const override { return at_.row().key(); }
  [[nodiscard]] BytesView value() const override { return value_of(at_.row(), version_); }
  [[nodiscard]] bool erased() const override { return false; }
  void next() override { at_.next(); }

 private:
  const JournaledRows::Version& version_;
  RowTree::Cursor at_;
};

class JournaledSnapshot final : public Snapshot {
 public:
  explicit JournaledSnapshot(std::shared_ptr<const Published<JournaledRows::Version>> published)
      : published_(std::move(published)), version_(published_->take()) {}
  [[nodiscard]] std::optional<BytesView> get(BytesView key) const override {
    const StoredRow* const row = version_->rows.find(key);
    if (row == nullptr) return std::nullopt;
    return value_of(*row, *version_);
  }
  [[nodiscard]] std::unique_ptr<RowCursor> seek(BytesView from) const override {
    return std::make_unique<JournaledCursor>(*version_, from);
  }
  [[nodiscard]] Status renew() override {
    version_ = published_->take();
    return {};
  }

 private:
  std::shared_ptr<const Published<JournaledRows::Version>> published_;
  std::shared_ptr<const JournaledRows::Version> version_;
};

}  // namespace

// ---- making and opening ----

Status JournaledRows::create(files::FileSystem& files, const std::filesystem::path& folder,
                             const JournaledOptions& options) {
  // The journal last: where there is one, there is a store.
  if (options.slot > 0) {
    if (Status made = SlotFile::create(files, folder); !made) return made;
    if (Status synced = files.sync_directory(folder); !synced) return synced;
  }
  const auto journal = Journal::create(files, folder, options.slot);
  return journal ? Status{} : std::unexpected(journal.error());
}

Result<std::unique_ptr<JournaledRows>> JournaledRows::open(files::FileSystem& files,
                                                           const std::filesystem::path& folder,
                                                           JournaledOptions options, StoreMode mode) {
  const auto exists = Journal::exists(files, folder);
  if (!exists) return std::unexpected(exists.error());
  if (!*exists) return fail(ErrorCode::corrupt, folder.string() + ": no journal is here");
  const auto slot = Journal::slot_of(files, folder);
  if (!slot) return std::unexpected(slot.error());
  if (mode == StoreMode::inspect) options.slot = *slot;
  if (*slot != options.slot)
    return fail(ErrorCode::usage, folder.string() + ": the slots of this store have other sizes than was said");
  RowTree rows;
  std::map<std::uint64_t, std::uint64_t> changed_by;  // slots, and the last commit that changed each
  const auto replay = [&](std::uint64_t commit, std::span<const RowChange> changes) -> Status {
    rows = rows.changed(changes, [](const StoredRow&) {});
    for (const RowChange& change : changes) {
      if (options.slot == 0 || !is_clients(change.key)) continue;
      const auto number = app::slot_of(change.key.substr(1));
      if (!number) return fail(ErrorCode::corrupt, folder.string() + ": the journal has a key that no slot has");
      changed_by[*number] = commit;
    }
    return {};
  };
  auto journal = Journal::open(files, folder, mode, replay);
  if (!journal) return std::unexpected(journal.error());
  std::unique_ptr<JournaledRows> opened(new JournaledRows(std::move(*journal), options));
  auto version = std::make_shared<Version>();
  version->commit = opened->journal_.commit();
  version->rows = std::move(rows);
  opened->current_ = std::move(version);
  if (options.slot > 0) {
    if (Status loaded = opened->load_slots(files, folder, mode, changed_by); !loaded)
      return std::unexpected(loaded.error());
  }
  for (auto at = opened->current_->rows.seek({}); at.valid(); at.next()) opened->counts_.add(at.row());
  if (Status counted = opened->check_counts(folder); !counted) return std::unexpected(counted.error());
  opened->published_->publish(opened->current_);
  return opened;
}

/// Of the slots that commits have changed since the last one whose slots are known to be filled, nobody knows what they
/// have: a crash may have torn them, and they are written again. The rest of the clients' rows are those of the slots.
Status JournaledRows::load_slots(files::FileSystem& files, const std::filesystem::path& folder, StoreMode mode,
                                 const std::map<std::uint64_t, std::uint64_t>& changed_by) {
  const auto access = mode == StoreMode::use ? files::Access::read_write : files::Access::read_only;
  auto slots = SlotFile::open(files, folder, options_.slot, options_.slot_growth_bytes, access);
  if (!slots) return std::unexpected(slots.error());
  std::vector<Bytes> filled;
  for (const auto& [number, commit] : changed_by) {
    Bytes key = clients_space + std::to_string(number);
    if (commit <= journal_.filled()) {
      filled.push_back(std::move(key));
      continue;
    }
    const StoredRow* const row = current_->rows.find(key);
    torn_.insert(number);
    waiting_.push_back({commit, number, RowRef(row)});
    if (row != nullptr) waiting_bytes_ += row->memory_bytes();
  }
  std::ranges::sort(waiting_, {}, &Waiting::commit);
  std::ranges::sort(filled);
  std::vector<RowChange> void_rows;
  for (const Bytes& key : filled) void_rows.push_back({key, {}});

  std::vector<RowChange> slot_rows;
  const Status scanned =
      slots->scan([&](std::uint64_t number) { return torn_.contains(number); },
                  [&](std::uint64_t number, std::uint32_t value_bytes) {
                    auto row = StoredRow::make_elsewhere(clients_space + std::to_string(number), value_bytes);
                    slot_rows.push_back({row->key(), row});
                  });
  if (!scanned) return scanned;
  std::ranges::sort(slot_rows, {}, &RowChange::key);
  const auto nothing = [](const StoredRow&) {};
  auto version = std::make_shared<Version>(*current_);
  version->rows = current_->rows.changed(void_rows, nothing).changed(slot_rows, nothing);
  version->slots = slots->view();
  current_ = std::move(version);
  slots_.emplace(std::move(*slots));
  return {};
}

void JournaledRows::Counts::add(const StoredRow& row) {
  journal_bytes += store::journal_bytes(row);
  if (is_clients(row.key())) ++clients_rows;
  if (app::is_counted(row.key().front())) used_bytes += app::quota_cost(row.key().size() - 1, row.value_bytes());
}

void JournaledRows::Counts::subtract(const StoredRow& row) {
  journal_bytes -= store::journal_bytes(row);
  if (is_clients(row.key())) --clients_rows;
  if (app::is_counted(row.key().front())) used_bytes -= app::quota_cost(row.key().size() - 1, row.value_bytes());
}

/// The meta row says how many keys clients have, and what all rows cost. So slots that are lost are missed, although
/// those that are left are whole.
Status JournaledRows::check_counts(const std::filesystem::path& folder) const {
  const StoredRow* const row = current_->rows.find(app::meta_key().view());
  const auto meta = row != nullptr ? app::decode_meta(row->value()) : std::nullopt;
  if (!meta) return {};
  if (meta->keys == counts_.clients_rows && meta->used_bytes == counts_.used_bytes) return {};
  return fail(ErrorCode::corrupt, folder.string() + ": the meta row counts " + std::to_string(meta->keys) +
                                      " keys in " + std::to_string(meta->used_bytes) + " bytes, and there are " +
                                      std::to_string(counts_.clients_rows) + " in " +
                                      std::to_string(counts_.used_bytes));
}

// ---- reading ----

std::unique_ptr<Snapshot> JournaledRows::snapshot() const { return std::make_unique<JournaledSnapshot>(published_); }

/// Versions that nobody reads any more go, and with them what only they had. What one has dropped is then kept by the
/// one before it, if by any.
void JournaledRows::forget_unused() {
  published_->sweep();
  for (std::size_t i = retired_.size(); i-- > 0;) {
    // Nobody can begin to read one that is no longer published, so nobody does.
    if (retired_[i].version.use_count() > 1) continue;
    if (i > 0) retired_[i - 1].dropped_bytes += retired_[i].dropped_bytes;
    retired_.erase(retired_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

bool JournaledRows::is_read() {
  forget_unused();
  // Two are ours: the one here, and the one that is published.
  return !retired_.empty() || current_.use_count() > 2;
}

std::uint64_t JournaledRows::pinned_bytes() const {
  std::uint64_t bytes = 0;
  bool is_read = false;
  for (const Retired& each : retired_) {
    is_read = is_read || each.version.use_count() > 1;
    if (is_read) bytes += each.dropped_bytes;
  }
  return bytes;
}

bool JournaledRows::is_crowded() const { return pinned_bytes() + waiting_bytes_ > options_.pinned_bytes; }

// ---- commits ----

Status JournaledRows::check(const Overlay& overlay) const {
  for (auto row = overlay.seek({}); row.valid(); row.next()) {
    if (row.erased()) continue;
    if (row.key().size() > limits::engine_key_bytes || row.value().size() > limits::engine_value_bytes)
      return fail(ErrorCode::protocol, "a row is larger than any row may be");
    if (options_.slot == 0 || !is_clients(row.key())) continue;
    const auto number = app::slot_of(row.key().substr(1));
    if (!number || *number >= most_slot_bytes / options_.slot ||
        row.value().size() > app::slot_value_bytes(options_.slot))
      return fail(ErrorCode::protocol, "a row of a client fits no slot");
  }
  return {};
}

Status JournaledRows::commit(const Overlay& overlay) {
  if (broken_) return std::unexpected(*broken_);
  if (overlay.empty()) return {};
  if (Status fits = check(overlay); !fits) return fits;
  if (waiting_bytes_ > options_.waiting_bytes && is_slot_disk_full_) {
    if (auto more = step(); !more) return std::unexpected(more.error());
    if (is_slot_disk_full_) return fail(ErrorCode::disk_full, "there is no room for the values that wait for slots");
  }
  const std::uint64_t bytes_before = journal_.bytes();
  if (Status appended = journal_.append(overlay); !appended) return remember(appended);
  std::vector<RowChange> changes;
  changes.reserve(overlay.rows());
  for (auto row = overlay.seek({}); row.valid(); row.next())
    changes.push_back({row.key(), row.erased() ? RowRef() : StoredRow::make(row.key(), row.value())});
  std::uint64_t dropped_bytes = 0;
  RowTree rows = change(changes, dropped_bytes);
  if (slots_) note_waiting(changes, journal_.commit());
  publish({journal_.commit(), std::move(rows), current_->slots}, dropped_bytes);
  no_base_at_.reset();
  is_slot_disk_full_ = false;
  // Who commits without a pause leaves no spare time.
  const std::uint64_t share = 2 * (journal_.bytes() - std::min(journal_.bytes(), bytes_before));
  for (std::uint64_t done = 0; done < share; done += options_.step_bytes) {
    const auto more = step();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
  }
  return {};
}

/// The present rows after these changes, with what is counted of them.
RowTree JournaledRows::change(std::span<const RowChange> changes, std::uint64_t& dropped_bytes) {
  for (const RowChange& each : changes) {
    if (each.row) counts_.add(*each.row);
  }
  return current_->rows.changed(changes, [&](const StoredRow& replaced) {
    counts_.subtract(replaced);
    dropped_bytes += replaced.memory_bytes();
  });
}

void JournaledRows::publish(Version next, std::uint64_t dropped_bytes) {
  retired_.push_back({std::exchange(current_, std::make_shared<const Version>(std::move(next))), dropped_bytes});
  published_->publish(current_);
  forget_unused();
}

Status JournaledRows::remember(Status status) {
  if (!status && status.error().code != ErrorCode::disk_full) broken_ = status.error();
  return status;
}

// ---- what is done in spare time ----

Result<bool> JournaledRows::step() {
  if (broken_) return std::unexpected(*broken_);
  forget_unused();
  if (Status done = remember(do_step()); !done && done.error().code != ErrorCode::disk_full)
    return std::unexpected(done.error());
  return can_fill_slots() || journal_.has_begun_base() || wants_base();
}

Status JournaledRows::do_step() {
  if (can_fill_slots()) return fill_slots();
  if (journal_.has_begun_base()) return go_on_with_base();
  if (wants_base()) return begin_base();
  return {};
}

// ---- slots ----

void JournaledRows::note_waiting(std::span<const RowChange> changes, std::uint64_t commit) {
  for (const RowChange& change : changes) {
    if (!is_clients(change.key)) continue;
    // A key that no slot has was never there, and is erased in vain.
    const auto number = app::slot_of(change.key.substr(1));
    if (!number) continue;
    waiting_.push_back({commit, *number, change.row});
    if (change.row) waiting_bytes_ += change.row->memory_bytes();
  }
}

/// A slot can be written once every version that is still read has its row in memory, or was made by a commit of after
/// that: then nobody needs what stood there before.
bool JournaledRows::can_fill_slots() const {
  if (waiting_.empty() || is_slot_disk_full_) return false;
  const std::uint64_t oldest = retired_.empty() ? current_->commit : retired_.front().version->commit;
  return waiting_.front().commit <= oldest;
}

Status JournaledRows::fill_slots() {
  const std::uint64_t oldest = retired_.empty() ? current_->commit : retired_.front().version->commit;
  std::vector<Waiting> batch;
  std::uint64_t bytes = 0;
  while (batch.size() < waiting_.size() && bytes < options_.step_bytes) {
    const Waiting& next = waiting_[batch.size()];
    if (next.commit > oldest) break;
    batch.push_back(next);
    bytes += options_.slot;
  }
  const std::size_t taken = batch.size();
  std::vector<RowChange> filled;
  if (Status done = fill(batch, filled); !done) {
    is_slot_disk_full_ = done.error().code == ErrorCode::disk_full;
    return done;
  }
  for (std::size_t i = 0; i < taken; ++i) {
    if (waiting_.front().row) waiting_bytes_ -= waiting_.front().row->memory_bytes();
    waiting_.pop_front();
  }
  journal_.note_filled(waiting_.empty() ? journal_.commit() : waiting_.front().commit - 1);
  if (filled.empty()) return {};
  std::uint64_t dropped_bytes = 0;
  RowTree rows = change(filled, dropped_bytes);
  publish({current_->commit, std::move(rows), slots_->view()}, dropped_bytes);
  return {};
}

/// Writes to the slots what is still as it waited. What was changed since then waits once more.
Status JournaledRows::fill(std::span<Waiting> batch, std::vector<RowChange>& filled) {
  std::ranges::stable_sort(batch, {}, &Waiting::number);
  for (const Waiting& each : batch) {
    const Bytes key = clients_space + std::to_string(each.number);
    const StoredRow* const present = current_->rows.find(key);
    if (present != each.row.get()) continue;
    // Until it is done, nobody knows what is in the slot.
    const bool is_torn = !torn_.insert(each.number).second;
    const Status done =
        each.row ? slots_->put(each.number, each.row->value(), is_torn) : slots_->erase(each.number, is_torn);
    if (!done) return done;
    torn_.erase(each.number);
    if (!each.row) continue;
    auto row = StoredRow::make_elsewhere(each.row->key(), each.row->value_bytes());
    filled.push_back({row->key(), row});
  }
  std::ranges::sort(filled, {}, &RowChange::key);
  return slots_->sync();
}

// ---- rewriting the journal ----

bool JournaledRows::wants_base() const {
  if (journal_.has_begun_base() || no_base_at_ == journal_.commit()) return false;
  const std::uint64_t live_bytes = counts_.journal_bytes + 2 * journal_header_bytes;
  return journal_.bytes() > limits::journal_growth * live_bytes + options_.journal_least_bytes;
}

/// A base has the rows in memory. A value that waits for its slot is one of them, and so is, in its way, a key that is
/// yet to be erased there.
Status JournaledRows::begin_base() {
  if (Status begun = journal_.begin_base(); !begun) {
    no_base_at_ = journal_.commit();
    return begun;
  }
  base_rows_ = current_->rows;
  base_row_ = base_rows_.seek({});
  std::set<Bytes> erased;
  for (const Waiting& each : waiting_) {
    Bytes key = clients_space + std::to_string(each.number);
    if (!each.row && base_rows_.find(key) == nullptr) erased.insert(std::move(key));
  }
  base_erased_.assign(erased.rbegin(), erased.rend());
  return {};
}

Status JournaledRows::go_on_with_base() {
  Status done;
  std::size_t rows = 0;
  std::uint64_t bytes = 0;
  for (; done && !base_erased_.empty() && rows < rows_per_step; ++rows) {
    done = journal_.add_to_base(base_erased_.back(), std::nullopt);
    base_erased_.pop_back();
  }
  for (; done && base_row_->valid() && rows < rows_per_step && bytes < options_.step_bytes; ++rows) {
    const StoredRow& row = base_row_->row();
    if (!row.is_elsewhere()) done = journal_.add_to_base(row.key(), row.value());
    bytes += store::journal_bytes(row);
    base_row_->next();
  }
  const bool is_over = base_erased_.empty() && !base_row_->valid();
  if (done && !is_over) return {};
  if (done) done = journal_.end_base();
  if (!done) no_base_at_ = journal_.commit();
  base_row_.reset();
  base_rows_ = {};
  base_erased_.clear();
  return done;
}

}  // namespace parley::store
