#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley::sim {

/// What was counted in a run, or over many.
struct Counters {
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::uint64_t simulated_us = 0;
  std::uint64_t operations = 0;       ///< answered by the application
  std::uint64_t reads = 0;            ///< of these
  std::uint64_t rounds_by_lease = 0;  ///< of reads
  std::uint64_t stale_reads = 0;
  std::uint64_t abandoned = 0;  ///< by their clients, with the outcome unknown
  std::uint64_t retries = 0;
  std::uint64_t duplicates_applied = 0;  ///< commands that stand in the log once more
  std::uint64_t sessions_lost = 0;
  std::uint64_t faults = 0;
  std::uint64_t elections = 0;
  std::uint64_t truncations = 0;
  std::uint64_t crashes = 0;
  std::uint64_t crashes_within = 0;  ///< of these, in the middle of work on the disk
  std::uint64_t damaged_disks = 0;
  std::uint64_t new_incarnations = 0;  ///< of machines whose disk no longer held what they had promised
  std::uint64_t full_disks = 0;
  std::uint64_t votes_on_full_disks = 0;  ///< terms and votes written while entries before them wait
  std::uint64_t failed_disks = 0;         ///< a process that stopped because its disk failed
  std::uint64_t refused_for_room = 0;
  std::uint64_t pauses = 0;
  std::uint64_t partitions = 0;
  std::uint64_t messages = 0;
  std::uint64_t drops = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t overtaken = 0;
  std::uint64_t syncs = 0;
  std::uint64_t segments = 0;
  std::uint64_t torn_tails = 0;
  std::uint64_t entries_read = 0;  ///< requests for entries that were no longer in memory
  std::uint64_t flushes = 0;
  std::uint64_t trims = 0;
  std::uint64_t images_begun = 0;
  std::uint64_t images_installed = 0;
  std::uint64_t images_refused = 0;
  std::uint64_t images_given_up = 0;           ///< for the log that they held
  std::uint64_t images_finished_at_start = 0;  ///< by a node that a crash had kept from it
  std::uint64_t told_removed = 0;              ///< members that were down when they were removed, and are told
  std::uint64_t changes = 0;                   ///< of membership that were carried out
  std::uint64_t transfers = 0;                 ///< of leadership that were asked for
  std::uint64_t times = 0;                     ///< entries that say no more than what time it is
  std::uint64_t increments = 0;
  std::uint64_t transactions_held = 0;
  std::uint64_t transactions_not_held = 0;
  std::uint64_t transactions_refused = 0;
  std::uint64_t leases = 0;  ///< granted
  std::uint64_t ended_keys = 0;
  std::uint64_t ended_leases = 0;
  std::uint64_t reads_judged = 0;   ///< by the model as of their index
  std::uint64_t reads_too_old = 0;  ///< to be judged so
  std::uint64_t logins = 0;
  std::uint64_t passwords_wrong = 0;
  std::uint64_t sends = 0;
  std::uint64_t sends_again = 0;  ///< of a message that is there already
  std::uint64_t edits = 0;
  std::uint64_t deletions = 0;
  std::uint64_t joins = 0;
  std::uint64_t chat_refusals = 0;
  std::uint64_t client_crashes = 0;  ///< of clients that forget everything but the keys of their messages
  std::uint64_t feeds = 0;           ///< begun
  std::uint64_t feeds_resumed = 0;   ///< at another connection, from their positions
  std::uint64_t feed_pages = 0;
  std::uint64_t feed_items = 0;
  std::uint64_t feeds_gone = 0;
  std::uint64_t feeds_refused = 0;
  std::uint64_t short_seeds = 0;  ///< in which too little came about before their time was over
  std::uint64_t undecided = 0;    ///< keys whose history was too hard to judge

  /// Every field with the name that people read.
  template <class Visitor>
  static void for_each(Visitor&& visit) {
    visit("seeds", &Counters::seeds);
    visit("events", &Counters::events);
    visit("simulated microseconds", &Counters::simulated_us);
    visit("operations", &Counters::operations);
    visit("  of these reads", &Counters::reads);
    visit("rounds of reads by lease", &Counters::rounds_by_lease);
    visit("stale reads", &Counters::stale_reads);
    visit("operations abandoned", &Counters::abandoned);
    visit("attempts beyond the first", &Counters::retries);
    visit("duplicates applied", &Counters::duplicates_applied);
    visit("sessions lost", &Counters::sessions_lost);
    visit("faults", &Counters::faults);
    visit("elections", &Counters::elections);
    visit("truncations", &Counters::truncations);
    visit("crashes", &Counters::crashes);
    visit("  of these within disk work", &Counters::crashes_within);
    visit("damaged disks", &Counters::damaged_disks);
    visit("new incarnations", &Counters::new_incarnations);
    visit("full disks", &Counters::full_disks);
    visit("terms and votes before entries", &Counters::votes_on_full_disks);
    visit("stopped by a failing disk", &Counters::failed_disks);
    visit("refused for want of room", &Counters::refused_for_room);
    visit("pauses", &Counters::pauses);
    visit("partitions", &Counters::partitions);
    visit("messages", &Counters::messages);
    visit("  dropped", &Counters::drops);
    visit("  duplicated", &Counters::duplicates);
    visit("  reordered", &Counters::overtaken);
    visit("syncs", &Counters::syncs);
    visit("segments begun", &Counters::segments);
    visit("torn tails", &Counters::torn_tails);
    visit("entries read back", &Counters::entries_read);
    visit("flushes", &Counters::flushes);
    visit("logs trimmed", &Counters::trims);
    visit("images begun", &Counters::images_begun);
    visit("images installed", &Counters::images_installed);
    visit("images of no use", &Counters::images_refused);
    visit("images given up for the log", &Counters::images_given_up);
    visit("images installed at a start", &Counters::images_finished_at_start);
    visit("told that they are removed", &Counters::told_removed);
    visit("membership changes", &Counters::changes);
    visit("leadership transfers", &Counters::transfers);
    visit("entries of time alone", &Counters::times);
    visit("increments", &Counters::increments);
    visit("transactions that held", &Counters::transactions_held);
    visit("  that did not hold", &Counters::transactions_not_held);
    visit("  that were refused", &Counters::transactions_refused);
    visit("leases granted", &Counters::leases);
    visit("leases ended by time", &Counters::ended_leases);
    visit("keys ended by time", &Counters::ended_keys);
    visit("reads held to their index", &Counters::reads_judged);
    visit("  too old for that", &Counters::reads_too_old);
    visit("logins", &Counters::logins);
    visit("wrong passwords", &Counters::passwords_wrong);
    visit("messages sent", &Counters::sends);
    visit("  sent again by their key", &Counters::sends_again);
    visit("  edited", &Counters::edits);
    visit("  deleted", &Counters::deletions);
    visit("chats joined", &Counters::joins);
    visit("calls of the chat refused", &Counters::chat_refusals);
    visit("crashes of clients", &Counters::client_crashes);
    visit("feeds begun", &Counters::feeds);
    visit("  resumed elsewhere", &Counters::feeds_resumed);
    visit("  gone", &Counters::feeds_gone);
    visit("  refused", &Counters::feeds_refused);
    visit("pages of feeds", &Counters::feed_pages);
    visit("items of feeds", &Counters::feed_items);
    visit("seeds with too little", &Counters::short_seeds);
    visit("undecided histories", &Counters::undecided);
  }

  void add(const Counters& other) {
    for_each([&](std::string_view, std::uint64_t Counters::*field) { this->*field += other.*field; });
  }
};

}  // namespace parley::sim
