#include <fmt/core.h>

#include <algorithm>
#include <system_error>

#include "common/config/option_table.hpp"

namespace parley::config {
namespace {

std::unexpected<Error> wrong(const std::string& origin, std::string_view problem) {
  return fail(ErrorCode::usage, fmt::format("{}: {}", origin, problem));
}

std::string_view words_for(FileKind kind) {
  switch (kind) {
    case FileKind::text: return "text in quotes";
    case FileKind::number: return "a whole number";
    case FileKind::boolean: return "true or false";
    case FileKind::list: return "a list of texts";
    case FileKind::other: break;
  }
  return "something else";
}

bool looks_like_flag(const std::string& argument) { return argument.size() > 1 && argument.starts_with('-'); }

/// `-name=value` or `--name=value` taken apart; nothing before `=` gives an empty name.
struct FlagText {
  std::string name;
  std::optional<std::string> value;
};

FlagText take_apart(const std::string& argument) {
  const std::string body = argument.substr(argument.starts_with("--") ? 2 : 1);
  const std::size_t equals = body.find('=');
  if (equals == std::string::npos) return {body, std::nullopt};
  return {body.substr(0, equals), body.substr(equals + 1)};
}

}  // namespace

/// Goes through the arguments once, from left to right.
class OptionTable::Scanner {
 public:
  Scanner(const OptionTable& table, std::span<const std::string> arguments, bool up_to_command)
      : table_(table), arguments_(arguments), up_to_command_(up_to_command) {}

  Result<Scan> run() {
    while (at_ < arguments_.size() && scan_.ask == Ask::run && !(up_to_command_ && scan_.first_positional)) {
      if (const Status taken = take(arguments_[at_]); !taken) return std::unexpected(taken.error());
      ++at_;
    }
    return std::move(scan_);
  }

 private:
  Status take(const std::string& argument) {
    if (flags_ended_ || !looks_like_flag(argument)) {
      if (!scan_.first_positional) scan_.first_positional = at_;
      scan_.positional.push_back(argument);
      return {};
    }
    if (argument == "--") {
      flags_ended_ = true;
      return {};
    }
    return take_flag(take_apart(argument));
  }

  Status take_flag(const FlagText& text) {
    const std::string origin = fmt::format("-{}", printable(text.name));
    const Option* option = table_.find(text.name);
    if (option == nullptr || option->about.where == Where::key_only) {
      return wrong(origin, "unknown flag (-help lists all; an argument that begins with - goes behind --)");
    }
    const auto same = [&](const FlagUse& use) { return use.option == option; };
    if (std::ranges::any_of(scan_.flags, same)) return wrong(origin, "given twice");
    auto value = option->shape == Shape::boolean ? text.value.value_or("true") : value_of(origin, text);
    if (!value) return std::unexpected(value.error());
    if (option->shape == Shape::boolean) {
      const auto on = read_bool(*value);
      if (!on) return wrong(origin, on.error());
      if (*on && text.name == "help") scan_.ask = Ask::help;
      if (*on && text.name == "version") scan_.ask = Ask::version;
    }
    scan_.flags.push_back({option, std::move(*value)});
    return {};
  }

  Result<std::string> value_of(const std::string& origin, const FlagText& text) {
    if (text.value) return *text.value;
    if (at_ + 1 == arguments_.size()) return wrong(origin, "its value is missing");
    const std::string& next = arguments_[at_ + 1];
    // A value may begin with '-', but where the next argument is a flag of ours, the value was forgotten.
    if (looks_like_flag(next) && (next == "--" || table_.find(take_apart(next).name) != nullptr)) {
      return wrong(origin, fmt::format("its value is missing: {} follows (if that is meant, write {}={})",
                                       printable(next), origin, printable(next)));
    }
    ++at_;
    return next;
  }

