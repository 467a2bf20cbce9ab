#include "common/mq/context.hpp"

#include <zmq.hpp>

namespace parley::mq {

Context::Context(ContextOptions options)
    : context_(std::make_unique<zmq::context_t>(options.io_threads, options.max_sockets)) {}

Context::~Context() = default;

}  // namespace parley::mq
