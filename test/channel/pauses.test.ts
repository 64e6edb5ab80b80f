/** Whoever waits at a channel has what was done for it, or nothing was done: by schedulers that may pause a fiber in front of any of its steps, and that is interrupted there. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Channel, Parcel, SharedChannel, ThreadArenas } from "shared-nothing"
import type { SharedOptions } from "../../src/channel/Channel.ts"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { interruptedAt, pausingFirst } from "../support/pausing.ts"
import { untilEffect } from "../support/until.ts"

type Receiver<A> = Channel.Receiver<A>

const kinds: ReadonlyArray<NonNullable<SharedOptions["kind"]>> = ["spsc", "mpsc", "mpmc", "broadcast"]

const makers = kinds.flatMap((kind) => [
  {
    name: `${kind} within a thread`,
    kind,
    make: (capacity: number) => Channel.make(Schema.Int, { kind, capacity })
  },
  {
    name: `${kind} between threads`,
    kind,
    make: (capacity: number) =>
      SharedChannel.make(Schema.Int, { kind, capacity: kind === "mpmc" ? capacity * 2 : capacity })
  }
])

/** What is received is there by `got` in the step in which the fiber goes on. */
type Way = <A>(receiver: Receiver<A>, got: (values: ReadonlyArray<A>) => void) => Effect.Effect<unknown, unknown>

const ways: Record<string, Way> = {
  receive: ({ receive }, got) => Effect.map(receive, (value) => got([value])),
  receiveWithin: (receiver, got) => Effect.map(receiver.receiveWithin("1 minute"), (value) => got([value])),
  receiveBatch: (receiver, got) => Effect.map(receiver.receiveBatch(2), got),
  select: (receiver, got) => Effect.map(Channel.select({ receiver, again: receiver }), ({ message }) => got([message]))
}

const rest = <A>(receiver: Receiver<A>): Array<A> => {
  const left: Array<A> = []
  receiver.drainUnsafe((value) => left.push(value))
  return left
}

/** Goes on when a fiber waits there, or has ended. */
const settled = (
  { stats }: Pick<Channel.Channel<never>, "stats">,
  fiber: Fiber.Fiber<unknown, unknown>,
  end: "waitingReceivers" | "waitingSenders"
) => untilEffect(Effect.map(stats, (now) => fiber.pollUnsafe() !== undefined || now[end] > 0), stats)

const forkPausing = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.forkChild(pausingFirst(effect), { startImmediately: true })

for (const { kind, make, name } of makers) {
  describe(`a fiber at a channel of kind ${name}`, () => {
    for (const [title, way] of Object.entries(ways)) {
      it.live(`that is interrupted at any of its steps has received all that is gone: ${title}`, () =>
        Effect.gen(function*() {
          let steps = 0
          for (const isThere of [true, false]) {
            for (let n = 1;; n++) {
              const isReached = yield* Effect.scoped(Effect.gen(function*() {
                const channel = yield* make(4)
                const { receiver, sender } = channel
                const got: Array<number> = []
                if (isThere) yield* sender.sendAll([1, 2, 3])
                const receiving = yield* Effect.forkChild(
                  interruptedAt(way(receiver, (values) => got.push(...values)), n)
                )
                if (!isThere) {
                  yield* settled(channel, receiving, "waitingReceivers")
                  yield* sender.sendAll([1, 2, 3])
                }
                const exit = yield* Fiber.join(receiving)
                assert.deepStrictEqual([...got, ...rest(receiver)], [1, 2, 3], `step ${n}`)
                if (exit !== undefined) assert.strictEqual(Exit.isSuccess(exit), got.length > 0, `step ${n}`)
                return exit !== undefined
              }))
              if (!isReached) break
              steps++
            }
          }
          assert.isAbove(steps, 1)
        }))

      it.live(`that was interrupted, and has not left yet, is given nothing: ${title}`, () =>
        Effect.scoped(Effect.gen(function*() {
          const channel = yield* make(4)
          const { receiver, sender } = channel
          const got: Array<number> = []
          const receiving = yield* forkPausing(way(receiver, (values) => got.push(...values)))
          yield* settled(channel, receiving, "waitingReceivers")
          receiving.interruptUnsafe()
          yield* sender.send(1)
          yield* Fiber.await(receiving)
          assert.deepStrictEqual([got, rest(receiver)], [[], [1]])
        })))
    }

    if (kind === "broadcast") return

    it.live("that is interrupted at any of its steps has sent if and only if its exit says so", () =>
      Effect.gen(function*() {
        let steps = 0
        for (let n = 1;; n++) {
          const isReached = yield* Effect.scoped(Effect.gen(function*() {
            const channel = yield* make(1)
            const { receiver, sender } = channel
            const told: Array<number> = []
            let filled = 0
            while (sender.sendUnsafe(0)) filled++
            const sending = yield* Effect.forkChild(
              interruptedAt(Effect.map(sender.send(1), () => void told.push(1)), n)
            )
            yield* settled(channel, sending, "waitingSenders")
            assert.strictEqual(yield* receiver.receive, 0)
            const exit = yield* Fiber.join(sending)
            const left = rest(receiver).slice(filled - 1)
            assert.deepStrictEqual(left, told, `step ${n}`)
            return exit !== undefined
          }))
          if (!isReached) break
          steps++
        }
        assert.isAbove(steps, 1)
      }))

    it.live("that was interrupted while it waited for room, and has not left yet, sends nothing", () =>
      Effect.scoped(Effect.gen(function*() {
        const channel = yield* make(1)
        const { receiver, sender } = channel
        while (sender.sendUnsafe(0));
        const sending = yield* forkPausing(sender.send(1))
        yield* settled(channel, sending, "waitingSenders")
        sending.interruptUnsafe()
        yield* receiver.receive
        yield* Fiber.await(sending)
        assert.notInclude(rest(receiver), 1)
      })))
  })
}

