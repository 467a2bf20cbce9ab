#include "tests/logger/tools_testing.hpp"

#include "common/app/application.hpp"
#include "common/transfer/rows.hpp"
#include "logger/compaction/command_reduction.hpp"

namespace parley::logger_testing {

void ClusterLog::elect() {
  term_ = term_.next();
  add(EntryKind::noop, {});
}

void ClusterLog::add(EntryKind kind, BytesView payload) { entries_.push_back(maker_.next(term_, payload, kind)); }

void ClusterLog::open_session(std::uint64_t nonce) {
  add(EntryKind::command, app::encode_command({.operation = app::OpenSession{nonce}}));
  session_ = SessionId{last().value};
  seq_ = 0;
}

void ClusterLog::run(const app::Operation& operation) {
  ++seq_;
  again(operation);
}

void ClusterLog::again(const app::Operation& operation) {
  add(EntryKind::command, app::encode_command({session_, RequestSeq{seq_}, RequestSeq{seq_}, operation}));
}

wal::Start ClusterLog::place(Index index) const {
  const Entry& entry = at(index.value);
  return {entry.index, entry.term, entry.digest, entry.time};
}

ArchiveMaker::ArchiveMaker(wal::FileSystem& disk, const ClusterLog& log, const std::filesystem::path& folder)
    : disk_(disk), committed_(log), layout_{folder} {
  archive_.emplace(good(archive::Archive::open(disk, folder, wal::OpenMode::use)));
  const wal::Identity identity{log.cluster(), wal_testing::test_identity().server};
  log_.emplace(good(wal::Log::create(disk, layout_.live(), identity, archive_testing::live_options(layout_))));
}

void ArchiveMaker::compact(const archive::CompactionOptions& options) {
  compaction_ = options;
  restart();
}

void ArchiveMaker::restart() {
  log_.reset();
  archive_.reset();
  archive_.emplace(good(archive::Archive::open(disk_, layout_.root, wal::OpenMode::use)));
  if (compaction_) archive_->compact_with(logger::make_command_reduction(), *compaction_);
  log_.emplace(std::move(good(wal::Log::open(disk_, layout_.live(), archive_testing::live_options(layout_))).log));
  archive_->live_begins(log_->segments().front().sequence, log_->segments().front().before);
}

void ArchiveMaker::take(Index to) {
  while (log_->last().index < to) {
    std::vector<Entry> entries;
    for (Index next = log_->last().index.next(); next <= to && entries.size() < 5; next = next.next())
      entries.push_back(committed_.at(next.value));
    wal_testing::write_and_sync(*log_, entries);
  }
}

void ArchiveMaker::seal() {
  good(log_->trim_before(log_->segments().back().before.index.next()));
  archive_->live_begins(log_->segments().front().sequence, log_->segments().front().before);
  while (good(archive_->step())) {
  }
}

void ArchiveMaker::add_image(Index index) {
  app::MemoryTable table;
  auto application = good(app::Application::open(table));
  for (Index at{1}; at <= index; at = at.next()) (void)application.apply(committed_.at(at.value));
  application.save_meta();
  Bytes rows;
  for (const auto& [key, value] : table.rows()) transfer::append_row(rows, key, value);
  const archive::ImageFileHead head = archive_testing::image_head(committed_.place(index));
  const auto writer = archive_->image_writer();
  writer->expect(head);
  good(writer->begin());
  good(writer->add(rows));
  good(writer->complete(head.image));
  good(archive_->add_image(index));
}

void ArchiveMaker::restart_behind(Index index) {
  add_image(index);
  good(log_->start_after(committed_.place(index), {Index{1}, "the members"}));
  archive_->live_begins(log_->segments().front().sequence, log_->segments().front().before);
}

logger::tools::Console Said::console() {
  logger::tools::Console console;
  console.print = [this](std::string_view text) -> Status {
    out += text;
    return {};
  };
  console.remark = [this](const std::string& remark) { remarks += remark + '\n'; };
  console.show_progress = [](Index, Index) {};
  return console;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  return lines;
}

}  // namespace parley::logger_testing
