#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"
#include "common/config/toml_file.hpp"
#include "common/config/value.hpp"

namespace parley::config {

/// Where an option can be given.
enum class Where {
  flag_and_key,  ///< as a flag and, under the same name, as a key of the configuration file
  flag_only,     ///< what belongs to one call: flags of a command, `-config` itself
  key_only,      ///< what belongs to a file: names that an older file used
};

/// What is said about an option. Meaning is a clause in lower case without a full stop; `-help` adds range and default.
struct About {
  std::string meaning;
  /// What stands for the value in `-help`: "NAME", "[HOST]:PORT". Empty: a word for the kind of the option.
  std::string value = {};
  /// Shown in place of the bound variable's value at the time of the declaration; "none" where that is empty.
  std::string shown_default = {};
  bool required = false;
  bool may_be_empty = false;  ///< of a text, as a flag: nothing is a value too
  Where where = Where::flag_and_key;
  /// The option of which this one is another name: giving both in the file is an error. Empty: none.
  std::string same_as = {};
};

/// What a command line asked for.
enum class Ask { run, help, version };

/// What parsing found besides the values, which are in the bound variables by then.
struct Parsed {
  Ask ask = Ask::run;
  std::vector<std::string> positional;
  /// By option: `-NAME`, or `FILE:LINE: NAME`. An option under another name (About::same_as) stands under its first
  /// one.
  std::map<std::string, std::string> origins;

  [[nodiscard]] bool given(const std::string& name) const { return origins.contains(name); }
  /// How to call the option in a message about its value: where it was given, or `-NAME (its default)`.
  [[nodiscard]] std::string origin(const std::string& name) const;
};

/// A command line of which the command has been found; see OptionTable::split_command.
struct CommandLine {
  std::string command;                 ///< empty if there is none
  std::vector<std::string> arguments;  ///< everything else, in order
};

/// The one table of a program's options, from which flags, configuration file and `-help` come.
///
/// Flags: `-id x`, `-id=x`, `--id x`. Names are exact. An option that is true or false takes its value only behind `=`,
/// so that what follows it is an argument. Flags and positional arguments may be mixed; `--` ends flags, a lone `-` is
/// an argument or a value. A flag given twice is an error: neither could be meant. `-help` and `-version` are always
/// there and end the parsing where they stand. A flag wins over the file, but the file must be right even so.
///
/// Every error is ErrorCode::usage with one line for a person that begins with `-NAME: ` or `FILE:LINE: `. Nothing is
/// printed and nothing exits here. Declare options first, then parse; the bound variables must outlive the table and
/// hold their defaults when they are bound. For one thread.
class OptionTable {
 public:
  /// `usage`: the lines under "usage:" in `-help`, one form of the command each.
  explicit OptionTable(std::vector<std::string> usage);

  void text(std::string name, std::string* into, About about);
  void number(std::string name, std::uint64_t* into, Range range, About about);
  /// Bytes.
  void size(std::string name, std::uint64_t* into, Range range, About about);
  /// Milliseconds.
  void duration(std::string name, std::uint64_t* into_ms, DurationRange range, About about);
  void flag(std::string name, bool* into, About about);
  /// One of `words`, which are what the variable then holds.
  void choice(std::string name, std::string* into, std::vector<std::string> words, About about);
  /// One of the words, of which each stands for a value of an enumeration.
  template <class E>
  void choice(std::string name, E* into, std::initializer_list<std::pair<std::string_view, E>> words, About about);
  /// At least one text, separated by commas; in the file a list of texts or such a text.
  void list(std::string name, std::vector<std::string>* into, About about);
  /// A text that becomes a `T`; `read` may refuse it with a clause that reads on after the name.
  template <class T>
  void parsed(std::string name, T* into, std::function<Checked<T>(std::string_view)> read, About about);
  /// The same for a list.
  template <class T>
  void parsed_list(std::string name, std::vector<T>* into, std::function<Checked<T>(std::string_view)> read,
                   About about);

  /// Declares `-config FILE`. Without the flag the first of `otherwise` that exists is read, if there is one, unless
  /// the option `unless_given` was given as a flag.
  void config_file(std::vector<std::filesystem::path> otherwise = {}, std::string unless_given = {});

