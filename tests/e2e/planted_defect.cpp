// A program with one defect that a sanitizer must find, in the manner of a node: it says that it serves, waits for
// SIGTERM, and ends with 0 if nobody stops it. test_harness.py takes it for a node, to see that the harness hears what
// a sanitizer says.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <limits>
#include <string_view>
#include <thread>

namespace {

// Volatile throughout: what can be known when it is compiled would be optimized away, and the defect with it.

void overflow_the_heap() {
  int* volatile three = new int[3]{};
  volatile int beyond = 3;
  std::printf("%d\n", three[beyond]);
  delete[] three;
}

void overflow_an_integer() {
  volatile int largest = std::numeric_limits<int>::max();
  std::printf("%d\n", largest + 1);
}

void leak() {
  int* volatile lost = new int[1000]{};
  std::printf("%d\n", lost[0]);
  lost = nullptr;
}

void race() {
  int shared = 0;
  const auto write = [&shared] {
    for (int i = 0; i < 1000; ++i) *static_cast<volatile int*>(&shared) = i;
  };
  std::thread first(write);
  std::thread second(write);
  first.join();
  second.join();
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  const std::string_view defect = argc > 1 ? argv[1] : "";
  if (defect == "heap") overflow_the_heap();
  if (defect == "integer") overflow_an_integer();
  if (defect == "leak") leak();
  if (defect == "race") race();
  std::printf("ready\n");
  std::fflush(stdout);
  int number = 0;
  sigwait(&stop, &number);
  return 0;
}
