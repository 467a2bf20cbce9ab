#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "common/base/clock.hpp"
#include "common/base/recovery_limits.hpp"
#include "common/config/recovery_options.hpp"
#include "common/daemon/stop_signals.hpp"
#include "recovery/exit_code.hpp"
#include "recovery/recovery.hpp"
#include "recovery/report.hpp"

namespace parley::recovery {
namespace {

namespace fs = std::filesystem;
using config::RecoveryOptions;

int complain(const Error& error) {
  fmt::print(stderr, "parley-recovery: {}\n", error.what);
  return exit_code(error.code);
}

/// A folder of its own among the system's temporary files, gone with this.
class TemporaryFolder {
 public:
  [[nodiscard]] Status make() {
    std::error_code code;
    std::string name = (fs::temp_directory_path(code) / "parley-recovery-XXXXXX").string();
    if (code || mkdtemp(name.data()) == nullptr)
      return fail(ErrorCode::usage, "no folder can be made in TMPDIR: " + name);
    path_ = name;
    return {};
  }
  TemporaryFolder() = default;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void show(const Progress& progress) {
  const double seconds = static_cast<double>(std::max<std::uint64_t>(progress.elapsed_us, 1)) / 1e6;
  const std::string how_far =
      progress.to.value == 0 ? "" : fmt::format(" {} of {},", progress.next.value, progress.to.value);
  fmt::print(stderr, "{:.0f} s: {}{} {:.1f} MB, {:.1f} MB/s\n", seconds, progress.phase, how_far,
             static_cast<double>(progress.bytes) / 1e6, static_cast<double>(progress.bytes) / 1e6 / seconds);
}

/// False if a signal came first.
bool wait_first(const RecoveryOptions& options, const daemon::StopSignals& signals) {
  if (options.after_ms == 0) return true;
  pollfd waits[] = {{signals.fd(), POLLIN, 0}};
  return poll(waits, 1, static_cast<int>(options.after_ms)) == 0;
}

/// Threads for keys: as many as there are processors, within reason.
std::size_t hands(const RecoveryOptions& options) {
  if (options.replay == RecoveryOptions::Replay::sequential) return 0;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, limits::recovery_hands);
}

/// Whether the folder can be one is known before anything is asked.
Status check_folder(const RecoveryOptions& options) {
  if (options.into.empty()) return {};
  const auto tried = StateBuilder::begin(options.into);
  if (tried) return {};
  return fail(tried.error().code, "-into: " + tried.error().what);
}

int recover(const RecoveryOptions& options) {
  const daemon::StopSignals signals;
  if (const Status fine = check_folder(options); !fine) return complain(fine.error());
  if (!wait_first(options, signals)) return complain({ErrorCode::refused, "interrupted"});

  TemporaryFolder temporary;
  RecoveryRequest request;
  request.sources = {options.sources, options.cluster, options.timeout_ms * 1000, signals.fd(), -1};
  request.wanted = {options.from, options.to};
  request.keeps_folder = !options.into.empty();
  request.folder = options.into;
  request.hands = hands(options);
  if (!request.keeps_folder) {
    if (const Status made = temporary.make(); !made) return complain(made.error());
    request.folder = temporary.path() / "state";
  }
  const bool shows = options.progress || ::isatty(STDERR_FILENO) == 1;
  const auto report = [](const std::string& text) { fmt::print(stderr, "parley-recovery: {}\n", text); };
  const SystemClock clock;
  mq::Context context;
  Recovery recovery(
      context, clock, std::move(request), report, shows ? show : [](const Progress&) {});
  auto outcome = recovery.run();
  if (!outcome) return complain(outcome.error());
  const RunReport said{std::move(*outcome), report_of(recovery.sources()), options.into,
                       options.replay == RecoveryOptions::Replay::parallel ? "parallel" : "sequential"};
  fmt::print("{}", options.json ? report_json(said) : report_lines(said));
  return std::fflush(stdout) == 0 ? 0 : complain({ErrorCode::io, "cannot write to standard output"});
}

int run(int argc, const char* const* argv) {
  const auto command = config::parse_recovery_command(argc, argv);
  if (!command) return complain(command.error());
  if (command->kind == config::RecoveryCommand::Kind::recover) return recover(command->options);
  fmt::print("{}", command->text);
  return 0;
}

}  // namespace
}  // namespace parley::recovery

int main(int argc, char** argv) { return parley::recovery::run(argc, argv); }
