/**
 * Programs on `BlockingWait`: threads without an event loop that wait on a row of a list, or on their doorbell.
 */
import type * as BlockingWaitModule from "../../../src/memory/BlockingWait.ts"
import type * as DoorbellModule from "../../../src/memory/Doorbell.ts"
import type * as WaitListModule from "../../../src/memory/WaitList.ts"
import { type Decision, PARK, SPIN, type WaitStrategy } from "../../../src/memory/WaitStrategy.ts"
import type { Load } from "../gate.ts"
import { add, compareExchange, load as loadCell } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

/** Spins once in a phase, then parks. */
const spinThenPark = (): WaitStrategy => {
  let next: Decision = SPIN
  const restart = () => {
    next = SPIN
  }
  const empty = () => {
    const decision = next
    next = PARK
    return decision
  }
  return { empty, limitSpins: () => {}, restart, success: restart }
}

const ITEMS_CELL = 0

function* take(items: Int32Array): Body<boolean> {
  const count = yield* loadCell(items, ITEMS_CELL)
  return count > 0 && (yield* compareExchange(items, ITEMS_CELL, count, count - 1)) === count
}

const modules = async (load: Load) => ({
  bell: await load<typeof DoorbellModule>("Doorbell"),
  driver: await load<typeof BlockingWaitModule>("BlockingWait"),
  list: await load<typeof WaitListModule>("WaitList")
})

type Driver = InstanceType<Awaited<ReturnType<typeof modules>>["driver"]["BlockingWait"]>
type Place = ConstructorParameters<Awaited<ReturnType<typeof modules>>["driver"]["BlockingWait"]>[0]["place"]

/** Waits for items and takes them, so many. */
function* receive(driver: Driver, items: Int32Array, count: number): Body {
  // The look belongs to the step of the operation in front of it: one that comes between the two is as good as one before both.
  const condition = { isReady: () => Atomics.load(items, ITEMS_CELL) > 0 }
  for (let taken = 0; taken < count;) {
    yield* driver.until(condition)
    if (yield* take(items)) taken++
  }
}

const driverOf = (m: Awaited<ReturnType<typeof modules>>, place: unknown): Driver =>
  new m.driver.BlockingWait({ nowMillis: () => 0, place: place as Place, strategy: spinThenPark() })

/** Two threads on rows of one list. */
const rows: Model = {
  structure: "BlockingWait",
  scenario: "two receivers on rows of a list, two senders",
  protocol: "spin, park",
  preemptions: 2,
  prepare: async (load) => {
    const m = await modules(load)
    return () => {
      const sab = m.list.create(2)
      const items = new Int32Array(new SharedArrayBuffer(4))
      const receiver = (row: number) =>
        receive(driverOf(m, new m.driver.RowPlace(new m.list.WaitList(sab) as never, row)), items, 1)
      const sender = function*(): Body {
        yield* add(items, ITEMS_CELL, 1)
        yield* new m.list.WaitList(sab).wake()
      }
      return {
        threads: [
          thread("receiver0", receiver(0)),
          thread("receiver1", receiver(1)),
          thread("sender0", sender()),
          thread("sender1", sender())
        ],
        check: () => equal(items[ITEMS_CELL], 0, "items left")
      }
    }
  }
}

/** One thread on its doorbell. */
const bell: Model = {
  structure: "BlockingWait",
  scenario: "a receiver on its doorbell",
  protocol: "spin, park",
  preemptions: 3,
  prepare: async (load) => {
    const m = await modules(load)
    return () => {
      const sab = m.bell.create()
      const items = new Int32Array(new SharedArrayBuffer(4))
      const driver = driverOf(m, new m.driver.DoorbellPlace(new m.bell.Doorbell(sab) as never))
      const sender = function*(): Body {
        const end = new m.bell.Doorbell(sab)
        for (let i = 0; i < 3; i++) {
          yield* add(items, ITEMS_CELL, 1)
          yield* end.ring()
        }
      }
      return {
        threads: [thread("receiver", receive(driver, items, 3)), thread("sender", sender())],
        check: () => equal(items[ITEMS_CELL], 0, "items left")
      }
    }
  }
}

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [rows, bell]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  {
    name: "sleeps without a look behind the announcement",
    model: bell,
    mutations: [{ module: "BlockingWait", find: "      if (condition.isReady()) return\n", replace: "" }]
  },
  {
    name: "announces behind the look",
    model: rows,
    mutations: [
      { module: "BlockingWait", find: "    place.announce()\n", replace: "" },
      {
        module: "BlockingWait",
        find: "      if (condition.isReady()) return\n",
        replace: "      if (condition.isReady()) return\n      place.announce()\n"
      }
    ]
  }
]
