#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/base/byte_codec.hpp"
#include "common/base/engine_limits.hpp"

/// The bytes of the journals of the engines `memory` and `disk`: one writer and one reader of each structure that
/// FORMAT.md describes. Pure.
namespace parley::store {

/// A journal has what commits changed, behind a number of commits; a base has all rows that were there then.
enum class JournalKind : std::uint8_t { journal, base };

/// What such a file begins with.
struct JournalHeader {
  JournalKind kind = JournalKind::journal;
  std::uint32_t slot = 0;    ///< bytes of a slot of the engine `disk`; 0: the engine `memory`
  std::uint64_t store = 0;   ///< a number of this store's own, so that its parts are told from any other bytes
  std::uint64_t commit = 0;  ///< the commit that a base is of, or behind which a journal goes on
  friend bool operator==(const JournalHeader&, const JournalHeader&) = default;
};

/// Padded to a page, so that no later write touches the page in which it ends.
inline constexpr std::size_t journal_header_bytes = 4096;

[[nodiscard]] Bytes encode_header(const JournalHeader& header);
/// Nothing if no intact header of this version stands there.
[[nodiscard]] std::optional<JournalHeader> decode_header(BytesView bytes);

/// Twelve digits, `.journal` or `.base`.
[[nodiscard]] std::string journal_name(JournalKind kind, std::uint64_t commit);
/// The other way round; nothing for any other name.
struct JournalName {
  JournalKind kind = JournalKind::journal;
  std::uint64_t commit = 0;
  friend auto operator<=>(const JournalName&, const JournalName&) = default;
};
[[nodiscard]] std::optional<JournalName> parse_journal_name(std::string_view name);

enum class PartKind : std::uint8_t {
  rows = 1,  ///< of a commit, or of a base; more follow
  last = 2,  ///< the last rows of that
  seal = 3,  ///< no rows: what stands before is synced, and so are the slots of what commits up to one changed
  over = 4,  ///< the same, and another journal follows
};
[[nodiscard]] constexpr bool is_seal(PartKind kind) { return kind == PartKind::seal || kind == PartKind::over; }

/// Where a part stands. It is bound into the checksum, so that no part is taken for one in another place, and so that
/// nobody who does not know the store's number can forge one within a value.
struct PartPlace {
  std::uint64_t store = 0;
  JournalName file;
  std::uint64_t offset = 0;
};

/// What stands before the rows of a part.
struct PartHead {
  std::uint32_t bytes = 0;  ///< of the part, without padding
  PartKind kind = PartKind::rows;
  std::uint64_t commit = 0;
  std::uint32_t attempt = 0;  ///< drawn for each attempt to write a commit: parts of two are never put together
  std::uint32_t number = 0;   ///< of the part within its commit, from 0
};

inline constexpr std::size_t part_alignment = 8;
inline constexpr std::size_t part_head_bytes = 32;
[[nodiscard]] constexpr std::size_t padded_part(std::size_t bytes) {
  return (bytes + part_alignment - 1) / part_alignment * part_alignment;
}
/// What a row takes in a part.
[[nodiscard]] constexpr std::size_t journal_row_bytes(std::size_t key, std::size_t value) { return 8 + key + value; }

/// A part that is put together: begin, rows, end.
class PartWriter {
 public:
  void begin(std::uint64_t commit, std::uint32_t attempt, std::uint32_t number);
  void put(BytesView key, BytesView value);
  void erase(BytesView key);
  /// All that a seal has.
  void filled(std::uint64_t commit);
  [[nodiscard]] std::size_t bytes() const { return part_.size(); }
  /// Lives until the next begin().
  [[nodiscard]] BytesView end(const PartPlace& place, PartKind kind);

 private:
  Bytes part_;
  std::uint64_t commit_ = 0;
  std::uint32_t attempt_ = 0;
  std::uint32_t number_ = 0;
};

/// The head of a part whose first part_head_bytes these are; nothing if they begin none, or one longer than may be.
[[nodiscard]] std::optional<PartHead> decode_part_head(BytesView head);
/// True if the padded bytes of a part match their checksum in that place.
[[nodiscard]] bool is_intact(BytesView part, const PartPlace& place);

/// What an intact seal says: the commit up to which slots are filled. Nothing if it does not.
[[nodiscard]] std::optional<std::uint64_t> filled_by(BytesView part, const PartHead& head);

/// Visits the rows of an intact part, `value` being nothing for one that was erased. False if they are no rows.
using PartVisitor = std::function<void(BytesView key, std::optional<BytesView> value)>;
[[nodiscard]] bool visit_part(BytesView part, const PartHead& head, const PartVisitor& visitor);

}  // namespace parley::store
