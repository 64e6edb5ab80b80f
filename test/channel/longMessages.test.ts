/** Receivers whose messages take long, and everything else on their thread. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Channel, SharedChannel } from "shared-nothing"
import { BUDGET_MILLIS } from "../../src/runtime/Turn.ts"

const MESSAGES = 48
// A thread whose messages were quick so far looks at its clock after sixteen of them, and then after each.
const LEAST_TURNS = (MESSAGES - 16) / 3

/** Keeps the thread busy for longer than a turn may last. */
const work = Effect.sync(() => {
  const end = performance.now() + BUDGET_MILLIS + 1
  while (performance.now() < end);
})

/** How many turns the event loop has while an effect runs. */
const turnsDuring = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<number, E> =>
  Effect.suspend(() => {
    let turns = 0
    let isOver = false
    const turn = () => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    return Effect.map(effect, () => {
      isOver = true
      return turns
    })
  })

const makers = {
  "within a thread": Channel.make(Schema.Int, { capacity: "unbounded" }),
  "between threads": SharedChannel.make(Schema.Int, { kind: "spsc", capacity: 1024 })
}

describe.each(Object.keys(makers) as Array<keyof typeof makers>)("messages that take long, %s", (where) => {
  const filled = Effect.gen(function*() {
    const channel = yield* makers[where]
    yield* channel.sender.sendAll(Array.from({ length: MESSAGES }, (_, index) => index))
    yield* channel.sender.close
    return channel.receiver
  })

  it.live("a stream lets the event loop have its turns between them", () =>
    Effect.gen(function*() {
      const receiver = yield* filled
      const turns = yield* turnsDuring(Stream.runForEach(receiver.stream, () => work))
      assert.isAtLeast(turns, LEAST_TURNS)
    }).pipe(Effect.scoped))

  it.live("so does a loop of receive", () =>
    Effect.gen(function*() {
      const receiver = yield* filled
      const turns = yield* turnsDuring(
        Effect.ignore(Effect.forever(Effect.andThen(receiver.receive, work)))
      )
      assert.isAtLeast(turns, LEAST_TURNS)
    }).pipe(Effect.scoped))

  it.live("so do many fibers that wait at one end", () =>
    Effect.gen(function*() {
      const { receiver, sender } = yield* makers[where]
      const count = 2 * MESSAGES
      const fibers = yield* Effect.forEach(
        Array.from({ length: count }),
        () => Effect.forkChild(Effect.andThen(receiver.receive, work), { startImmediately: true })
      )
      const all = Effect.andThen(
        sender.sendAll(Array.from({ length: count }, (_, index) => index)),
        Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
      )
      // While messages are quick the clock is looked at after sixteen of them.
      assert.isAtLeast(yield* turnsDuring(all), count / 32)
    }).pipe(Effect.scoped))
})
