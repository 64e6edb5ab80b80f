// A work-stealing deque of fixed size (Chase and Lev, with the orderings of Le et al. 2013): the limit that the deque of this
// library is measured against.
//
//   deque <alone|thief> <count> <samples> <warmups>
//
// alone: the owner pushes two handles and pops two, one thread. thief: the owner pushes all handles and pops after every
// fourth, while a thief on another core steals. Prints one report as JSON.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sched.h>
#include <time.h>

struct Deque {
  static constexpr int64_t slots = 1024;
  alignas(128) std::atomic<int64_t> top{0};
  alignas(128) std::atomic<int64_t> bottom{0};
  alignas(128) std::atomic<int32_t> handles[slots];

  bool push(int32_t handle) {
    const int64_t at = bottom.load(std::memory_order_relaxed);
    if (at - seen >= slots) {
      seen = top.load(std::memory_order_acquire);
      if (at - seen >= slots) return false;
    }
    handles[at & (slots - 1)].store(handle, std::memory_order_relaxed);
    bottom.store(at + 1, std::memory_order_release);
    return true;
  }

  int32_t pop() {
    const int64_t at = bottom.load(std::memory_order_relaxed) - 1;
    bottom.store(at, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    int64_t oldest = top.load(std::memory_order_relaxed);
    if (oldest > at) {
      bottom.store(at + 1, std::memory_order_relaxed);
      return -1;
    }
    int32_t handle = handles[at & (slots - 1)].load(std::memory_order_relaxed);
    if (oldest == at) {
      if (!top.compare_exchange_strong(oldest, oldest + 1, std::memory_order_seq_cst)) handle = -1;
      bottom.store(at + 1, std::memory_order_relaxed);
    }
    return handle;
  }

  int32_t steal() {
    int64_t oldest = top.load(std::memory_order_acquire);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (oldest >= bottom.load(std::memory_order_acquire)) return -1;
    const int32_t handle = handles[oldest & (slots - 1)].load(std::memory_order_relaxed);
    return top.compare_exchange_strong(oldest, oldest + 1, std::memory_order_seq_cst) ? handle : -2;
  }

 private:
  alignas(128) int64_t seen = 0;
};

struct Tally {
  uint64_t count = 0;
  double checksum = 0;
  void add(int32_t handle) {
    if (handle < 0) return;
    count++;
    checksum += handle;
  }
};

static uint64_t nanos() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1000000000ull + uint64_t(time.tv_nsec);
}

static void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static double alone(uint64_t count, Tally& tally) {
  auto deque = std::make_unique<Deque>();
  const uint64_t start = nanos();
  for (uint64_t handle = 0; handle < count; handle += 2) {
    deque->push(int32_t(handle));
    deque->push(int32_t(handle + 1));
    tally.add(deque->pop());
    tally.add(deque->pop());
  }
  return double(nanos() - start) / double(count);
}

static double thief(uint64_t count, Tally& tally) {
  auto deque = std::make_unique<Deque>();
  std::atomic<int> state{0};
  Tally stolen;
  std::thread other([&] {
    pin(1);
    state = 1;
    for (bool ends = false; !ends;) {
      ends = state == 2;
      for (int32_t handle = deque->steal(); handle != -1; handle = deque->steal()) stolen.add(handle);
    }
  });
  pin(0);
  while (state != 1) {}
  const uint64_t start = nanos();
  for (uint64_t handle = 0; handle < count; handle++) {
    while (!deque->push(int32_t(handle))) {}
    if ((handle & 3) == 3) tally.add(deque->pop());
  }
  for (int32_t handle = deque->pop(); handle != -1; handle = deque->pop()) tally.add(handle);
  const uint64_t end = nanos();
  state = 2;
  other.join();
  tally.count += stolen.count;
  tally.checksum += stolen.checksum;
  return double(end - start) / double(count);
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const bool isAlone = std::strcmp(argv[1], "alone") == 0;
  const uint64_t count = std::strtoull(argv[2], nullptr, 10);
  const int samples = std::atoi(argv[3]), warmups = std::atoi(argv[4]);
  Tally tally;
  std::vector<double> figures;
  for (int index = -warmups; index < samples; index++) {
    const double figure = isAlone ? alone(count, tally) : thief(count, tally);
    if (index >= 0) figures.push_back(figure);
  }
  std::printf("{\"samples\":[");
  for (size_t index = 0; index < figures.size(); index++) std::printf(index ? ",%.5f" : "%.5f", figures[index]);
  const double rounds = samples + warmups, handles = double(count);
  std::printf("],\"received\":{\"count\":%llu,\"checksum\":%.17g},\"expected\":{\"count\":%.17g,\"checksum\":%.17g}}\n",
              (unsigned long long)tally.count, tally.checksum, rounds * handles, rounds * (handles * (handles - 1) / 2));
}
