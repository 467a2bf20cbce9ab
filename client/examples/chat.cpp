// The chat, from a program: `chat SERVER[,SERVER...] USER PASSWORD CHAT` joins a chat, says what it reads from standard
// input, a message a line, and prints what everybody says.
#include <parley/parley.hpp>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

using parley::ChatEvent;
using parley::ChatUser;
using parley::Word;

// Every call gives what was asked for, or a failure: a stable word and a text for people.
template <class T>
T value_or_exit(parley::Answer<T> answer) {
  if (answer) return *std::move(answer);
  std::cerr << "chat: " << answer.error().message() << '\n';
  std::exit(1);
}

// The same for what there may be already.
void done_or_there(const parley::Answer<void>& answer) {
  if (answer || answer.error().word == Word::exists) return;
  std::cerr << "chat: " << answer.error().message() << '\n';
  std::exit(1);
}

void print(const ChatEvent& event) {
  switch (event.kind) {
    case ChatEvent::Kind::message: std::cout << event.seq << ' ' << event.user << ": " << event.text << '\n'; break;
    case ChatEvent::Kind::edit: std::cout << event.of << " now reads: " << event.text << '\n'; break;
    case ChatEvent::Kind::deletion: std::cout << event.of << " was deleted\n"; break;
  }
  std::cout.flush();
}

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: chat SERVER[,SERVER...] USER PASSWORD CHAT\n";
    return 2;
  }
  parley::Options options;
  std::istringstream servers(argv[1]);
  for (std::string server; std::getline(servers, server, ',');) options.servers.push_back(server);
  auto cluster = value_or_exit(parley::Cluster::open(options));

  // A user is made once, and logs in wherever he is. A program that runs for long keeps user.token(), which is as good
  // as the password for 30 days, and goes on with ChatUser::with_token().
  done_or_there(ChatUser::create(cluster, argv[2], argv[3]));
  auto user = value_or_exit(ChatUser::log_in(cluster, argv[2], argv[3]));
  const std::string chat = argv[4];
  done_or_there(user.create_chat(chat));
  if (const auto joined = user.join(chat); !joined) {
    std::cerr << "chat: " << joined.error().message() << '\n';
    return 1;
  }

  // What was said last, and from there on all that comes: the feed goes on when a node dies, and neither misses nor
  // repeats anything. Its callback runs in a thread of its own.
  const auto past = value_or_exit(user.history(chat, {.limit = 20}));
  for (const ChatEvent& event : past.events) print(event);
  const std::uint64_t known = past.events.empty() ? 0 : past.events.back().seq;
  std::atomic<std::uint64_t> heard = known;
  auto feed = value_or_exit(user.follow(chat, {.after = known}, [&heard](parley::Answer<ChatEvent> event) {
    if (!event) {
      std::cerr << "chat: " << event.error().message() << '\n';
      std::exit(1);
    }
    print(*event);
    heard = event->seq;
    heard.notify_all();
    return true;
  }));

  // A message has its number when a majority has it on disk. However often it had to be sent, it is there once.
  std::uint64_t said = known;
  for (std::string line; std::getline(std::cin, line);) said = value_or_exit(user.send(chat, line)).seq;

  // Everything that was said comes back before the end.
  for (std::uint64_t seen = heard; seen < said; seen = heard) heard.wait(seen);
  if (const auto marked = user.mark_read(chat, heard); heard > 0 && !marked) {
    std::cerr << "chat: " << marked.error().message() << '\n';
    return 1;
  }
}
