#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "common/app/slots.hpp"
#include "common/files/file_system.hpp"

namespace parley::store {

/// The slots as they can be read: those of rows that stand there, which nobody changes while a snapshot needs them.
class SlotView {
 public:
  SlotView(std::shared_ptr<const files::Mapping> mapping, std::uint32_t slot, std::string file)
      : mapping_(std::move(mapping)), slot_(slot), file_(std::move(file)) {}

  /// The value in that slot, which has so many bytes; stops the process if it has not, or is damaged. Lives as long as
  /// the view.
  [[nodiscard]] BytesView value(std::uint64_t number, std::uint32_t value_bytes) const;

 private:
  friend class SlotFile;
  std::shared_ptr<const files::Mapping> mapping_;
  std::uint32_t slot_;
  std::string file_;
};

/// The values of the engine `disk`: that of key K in slot K, at K times the bytes of a slot, in one file with holes.
///
///     u32 length, u64 checksum of number, length and value (never 0), value, zeros
///
/// A slot without a value is zeros. What a slot has is changed in place, so the caller sees to it that whatever a crash
/// tears is written again, and that nobody reads meanwhile. One thread, but for views.
class SlotFile {
 public:
  static constexpr std::string_view name = "values";

  /// Makes an empty one, in a folder that has none; durable once the folder is synced.
  [[nodiscard]] static Status create(files::FileSystem& files, const std::filesystem::path& folder);
  /// `growth`: bytes by which the file grows at least; they are a hole.
  [[nodiscard]] static Result<SlotFile> open(files::FileSystem& files, const std::filesystem::path& folder,
                                             std::uint32_t slot, std::uint64_t growth, files::Access access);

  /// Tells of every value, in order of slots, but those of which `is_void` says that they mean nothing. `corrupt`,
  /// naming slot and offset, for anything that no put() has left.
  [[nodiscard]] Status scan(const std::function<bool(std::uint64_t number)>& is_void,
                            const std::function<void(std::uint64_t number, std::uint32_t value_bytes)>& found) const;

  /// Durable after sync(). `is_torn`: nobody knows what is in the slot.
  [[nodiscard]] Status put(std::uint64_t number, BytesView value, bool is_torn);
  [[nodiscard]] Status erase(std::uint64_t number, bool is_torn);
  [[nodiscard]] Status sync() { return file_->sync(); }

  /// Of all that was put before.
  [[nodiscard]] const std::shared_ptr<const SlotView>& view() const { return view_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  SlotFile(std::unique_ptr<files::File> file, std::string where, std::uint32_t slot, std::uint64_t growth)
      : file_(std::move(file)), where_(std::move(where)), slot_(slot), growth_(growth) {}

  [[nodiscard]] Status map();
  [[nodiscard]] Status grow(std::uint64_t bytes);
  [[nodiscard]] std::optional<std::uint32_t> value_bytes(BytesView slot, std::uint64_t number) const;
  [[nodiscard]] Result<std::uint64_t> end_of_data(std::uint64_t number, bool is_torn);
  [[nodiscard]] Status clear(std::uint64_t from, std::uint64_t to);

  std::unique_ptr<files::File> file_;
  std::string where_;
  std::uint32_t slot_;
  std::uint64_t growth_;
  std::uint64_t bytes_ = 0;
  std::shared_ptr<const SlotView> view_;
  Bytes buffer_;
};

}  // namespace parley::store
