#pragma once
#include <unistd.h>

#include <sstream>
#include <string>
#include <vector>

#include "client/cli/command.hpp"
#include "tests/client/client_testing.hpp"

namespace parley::client::cli {

/// A file descriptor from which this text is read, then its end, at once or when `close` is called.
class TextInput {
 public:
  enum class End { at_once, when_closed };

  explicit TextInput(const std::string& text, End end = End::at_once) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    fd_ = ends[0];
    writer_ = ends[1];
    REQUIRE(text.size() <= 65536);  // what a pipe takes without a reader
    REQUIRE(::write(writer_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    if (end == End::at_once) close();
  }
  TextInput(const TextInput&) = delete;
  TextInput& operator=(const TextInput&) = delete;
  ~TextInput() {
    close();
    ::close(fd_);
  }
  void close() {
    if (writer_ >= 0) ::close(writer_);
    writer_ = -1;
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_ = -1;
  int writer_ = -1;
};

/// The command line against a fake cluster.
struct CliFixture : Fixture {
  explicit CliFixture(const std::string& input_text = "", std::size_t servers = 1,
                      TextInput::End end = TextInput::End::at_once)
      : Fixture(servers), input_end(input_text, end), input(input_end.fd(), limits::client_line_bytes) {
    environment.options.servers = cluster.addresses();
  }

  /// Runs one command as if the arguments had been given behind its name.
  int run_command(const std::string& name, const std::vector<std::string>& arguments) {
    const CommandInfo* info = find_command(name);
    REQUIRE(info != nullptr);
    const auto command = info->make();
    config::OptionTable table({name});
    command->declare(table);
    const auto parsed = table.parse(arguments);
    REQUIRE(parsed.has_value());
    REQUIRE(problem_of_arguments(*info, parsed->positional.size()).empty());
    REQUIRE(command->given(*parsed).has_value());
    out.str("");
    err.str("");
    return command->run(environment, parsed->positional);
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::istringstream stream(out.str());
    std::vector<std::string> all;
    for (std::string line; std::getline(stream, line);) all.push_back(line);
    return all;
  }

  TextInput input_end;
  LineReader input;
  std::ostringstream out;
  std::ostringstream err;
  Environment environment{{}, cluster, cluster.clock, client, input, out, err};
};

}  // namespace parley::client::cli
