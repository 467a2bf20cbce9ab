#pragma once
#include <optional>
#include <string>
#include <utility>

namespace parley::sim {

/// What a simulation found to be wrong. The first finding ends it.
class Findings {
 public:
  enum class Kind {
    safety,    ///< something that must never be true was
    liveness,  ///< something that must come did not
  };
  struct Finding {
    Kind kind;
    std::string text;
  };

  void add(Kind kind, std::string text) {
    if (!first_) first_ = Finding{kind, std::move(text)};
  }
  void unsafe(std::string text) { add(Kind::safety, std::move(text)); }
  /// The text is made only if it is needed.
  template <class Text>
  void must(bool condition, Text&& text) {
    if (!condition) unsafe(text());
  }
  [[nodiscard]] bool any() const { return first_.has_value(); }
  [[nodiscard]] const std::optional<Finding>& first() const { return first_; }

 private:
  std::optional<Finding> first_;
};

}  // namespace parley::sim
