import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { AdaptiveWait } from "../../src/memory/AdaptiveWait.ts"
import { BusySpinWait } from "../../src/memory/BusySpinWait.ts"
import * as Doorbell from "../../src/memory/Doorbell.ts"
import { ParkingWait } from "../../src/memory/ParkingWait.ts"
import * as WaitList from "../../src/memory/WaitList.ts"
import type { WaitStrategy } from "../../src/memory/WaitStrategy.ts"
import { YieldingWait } from "../../src/memory/YieldingWait.ts"
import { Poller, type Waitable } from "../../src/thread/Poller.ts"
import { runtime } from "../../src/thread/ThreadRuntime.ts"
import { elapse, until } from "../support/until.ts"

/** Waits on a doorbell of its own until it is given an item. */
class Waiter implements Waitable {
  items = 0
  polls = 0
  got = 0
  isAsleep = false
  onItem = () => {}
  failed?: (error: unknown) => void
  readonly bell = new Doorbell.Doorbell(Doorbell.create())
  poll() {
    this.polls++
    if (this.items === 0) return false
    this.items--
    this.got++
    this.onItem()
    return true
  }
  announce() {
    this.bell.prepare()
  }
  isReady() {
    return this.items > 0
  }
  wait() {
    const wait = this.bell.wait()
    this.isAsleep = wait.async
    return wait
  }
  retract() {
    this.isAsleep = false
    this.bell.retract()
  }
  cancel() {
    this.isAsleep = false
    this.bell.cancel()
  }
  give() {
    this.items++
    this.bell.ring()
  }
}

const strategies: ReadonlyArray<readonly [name: string, make: () => WaitStrategy]> = [
  ["busySpin", () => new BusySpinWait()],
  ["yielding", () => new YieldingWait()],
  ["parking", () => new ParkingWait()],
  ["adaptive", () => new AdaptiveWait({ maxSpins: 10, now: () => performance.now() * 1e6, yieldNanos: 100_000 })]
]

const setUp = (count = 3, strategy: WaitStrategy = new ParkingWait()) => {
  const poller = new Poller({ strategy })
  const waiters = Array.from({ length: count }, () => new Waiter())
  for (const waiter of waiters) poller.add(waiter)
  return { poller, waiters: waiters as [Waiter, ...Array<Waiter>] }
}

/** One that sleeps with its thread a few times before it is parked. */
class Rester extends Waiter {
  may = true
  rests = 0
  wakes = 3
  private readonly onRest: () => void
  constructor(onRest: () => void = () => {}) {
    super()
    this.onRest = onRest
  }
  mayRest() {
    return this.may
  }
  rest() {
    this.rests++
    this.onRest()
    return this.wakes-- > 0
  }
}

/** One that can do without being looked at for a while. */
class Napper extends Waiter {
  millis = 1
  napMillis() {
    return this.millis
  }
}

/** One that waits for somebody who has just been woken. */
class Far extends Waiter {
  isFarAway = true
  isFar() {
    return this.isFarAway
  }
}

/** A poller whose naps end when the test says so. */
const napping = () => {
  const naps: Array<{ readonly millis: number; readonly end: () => void }> = []
  const poller = new Poller({
    strategy: new ParkingWait(),
    runtime: { ...runtime, after: (millis, end) => void naps.push({ millis, end }) }
  })
  return { naps, poller }
}

/** Until each of them sleeps on its doorbell. */
const asleep = (waiters: ReadonlyArray<Waiter>) =>
  until(() => waiters.every((waiter) => waiter.isAsleep), () => waiters.map(({ isAsleep, polls }) => [isAsleep, polls]))

const got = (waiter: Waiter, items: number) => until(() => waiter.got === items, () => waiter.got)

const turns = (count: number) =>
  Effect.promise(async () => {
    for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
  })