const Frame = Schema.Struct({ id: Schema.Int, pixels: Parcel.Unique })

const setUp = Effect.gen(function*() {
  const arena = yield* ThreadArenas.open(Arena.create({ capacityBytes: 16 * 4096, blockBytes: 4096 }), 1)
  const channel = yield* SharedChannel.make(Frame, { kind: "spsc", capacity: 8 })
  const send = Effect.forEach(
    [1, 2, 3, 4, 5, 6],
    (id) => Effect.flatMap(Parcel.allocate(arena, 4000), (pixels) => channel.sender.send({ id, pixels }))
  )
  return { ...channel, send, usedBytes: () => usage(arena.buffer).usedBytes }
})

describe("a fiber that has waited at a channel", () => {
  const prevented = Effect.withFiber((fiber) => Effect.succeed(fiber.cache.preventYield))

  it.live("pauses as before: when it has a message, and when it was interrupted", () =>
    Effect.scoped(Effect.gen(function*() {
      const channel = yield* Channel.make(Schema.Int)
      const receiving = yield* Effect.forkChild(Effect.andThen(channel.receiver.receive, prevented))
      yield* settled(channel, receiving, "waitingReceivers")
      yield* channel.sender.send(1)
      assert.isFalse(yield* Fiber.join(receiving))
      let isPrevented: boolean | undefined
      const finalizer = Effect.map(prevented, (is) => {
        isPrevented = is
      })
      const waiting = yield* Effect.forkChild(Effect.ensuring(channel.receiver.receive, finalizer))
      yield* settled(channel, waiting, "waitingReceivers")
      yield* Fiber.interrupt(waiting)
      assert.isFalse(isPrevented)
    })))

  it.live("has the services that it had, also those that it was given around the wait", () =>
    Effect.scoped(Effect.gen(function*() {
      const Colour = Context.Reference("test/Colour", { defaultValue: () => "none" })
      const channel = yield* Channel.make(Schema.Int)
      const inside = Effect.provideService(Effect.andThen(channel.receiver.receive, Colour), Colour, "blue")
      const waiting = yield* Effect.forkChild(Effect.all([inside, Colour]))
      yield* settled(channel, waiting, "waitingReceivers")
      yield* channel.sender.send(1)
      assert.deepStrictEqual(yield* Fiber.join(waiting), ["blue", "none"])
    })))
})

describe("what moves with a message", () => {
  for (const [title, way] of Object.entries(ways)) {
    it.live(`is with who is interrupted, or with the channel: ${title}`, () =>
      Effect.gen(function*() {
        let steps = 0
        for (const isThere of [true, false]) {
          for (let n = 1;; n++) {
            const isReached = yield* Effect.scoped(Effect.gen(function*() {
              const { receiver, send, usedBytes, ...channel } = yield* setUp
              if (isThere) yield* send
              const receiving = yield* Effect.forkChild(
                interruptedAt(way(receiver, (frames) => frames.forEach(({ pixels }) => pixels.release())), n)
              )
              if (!isThere) {
                yield* settled(channel, receiving, "waitingReceivers")
                yield* send
              }
              const exit = yield* Fiber.join(receiving)
              for (const { pixels } of rest(receiver)) pixels.release()
              assert.strictEqual(usedBytes(), 0, `step ${n}`)
              return exit !== undefined
            }))
            if (!isReached) break
            steps++
          }
        }
        assert.isAbove(steps, 1)
      }))
  }

  it.live("stays in the channel until a stream comes to it, whenever that is left", () =>
    Effect.scoped(Effect.gen(function*() {
      const { receiver, send, usedBytes } = yield* setUp
      yield* send
      const first = Stream.runForEach(
        Stream.take(receiver.stream, 2),
        ({ pixels }) => Effect.sync(() => pixels.release())
      )
      yield* first
      const interrupted = Stream.runForEach(receiver.stream, ({ pixels }) => {
        pixels.release()
        return Effect.interrupt
      })
      yield* Effect.exit(interrupted)
      const left = rest(receiver)
      assert.deepStrictEqual(left.map(({ id }) => id), [4, 5, 6])
      for (const { pixels } of left) pixels.release()
      assert.strictEqual(usedBytes(), 0)
    })))
})
