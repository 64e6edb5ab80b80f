import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import { Channel, ChannelThread, SharedChannel } from "shared-nothing"

const steps = (count: number) => Effect.forEach(Array.from({ length: count }), () => Effect.void, { discard: true })

const withTurns = (ops: number) => Effect.provideService(Scheduler.MaxOpsBeforeYield, ops)

// A fiber pauses after so many operations: each number of operations before the send puts the pause elsewhere in it.
describe("a pause at any place", () => {
  it.live("of sendAll misses no room", () =>
    Effect.forEach(Array.from({ length: 80 }, (_, index) => index), (before) =>
      Effect.gen(function*() {
        const { receiver, sender } = yield* Channel.make(Schema.Int, { kind: "spsc", capacity: 1 })
        const sending = yield* Effect.forkChild(
          withTurns(40)(Effect.andThen(steps(before), sender.sendAll([1, 2, 3, 4])))
        )
        const received = []
        for (let i = 0; i < 4; i++) received.push(yield* receiver.receive)
        yield* Fiber.join(sending)
        assert.deepStrictEqual(received, [1, 2, 3, 4])
      }).pipe(Effect.scoped), { discard: true }))

  it.live.each([3, 4, 5, 6, 7, 8, 16])(
    "of send and receive, in turns of %d operations, misses nothing",
    (ops) =>
      Effect.gen(function*() {
        const { receiver, sender } = yield* Channel.make(Schema.Int, { kind: "spsc", capacity: 1 })
        const all = Array.from({ length: 200 }, (_, index) => index)
        yield* Effect.forkChild(withTurns(ops)(Effect.forEach(all, (value) => sender.send(value), { discard: true })))
        const received = yield* withTurns(ops)(Effect.forEach(all, () => receiver.receive))
        assert.deepStrictEqual(received, all)
      }).pipe(Effect.scoped)
  )

  it.live.each([2, 3, 4, 5, 6, 7, 8, 16])(
    "of a receive, in turns of %d operations, has taken nothing when it is interrupted there",
    (ops) =>
      Effect.forEach(Array.from({ length: 200 }, (_, index) => index), (place) =>
        Effect.gen(function*() {
          const { receiver, sender } = yield* Channel.make(Schema.Int, { kind: "spsc", capacity: 1 })
          yield* sender.send(7)
          const received: Array<number> = []
          const receive = place % 2 === 0 ? receiver.receive : Effect.map(receiver.receiveBatch(1), ([first]) => first!)
          const receiving = yield* Effect.forkChild(
            withTurns(ops)(Effect.andThen(
              steps(place >> 1 & 15),
              Effect.map(receive, (value) => received.push(value))
            ))
          )
          for (let turn = 0; turn < place % 12; turn++) yield* Effect.yieldNow
          yield* Fiber.interrupt(receiving)
          assert.strictEqual(received.length + (yield* receiver.depth), 1, `${place}`)
        }).pipe(Effect.scoped), { discard: true })
  )

  it.live("of the start of a thread that is interrupted there leaves no end behind", () =>
    Effect.forEach(Array.from({ length: 60 }, (_, index) => index), (before) =>
      Effect.gen(function*() {
        const Idle = ChannelThread.make("idle", { values: ChannelThread.receiver(Schema.Int) })
        const { receiver, sender } = yield* SharedChannel.make(Schema.Int, { kind: "spsc", capacity: 4 })
        let spawned = false
        const spawn = () => {
          spawned = true
          throw new Error("not in this test")
        }
        const starting = yield* Effect.forkChild(
          withTurns(20)(Effect.andThen(steps(before), Idle.start({ spawn, ends: { values: receiver } })))
        )
        yield* Effect.yieldNow
        yield* Fiber.interrupt(starting)
        const isHere = Exit.isSuccess(yield* Effect.exit(receiver.tryReceive))
        assert.isTrue(isHere || Exit.isFailure(yield* Effect.exit(sender.send(1))), `${before} ${spawned}`)
      }).pipe(Effect.scoped), { discard: true }))

  it.live("of the close of an unbounded sender loses nothing that was sent meanwhile", () =>
    Effect.forEach(Array.from({ length: 80 }, (_, index) => index), (before) =>
      Effect.gen(function*() {
        const { receiver, sender } = yield* SharedChannel.make(Schema.Int, {
          kind: "spsc",
          capacity: "unbounded",
          bufferBytes: 4096
        })
        const closing = yield* Effect.forkChild(withTurns(40)(Effect.andThen(steps(before), sender.close)))
        let sent = 0
        const sending = yield* Effect.forkChild(
          Effect.gen(function*() {
            for (let id = 0; id < 400; id++) {
              yield* sender.send(id)
              sent++
            }
          }).pipe(Effect.ignore, withTurns(40))
        )
        yield* Fiber.await(sending)
        const received: Array<number> = []
        const error = yield* Effect.flip(Effect.forever(Effect.map(receiver.receive, (id) => received.push(id))))
        yield* Fiber.await(closing)
        assert.strictEqual(error._tag, "ChannelClosed")
        assert.strictEqual(received.length, sent)
      }).pipe(Effect.scoped), { discard: true }))
})
