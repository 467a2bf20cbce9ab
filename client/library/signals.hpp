#pragma once
#include <signal.h>

namespace parley::client::library {

/// For each thread of ours: the program's signals are for the program's threads.
inline void block_signals() {
  sigset_t all;
  sigfillset(&all);
  (void)pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace parley::client::library
