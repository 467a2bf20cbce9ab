#pragma once
#include <optional>

#include "common/app/command.hpp"
#include "common/app/problem.hpp"
#include "common/app/query.hpp"
#include "common/app/settings.hpp"

namespace parley::app {

/// Judges a command by itself, before it is proposed: nothing if it may be. Apply judges it again, by the cluster's
/// settings, whatever a node let pass.
[[nodiscard]] std::optional<Problem> validate(const Command& command, const Settings& settings = {});

/// The two halves of it. First, session and numbers: with these wrong there is no place where a reply could be kept.
[[nodiscard]] std::optional<Problem> validate_numbers(const Command& command, const Settings& settings);
/// Second, what the operation asks for: keys, values, the size of the whole.
[[nodiscard]] std::optional<Problem> validate_operation(const Command& command, const Settings& settings);

/// A key that is read or deleted may be as long as any that could ever be written; settings may since have been
/// lowered.
[[nodiscard]] std::optional<Problem> validate_key(BytesView key, std::size_t longest = limits::key_bytes);
/// With the engine `disk` a key of a client is the number of a slot: `invalid` if it is no number, `too_large` if there
/// are not so many slots. Every other engine has a place for any key.
[[nodiscard]] std::optional<Problem> validate_place(BytesView key, const Settings& settings);

/// A value that a command gives, or that apply makes of one (an increment).
[[nodiscard]] std::optional<Problem> validate_value(BytesView value, const Settings& settings);

/// Judges a read; what a scan asks for is judged where its rows are.
[[nodiscard]] std::optional<Problem> validate(const Query& query, const Settings& settings);

}  // namespace parley::app
