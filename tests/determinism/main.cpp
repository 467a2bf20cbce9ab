// Applies a log and prints what came of it, so that programs that were built otherwise can be held against each other.
//
//     determinism make FILE SEED COUNT    writes a log
//     determinism apply FILE              prints digests of it every 1000 entries, and at its end
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "common/app/application.hpp"
#include "common/app/recorded_table.hpp"
#include "common/app/table.hpp"
#include "common/base/byte_codec.hpp"
#include "common/base/ensure.hpp"
#include "common/base/hash.hpp"
#include "tests/app/log_maker.hpp"

namespace parley::app {
namespace {

constexpr std::uint64_t entries_per_line = 1000;
/// Now and then an application goes on from its rows, as after a restart.
constexpr std::uint64_t entries_per_life = 7000;
/// Enough for most of what is asked for, and little enough to be reached.
constexpr std::uint64_t quota_bytes = 12'000;

void append_entry(const Entry& entry, Bytes& out) {
  ByteWriter(out)
      .number(entry.term.value)
      .number(static_cast<std::uint8_t>(entry.kind))
      .number(entry.time.cluster_us)
      .number(entry.time.wall_us)
      .sized(entry.payload.view());
}

Entry take_entry(ByteReader& in, Index index) {
  Entry entry;
  entry.index = index;
  entry.term.value = in.number<std::uint64_t>();
  entry.kind = static_cast<EntryKind>(in.number<std::uint8_t>());
  entry.time.cluster_us = in.number<std::uint64_t>();
  entry.time.wall_us = in.number<std::uint64_t>();
  entry.payload = SharedBytes(Bytes(in.sized()));
  entry.digest = blake2b(entry.payload.view());
  return entry;
}

int make(const char* file, std::uint64_t seed, std::uint64_t count) {
  LogMaker maker(seed, quota_bytes, false, true);
  Bytes log;
  for (std::uint64_t i = 0; i < count; ++i) append_entry(maker.next(), log);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(log.data(), static_cast<std::streamsize>(log.size()));
  return out.flush() ? 0 : 1;
}

/// What the log must have had in it to show anything: each operation, carried out, and each way to refuse one.
bool has_all(const std::set<std::string>& seen) {
  bool has_all = true;
  for (std::size_t number = 0; number < std::variant_size_v<Operation> - 1; ++number)
    has_all = seen.contains("keys " + std::to_string(number)) && has_all;
  for (std::size_t number = 0; number < std::variant_size_v<chat::Operation>; ++number)
    has_all = seen.contains("chat " + std::to_string(number)) && has_all;
  for (const ErrorWord word :
       {ErrorWord::not_found, ErrorWord::mismatch, ErrorWord::quota, ErrorWord::too_large, ErrorWord::invalid,
        ErrorWord::session_expired, ErrorWord::denied, ErrorWord::exists, ErrorWord::not_member}) {
    has_all = seen.contains(std::string(text(word))) && has_all;
  }
  return has_all && seen.contains("ended") && seen.contains("closed") && seen.contains("duplicate");
}

void note(const Entry& entry, const Outcome& outcome, std::set<std::string>& seen) {
  if (outcome.ended > 0) seen.insert("ended");
  if (!outcome.closed.empty()) seen.insert("closed");
  if (outcome.duplicate) seen.insert("duplicate");
  if (entry.kind != EntryKind::command) return;
  seen.insert(std::string(text(outcome.reply.word)));
  const auto command = decode_command(entry.payload.view());
  if (!command || outcome.reply.word != ErrorWord::ok) return;
  if (const auto* operation = std::get_if<chat::Operation>(&command->operation)) {
    seen.insert("chat " + std::to_string(operation->index()));
  } else {
    seen.insert("keys " + std::to_string(command->operation.index()));
  }
}

Application opened(Table& table) {
  auto application = Application::open(table);
  ENSURE(application.has_value());
  return *std::move(application);
}

int apply(const char* file) {
  std::ifstream in(file, std::ios::binary);
  const Bytes log(std::istreambuf_iterator<char>(in), {});
  ByteReader reader(log);
  MemoryTable table;
  std::optional<Application> application(opened(table));
  Digest replies{};
  std::set<std::string> seen;
  Entry entry;
  while (reader.remaining() > 0) {
    entry = take_entry(reader, application->applied().next());
    const Outcome outcome = application->apply(entry);
    replies = blake2b(replies.text() + Bytes(outcome.encoded));
    note(entry, outcome, seen);
    const Meta& meta = application->meta();
    if (entry.index.value % entries_per_line == 0) {
      std::printf("%llu state %s replies %s used %llu keys %llu\n", static_cast<unsigned long long>(entry.index.value),
                  meta.state.text().c_str(), replies.text().c_str(), static_cast<unsigned long long>(meta.used_bytes),
                  static_cast<unsigned long long>(meta.keys));
    }
    if (entry.index.value % entries_per_life == 0) {
      application->save_meta();
      application.emplace(opened(table));
    }
  }
  application->save_meta();
  Digest rows{};
  std::size_t count = 0;
  table.scan({}, [&](BytesView key, BytesView value) {
    rows = blake2b(rows.text() + blake2b(key).text() + blake2b(value).text());
    return ++count > 0;
  });
  std::printf("%zu rows %s\n", count, rows.text().c_str());
  if (has_all(seen)) return 0;
  std::fputs("the log has not everything in it that it is for\n", stderr);
  for (const std::string& each : seen) std::fprintf(stderr, "%s; ", each.c_str());
  return 1;
}

}  // namespace
}  // namespace parley::app

int main(int argc, char** argv) {
  const std::string what = argc > 2 ? argv[1] : "";
  if (what == "make" && argc == 5)
    return parley::app::make(argv[2], std::strtoull(argv[3], nullptr, 10), std::strtoull(argv[4], nullptr, 10));
  if (what == "apply" && argc == 3) return parley::app::apply(argv[2]);
  std::fputs("determinism make FILE SEED COUNT | determinism apply FILE\n", stderr);
  return 64;
}
