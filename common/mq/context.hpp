#pragma once
#include <memory>

namespace zmq {
class context_t;
}

namespace parley::mq {

struct ContextOptions {
  int io_threads = 1;      ///< threads that move bytes; one is enough for some gigabytes a second
  int max_sockets = 1023;  ///< sockets at once; opening one more is an error
};

/// What all sockets of a process share; there is one in a process. Its destructor waits until every socket is closed,
/// so it is made before the actors and destroyed after them. Thread-safe.
class Context {
 public:
  explicit Context(ContextOptions options = {});
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

 private:
  friend class Socket;
  std::unique_ptr<zmq::context_t> context_;
};

}  // namespace parley::mq
