#include "tests/histories/history.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <unordered_map>

#include "tests/histories/json_line.hpp"

namespace parley::histories {
namespace {

constexpr std::uint64_t version = 1;

std::unexpected<Error> wrong(std::string what) { return fail(ErrorCode::corrupt, std::move(what)); }

/// The fields of a line, each taken once; what is left over is a mistake.
class Fields {
 public:
  explicit Fields(std::vector<JsonField> fields) : fields_(std::move(fields)) {}

  [[nodiscard]] bool has(std::string_view name) const {
    return std::ranges::find(fields_, name, &JsonField::name) != fields_.end();
  }
  std::optional<std::uint64_t> number(std::string_view name) { return take<std::uint64_t>(name); }
  std::optional<std::string> text(std::string_view name) {
    const auto found = take<std::string_view>(name);
    return found ? std::optional(std::string(*found)) : std::nullopt;
  }
  void need(std::string_view name, std::uint64_t& into) { keep(name, number(name), into); }
  void need(std::string_view name, std::string& into) { keep(name, text(name), into); }
  template <class E, std::size_t n>
  void need(std::string_view name, const std::array<std::string_view, n>& words, E& into) {
    const auto word = take<std::string_view>(name);
    const auto at = word ? std::ranges::find(words, *word) : words.end();
    if (at == words.end()) return complain(std::string(name) + " is missing or not one of its words");
    into = static_cast<E>(at - words.begin());
  }
  void complain(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
  }
  /// Everything was taken, and nothing was wrong.
  [[nodiscard]] Status finish() {
    if (problem_.empty() && !fields_.empty()) problem_ = std::string(fields_.front().name) + " does not belong here";
    if (!problem_.empty()) return wrong(problem_);
    return {};
  }

 private:
  template <class T>
  std::optional<T> take(std::string_view name) {
    const auto at = std::ranges::find(fields_, name, &JsonField::name);
    if (at == fields_.end()) return std::nullopt;
    const T* value = std::get_if<T>(&at->value);
    const std::optional<T> taken = value != nullptr ? std::optional(*value) : std::nullopt;
    if (!taken) complain(std::string(name) + " is of the wrong kind");
    fields_.erase(at);
    return taken;
  }
  template <class T>
  void keep(std::string_view name, std::optional<T> found, T& into) {
    if (!found) return complain(std::string(name) + " is missing");
    into = *std::move(found);
  }

  std::vector<JsonField> fields_;
  std::string problem_;
};

Begin take_begin(Fields& fields) {
  Begin begin;
  fields.need("ns", begin.ns);
  fields.need("op", begin.number);
  fields.need("client", begin.client);
  fields.need("begin", kind_words, begin.kind);
  fields.need("key", begin.key);
  if (begin.kind == Kind::compare_and_set) fields.need("expected", begin.expected);
  if (begin.kind == Kind::compare_and_set || begin.kind == Kind::set) fields.need("value", begin.value);
  if (begin.kind != Kind::get) return begin;
  fields.need("read", read_words, begin.read);
  begin.final_node = fields.text("final").value_or("");
  return begin;
}

End take_end(Fields& fields, const Begin& begin) {
  End end;
  fields.need("ns", end.ns);
  fields.need("end", ending_words, end.ending);
  if (end.ending >= Ending::failed) {
    fields.need("error", end.error);
    return end;
  }
  const bool is_comparison = begin.kind == Kind::compare_and_set;
  if (end.ending == Ending::not_found && begin.kind == Kind::set) fields.complain("a set finds what it wants");
  if (end.ending == Ending::mismatch && !is_comparison) fields.complain("only a cas can mismatch");
  std::uint64_t index = 0;
  fields.need("index", index);
  end.index = index;
  if (end.ending == Ending::mismatch) end.value = fields.text("value");
  if (begin.kind != Kind::get) return end;
  if (end.ending == Ending::ok) {
    std::string value;
    fields.need("value", value);
    end.value = std::move(value);
  }
  if (begin.read == Read::stale) end.age_ms = fields.number("age_ms");
  return end;
}

/// Takes a file line by line.
class Reader {
 public:
  Status take(std::string_view line, std::size_t number) {
    auto read = read_json_line(line);
    if (!read) return std::unexpected(read.error());
    Fields fields(*std::move(read));
    if (number == 1) return take_header(fields);
    return fields.has("begin") ? take_begin_line(fields, number) : take_end_line(fields);
  }
  History finish() && { return std::move(history_); }

