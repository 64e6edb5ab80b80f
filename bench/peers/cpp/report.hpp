// What the C++ peers share: time, cores, the tally of the receiving side, and the report that they print.
#pragma once
#include <cstdint>
#include <cstdio>
#include <vector>

#include <pthread.h>
#include <sched.h>
#include <time.h>

struct Message {
  uint32_t id, a;
  double b;
};

struct Tally {
  uint64_t count = 0;
  double checksum = 0;
  void add(const Message& message) {
    count++;
    checksum += double(message.id) + message.a + message.b;
  }
};

inline uint64_t nanos() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1000000000ull + uint64_t(time.tv_nsec);
}

inline void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

// `sent` messages with ids from 0, `times` over, are expected.
inline void report(const std::vector<double>& figures, const Tally& tally, uint64_t sent, double times) {
  std::printf("{\"samples\":[");
  for (size_t index = 0; index < figures.size(); index++) std::printf(index ? ",%.5f" : "%.5f", figures[index]);
  const double each = double(sent);
  std::printf("],\"received\":{\"count\":%llu,\"checksum\":%.17g},\"expected\":{\"count\":%.17g,\"checksum\":%.17g}}\n",
              (unsigned long long)tally.count, tally.checksum, times * each,
              times * (each * (each - 1) / 2 + each * 7 + each * 1.5));
}