  /// `arguments` without the program's name. On an error the bound variables may have been written in part.
  [[nodiscard]] Result<Parsed> parse(std::span<const std::string> arguments) const;
  [[nodiscard]] Result<Parsed> parse(int argc, const char* const* argv) const;

  /// Finds the first argument that is neither a flag nor the value of one: the command. Its own flags may stand only
  /// behind it; a table that has both then parses `arguments`, so that flags of this table may stand behind the command
  /// as well.
  [[nodiscard]] Result<CommandLine> split_command(std::span<const std::string> arguments) const;

  /// Usage and every option with meaning, range and default; ends with a newline.
  [[nodiscard]] std::string help() const;

 private:
  using Items = std::span<const std::string>;
  using Setter = std::function<Checked<void>(Items)>;
  enum class Shape { single, list, boolean };

  struct Option {
    std::string name;
    About about;
    Shape shape = Shape::single;
    std::vector<FileKind> file_kinds;  ///< what the file may have there; the first is named in messages
    std::string range;                 ///< for -help; may be empty
    Setter set;
  };
  struct FlagUse {
    const Option* option = nullptr;
    std::string value;
  };
  /// A command line taken apart, before any variable is written.
  struct Scan {
    Ask ask = Ask::run;
    std::vector<FlagUse> flags;
    std::vector<std::string> positional;
    std::optional<std::size_t> first_positional;  ///< its place among the arguments
  };
  struct ConfigFile {
    std::vector<std::filesystem::path> otherwise;
    std::string unless_given;
  };
  class Scanner;

  void add(Option option, std::string_view value_word, std::string default_text);
  [[nodiscard]] const Option* find(std::string_view name) const;
  [[nodiscard]] static Option text_option(std::string name, About about, Setter set);
  void add_choice(std::string name, std::vector<std::string> words, std::function<void(std::size_t)> choose,
                  std::string default_text, About about);

  [[nodiscard]] Result<Scan> scan(std::span<const std::string> arguments, bool up_to_command) const;
  [[nodiscard]] std::optional<std::filesystem::path> file_to_read(const Scan& scan) const;
  [[nodiscard]] Status apply_file(const std::filesystem::path& file, Parsed& parsed) const;
  [[nodiscard]] Status apply_entry(const FileEntry& entry, const std::string& place, Parsed& parsed) const;
  [[nodiscard]] Status apply_flags(const Scan& scan, Parsed& parsed) const;
  [[nodiscard]] Status check_required(const Parsed& parsed) const;

  std::vector<std::string> usage_;
  std::vector<Option> options_;
  std::optional<ConfigFile> config_file_;
};

// ---- templates
// --------------------------------------------------------------------------------------------------------

template <class E>
void OptionTable::choice(std::string name, E* into, std::initializer_list<std::pair<std::string_view, E>> words,
                         About about) {
  std::vector<std::string> names;
  std::vector<E> values;
  std::string default_text;
  for (const auto& [word, value] : words) {
    names.emplace_back(word);
    values.push_back(value);
    if (value == *into) default_text = word;
  }
  add_choice(
      std::move(name), std::move(names), [into, values](std::size_t place) { *into = values[place]; },
      std::move(default_text), std::move(about));
}

template <class T>
void OptionTable::parsed(std::string name, T* into, std::function<Checked<T>(std::string_view)> read, About about) {
  add(text_option(std::move(name), std::move(about),
                  [into, read = std::move(read)](Items items) -> Checked<void> {
                    auto value = read(items.front());
                    if (!value) return std::unexpected(value.error());
                    *into = std::move(*value);
                    return {};
                  }),
      "TEXT", "");
}

template <class T>
void OptionTable::parsed_list(std::string name, std::vector<T>* into, std::function<Checked<T>(std::string_view)> read,
                              About about) {
  Option option =
      text_option(std::move(name), std::move(about), [into, read = std::move(read)](Items items) -> Checked<void> {
        std::vector<T> values;
        for (const std::string& item : items) {
          auto value = read(item);
          if (!value) return std::unexpected(value.error());
          values.push_back(std::move(*value));
        }
        *into = std::move(values);
        return {};
      });
  option.shape = Shape::list;
  option.file_kinds = {FileKind::list, FileKind::text};
  add(std::move(option), "TEXT,...", "");
}

}  // namespace parley::config
