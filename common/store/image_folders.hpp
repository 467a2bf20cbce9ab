#pragma once
#include <filesystem>

#include "common/base/result.hpp"

/// The folders beside a store in which an image comes in and takes its place. What stands on disk says how far it was:
///
///     STORE.incoming   rows that have come so far; worth nothing after a crash
///     STORE.image      all rows, synced: complete
///     STORE.old        what STORE was, while STORE.image takes its name
///
/// Each step is one rename, synced.
namespace parley::store {

[[nodiscard]] std::filesystem::path incoming_folder(const std::filesystem::path& store);
[[nodiscard]] std::filesystem::path complete_folder(const std::filesystem::path& store);

/// STORE.incoming, which is closed and synced, becomes STORE.image.
[[nodiscard]] Status mark_image_complete(const std::filesystem::path& store);
/// STORE.image becomes STORE.
[[nodiscard]] Status put_image_in_place(const std::filesystem::path& store);
/// What an image has left, complete or not. What cannot be removed stays for the next attempt.
void remove_image_folders(const std::filesystem::path& store);
/// Before a store is opened: finishes a step that a crash cut short, and removes what is worth nothing. A complete
/// image stays.
[[nodiscard]] Status tidy_image_folders(const std::filesystem::path& store);

}  // namespace parley::store
