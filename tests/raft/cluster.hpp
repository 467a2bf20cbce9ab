#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "common/raft/invariants.hpp"
#include "tests/raft/describe.hpp"
#include "tests/raft/disk.hpp"

namespace parley::raft::harness {

/// The number of a kind of message, as kind_name() takes it.
using Kind = std::size_t;
template <class Body>
inline constexpr Kind kind_of = MessageBody(Body{}).index();

/// Times in ticks that make scenarios short: heartbeat 2, election 10 to 19, replace 100.
[[nodiscard]] Options short_options(ServerId self);

/// A few cores with a network, disks and applications that do only what they are told. Nothing happens by itself but in
/// run(), which lets everything happen that is not held, in a fixed order. After every step the invariants of one core,
/// of two consecutive states, of the cluster and of its whole history are checked, and every message is checked against
/// what its sender's disk has.
class Cluster {
 public:
  struct Shape {
    std::uint64_t voters = 3;
    std::uint64_t learners = 0;
    std::uint64_t loggers = 0;
    std::function<void(Options&)> adjust = nullptr;
  };
  /// Servers 1, 2, ...: voters first, then learners, then loggers. Their logs hold entry 1, settings, and entry 2, this
  /// membership, both of term 1 and known to be committed.
  explicit Cluster(const Shape& shape);
  Cluster() : Cluster(Shape{}) {}

  /// A disk where something is written, but not yet told to the core.
  struct Write {
    std::optional<Persist> persist;
    std::vector<Message> promised;  ///< go out when it is done
  };
  struct Server {
    Options options;
    Disk disk;
    std::unique_ptr<Core> core;  ///< nothing while it is down
    bool holds_disk = false;
    bool holds_apply = false;
    bool holds_reads = false;  ///< of the log, for EntriesWanted
    std::deque<Write> writes;
    std::deque<EntriesWanted> wanted;
    std::deque<Entry> to_apply;
    std::vector<Entry> applied;  ///< what its application has seen since it was empty, or since its image
    /// Up to where the application may have stored its state when it went down: never beyond what its log was known to
    /// have.
    Index storable;
    // What it has answered since the last start, for tests to look at.
    std::vector<ReadReady> reads_ready;
    std::vector<ReadRefused> reads_refused;
    std::vector<ProposalRefused> proposals_refused;
    std::vector<ChangeDone> changes_done;
    std::vector<RoleChanged> roles;
    std::vector<ImageWanted> images_wanted;
    std::vector<Index> removed;       ///< by which entries it was told to be removed
    std::optional<FreshUpTo> fresh;   ///< the last word of how fresh its state is
    Index image;                      ///< as of which its application began
    std::uint64_t entries_asked = 0;  ///< how often it wanted entries from its log
    CoreMemory memory;
  };

  // ---- servers ----
  [[nodiscard]] Server& server(std::uint64_t id);
  [[nodiscard]] Core& core(std::uint64_t id);
  [[nodiscard]] bool is_up(std::uint64_t id) { return server(id).core != nullptr; }
  [[nodiscard]] std::vector<std::uint64_t> ids() const;
  [[nodiscard]] const Leader& leader_of(std::uint64_t id);
  [[nodiscard]] const Progress& progress(std::uint64_t leader, std::uint64_t peer);
  /// A server with an empty disk; `adopts` if it is to belong to the cluster at once.
  void add_blank(std::uint64_t id, bool adopts = true);
  /// It is told that a member has taken it in.
  void adopt(std::uint64_t id) { step(id, Adopt{cluster_}); }
  /// The process ends. The first `written` of the writes under way reached the disk, unreported; the others are lost.
  void crash(std::uint64_t id, std::size_t written = 0);
  /// Starts from what the disk has, with the application at `applied`.
  void restart(std::uint64_t id, Index applied = Index{});
  [[nodiscard]] Member member(std::uint64_t id, bool wants_vote = true) const;