 private:
  Status take_header(Fields& fields) {
    std::uint64_t found = 0;
    fields.need("history", found);
    if (found != version) fields.complain("this is no history of version 1");
    history_.note = fields.text("note").value_or("");
    return fields.finish();
  }

  Status take_begin_line(Fields& fields, std::size_t number) {
    Record record{take_begin(fields), std::nullopt, number};
    if (auto status = fields.finish(); !status) return status;
    if (!places_.emplace(record.begin.number, history_.records.size()).second) return wrong("this op has begun before");
    const std::uint64_t ns = record.begin.ns;
    history_.records.push_back(std::move(record));
    return go_on(ns);
  }

  Status take_end_line(Fields& fields) {
    std::uint64_t number = 0;
    fields.need("op", number);
    const auto place = places_.find(number);
    if (place == places_.end()) return wrong("this op has not begun");
    Record& record = history_.records[place->second];
    if (record.end) return wrong("this op has ended before");
    End end = take_end(fields, record.begin);
    if (auto status = fields.finish(); !status) return status;
    const std::uint64_t ns = end.ns;
    record.end = std::move(end);
    return go_on(ns);
  }

  Status go_on(std::uint64_t ns) {
    if (ns <= history_.last_ns) return wrong("time does not go on");
    history_.last_ns = ns;
    return {};
  }

  History history_;
  std::unordered_map<std::uint64_t, std::size_t> places_;  ///< of the operations, by number
};

}  // namespace

std::string header_line() { return JsonLine().add("history", version).finish(); }

std::string line_of(const Begin& begin) {
  JsonLine line;
  line.add("ns", begin.ns).add("op", begin.number).add("client", begin.client);
  line.add("begin", kind_words[static_cast<std::size_t>(begin.kind)]).add("key", begin.key);
  if (begin.kind == Kind::compare_and_set) line.add("expected", begin.expected);
  if (begin.kind == Kind::compare_and_set || begin.kind == Kind::set) line.add("value", begin.value);
  if (begin.kind == Kind::get) line.add("read", read_words[static_cast<std::size_t>(begin.read)]);
  if (!begin.final_node.empty()) line.add("final", begin.final_node);
  return line.finish();
}

std::string line_of(std::uint64_t number, const End& end) {
  JsonLine line;
  line.add("ns", end.ns).add("op", number).add("end", ending_words[static_cast<std::size_t>(end.ending)]);
  if (end.value) line.add("value", *end.value);
  if (end.index) line.add("index", *end.index);
  if (end.age_ms) line.add("age_ms", *end.age_ms);
  if (!end.error.empty()) line.add("error", end.error);
  return line.finish();
}

Result<History> parse_history(std::string_view text) {
  Reader reader;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    // Cut short: it was never written, as far as anybody could rely on it.
    if (end == std::string_view::npos) break;
    if (auto status = reader.take(text.substr(0, end), ++number); !status) {
      return fail(ErrorCode::corrupt, "line " + std::to_string(number) + ": " + status.error().what);
    }
    text.remove_prefix(end + 1);
  }
  if (number == 0) return wrong("line 1: this is no history of version 1");
  return std::move(reader).finish();
}

Result<History> read_history(const std::filesystem::path& file) {
  if (!std::filesystem::is_regular_file(file)) return fail(ErrorCode::io, file.string() + " is no file");
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return fail(ErrorCode::io, file.string() + " cannot be read");
  auto history = parse_history(text);
  if (!history) return fail(history.error().code, file.string() + ": " + history.error().what);
  return history;
}

}  // namespace parley::histories
