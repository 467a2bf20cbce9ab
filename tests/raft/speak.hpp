#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tests/raft/cluster.hpp"

/// Shorthands for tests that put words into a server's mouth and look at what was said.
namespace parley::raft::harness {

inline Message words(std::uint64_t from, std::uint64_t to, std::uint64_t term, MessageBody body) {
  return {ServerId{from}, ServerId{to}, Term{term}, std::move(body)};
}

inline Entry command(std::uint64_t index, std::uint64_t term, const std::string& text = "x") {
  return {Index{index}, Term{term}, EntryKind::command, {}, SharedBytes(text), {}};
}

inline AppendRequest append(std::uint64_t previous_index, std::uint64_t previous_term, std::uint64_t commit,
                            std::vector<Entry> entries = {}) {
  return {Index{previous_index}, Term{previous_term}, Index{commit}, std::move(entries)};
}

/// The bodies of that kind, in order of sending; 0 for any sender or receiver.
template <class Body>
std::vector<Body> said(const std::vector<Message>& messages, std::uint64_t from = 0, std::uint64_t to = 0) {
  std::vector<Body> bodies;
  for (const Message& message : messages) {
    const auto* body = std::get_if<Body>(&message.body);
    const bool is_wanted = (from == 0 || message.from.value == from) && (to == 0 || message.to.value == to);
    if (body != nullptr && is_wanted) bodies.push_back(*body);
  }
  return bodies;
}

/// `1@1 2@1 3@2`: index and term of every entry from `from` on.
inline std::string terms_of(const Core& core, std::uint64_t from = 1) {
  std::string text;
  for (Index index{from}; index <= core.log().last(); index = index.next()) {
    text += (text.empty() ? "" : " ") + std::to_string(index.value) + "@" +
            std::to_string(core.log().term_at(index)->value);
  }
  return text;
}

}  // namespace parley::raft::harness
