// The bounded queue of Dmitry Vyukov, many producers and many consumers: the limit that the structures with several writers are
// measured against.
//
//   mpmc <alone|1p1c|2p1c|both> <count> <samples> <warmups>
//
// 16-byte messages. alone: one thread pushes one and pops one in turn; 1p1c, 2p1c: so many producers, one consumer; both: two
// threads that each push one and pop one in turn.
// Threads are pinned to the two cores, the third of 2p1c to none. `count` messages a sample over all threads.
#include "report.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

class Queue {
  struct Cell {
    std::atomic<uint64_t> sequence;
    Message message;
    uint64_t padding;
  };
  std::unique_ptr<Cell[]> cells;
  const uint64_t mask;
  alignas(128) std::atomic<uint64_t> tail{0};
  alignas(128) std::atomic<uint64_t> head{0};

public:
  explicit Queue(uint64_t slots) : cells(new Cell[slots]), mask(slots - 1) {
    for (uint64_t index = 0; index < slots; index++) cells[index].sequence.store(index, std::memory_order_relaxed);
  }

  bool push(const Message& message) {
    uint64_t position = tail.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = cells[position & mask];
      const int64_t lead = int64_t(cell.sequence.load(std::memory_order_acquire) - position);
      if (lead == 0) {
        if (tail.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
          cell.message = message;
          cell.sequence.store(position + 1, std::memory_order_release);
          return true;
        }
      } else if (lead < 0) {
        return false;
      } else {
        position = tail.load(std::memory_order_relaxed);
      }
    }
  }

  bool pop(Message& message) {
    uint64_t position = head.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = cells[position & mask];
      const int64_t lead = int64_t(cell.sequence.load(std::memory_order_acquire) - (position + 1));
      if (lead == 0) {
        if (head.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
          message = cell.message;
          cell.sequence.store(position + mask + 1, std::memory_order_release);
          return true;
        }
      } else if (lead < 0) {
        return false;
      } else {
        position = head.load(std::memory_order_relaxed);
      }
    }
  }
};

static void push_all(Queue& queue, uint64_t count) {
  for (uint64_t id = 0; id < count; id++) {
    while (!queue.push(Message{uint32_t(id), 7u, 1.5})) {}
  }
}

static void pop_all(Queue& queue, uint64_t count, Tally& tally) {
  Message message;
  for (uint64_t left = count; left > 0; left--) {
    while (!queue.pop(message)) {}
    tally.add(message);
  }
}

static void push_and_pop(Queue& queue, uint64_t count, Tally& tally) {
  Message message;
  for (uint64_t id = 0; id < count; id++) {
    while (!queue.push(Message{uint32_t(id), 7u, 1.5})) {}
    while (!queue.pop(message)) {}
    tally.add(message);
  }
}

// Each of `senders` threads sends `each` messages; they are popped by all of them, or by one thread more.
static double sample(bool both, int senders, uint64_t each, Tally& tally) {
  Queue queue(both ? 1024 : 65536);
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  Tally tallies[3];
  std::vector<std::thread> threads;
  const int total = both ? senders : senders + 1;
  for (int part = 0; part < total; part++) {
    threads.emplace_back([&, part] {
      if (total <= 2) pin(part);
      ready++;
      while (!go.load()) {}
      if (both) push_and_pop(queue, each, tallies[part]);
      else if (part == senders) pop_all(queue, each * uint64_t(senders), tallies[part]);
      else push_all(queue, each);
    });
  }
  while (ready.load() < total) {}
  const uint64_t start = nanos();
  go = true;
  for (auto& thread : threads) thread.join();
  const uint64_t end = nanos();
  for (const Tally& part : tallies) {
    tally.count += part.count;
    tally.checksum += part.checksum;
  }
  return double(end - start) / double(each * uint64_t(senders));
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string mode = argv[1];
  const bool both = mode == "both" || mode == "alone";
  const int senders = mode == "1p1c" || mode == "alone" ? 1 : 2;
  const uint64_t each = std::strtoull(argv[2], nullptr, 10) / uint64_t(senders);
  const int samples = std::atoi(argv[3]), warmups = std::atoi(argv[4]);
  Tally tally;
  std::vector<double> figures;
  for (int index = -warmups; index < samples; index++) {
    const double figure = sample(both, senders, each, tally);
    if (index >= 0) figures.push_back(figure);
  }
  report(figures, tally, each, double(senders) * (samples + warmups));
}
