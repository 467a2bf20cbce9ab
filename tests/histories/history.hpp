#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

/// What clients of real processes asked and were told; FORMAT.md has the bytes.
namespace parley::histories {

enum class Kind : std::uint8_t { get, set, erase, compare_and_set };
enum class Read : std::uint8_t { linearizable, lease, stale };
enum class Ending : std::uint8_t { ok, not_found, mismatch, failed, unknown };

inline constexpr std::array<std::string_view, 4> kind_words = {"get", "set", "delete", "cas"};
inline constexpr std::array<std::string_view, 3> read_words = {"linearizable", "lease", "stale"};
inline constexpr std::array<std::string_view, 5> ending_words = {"ok", "not_found", "mismatch", "failed", "unknown"};

struct Begin {
  std::uint64_t ns = 0;
  std::uint64_t number = 0;
  std::string client;
  Kind kind = Kind::get;
  std::string key;
  std::string expected;            ///< by compare_and_set
  std::string value;               ///< by set and compare_and_set
  Read read = Read::linearizable;  ///< of a get
  std::string final_node;          ///< empty unless it is one of the reads behind everything else
};

struct End {
  std::uint64_t ns = 0;
  Ending ending = Ending::unknown;
  std::optional<std::string> value;
  std::optional<std::uint64_t> index;
  std::optional<std::uint64_t> age_ms;
  std::string error;
};

struct Record {
  Begin begin;
  std::optional<End> end;
  std::size_t line = 0;  ///< of its begin

  /// An answer of the application.
  [[nodiscard]] bool is_answered() const { return end && end->ending < Ending::failed; }
  [[nodiscard]] bool is_void() const { return end && end->ending == Ending::failed; }
  [[nodiscard]] bool writes() const { return begin.kind != Kind::get; }
  [[nodiscard]] bool is_stale_read() const { return begin.kind == Kind::get && begin.read == Read::stale; }
};

struct History {
  std::string note;
  std::vector<Record> records;  ///< by begin
  std::uint64_t last_ns = 0;    ///< of the last line
};

/// The lines of a file, each with its newline.
[[nodiscard]] std::string header_line();
[[nodiscard]] std::string line_of(const Begin& begin);
[[nodiscard]] std::string line_of(std::uint64_t number, const End& end);

/// Fails with ErrorCode::io, or with ErrorCode::corrupt naming the line.
[[nodiscard]] Result<History> read_history(const std::filesystem::path& file);
[[nodiscard]] Result<History> parse_history(std::string_view text);

}  // namespace parley::histories
