#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/mq/context.hpp"
#include "common/mq/signaler.hpp"
#include "recovery/installer.hpp"
#include "recovery/sources.hpp"

namespace parley::recovery {

struct RecoveryRequest {
  SourcesOptions sources;  ///< `timeout_us`: how long nothing may come
  Wanted wanted;
  std::filesystem::path folder;  ///< where the state is made
  bool keeps_folder = false;     ///< as a data folder; otherwise it is only made, and gone in the end
  std::size_t hands = 0;         ///< BuildOptions::hands
};

/// How far it is.
struct Progress {
  const char* phase = "";
  Index next;
  Index to;
  std::uint64_t bytes = 0;
  std::uint64_t elapsed_us = 0;
};

/// What was done.
struct Outcome {
  ClusterId cluster;
  Plan plan;
  std::string image_source;                ///< address; empty without an image
  std::vector<transfer::IndexRange> gaps;  ///< that the image is behind: no source has these entries
  Index from;                              ///< the interval of which commands are counted
  Digest digest;                           ///< of the chain at plan.to
  std::uint64_t bytes = 0;                 ///< of entries and rows, as they came
  std::uint64_t entries = 0;
  std::uint64_t commands = 0;
  std::uint64_t transfer_us = 0;
  std::uint64_t total_us = 0;
  std::optional<Installed> installed;
};

/// One recovery, from the first question to the state. One thread, beside those of the installer.
///
///     ask all for their heads -> make_plan -> image? -> entries, from one source after the other -> ask the others
///     whether they have the same chain -> make the rows durable, or the folder
///
/// What comes is verified before it is installed, and the folder gets its name only after everybody was asked.
class Recovery {
 public:
  using Report = Sources::Report;
  using Show = std::function<void(const Progress&)>;

  /// `show` is called about once a second.
  Recovery(mq::Context& context, const Clock& clock, RecoveryRequest request, Report report, Show show);

  [[nodiscard]] Result<Outcome> run();
  /// The sources, for a report.
  [[nodiscard]] Sources& sources() { return sources_; }

 private:
  /// Why a step did not end: an error, or everything is to begin anew with what sources have by now.
  struct Again {};
  using Step = std::expected<void, std::variant<Error, Again>>;

  [[nodiscard]] Step attempt();
  [[nodiscard]] Step make_plan_of_heads();
  [[nodiscard]] Step fetch_image();
  [[nodiscard]] Step fetch_image_from(std::size_t number);
  [[nodiscard]] Step take_image_failure(std::size_t number, const transport::AskFailed& failed);
  [[nodiscard]] Step install_image(std::size_t number, const transfer::ImageHead& head);
  [[nodiscard]] Step fetch_entries();
  [[nodiscard]] Step fetch_some(std::size_t number);
  void take(std::size_t number, transport::EntriesCame& came);
  [[nodiscard]] Step take_failure(std::size_t number, const transport::AskFailed& failed);
  [[nodiscard]] Step disagree(std::size_t number, const transfer::EntryReceiver::Disagreement& found);
  [[nodiscard]] Step wait_for_sources();
  [[nodiscard]] Step ask_others();
  [[nodiscard]] Step ask_other(std::size_t number);
  [[nodiscard]] Step check_complete();
  [[nodiscard]] std::optional<Index> next_complete();
  [[nodiscard]] std::expected<Installer::Looked, std::variant<Error, Again>> look();
  [[nodiscard]] Step end_installation();

  /// The next event of this ask. Waits meanwhile until the installer has room; gives up for what went wrong elsewhere.
  [[nodiscard]] std::expected<transport::RangeEvent, std::variant<Error, Again>> await(std::size_t number);
  [[nodiscard]] Step look_around();
  [[nodiscard]] Error does_not_come(const Error& why) const;
  [[nodiscard]] Step go_on_without(std::size_t number, const Error& error);
  [[nodiscard]] Step check_boundary();
  void show();
  [[nodiscard]] std::uint64_t now_us() const { return clock_.now().monotonic_us; }
  [[nodiscard]] std::uint64_t time_left_us() const;

  const Clock& clock_;
  RecoveryRequest request_;
  Report report_;
  Show show_;
  mq::Signaler bell_;
  Sources sources_;
  std::unique_ptr<Installer> installer_;
  bool has_image_ = false;  ///< plan.image has come whole
  Outcome outcome_;
  Index next_;
  std::optional<Digest> digest_;         ///< of the chain before next_
  std::optional<Digest> digest_before_;  ///< and one entry before that
  std::string digest_by_;                ///< whose entries gave it; empty: it follows from the cluster
  std::uint64_t began_us_ = 0;
  std::uint64_t came_us_ = 0;  ///< when something came last
  std::uint64_t shown_us_ = 0;
};

}  // namespace parley::recovery
