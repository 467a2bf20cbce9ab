#pragma once
#include "node/asker.hpp"

/// Short ways to say who asks and what was answered.
namespace parley::node {

inline Asker asker(std::uint64_t request, const char* connection = "c1") { return {0, connection, request}; }

inline ErrorWord error_of(const Answer& answer) { return std::get<wire::ErrorReply>(answer.body).error; }

}  // namespace parley::node
