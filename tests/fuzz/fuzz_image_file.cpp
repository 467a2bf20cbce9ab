// The file of an image: any bytes, also with checksums that are right, and a whole one to which something was done.
// Reading it gives what was written, or says what is wrong.
#include <cstring>

#include "common/archive/image_reader.hpp"
#include "common/archive/image_writer.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/sim/files/simulated_file_system.hpp"

using namespace parley;

namespace {

const std::filesystem::path folder = "/images";
const std::filesystem::path where = folder / "image";

/// All rows of a file with these bytes; nothing if it is damaged.
std::optional<Bytes> read(BytesView bytes) {
  sim::SimulatedFileSystem files;
  ENSURE(files.make_directories(folder).has_value());
  ENSURE((*files.create(where))->write_at(0, bytes).has_value());
  auto reader = archive::ImageFileReader::open(files, where);
  if (!reader) {
    ENSURE(reader.error().code == ErrorCode::corrupt);
    return std::nullopt;
  }
  Bytes all;
  while (true) {
    const auto rows = reader->next();
    if (!rows) {
      ENSURE(rows.error().code == ErrorCode::corrupt);
      return std::nullopt;
    }
    if (!*rows) return all;
    all += **rows;
  }
}

/// A head, chunks and an end made of these bytes, each with its checksum.
void take_as_parts(BytesView bytes) {
  Bytes file(bytes.substr(0, std::min<std::size_t>(bytes.size(), archive::image_head_fixed_bytes)));
  if (file.size() < archive::image_head_fixed_bytes) return;
  const std::uint32_t membership_bytes = 0;
  std::memcpy(file.data() + 20, &membership_bytes, sizeof membership_bytes);
  const std::uint64_t sum = checksum64(BytesView(file).substr(16));
  std::memcpy(file.data() + 8, &sum, sizeof sum);
  bytes.remove_prefix(file.size());
  const auto head = archive::decode_image_head(file);
  if (!head) return;
  archive::ImageDigest digest(file);
  archive::ImageFileEnd end;
  Bytes rows;
  while (!bytes.empty()) {
    const auto size = std::min<std::size_t>(static_cast<unsigned char>(bytes.front()), bytes.size() - 1);
    const BytesView chunk = bytes.substr(1, size);
    archive::append_image_chunk(file, {head->checksum, file.size()}, end.chunks++, chunk);
    digest.add(chunk);
    rows += chunk;
    bytes.remove_prefix(1 + size);
  }
  end.digest = digest.value();
  archive::append_image_end(file, {head->checksum, file.size()}, end);
  ENSURE(read(file) == rows);
}

/// An image that was written as one is, and then changed at one place: never other rows than were written.
void take_as_damage(BytesView bytes) {
  if (bytes.size() < 4) return;
  sim::SimulatedFileSystem files;
  ENSURE(files.make_directories(folder).has_value());
  archive::ImageFileWriter writer(files, folder);
  writer.expect({});
  ENSURE(writer.begin().has_value());
  if (!writer.add(bytes.substr(4))) return;
  ENSURE(writer.complete({}).has_value());
  Bytes file = files.contents(writer.where());
  std::uint32_t place = 0;
  std::memcpy(&place, bytes.data(), 3);
  const auto mask = static_cast<unsigned char>(bytes[3]);
  char& changed = file[place % file.size()];
  changed = static_cast<char>(static_cast<unsigned char>(changed) ^ mask);
  const auto rows = read(file);
  ENSURE(mask == 0 ? rows == Bytes(bytes.substr(4)) : !rows.has_value());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes = fuzz::view(data, size);
  (void)read(bytes);
  (void)archive::decode_image_end(bytes);
  take_as_parts(bytes);
  take_as_damage(bytes);
  return 0;
}
