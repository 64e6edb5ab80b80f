// A single-producer single-consumer ring between two pinned threads: the limit that the ring of this library is measured against.
//
//   spsc <batched|single> <count> <samples> <warmups>
//
// 16-byte records; the producer publishes every 64th record or every one, the consumer drains what it sees and then frees it.
// Both sides keep a copy of the other's index (the cached-index ring of Rigtorp's SPSCQueue). Prints one report as JSON.
#include "report.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>

struct Ring {
  static constexpr uint64_t capacity = 65536;
  alignas(128) std::atomic<uint64_t> head{0};
  alignas(128) std::atomic<uint64_t> tail{0};
  alignas(128) Message slots[capacity];
};

static void consume(Ring& ring, uint64_t count, Tally& tally) {
  uint64_t head = 0, tail = 0;
  while (head < count) {
    while (head == tail) tail = ring.tail.load(std::memory_order_acquire);
    for (; head != tail; head++) {
      const Message& message = ring.slots[head & (Ring::capacity - 1)];
      tally.add(message);
    }
    ring.head.store(head, std::memory_order_release);
  }
}

template <uint64_t batch>
static double sample(uint64_t count, Tally& tally) {
  auto ring = std::make_unique<Ring>();
  std::atomic<bool> ready{false};
  std::thread consumer([&] {
    pin(1);
    ready = true;
    consume(*ring, count, tally);
  });
  pin(0);
  while (!ready) {}
  const uint64_t start = nanos();
  uint64_t head = 0, tail = 0;
  for (uint64_t id = 0; id < count; id++) {
    if (tail - head >= Ring::capacity) {
      ring->tail.store(tail, std::memory_order_release);
      while (tail - head >= Ring::capacity) head = ring->head.load(std::memory_order_acquire);
    }
    ring->slots[tail & (Ring::capacity - 1)] = Message{uint32_t(id), 7u, 1.5};
    tail++;
    if (tail % batch == 0) ring->tail.store(tail, std::memory_order_release);
  }
  ring->tail.store(tail, std::memory_order_release);
  consumer.join();
  return double(nanos() - start) / double(count);
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const bool batched = std::strcmp(argv[1], "batched") == 0;
  const uint64_t count = std::strtoull(argv[2], nullptr, 10);
  const int samples = std::atoi(argv[3]), warmups = std::atoi(argv[4]);
  Tally tally;
  std::vector<double> figures;
  for (int index = -warmups; index < samples; index++) {
    const double figure = batched ? sample<64>(count, tally) : sample<1>(count, tally);
    if (index >= 0) figures.push_back(figure);
  }
  report(figures, tally, count, samples + warmups);
}
