#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "common/base/clock.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/mailbox.hpp"
#include "common/mq/signaler.hpp"
#include "recovery/state_builder.hpp"

namespace parley::recovery {

/// What was installed.
struct Installed {
  app::Meta meta;
  std::optional<Bytes> incomplete_key;  ///< StateBuilder::incomplete_key
  Index last_complete;
  std::uint64_t work_us = 0;  ///< in which its thread was at work, and did not wait for more
};

/// A StateBuilder in a thread of its own, so that what has come is installed while more comes. It takes orders in their
/// order; the first error is the last thing that it does. One owner.
class Installer {
 public:
  /// `bell` is rung when there is news. See StateBuilder::begin for `folder`; clock and bell must outlive this.
  [[nodiscard]] static Result<std::unique_ptr<Installer>> start(const std::filesystem::path& folder,
                                                                BuildOptions options, const Clock& clock,
                                                                const mq::Signaler& bell);

  void add_rows(SharedBytes rows);
  void drop_rows() { order(RowsDropped{}); }
  void end_image(const transfer::ImageHead& head) { order(head); }
  void add_entries(std::vector<transfer::RangeEntry> entries, std::size_t bytes);
  /// Asks whether the state is complete, behind what was added so far: looked() says so when that is installed.
  void look() {
    looked_.reset();
    order(Look{});
  }
  enum class Ending {
    sync,    ///< makes the rows durable, to measure what that takes; they are removed with this
    finish,  ///< makes the folder
  };
  /// All has come.
  void end(Ending ending) { order(ending); }

  /// Takes what the thread has said.
  void take_news();
  /// More may be added: not too much waits.
  [[nodiscard]] bool has_room() const { return waiting_bytes_ < limits::recovery_queue_bytes; }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  /// After end(), when it is done.
  [[nodiscard]] const std::optional<Installed>& installed() const { return installed_; }
  /// What keys lack their values in the state, if a compacted archive has left some out.
  struct Looked {
    bool is_complete = true;
    Index last_complete;             ///< StateBuilder::last_complete
    std::optional<Index> completed;  ///< the first index at which it was complete again, since the look before
  };
  [[nodiscard]] const std::optional<Looked>& looked() const { return looked_; }
  /// The image is in place: end_image() is done.
  [[nodiscard]] bool has_image() const { return has_image_; }

 private:
  struct RowsDropped {};
  struct Look {};
  struct Entries {
    std::vector<transfer::RangeEntry> entries;
    std::size_t bytes;
  };
  using Order = std::variant<SharedBytes, RowsDropped, transfer::ImageHead, Entries, Look, Ending>;
  struct News {
    std::size_t bytes = 0;  ///< that wait no longer
    std::optional<Error> error;
    std::optional<Installed> installed;
    std::optional<Looked> looked;
    bool has_image = false;
  };
  struct State {
    StateBuilder builder;
    std::uint64_t work_us = 0;
    bool has_failed = false;
  };

  Installer(const Clock& clock, const mq::Signaler& bell) : clock_(clock), bell_(bell) {}
  void order(Order order) { orders_.post(std::move(order)); }
  [[nodiscard]] Status run(State& state, std::stop_token stop);
  [[nodiscard]] News carry_out(State& state, Order& order);
  [[nodiscard]] static Status carry_out(StateBuilder& builder, Order& order);

  const Clock& clock_;
  const mq::Signaler& bell_;
  mq::Mailbox<Order> orders_{0};
  mq::Mailbox<News> news_{0};
  std::vector<News> taken_;
  std::size_t waiting_bytes_ = 0;
  std::optional<Error> error_;
  std::optional<Installed> installed_;
  std::optional<Looked> looked_;
  bool has_image_ = false;
  mq::Actor actor_;  // last: joined before what its thread uses is gone
};

}  // namespace parley::recovery