describe("Poller", () => {
  it.live.each(strategies)(
    "D07 sees with %s what comes after a delay, and forgets who got it",
    ([, make]) =>
      Effect.gen(function*() {
        const { poller, waiters: [waiter] } = setUp(1, make())
        assert.strictEqual(waiter.polls, 0)
        yield* elapse(20)
        assert.isAbove(waiter.polls, 0)
        waiter.give()
        yield* got(waiter, 1)
        assert.strictEqual(poller.size, 0)
        const { polls } = waiter
        waiter.give()
        yield* turns(3)
        assert.strictEqual(waiter.polls, polls)
      })
  )

  it.live("parks at once when all wait for those who have just been woken", () =>
    Effect.gen(function*() {
      // It never parks by itself.
      const poller = new Poller({ strategy: new YieldingWait(0) })
      const [near, far] = [new Far(), new Far()]
      near.isFarAway = false
      poller.add(far)
      yield* asleep([far])
      assert.strictEqual(far.polls, 1)
      far.give()
      yield* got(far, 1)
      poller.add(near)
      poller.add(far)
      yield* turns(5)
      assert.deepStrictEqual([near.isAsleep, far.isAsleep], [false, false])
      near.isFarAway = true
      yield* asleep([near, far])
      near.give()
      far.give()
      yield* Effect.andThen(got(near, 1), got(far, 2))
      assert.strictEqual(poller.size, 0)
    }))

  it.live("polls nobody once all are parked, and then only who was woken", () =>
    Effect.gen(function*() {
      const { poller, waiters } = setUp()
      yield* asleep(waiters)
      const polls = waiters.map((waiter) => waiter.polls)
      yield* turns(50)
      assert.deepStrictEqual(waiters.map((waiter) => waiter.polls), polls)
      waiters[1]!.give()
      yield* got(waiters[1]!, 1)
      assert.deepStrictEqual([waiters[0].polls, waiters[2]!.polls], [polls[0], polls[2]])
      for (const waiter of waiters) poller.remove(waiter)
    }))

  it.live("leaves those that are parked asleep when another is added", () =>
    Effect.gen(function*() {
      const { poller, waiters } = setUp()
      yield* asleep(waiters)
      const polls = waiters.map((waiter) => waiter.polls)
      const late = new Waiter()
      poller.add(late)
      yield* asleep([late])
      assert.deepStrictEqual(waiters.map((waiter) => waiter.polls), polls)
      late.give()
      yield* got(late, 1)
      for (const waiter of waiters) poller.remove(waiter)
    }))

  it.live("parks by itself what is polled long in vain while others make progress", () =>
    Effect.gen(function*() {
      const { poller, waiters: [idle, busy] } = setUp(2, new YieldingWait(0))
      busy!.items = Infinity
      busy!.onItem = () => poller.add(busy!)
      yield* asleep([idle])
      assert.isAbove(busy!.got, 100)
      idle.give()
      yield* got(idle, 1)
      poller.remove(busy!)
      assert.strictEqual(poller.size, 0)
    }))

  it.live.each(strategies.slice(0, 2))(
    "never parks with %s, however long it looks in vain",
    ([, make]) =>
      Effect.gen(function*() {
        const { poller, waiters: [waiter] } = setUp(1, make())
        yield* until(() => waiter.polls > 20_000, () => waiter.polls)
        assert.strictEqual(waiter.isAsleep, false)
        poller.remove(waiter)
      })
  )

  it.live("spins no more once it was told so", () =>
    Effect.gen(function*() {
      const strategy = new BusySpinWait()
      const { poller, waiters: [waiter] } = setUp(1, strategy)
      poller.limitSpins(0)
      yield* turns(20)
      // One poll a turn; a spinning one polls a thousand times.
      assert.isBelow(waiter.polls, 50)
      poller.remove(waiter)
    }))

  it.live("has one rest that has the thread to itself, a turn of the event loop before each time, and then parks it", () =>
    Effect.gen(function*() {
      let turnsSeen = 0
      const restedAt: Array<number> = []
      const poller = new Poller({ strategy: new YieldingWait(), runtime: { ...runtime, mayBlock: true } })
      const count = () => {
        turnsSeen++
        if (restedAt.length < 4) setImmediate(count)
      }
      setImmediate(count)
      const rester = new Rester(() => restedAt.push(turnsSeen))
      poller.add(rester)
      yield* asleep([rester])
      assert.strictEqual(rester.rests, 4)
      for (let i = 1; i < restedAt.length; i++) assert.isAbove(restedAt[i]!, restedAt[i - 1]!)
      rester.give()
      yield* got(rester, 1)
    }))

  it.live("has nobody rest who is not alone, who does not want it, or whose thread may not be blocked", () =>
    Effect.gen(function*() {
      const main = new Poller({ strategy: new ParkingWait(), runtime: { ...runtime, mayBlock: false } })
      const poller = new Poller({ strategy: new ParkingWait(), runtime: { ...runtime, mayBlock: true } })
      const [here, one, other, busy] = [new Rester(), new Rester(), new Waiter(), new Rester()]
      main.add(here)
      poller.add(other)
      poller.add(one)
      yield* asleep([here, one, other])
      poller.remove(other)
      poller.remove(one)
      busy.may = false
      poller.add(busy)
      yield* asleep([busy])
      assert.deepStrictEqual([here.rests, one.rests, busy.rests], [0, 0, 0])
      for (const [owner, waiter] of [[main, here], [poller, busy]] as const) owner.remove(waiter)
    }))

  it.live("does not look at those that can do without, nor announces them, until the least time that one of them says", () =>
    Effect.gen(function*() {
      const { naps, poller } = napping()
      const [one, other] = [new Napper(), new Napper()]
      one.millis = 3
      poller.add(one)
      poller.add(other)
      yield* until(() => naps.length === 1, () => naps.length)
      const { polls } = one
      one.give()
      yield* turns(50)
      assert.deepStrictEqual([naps[0]!.millis, one.polls, one.got, one.isAsleep, one.bell.wakes()], [
        1,
        polls,
        0,
        false,
        0
      ])
      naps[0]!.end()
      assert.deepStrictEqual([one.got, other.polls > 0], [1, true])
      poller.remove(other)
    }))

  it.live("wakes up for what is added to it, and for what was parked and is rung for", () =>
    Effect.gen(function*() {
      const { naps, poller } = napping()
      const [parked, added, napper] = [new Waiter(), new Waiter(), new Napper()]
      poller.add(parked)
      yield* asleep([parked])
      poller.add(napper)
      yield* until(() => naps.length === 1, () => naps.length)
      parked.give()
      yield* got(parked, 1)
      yield* until(() => naps.length === 2, () => naps.length)
      added.items = 1
      poller.add(added)
      yield* got(added, 1)
      // What is left of a nap that was cut short changes nothing.
      yield* until(() => naps.length === 3, () => naps.length)
      const { polls } = napper
      naps[0]!.end()
      naps[1]!.end()
      yield* turns(20)
      assert.deepStrictEqual([napper.polls, naps.length], [polls, 3])
      poller.remove(napper)
      naps[2]!.end()
      assert.strictEqual(poller.size, 0)
    }))

  it.live("takes no nap while one of them is wanted at once", () =>
    Effect.gen(function*() {
      const { naps, poller } = napping()
      const [napper, waiter] = [new Napper(), new Waiter()]
      poller.add(napper)
      poller.add(waiter)
      yield* asleep([napper, waiter])
      assert.deepStrictEqual(naps, [])
      poller.remove(napper)
      poller.remove(waiter)
    }))

  it.live("tells one whose rest throws, and goes on", () =>
    Effect.gen(function*() {
      const poller = new Poller({ strategy: new YieldingWait(), runtime: { ...runtime, mayBlock: true } })
      const rester = new Rester(() => {
        throw new Error("no rest")
      })
      const errors: Array<unknown> = []
      rester.failed = (error) => {
        errors.push(error)
        rester.may = false
        poller.add(rester)
      }
      poller.add(rester)
      yield* asleep([rester])
      assert.deepStrictEqual(errors.map(String), ["Error: no rest"])
      poller.remove(rester)
    }))

  it.live("ends the wait of who is removed, and never polls it again", () =>
    Effect.gen(function*() {
      const { poller, waiters } = setUp()
      const [first, second] = waiters
      poller.remove(first)
      yield* asleep(waiters.slice(1))
      assert.strictEqual(first.polls, 0)
      poller.remove(second!)
      poller.remove(second!)
      assert.strictEqual(second!.bell.isParked(), false)
      second!.give()
      waiters[2]!.give()
      yield* got(waiters[2]!, 1)
      yield* turns(3)
      assert.deepStrictEqual([first.got, second!.got, poller.size], [0, 0, 0])
    }))

  it.live("lets a poll add and remove others and itself", () =>
    Effect.gen(function*() {
      const { poller, waiters } = setUp()
      const [first, second, third] = waiters
      const added = new Waiter()
      first.onItem = () => {
        poller.remove(second!)
        poller.add(added)
        if (first.got < 3) poller.add(first)
      }
      third!.onItem = () => poller.remove(third!)
      first.items = 3
      third!.items = 1
      yield* got(first, 3)
      yield* got(third!, 1)
      added.give()
      yield* got(added, 1)
      assert.deepStrictEqual([second!.got, second!.polls, poller.size], [0, 0, 0])
    }))

  it.live("does not park what became ready between its poll and its announcement", () =>
    Effect.gen(function*() {
      const { waiters: [waiter] } = setUp(1)
      waiter.announce = () => {
        waiter.items++
        waiter.bell.prepare()
      }
      yield* got(waiter, 1)
      assert.strictEqual(waiter.bell.isParked(), false)
    }))

  it.live("does not begin a wait when it was rung between the re-check and the wait", () =>
    Effect.gen(function*() {
      const { waiters: [waiter] } = setUp(1)
      waiter.isReady = () => {
        waiter.give()
        return false
      }
      yield* got(waiter, 1)
      assert.strictEqual(waiter.isAsleep, false)
    }))

  it.live("goes back to sleep after a wake-up for nothing", () =>
    Effect.gen(function*() {
      const { waiters } = setUp(1)
      const [waiter] = waiters
      for (let round = 1; round <= 5; round++) {
        yield* asleep(waiters)
        const { polls } = waiter
        waiter.bell.ring()
        yield* until(() => waiter.polls > polls, () => waiter.polls)
      }
      yield* asleep(waiters)
      waiter.give()
      yield* got(waiter, 1)
    }))

  it.live.each(["poll", "announce", "isReady", "wait", "retract"] as const)(
    "forgets and tells whose %s throws, and nobody else",
    (method) =>
      Effect.gen(function*() {
        const { poller, waiters } = setUp()
        const [bad] = waiters
        const errors: Array<unknown> = []
        bad.failed = (error) => errors.push(error)
        bad[method] = () => {
          throw new Error(method)
        }
        if (method === "retract") bad.isReady = () => true
        yield* until(() => errors.length > 0, () => poller.size)
        yield* asleep(waiters.slice(1))
        assert.deepStrictEqual(errors.map(String), [`Error: ${method}`])
        assert.strictEqual(poller.size, 2)
        for (const waiter of waiters.slice(1)) waiter.give()
        for (const waiter of waiters.slice(1)) yield* got(waiter, 1)
      })
  )
})

