#pragma once
#include <cstdint>
#include <variant>

#include "common/base/entry.hpp"

/// What two replicas say to each other to move an image of the state from one to the other. PROTOCOL.md of wire has the
/// bytes.
namespace parley::transfer {

/// One attempt to send an image: drawn at random by its sender.
struct TransferId : StrongNumber<struct TransferIdTag> {};

/// What an image is of: the state behind the entry `index`, and all that a log needs to go on from there.
struct ImageHead {
  Index index;
  Term term;  ///< of that entry
  Digest digest;
  EntryTime time;
  Index membership_index;  ///< of the entry that put the membership in force
  SharedBytes membership;
  friend bool operator==(const ImageHead&, const ImageHead&) = default;
};

/// Sender to receiver: an image is there for you. Repeated as a question while nothing is heard of the receiver.
struct ImageOffer {
  TransferId id;
  ImageHead head;
  friend bool operator==(const ImageOffer&, const ImageOffer&) = default;
};

/// Sender to receiver: rows in the order of their keys (rows.hpp).
struct ImageChunk {
  TransferId id;
  std::uint64_t sequence = 0;  ///< 0, 1, 2, ...
  bool is_last = false;
  std::uint64_t checksum = 0;  ///< chained: of the rows and the checksum before
  SharedBytes rows;
  friend bool operator==(const ImageChunk&, const ImageChunk&) = default;
};

/// How far the receiver is. The numbers stand on the wire.
enum class ImagePhase : std::uint8_t {
  receiving = 0,   ///< wants chunks
  installing = 1,  ///< has all of them; this may take long, and must not begin anew
  installed = 2,
  refused = 3,  ///< of no use here, or it could not be kept
};
inline constexpr std::uint8_t last_image_phase = 3;

/// Receiver to sender, after each chunk and each offer.
struct ImageProgress {
  TransferId id;
  ImagePhase phase = ImagePhase::receiving;
  std::uint64_t next = 0;    ///< the chunk that it needs next: everything before is kept
  std::uint64_t credit = 0;  ///< chunks below this number may be sent
  friend bool operator==(const ImageProgress&, const ImageProgress&) = default;
};

using Message = std::variant<ImageOffer, ImageChunk, ImageProgress>;

}  // namespace parley::transfer
