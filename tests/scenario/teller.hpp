#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/raft/cluster.hpp"

namespace parley::scenario {

/// Carries out the commands of one scenario on a cluster in memory and tells what happens; the commands are listed in
/// README.md.
class Teller {
 public:
  Teller();
  /// The lines that the command gives. A command that is none gives one line that says so.
  std::vector<std::string> tell(const std::string& command);

 private:
  using Words = std::vector<std::string>;
  /// Of the words behind the command.
  struct Command {
    std::size_t least_words;
    std::function<void(const Words&)> run;
  };

  void add_server_commands();
  void add_client_commands();
  void add_network_commands();
  void add_disk_commands();
  void add_image_commands();
  void add_looking_commands();
  void found_cluster(const Words& words);
  std::vector<raft::Message> take(Words words);
  void print_status();
  void print_log(std::uint64_t id);
  void print_progress(std::uint64_t id);
  [[nodiscard]] raft::harness::Cluster& cluster();

  std::map<std::string, Command> commands_;
  std::unique_ptr<raft::harness::Cluster> cluster_;
  std::vector<std::string> told_;
  bool is_quiet_ = false;
};

}  // namespace parley::scenario
