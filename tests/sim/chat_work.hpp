#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/people.hpp"
#include "tests/sim/work.hpp"
#include "tests/sim/world.hpp"

namespace parley::sim {

/// Somebody who chats: becomes a user, logs in, and does whatever can be done in a few chats that all know. Now and
/// then it dies and remembers nothing but its user's password and the messages that it does not know to be sent, which
/// it sends again, by their keys, in another session.
class ChatWork final : public Work {
 public:
  ChatWork(World& world, People& people, std::string name, std::string user);

  Kind next(Random& random) override;
  void prepare(std::size_t lane, Random&) override { lanes_[lane] = {}; }
  Read read(std::size_t lane, Random& random) override;
  Write write(std::size_t lane, Random& random) override;
  std::string answered(std::size_t lane, const Answer& answer) override;
  void gave_up(std::size_t lane, bool is_certain) override;
  bool crashes(Random& random) override { return random.one_in(80); }
  void crashed() override;

 private:
  struct Message {
    std::string chat;
    std::string text;
    std::string key;
    std::string user;       ///< who sends it
    std::uint64_t seq = 0;  ///< 0 for unknown
  };
  struct Lane {
    Bytes query;  ///< of a read
    enum class Doing { else_, creating, logging_in, changing_password, disabling, sending } doing = Doing::else_;
    Bytes secret{};
    std::string password{};  ///< the right one, or the new one
    bool is_wrong = false;   ///< it shows another on purpose
    std::optional<Message> message{};
    std::string chat{};
  };

  [[nodiscard]] bool is_getting_in() const;
  [[nodiscard]] Write get_in(Lane& lane, Random& random);
  [[nodiscard]] Write with_password(Lane& lane, Random& random);
  [[nodiscard]] Write send(Lane& lane, Random& random);
  [[nodiscard]] app::chat::Operation draw(Lane& lane, Random& random);
  [[nodiscard]] app::chat::Query draw_query(Random& random);
  [[nodiscard]] std::string answered_write(Lane& lane, const app::Reply& reply);
  void note_membership(const Lane& lane, ErrorWord word);
  void logged_in(Lane& lane);
  void move_on();
  [[nodiscard]] std::vector<std::string>& passwords() { return people_.passwords[user_]; }
  [[nodiscard]] app::chat::TokenId token_id() const { return blake2b(token_); }
  /// Lives until the next operation is drawn.
  BytesView keep(Bytes bytes) { return kept_.emplace_back(std::move(bytes)); }
  std::string draw_chat(Random& random) const;
  std::string draw_user(Random& random) const;
  app::chat::EventSeq draw_seq(const std::string& chat, Random& random) const;

  World& world_;
  People& people_;
  const std::string name_;
  std::string user_;
  std::uint64_t users_left_ = 0;  ///< that it was before
  Bytes token_;                   ///< empty if it is not logged in
  std::vector<Lane> lanes_;
  std::vector<Message> unsent_;      ///< sent perhaps
  std::vector<Message> sent_;        ///< the last ones
  std::vector<std::string> joined_;  ///< chats that it may be in
  std::uint64_t next_ = 1;
  std::uint32_t denials_ = 0;
  std::deque<Bytes> kept_;
};

}  // namespace parley::sim
