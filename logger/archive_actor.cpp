#include "logger/archive_actor.hpp"

#include <algorithm>
#include <utility>

namespace parley::logger {
namespace {

/// Rounds of consensus that may wait; the entries that they hold are bounded by what consensus hands over before it is
/// told that they were taken.
constexpr std::size_t mailbox_capacity = 65536;
constexpr std::uint64_t idle_us = 3'600'000'000;
/// How long the actor waits before it looks whether a full disk has room again.
constexpr std::uint64_t full_retry_us = 500'000;

/// Asks the actor, from the thread that serves ranges.
class ArchiveSource final : public replica::RangeSource {
 public:
  explicit ArchiveSource(std::shared_ptr<ArchiveMailbox> mailbox) : mailbox_(std::move(mailbox)) {}
  void read(replica::RangeTicket ticket, Index from, Index to, std::size_t max_bytes) override {
    mailbox_->post(RunAsked{ticket, from, to, max_bytes});
  }
  void open_image(replica::RangeTicket ticket, Index at_or_below) override {
    mailbox_->post(ImageAsked{ticket, at_or_below});
  }
  void read_image(replica::RangeTicket ticket) override { mailbox_->post(RowsAsked{ticket}); }
  void close_image(replica::RangeTicket ticket) override { mailbox_->post(ImageClosed{ticket}); }
  void truncate(replica::RangeTicket ticket, ServerId server, const NodeId& name, Index first_kept) override {
    mailbox_->post(VoteAsked{ticket, server, name, first_kept});
  }

 private:
  std::shared_ptr<ArchiveMailbox> mailbox_;
};

}  // namespace

ArchiveActor::ArchiveActor(const Clock& clock, obs::Logger logger)
    : clock_(clock), logger_(std::move(logger)), mailbox_(std::make_shared<ArchiveMailbox>(mailbox_capacity)) {}

std::unique_ptr<replica::RangeSource> ArchiveActor::source() const { return std::make_unique<ArchiveSource>(mailbox_); }

Status ArchiveActor::start(archive::Archive archive, const NodeId& name, ArchiveDesk::Opened opened,
                           ArchiveDesk::Calls calls, std::function<void(Error)> failed) {
  failed_ = std::move(failed);
  calls.live_run_read = [mailbox = mailbox_](LiveRunRead read) { mailbox->post(std::move(read)); };
  calls.said = [this](const std::string& what) { logger_.info("{}", what); };
  calls.warned = [this](const std::string& what) { logger_.warn("{}", what); };
  auto actor = mq::Actor::start(
      "archive", [mailbox = mailbox_] { mailbox->wake(); },
      [&]() -> Result<std::unique_ptr<ArchiveDesk>> {
        return std::make_unique<ArchiveDesk>(std::move(archive), name, std::move(opened), std::move(calls));
      },
      [this](std::unique_ptr<ArchiveDesk>& desk, const std::stop_token& stop) { return run(*desk, stop); });
  if (!actor) return std::unexpected(actor.error());
  actor_ = std::move(*actor);
  return {};
}

Status ArchiveActor::run(ArchiveDesk& desk, const std::stop_token& stop) {
  desk.begin();
  std::vector<ArchiveWork> items;
  while (!stop.stop_requested()) {
    const bool has_news = mailbox_->drain(items);
    if (const Status status = work(desk, items); !status) {
      failed_(status.error());
      return status;
    }
    if (has_news) continue;
    const std::uint64_t now_us = clock_.now().monotonic_us;
    if (!desk.has_work()) {
      mailbox_->wait(idle_us);
    } else if (is_full_ && now_us < retry_us_) {
      mailbox_->wait(retry_us_ - now_us);
    }
  }
  return {};
}

Status ArchiveActor::work(ArchiveDesk& desk, std::vector<ArchiveWork>& items) {
  for (ArchiveWork& item : items) {
    if (Status taken = desk.take(item); !taken) return taken;
  }
  items.clear();
  if (!desk.has_work()) return {};
  if (is_full_ && clock_.now().monotonic_us < retry_us_) return {};
  const auto more = desk.step();
  if (!more && more.error().code != ErrorCode::disk_full) return std::unexpected(more.error());
  if (!more) {
    retry_us_ = clock_.now().monotonic_us + full_retry_us;
    if (!std::exchange(is_full_, true)) logger_.warn("no segment can be sealed: {}", more.error().what);
  } else if (std::exchange(is_full_, false)) {
    logger_.info("segments are sealed again");
  }
  return {};
}

}  // namespace parley::logger
