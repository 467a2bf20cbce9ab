#include "logger/tools/run.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/core.h>

#include "common/archive/layout.hpp"
#include "common/base/clock.hpp"
#include "common/daemon/exit_code.hpp"
#include "common/wal/posix_file_system.hpp"
#include "logger/tools/blame.hpp"
#include "logger/tools/diff.hpp"
#include "logger/tools/dump.hpp"
#include "logger/tools/progress.hpp"
#include "logger/tools/verify.hpp"

namespace parley::logger::tools {
namespace {

using Kind = config::LoggerCommand::Kind;

bool is_archive(wal::FileSystem& files, const std::filesystem::path& folder) {
  const archive::Layout layout{folder};
  const auto live = files.list(layout.live());
  return files.open(layout.manifest(), wal::Access::read_only).has_value() || (live && !live->empty());
}

/// Of a folder of archives, such as `-logfolder` names, the one archive in it. What is anything else is said by whoever
/// opens it.
std::string archive_of(wal::FileSystem& files, const std::string& folder, const Console& console) {
  if (folder.empty() || is_archive(files, folder)) return folder;
  const auto names = files.list(folder);
  std::vector<std::string> found;
  for (const std::string& name : names ? *names : std::vector<std::string>()) {
    const std::filesystem::path within = std::filesystem::path(folder) / name;
    if (is_archive(files, within)) found.push_back(within.string());
  }
  if (found.size() != 1) return folder;
  console.remark("the archive in " + folder + " is " + found.front());
  return found.front();
}

Result<Answer> carry_out(const config::LoggerCommand& command, const Console& console) {
  wal::PosixFileSystem files;
  config::ToolOptions tool = command.tool;
  tool.folder = archive_of(files, tool.folder, console);
  tool.other = archive_of(files, tool.other, console);
  switch (command.kind) {
    case Kind::verify: return verify(files, tool.folder, console);
    case Kind::dump: return dump(files, tool, console);
    case Kind::diff: return diff(files, tool.folder, tool.other, console);
    case Kind::blame: return blame(files, tool, console);
    case Kind::serve:
    case Kind::print: break;
  }
  ENSURE(false);
  return Answer::no;
}

std::unexpected<Error> cannot_print() {
  return fail(ErrorCode::io, std::string("cannot write to standard output: ") + std::strerror(errno));
}

}  // namespace

int run(const config::LoggerCommand& command) {
  const SystemClock clock;
  // Lines of an answer on the same terminal show progress enough.
  const bool prints_much = command.kind == Kind::dump || command.kind == Kind::blame;
  const bool is_shown = isatty(STDERR_FILENO) == 1 && !(prints_much && isatty(STDOUT_FILENO) == 1);
  Progress progress(stderr, is_shown, clock);
  Console console;
  console.print = [](std::string_view text) -> Status {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) return cannot_print();
    return {};
  };
  console.remark = [&progress](const std::string& remark) {
    progress.clear();
    fmt::print(stderr, "parley-logger: {}\n", remark);
  };
  console.show_progress = [&progress](Index at, Index last) { progress.show(at, last); };

  auto answer = carry_out(command, console);
  progress.clear();
  // Also before a fault: what was found up to there is known.
  if (std::fflush(stdout) != 0 && answer) answer = cannot_print();
  if (answer) return *answer == Answer::yes ? 0 : 1;
  fmt::print(stderr, "parley-logger: {}\n", answer.error().what);
  return daemon::exit_code(answer.error().code);
}

}  // namespace parley::logger::tools