describe("Poller in a thread of its own", () => {
  /** The list on which the worker's waiters wait, and the worker. */
  const start = (mode: string) => {
    const list = WaitList.create(8)
    const words = new SharedArrayBuffer(64)
    const worker = new Worker(new URL("../fixtures/poller.worker.ts", import.meta.url), {
      workerData: { list, mode, words }
    })
    const rows = Array.from({ length: 8 }, (_, row) => row)
    const waits = new WaitList.WaitList(list)
    return {
      asleep: until(() => rows.every((row) => waits.isParked(row)), () => rows.map((row) => waits.isParked(row))),
      cells: new Int32Array(words),
      exit: new Promise<number>((resolve) => worker.once("exit", resolve)),
      waits,
      worker
    }
  }

  it.live("keeps the thread alive exactly while something waits", () =>
    Effect.gen(function*() {
      const thread = start("serve")
      let hasExited = false
      void thread.exit.then(() => (hasExited = true))
      yield* thread.asleep
      yield* elapse(50)
      assert.strictEqual(hasExited, false)
      Atomics.store(thread.cells, 0, 8)
      thread.waits.wake()
      assert.strictEqual(yield* Effect.promise(() => thread.exit), 0)
      assert.strictEqual(Atomics.load(thread.cells, 1), 8)
    }))

  it.live("ends the thread with the error of a poll that nobody is told of, after the others had their turn", () =>
    Effect.gen(function*() {
      const thread = start("throw")
      const failed = once(thread.worker, "error")
      const [error] = yield* Effect.promise(() => failed)
      assert.strictEqual((error as Error).message, "nobody is told")
      assert.strictEqual(Atomics.load(thread.cells, 1), 7)
    }))

  it.live("uses next to no processor time while all that waits is parked", () =>
    Effect.gen(function*() {
      const thread = start("serve")
      yield* thread.asleep
      const share = () =>
        Effect.gen(function*() {
          const before = performance.now()
          const start = yield* Effect.promise(() => thread.worker.cpuUsage())
          yield* elapse(300)
          const spent = yield* Effect.promise(() => thread.worker.cpuUsage(start))
          return (spent.user + spent.system) / 1000 / (performance.now() - before)
        })
      // Compilation and collection after the start may last a little.
      let least = Infinity
      for (let tries = 0; tries < 10 && least > 0.05; tries++) least = Math.min(least, yield* share())
      assert.isBelow(least, 0.05)
      yield* Effect.promise(() => thread.worker.terminate())
    }))
})
