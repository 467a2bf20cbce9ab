#pragma once
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "common/app/command.hpp"
#include "common/app/settings.hpp"
#include "common/base/chain.hpp"
#include "common/base/entry.hpp"

namespace parley::recovery::testing {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "parley-recovery-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The log of a cluster: settings, a membership, a session, and sets of `keys` keys in turn.
inline std::vector<Entry> some_log(std::uint64_t sets, std::uint64_t keys, const app::Settings& settings = {}) {
  std::vector<Entry> log;
  Digest digest = chain_start(ClusterId{});
  const auto append = [&](EntryKind kind, Bytes payload) {
    Entry entry{Index{log.size() + 1}, Term{2}, kind, {log.size() * 10, 5}, SharedBytes(std::move(payload)), {}};
    digest = entry.digest = chain_next(digest, entry);
    log.push_back(std::move(entry));
  };
  append(EntryKind::settings, app::encode_settings(settings));
  append(EntryKind::membership, "members of a cluster that is gone");
  append(EntryKind::command, encode_command(app::Command{.operation = app::OpenSession{1}}));
  for (std::uint64_t seq = 1; seq <= sets; ++seq) {
    // With slots a key is a number.
    const Bytes key = (settings.engine == "disk" ? "" : "k") + std::to_string(seq % keys);
    const Bytes value(100, static_cast<char>('a' + seq % 26));
    append(EntryKind::command,
           encode_command(app::Command{SessionId{3}, RequestSeq{seq}, RequestSeq{seq}, app::Set{key, value}}));
  }
  return log;
}

}  // namespace parley::recovery::testing
