#pragma once
#include <filesystem>
#include <optional>

#include "common/files/file_system.hpp"
#include "common/store/journal_format.hpp"

namespace parley::store {

/// Reads the parts of a journal or a base, believing nothing.
class PartReader {
 public:
  /// Reads the head of the file; `corrupt` if it is none, or of another file.
  [[nodiscard]] static Result<PartReader> open(files::FileSystem& files, const std::filesystem::path& folder,
                                               const JournalName& name);

  [[nodiscard]] const JournalHeader& header() const { return header_; }
  [[nodiscard]] const std::filesystem::path& where() const { return where_; }
  [[nodiscard]] std::uint64_t file_bytes() const { return file_bytes_; }

  /// The head of the intact part that stands there, if one does; then part() are its bytes.
  [[nodiscard]] Result<std::optional<PartHead>> read(std::uint64_t offset);
  /// Lives until the next call.
  [[nodiscard]] const Bytes& part() const { return part_; }
  [[nodiscard]] Bytes take_part() { return std::move(part_); }

  /// Where, from this offset on, an intact part stands that says that this commit was synced: rows of a later one, or a
  /// seal of this or a later one.
  [[nodiscard]] Result<std::optional<std::uint64_t>> find_witness(std::uint64_t offset, std::uint64_t commit);
  /// Where, from this offset on, the first byte stands that is not zero; the end of the file if there is none.
  [[nodiscard]] Result<std::uint64_t> find_data(std::uint64_t offset) const;

 private:
  PartReader(std::unique_ptr<files::File> file, std::filesystem::path where)
      : file_(std::move(file)), where_(std::move(where)) {}
  [[nodiscard]] Result<BytesView> read_bytes(std::uint64_t offset, std::size_t size, Bytes& into) const;

  std::unique_ptr<files::File> file_;
  std::filesystem::path where_;
  JournalHeader header_;
  JournalName name_;
  std::uint64_t file_bytes_ = 0;
  Bytes part_;
};

}  // namespace parley::store