  // ---- inputs: each is one step, after which the output is taken and distributed ----
  void step(std::uint64_t id, Input input);
  /// Steps without taking the output, as when many inputs arrive together; then collect().
  void step_only(std::uint64_t id, Input input);
  void collect(std::uint64_t id);
  void tick(std::uint64_t id, std::uint64_t times = 1);
  /// Everyone who is up ticks and everything runs, as often.
  void tick_all(std::uint64_t times = 1);
  /// Ticks it until it campaigns; nothing else happens.
  void time_out(std::uint64_t id);
  /// Makes it lead: the others have not heard from a leader for long, it times out, everything runs.
  void elect(std::uint64_t id);
  /// The others forget that they heard from a leader, without campaigning.
  void let_leader_be_forgotten(std::uint64_t id);
  std::uint64_t propose(std::uint64_t id, const std::string& command);
  std::uint64_t read(std::uint64_t id, bool uses_lease = false);
  std::uint64_t change(std::uint64_t id, std::variant<AddMember, RemoveMember> wanted);

  // ---- disk and application ----
  /// Finishes the oldest write, reports it, and lets the promises behind it go.
  void finish_write(std::uint64_t id);
  void finish_writes(std::uint64_t id);
  /// The disk has no room for the entries under way: terms and votes are written alone, and what needs no more goes.
  void finish_hard_states(std::uint64_t id);
  /// Acknowledges everything that was handed over.
  void finish_apply(std::uint64_t id);
  void serve_wanted(std::uint64_t id);
  /// The log on disk forgets what lies up to `up_to`.
  void trim(std::uint64_t id, Index up_to);
  /// An image of what `from` has applied, or had applied at `at`, arrives at `to`, whose application takes it if the
  /// core does.
  void receive_image(std::uint64_t from, std::uint64_t to) { receive_image(from, to, core(from).applied()); }
  void receive_image(std::uint64_t from, std::uint64_t to, Index at);

  // ---- network: 0 for a server means any; without a kind, every kind ----
  enum class Rule { drop, hold, duplicate };
  void rule(Rule rule, std::uint64_t from, std::uint64_t to, std::optional<Kind> kind = std::nullopt);
  template <class Body>
  void hold(std::uint64_t from, std::uint64_t to) {
    rule(Rule::hold, from, to, kind_of<Body>);
  }
  template <class Body>
  void drop(std::uint64_t from, std::uint64_t to) {
    rule(Rule::drop, from, to, kind_of<Body>);
  }
  void isolate(std::uint64_t id);
  /// Everything between the two groups is dropped, both ways.
  void partition(const std::vector<std::uint64_t>& one, const std::vector<std::uint64_t>& other);
  /// No rule is left; what was held goes on its way, after what already is.
  void heal();
  /// Takes what is held or on its way, in order of sending, but no more than `most`.
  std::vector<Message> take(std::uint64_t from, std::uint64_t to, std::optional<Kind> kind = std::nullopt,
                            std::size_t most = SIZE_MAX);
  /// Delivers one message now, whatever rules there are; also one that was never sent.
  void deliver(const Message& message);
  /// All messages that were put on the network since the last call, dropped or not.
  [[nodiscard]] std::vector<Message> take_sent();
  [[nodiscard]] std::vector<Message>& wire() { return wire_; }

  /// Until nothing more happens: writes end, applications apply, reads of the log are served, messages arrive in order.
  void run();

  [[nodiscard]] const ClusterMemory& memory() const { return memory_; }
  /// Everyone up has the same log, all of it committed and applied.
  [[nodiscard]] bool is_converged();

  /// Hears of every event as one line.
  std::function<void(const std::string&)> narrate;
  /// What happens when something is broken: by default the process ends with all that is wrong.
  std::function<void(const std::string&)> on_broken;

 private:
  struct NetworkRule {
    Rule rule;
    std::uint64_t from;
    std::uint64_t to;
    std::optional<Kind> kind;
    [[nodiscard]] bool covers(const Message& message) const;
  };

  void post(Message message);
  void say(const std::string& line) const {
    if (narrate) narrate(line);
  }
  void distribute(Server& server, Output output);
  void say_output(ServerId self, const Output& output) const;
  void check(Server& server);
  void check_promise(const Message& message);
  void broken(const BrokenSentences& sentences) const;
  bool run_once();

  std::function<void(Options&)> adjust_;
  ClusterId cluster_;
  std::map<std::uint64_t, Server> servers_;
  std::vector<NetworkRule> rules_;
  std::vector<Message> wire_;
  std::vector<Message> held_;
  std::vector<Message> sent_;
  ClusterMemory memory_;
  std::map<Index, Digest> applied_;
  std::uint64_t next_id_ = 1;
};

}  // namespace parley::raft::harness
