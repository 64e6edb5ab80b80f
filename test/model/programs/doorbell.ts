/**
 * Programs on `Doorbell`: a consumer that parks while its rings are empty, woken by one producer or by two.
 */
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"
import { drain, type Misuse, park, RECORDS, rings, sendAll, START } from "./spscRing.ts"

/** The consumer parks whenever it finds nothing. */
const parked = (blocking: boolean, misuse: Misuse = {}): Model => ({
  structure: "Doorbell",
  scenario: blocking ? "the consumer blocks" : "the consumer parks",
  protocol: blocking ? "waitBlocking" : "wait",
  preemptions: 4,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(START)
      const bells = m.newBells(1)
      let received = 0
      const consumer = function*(): Body {
        const end = m.reader(ring)
        const bell = m.bell(bells, 0)
        while (received < RECORDS) {
          const before = received
          received = yield* drain(end, received, misuse)
          if (received === before) yield* park(bell, [end], blocking, misuse)
        }
      }
      return {
        threads: [
          thread("consumer", consumer()),
          thread("producer", sendAll(m, ring, m.bell(bells, 0), 0, misuse))
        ],
        check: () => equal(received, RECORDS, "records received")
      }
    }
  }
})

/** Two producers, each with a ring of its own, ring one consumer. */
const twoProducers = (misuse: Misuse = {}): Model => ({
  structure: "Doorbell",
  scenario: "two producers",
  protocol: "wait",
  preemptions: 3,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const buffers = [m.newRing(START), m.newRing(0)]
      const bells = m.newBells(1)
      const received = [RECORDS - 1, RECORDS - 1]
      const consumer = function*(): Body {
        const ends = buffers.map((ring) => m.reader(ring))
        const bell = m.bell(bells, 0)
        while (received[0]! + received[1]! < 2 * RECORDS) {
          const before = received[0]! + received[1]!
          for (let i = 0; i < 2; i++) received[i] = yield* drain(ends[i]!, received[i]!, misuse)
          if (before === received[0]! + received[1]!) yield* park(bell, ends, false, misuse)
        }
      }
      const producers = buffers.map((ring, i) =>
        thread(`producer${i}`, sendAll(m, ring, m.bell(bells, 0), RECORDS - 1, misuse))
      )
      return {
        threads: [thread("consumer", consumer()), ...producers],
        check: () => equal(received.join(), [RECORDS, RECORDS].join(), "records received")
      }
    }
  }
})

/** The consumer is woken by something else, gives its wait up, and parks again. */
const abandonedWait = (misuse: Misuse = {}): Model => ({
  structure: "Doorbell",
  scenario: "an abandoned wait",
  protocol: "wait again",
  preemptions: 5,
  prepare: async (load) => {
    const m = await rings(load)
    return () => {
      const ring = m.newRing(0)
      const bells = m.newBells(1)
      let received = RECORDS - 1
      const consumer = function*(): Body {
        const end = m.reader(ring)
        const bell = m.bell(bells, 0)
        yield* bell.prepare()
        if (yield* end.isEmpty()) yield* bell.wait()
        yield* bell.cancel()
        while (received < RECORDS) {
          received = yield* drain(end, received, misuse)
          if (received < RECORDS) yield* park(bell, [end], false, misuse)
        }
      }
      return {
        threads: [
          thread("consumer", consumer()),
          thread("producer", sendAll(m, ring, m.bell(bells, 0), received, misuse))
        ],
        check: () => equal(received, RECORDS, "records received")
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [parked(false), parked(true), twoProducers(), abandonedWait()]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "checks before announcing that it parks", model: parked(false, { checksBeforeAnnouncing: true }) },
  { name: "rings before publishing", model: parked(true, { ringsBeforePublishing: true }) },
  {
    name: "wakes without a notify",
    model: parked(false),
    mutations: [{
      module: "Doorbell",
      find: "    // All waiters: an abandoned wait of the same thread must not take the wake-up of the living one.\n"
        + "    Atomics.notify(this.cells, this.cell)\n",
      replace: ""
    }]
  },
  {
    name: "notifies before it sets the state",
    model: parked(true),
    mutations: [{
      module: "Doorbell",
      find: "    if (Atomics.compareExchange(this.cells, this.cell, PARKED, AWAKE) !== PARKED) return false\n",
      replace: "    Atomics.notify(this.cells, this.cell)\n"
        + "    if (Atomics.compareExchange(this.cells, this.cell, PARKED, AWAKE) !== PARKED) return false\n"
        + "    return true\n"
    }]
  },
  {
    name: "wakes one waiter, perhaps the abandoned one",
    model: abandonedWait(),
    mutations: [
      {
        module: "Doorbell",
        find: "of the living one.\n    Atomics.notify(this.cells, this.cell)",
        replace: "of the living one.\n    Atomics.notify(this.cells, this.cell, 1)"
      },
      { module: "Doorbell", find: "if (this.waiting) {", replace: "if (false) {" }
    ]
  }
]
