#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/transport/range_client.hpp"
#include "recovery/plan.hpp"
#include "recovery/statements.hpp"

namespace parley::recovery {

/// A node or a logger that is asked, and what is known of it.
struct Source {
  enum class Standing {
    asked,  ///< its head has not come
    ready,
    away,  ///< it did not answer in time; it may again
    out,   ///< it is of no use, for ever
  };
  Address address;
  std::unique_ptr<transport::RangeClient> client;
  Standing standing = Standing::asked;
  std::string name;  ///< empty until it has said so
  RangeHead head;
  std::optional<Error> trouble;  ///< why it is away or out
  std::optional<transport::RangeAsk> head_ask;
  std::uint64_t entries = 0;  ///< that it has brought
  std::uint64_t bytes = 0;    ///< of these and of rows
};

struct SourcesOptions {
  std::vector<Address> addresses;
  ClusterId cluster;  ///< nil: the one that the sources serve
  std::uint64_t timeout_us = 0;
  int stop_fd = -1;  ///< readable when somebody wants all of this to end; -1: nobody will
  int bell_fd = -1;  ///< readable when something else than a source needs a look; -1: nothing will
};

/// The sources of one cluster, their heads, and what they say. Who does not answer, lies or is damaged is reported and
/// left aside; who contradicts another is an error of all. One thread.
class Sources {
 public:
  using Report = std::function<void(const std::string&)>;

  Sources(mq::Context& context, const Clock& clock, SourcesOptions options, Report report);

  /// ErrorCode::usage, naming the address, if nobody can have it.
  [[nodiscard]] Status connect();
  enum class Patience {
    short_for_others,  ///< once one has answered, the others have limits::recovery_heads_ms more
    until_the_end
  };
  /// Asks those for their heads that are not out, until `until_us` at most. `refused` for a contradiction, or when it
  /// was interrupted; otherwise what the sources fail by if none is ready.
  [[nodiscard]] Status ask_heads(std::uint64_t until_us, Patience patience);

  /// What a source says, other than heads.
  struct Said {
    std::size_t source;
    transport::RangeEvent event;
  };
  /// The next; nothing if there is none by then, or something else needs a look: contradiction(), a head, a wake-up.
  [[nodiscard]] std::optional<Said> await(std::uint64_t until_us);
  /// Waits without listening to them, until then or a wake-up.
  void wait_for_bell(std::uint64_t until_us) const;
  [[nodiscard]] bool is_stopped() const;

  /// It lies, is damaged, or refuses: whatever it has stated is not believed.
  void leave_out(std::size_t source, const Error& error);
  /// It does not answer now.
  void put_away(std::size_t source, const Error& error);
  /// It states this of the chain. False if another has stated something else, which contradiction() says; or it has
  /// itself, and is left out.
  [[nodiscard]] bool state(std::size_t source, Index index, const Digest& digest);
  /// These two differ.
  void contradict(const Mismatch& mismatch);

  [[nodiscard]] const std::optional<Error>& contradiction() const { return contradiction_; }
  [[nodiscard]] const Statements& statements() const { return statements_; }
  [[nodiscard]] const ClusterId& cluster() const { return cluster_; }
  [[nodiscard]] std::size_t size() const { return sources_.size(); }
  [[nodiscard]] Source& at(std::size_t number) { return sources_.at(number); }
  [[nodiscard]] std::string name_of(std::size_t number) const { return sources_.at(number).address.text(); }
  /// The number of the source with this address.
  [[nodiscard]] std::optional<std::size_t> find(const std::string& address) const;

  /// The numbers of those that are ready, and their heads in the same order.
  [[nodiscard]] std::vector<std::size_t> ready() const;
  [[nodiscard]] std::vector<RangeHead> heads() const;
  [[nodiscard]] bool is_any(Source::Standing standing) const;
  /// Some source is neither ready nor out.
  [[nodiscard]] bool may_come_back() const { return is_any(Source::Standing::asked) || is_any(Source::Standing::away); }
  /// Why there is none to be asked any more: damage, before anything else.
  [[nodiscard]] Error failure() const;

 private:
  [[nodiscard]] Status connect(Source& source);
  [[nodiscard]] std::vector<mq::Poller::Slot> watch_wakes(mq::Poller& poller) const;
  /// True if it was about a head.
  [[nodiscard]] bool take(std::size_t number, transport::RangeEvent& event);
  void take_head(std::size_t number, const transport::HeadCame& came);
  void head_failed(std::size_t number, const transport::AskFailed& failed);
  void ask_named();
  void ask_head(Source& source);

  mq::Context& context_;
  const Clock& clock_;
  SourcesOptions options_;
  Report report_;
  ClusterId cluster_;
  std::vector<Source> sources_;
  Statements statements_;
  std::optional<Error> contradiction_;
  Patience patience_ = Patience::until_the_end;
  std::uint64_t heads_until_us_ = 0;
};

}  // namespace parley::recovery
