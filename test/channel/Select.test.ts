import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Channel, ChannelError, SharedChannel } from "shared-nothing"
import { seeded } from "../memory/seeded.ts"

const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

const ROUNDS = 10_000

const pair = Effect.gen(function*() {
  const a = yield* Channel.make(Schema.Int, { name: "a", capacity: 4 })
  const b = yield* Channel.make(Schema.String, { name: "b", capacity: 4 })
  return { a, b, branches: { a: a.receiver, b: b.receiver } }
})

/** How often each branch was taken in many rounds of one select, between which `refill` runs. */
const shares = Effect.fnUntraced(function*(
  branches: Channel.Branches,
  refill: Effect.Effect<void>,
  options?: { readonly biased: boolean }
) {
  const counts: Record<string, number> = Object.fromEntries(Object.keys(branches).map((name) => [name, 0]))
  for (let round = 0; round < ROUNDS; round++) {
    yield* refill
    counts[(yield* Effect.orDie(Channel.select(branches, options))).from]!++
  }
  return counts
})

describe("select", () => {
  it.effect("takes the one message that is there, and says where from", () =>
    Effect.gen(function*() {
      const { a, b, branches } = yield* pair
      yield* b.sender.send("x")
      assert.deepStrictEqual(yield* Channel.select(branches), { from: "b", message: "x" })
      yield* a.sender.send(1)
      assert.deepStrictEqual(yield* Channel.select(branches), { from: "a", message: 1 })
    }))

  it.effect("waits for the first message, takes only that one and leaves the other receivers alone", () =>
    Effect.gen(function*() {
      const { a, b, branches } = yield* pair
      const selecting = yield* forkNow(Channel.select(branches))
      assert.strictEqual((yield* a.stats).waitingReceivers, 1)
      yield* b.sender.send("x")
      yield* a.sender.send(1)
      const selected = yield* Fiber.join(selecting)
      const rest: Array<number | string> = []
      a.receiver.drainUnsafe((message) => rest.push(message))
      b.receiver.drainUnsafe((message) => rest.push(message))
      assert.strictEqual(rest.length, 1)
      assert.deepStrictEqual(new Set([selected.message, ...rest]), new Set<unknown>(["x", 1]))
      assert.strictEqual((yield* a.stats).waitingReceivers + (yield* b.stats).waitingReceivers, 0)
    }))

  it.effect("is fair: each of the branches that have messages gets at least half its share (C10)", () =>
    Effect.gen(function*() {
      const channels = yield* Effect.forEach(["a", "b", "c", "d"], () => Channel.make(Schema.Int, { capacity: 1 }))
      const branches = Object.fromEntries(channels.map(({ receiver }, i) => [`branch${i}`, receiver]))
      const refill = Effect.sync(() => channels.forEach(({ sender }) => sender.sendUnsafe(1)))
      const counts = yield* shares(branches, refill)
      for (const count of Object.values(counts)) assert.isAtLeast(count, ROUNDS / 4 / 2)
    }))

  it.effect("is fair among those that have messages, however many between them have none", () =>
    Effect.gen(function*() {
      const channels = yield* Effect.forEach(
        Array.from({ length: 12 }),
        () => Channel.make(Schema.Int, { capacity: 1 })
      )
      const branches = Object.fromEntries(channels.map(({ receiver }, i) => [`branch${i}`, receiver]))
      const refill = Effect.sync(() => channels.slice(10).forEach(({ sender }) => sender.sendUnsafe(1)))
      const counts = yield* shares(branches, refill)
      for (const name of ["branch10", "branch11"]) assert.isAtLeast(counts[name]!, ROUNDS / 2 / 2)
    }))

  it.effect("is fair to one receiver in several branches (C10)", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* Channel.make(Schema.Int, { capacity: 1 })
      const ready = yield* shares(
        { a: receiver, b: receiver, c: receiver },
        Effect.sync(() => void sender.sendUnsafe(1))
      )
      for (const count of Object.values(ready)) assert.isAtLeast(count, ROUNDS / 3 / 2)
    }))

  it.effect("is fair to one receiver in several branches that it waits at", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* Channel.make(Schema.Int, { capacity: 1 })
      const counts = { a: 0, b: 0 }
      for (let round = 0; round < 1000; round++) {
        const selecting = yield* forkNow(Channel.select({ a: receiver, b: receiver }))
        yield* sender.send(round)
        counts[(yield* Fiber.join(selecting)).from]++
        assert.deepStrictEqual(yield* receiver.tryReceive, Option.none())
      }
      for (const count of Object.values(counts)) assert.isAtLeast(count, 250)
    }))

  it.effect("biased: the first branch that has a message wins (C10)", () =>
    Effect.gen(function*() {
      const { a, b, branches } = yield* pair
      const refill = Effect.sync(() => {
        a.sender.sendUnsafe(1)
        b.sender.sendUnsafe("x")
      })
      assert.deepStrictEqual(yield* shares(branches, refill, { biased: true }), { a: ROUNDS, b: 0 })
    }))

  it.effect("a receive that waits where a select waits too is served in its turn", () =>
    Effect.gen(function*() {
      const { a, branches } = yield* pair
      const first = yield* forkNow(a.receiver.receive)
      const selecting = yield* forkNow(Channel.select(branches))
      const last = yield* forkNow(a.receiver.receive)
      yield* a.sender.sendAll([1, 2, 3])
      assert.strictEqual(yield* Fiber.join(first), 1)
      assert.deepStrictEqual(yield* Fiber.join(selecting), { from: "a", message: 2 })
      assert.strictEqual(yield* Fiber.join(last), 3)
    }))

  it.effect("does not take what is promised to a fiber that waits there", () =>
    Effect.gen(function*() {
      const { a, b, branches } = yield* pair
      const first = yield* forkNow(a.receiver.receive)
      yield* a.sender.send(1)
      const selecting = yield* forkNow(Channel.select(branches))
      assert.strictEqual(yield* Fiber.join(first), 1)
      yield* b.sender.send("x")
      assert.deepStrictEqual(yield* Fiber.join(selecting), { from: "b", message: "x" })
    }))

  it.effect("leaves closed branches out as long as another is open, then fails with ChannelClosed", () =>
    Effect.gen(function*() {
      const { a, b, branches } = yield* pair
      yield* a.sender.close
      const selecting = yield* forkNow(Channel.select(branches))
      yield* b.sender.send("x")
      assert.deepStrictEqual(yield* Fiber.join(selecting), { from: "b", message: "x" })
      const waiting = yield* forkNow(Effect.flip(Channel.select(branches)))
      yield* b.sender.close
      assert.instanceOf(yield* Fiber.join(waiting), ChannelError.ChannelClosed)
      assert.instanceOf(yield* Effect.flip(Channel.select(branches)), ChannelError.ChannelClosed)
    }))

  it.effect("goes on waiting when a branch is closed while it waits", () =>
    Effect.gen(function*() {
      const { a, b, branches } = yield* pair
      const selecting = yield* forkNow(Channel.select(branches))
      yield* a.sender.close
      yield* Effect.yieldNow
      yield* b.sender.send("x")
      assert.deepStrictEqual(yield* Fiber.join(selecting), { from: "b", message: "x" })
    }))

  it.effect("receives what a closed branch still holds", () =>
    Effect.gen(function*() {
      const { a, branches } = yield* pair
      yield* a.sender.send(1)
      yield* a.sender.close
      assert.deepStrictEqual(yield* Channel.select(branches), { from: "a", message: 1 })
    }))

  it.effect("fails as a branch fails otherwise", () =>
    Effect.gen(function*() {
      const { b, branches } = yield* pair
      const news = yield* Channel.make(Schema.Int, { kind: "broadcast", capacity: 1 })
      yield* news.sender.sendAll([1, 2, 3])
      const missed = yield* Effect.flip(Channel.select({ news: news.receiver, b: b.receiver }))
      assert.deepInclude({ ...missed }, { _tag: "MessagesMissed", count: 2 })
      const selecting = yield* forkNow(Effect.flip(Channel.select(branches)))
      yield* b.receiver.close
      assert.strictEqual((yield* Fiber.join(selecting))._tag, "EndMoved")
    }))

  it.live("chooses between a channel within this thread and one between threads", () =>
    Effect.gen(function*() {
      const near = yield* Channel.make(Schema.Int, { capacity: 4 })
      const far = yield* SharedChannel.make(Schema.String, { kind: "spsc", capacity: 4 })
      const branches = { near: near.receiver, far: far.receiver }
      const first = yield* forkNow(Channel.select(branches))
      yield* far.sender.send("x")
      assert.deepStrictEqual(yield* Fiber.join(first), { from: "far", message: "x" })
      const second = yield* forkNow(Channel.select(branches))
      yield* near.sender.send(1)
      assert.deepStrictEqual(yield* Fiber.join(second), { from: "near", message: 1 })
      const counts = { near: 0, far: 0 }
      for (let round = 0; round < 1000; round++) {
        near.sender.sendUnsafe(round)
        yield* Effect.ignore(far.sender.trySend("y"))
        counts[(yield* Channel.select(branches)).from]++
      }
      for (const count of Object.values(counts)) assert.isAtLeast(count, 250)
    }))

  it.effect("waits for ever without branches", () =>
    Effect.gen(function*() {
      const selecting = yield* forkNow(Channel.select({}))
      yield* TestClock.adjust("1 hour")
      assert.isUndefined(selecting.pollUnsafe())
    }))

  it.effect("gives up in time and takes nothing", () =>
    Effect.gen(function*() {
      const { a, branches } = yield* pair
      const selecting = yield* forkNow(Effect.timeoutOption(Channel.select(branches), "1 second"))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(selecting), Option.none())
      yield* a.sender.send(1)
      assert.deepStrictEqual(yield* a.receiver.tryReceive, Option.some(1))
    }))

  it.effect("loses nothing and doubles nothing, whatever is interrupted when", () =>
    Effect.forEach(Array.from({ length: 200 }, (_, i) => i + 1), (seed) =>
      Effect.scoped(Effect.gen(function*() {
        const rng = seeded(seed)
        const channels = yield* Effect.forEach([0, 1, 2], () => Channel.make(Schema.Int, { capacity: 2 }))
        const [a, b, c] = channels.map(({ receiver }) => receiver) as [
          Channel.Receiver<number>,
          Channel.Receiver<number>,
          Channel.Receiver<number>
        ]
        const sent: Array<number> = []
        const fibers: Array<Fiber.Fiber<number, unknown>> = []
        for (let step = 0; step < 100; step++) {
          const dice = rng(10)
          if (dice < 4) {
            if (channels[rng(3)]!.sender.sendUnsafe(step)) sent.push(step)
          } else if (dice < 7) {
            const branches: Channel.Branches = dice === 4 ? { a, b, c } : dice === 5 ? { b, c } : { a, again: a }
            fibers.push(yield* forkNow(Effect.map(Channel.select(branches), ({ message }) => message as number)))
          } else if (dice < 9 && fibers.length > 0) fibers[rng(fibers.length)]!.interruptUnsafe()
          else yield* Effect.yieldNow
        }
        yield* Fiber.interruptAll(fibers)
        const got: Array<number> = []
        for (const fiber of fibers) {
          const exit = yield* Fiber.await(fiber)
          if (Exit.isSuccess(exit)) got.push(exit.value)
        }
        for (const { receiver } of channels) receiver.drainUnsafe((n) => got.push(n))
        assert.deepStrictEqual(got.sort((x, y) => x - y), sent, `seed ${seed}`)
      })), { discard: true }))
})