  const OptionTable& table_;
  std::span<const std::string> arguments_;
  const bool up_to_command_;
  std::size_t at_ = 0;
  bool flags_ended_ = false;
  Scan scan_;
};

Result<OptionTable::Scan> OptionTable::scan(std::span<const std::string> arguments, bool up_to_command) const {
  return Scanner(*this, arguments, up_to_command).run();
}

Result<CommandLine> OptionTable::split_command(std::span<const std::string> arguments) const {
  const auto scanned = scan(arguments, true);
  if (!scanned) return std::unexpected(scanned.error());
  CommandLine line{"", {arguments.begin(), arguments.end()}};
  if (scanned->first_positional) {
    const auto at = line.arguments.begin() + static_cast<std::ptrdiff_t>(*scanned->first_positional);
    line.command = std::move(*at);
    line.arguments.erase(at);
  }
  return line;
}

Result<Parsed> OptionTable::parse(int argc, const char* const* argv) const {
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  return parse(arguments);
}

Result<Parsed> OptionTable::parse(std::span<const std::string> arguments) const {
  auto scanned = scan(arguments, false);
  if (!scanned) return std::unexpected(scanned.error());
  Parsed parsed{scanned->ask, std::move(scanned->positional), {}};
  if (parsed.ask != Ask::run) return parsed;
  // The file first, so that a flag overwrites what the file says, and a wrong file is found although a flag hides it.
  if (const auto file = file_to_read(*scanned)) {
    if (const Status applied = apply_file(*file, parsed); !applied) return std::unexpected(applied.error());
  }
  if (const Status applied = apply_flags(*scanned, parsed); !applied) return std::unexpected(applied.error());
  if (const Status complete = check_required(parsed); !complete) return std::unexpected(complete.error());
  return parsed;
}

std::optional<std::filesystem::path> OptionTable::file_to_read(const Scan& scan) const {
  if (!config_file_) return std::nullopt;
  const auto given = [&](const std::string& name) {
    return std::ranges::find_if(scan.flags, [&](const FlagUse& use) { return use.option->name == name; });
  };
  if (const auto use = given("config"); use != scan.flags.end()) return use->value;
  if (given(config_file_->unless_given) != scan.flags.end()) return std::nullopt;
  for (const std::filesystem::path& file : config_file_->otherwise) {
    std::error_code unreadable;  // a file that cannot be seen is told apart from none when it is read
    if (std::filesystem::exists(file, unreadable) || (unreadable && unreadable != std::errc::not_a_directory))
      return file;
  }
  return std::nullopt;
}

Status OptionTable::apply_file(const std::filesystem::path& file, Parsed& parsed) const {
  const auto entries = read_toml_file(file);
  if (!entries) return std::unexpected(entries.error());
  for (const FileEntry& entry : *entries) {
    const std::string place = fmt::format("{}:{}: {}", file.string(), entry.line, printable(entry.key));
    if (const Status applied = apply_entry(entry, place, parsed); !applied) return applied;
  }
  return {};
}

Status OptionTable::apply_entry(const FileEntry& entry, const std::string& place, Parsed& parsed) const {
  const Option* option = find(entry.key);
  if (option == nullptr || option->about.where == Where::flag_only) return wrong(place, "unknown key");
  if (std::ranges::find(option->file_kinds, entry.kind) == option->file_kinds.end()) {
    return wrong(place, fmt::format("expected {}, found {}", words_for(option->file_kinds.front()), entry.kind_words));
  }
  const std::string& name = option->about.same_as.empty() ? option->name : option->about.same_as;
  if (parsed.given(name)) return wrong(place, fmt::format("says the same as {}; keep one", parsed.origin(name)));
  std::vector<std::string> items = entry.items;
  if (option->shape == Shape::list && entry.kind == FileKind::text) {
    auto parts = read_list(items.front());
    if (!parts) return wrong(place, parts.error());
    items = std::move(*parts);
  }
  if (items.empty() || std::ranges::find(items, "") != items.end()) return wrong(place, "its value is empty");
  if (const Checked<void> stored = option->set(items); !stored) return wrong(place, stored.error());
  parsed.origins[name] = place;
  return {};
}

Status OptionTable::apply_flags(const Scan& scan, Parsed& parsed) const {
  for (const FlagUse& use : scan.flags) {
    const std::string origin = fmt::format("-{}", use.option->name);
    if (use.value.empty() && !use.option->about.may_be_empty) return wrong(origin, "its value is empty");
    std::vector<std::string> items = {use.value};
    if (use.option->shape == Shape::list) {
      auto parts = read_list(use.value);
      if (!parts) return wrong(origin, parts.error());
      items = std::move(*parts);
    }
    if (const Checked<void> stored = use.option->set(items); !stored) return wrong(origin, stored.error());
    parsed.origins[use.option->about.same_as.empty() ? use.option->name : use.option->about.same_as] = origin;
  }
  return {};
}

Status OptionTable::check_required(const Parsed& parsed) const {
  for (const Option& option : options_) {
    if (option.about.required && !parsed.given(option.name)) {
      return wrong(fmt::format("-{}", option.name), fmt::format("is required: {}", option.about.meaning));
    }
  }
  return {};
}

}  // namespace parley::config
