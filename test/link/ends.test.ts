/** Ends of channels in messages to actors, on another thread and on the same one. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, type Channel, ExitReason, SharedChannel } from "shared-nothing"
import { type Recipient, TAKEN } from "../../src/actor/kernel/Recipient.ts"
import { CurrentThread } from "../../src/thread/kernel/CurrentThread.ts"
import { Thread } from "../../src/wire/kernel/ThreadCarriage.ts"
import { stage } from "./stage.ts"

const Teller = Actor.make("Teller", [
  Rpc.make("Count", { payload: { to: Schema.Int, numbers: SharedChannel.Sender(Schema.Int) } }),
  Rpc.make("Give", { success: SharedChannel.Receiver(Schema.Int) }),
  Rpc.make("Wait"),
  Rpc.make("Fail", { payload: { how: Schema.String, numbers: SharedChannel.Sender(Schema.Int) } })
])
const [count, give, wait, fail] = [0, 1, 2, 3] as const

const setUp = Effect.gen(function*() {
  const gate = Deferred.makeUnsafe<void>()
  const source: { receiver: Channel.Receiver<number> | undefined } = { receiver: undefined }
  const tellers = Teller.toLayer(
    Effect.succeed(Teller.of({
      Count: ({ numbers, to }) =>
        Effect.orDie(
          Effect.andThen(Effect.forEach(Array.from({ length: to }, (_, i) => i), (n) => numbers.send(n)), numbers.close)
        ),
      Give: () => Effect.sync(() => source.receiver!),
      Wait: () => Deferred.await(gate),
      Fail: ({ how, numbers }) => {
        const used = how === "sends"
          ? numbers.send(1)
          : how === "clones"
          ? Effect.asVoid(Effect.scoped(numbers.clone))
          : Effect.void
        return Effect.andThen(Effect.ignore(used), Effect.interrupt)
      }
    })),
    { shutdown: "brutalKill" }
  )
  const on = yield* stage({ behaviours: Layer.orDie(tellers) })
  const { cell, seenFrom } = yield* on.spawn(1, Teller.protocol, "teller")
  const channelOn = (thread: number) =>
    SharedChannel.make(Schema.Int, { kind: "mpsc", capacity: 64 }).pipe(
      Effect.provideService(CurrentThread, on.nodes[thread]!.home.host.carriage.get(Thread)!)
    )
  return { ...on, cell, channelOn, far: seenFrom(0), gate, source }
})

const both: ReadonlyArray<{
  readonly where: string
  readonly thread: number
  readonly to: (on: Effect.Success<typeof setUp>) => Recipient
}> = [
  { where: "on another thread", to: ({ far }) => far, thread: 0 },
  { where: "on the same thread", to: ({ cell }) => cell, thread: 1 }
]

describe.each(both)("an end in a message to an actor $where", ({ thread, to }) => {
  it.effect("moves with it, and the actor sends on it", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp
      const numbers = yield* on.channelOn(thread)
      const message = { to: 3, numbers: numbers.sender }
      assert.strictEqual(to(on).tell(count, message, undefined), TAKEN)
      assert.strictEqual((yield* Effect.flip(numbers.sender.send(9)))._tag, "EndMoved")
      const again = to(on).tell(count, message, undefined)
      assert.match(to(on).refusal(count, message, again).message, /InvalidPayload|this sender .* was handed over/)
      on.steps.settle()
      for (const n of [0, 1, 2]) assert.deepStrictEqual(yield* numbers.receiver.tryReceive, Option.some(n))
      assert.strictEqual((yield* Effect.flip(numbers.receiver.tryReceive))._tag, "ChannelClosed")
      assert.deepStrictEqual(on.errors, [])
    })))

  it.effect("takes up where it was, also behind what was not visible yet", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp
      const numbers = yield* on.channelOn(thread)
      // All in one task: nothing is published in between.
      yield* Effect.sync(() => {
        assert.isTrue(numbers.sender.sendUnsafe(7))
        assert.isTrue(numbers.sender.sendUnsafe(8))
        assert.strictEqual(to(on).tell(count, { to: 2, numbers: numbers.sender }, undefined), TAKEN)
      })
      on.steps.settle()
      for (const n of [7, 8, 0, 1]) assert.deepStrictEqual(yield* numbers.receiver.tryReceive, Option.some(n))
      const stats = yield* numbers.stats
      assert.deepStrictEqual([stats.sent, stats.received, stats.lost], [4, 4, 0])
    })))

  it.effect("comes in a reply", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp
      const numbers = yield* on.channelOn(1)
      yield* numbers.sender.send(5)
      on.source.receiver = numbers.receiver
      const exits: Array<Exit.Exit<any, any>> = []
      to(on).askUnsafe(give, undefined, 10_000, (exit) => void exits.push(exit))
      on.steps.settle()
      const [exit] = exits
      if (exit === undefined || !Exit.isSuccess(exit)) return assert.fail(String(exit))
      const got: Channel.Receiver<number> = exit.value
      assert.deepStrictEqual(yield* got.tryReceive, Option.some(5))
      assert.strictEqual((yield* Effect.flip(numbers.receiver.tryReceive))._tag, "EndMoved")
      yield* got.close
    })))

  it.effect("is closed when its handler fails before using it", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp
      for (const [how, left] of [["looks away", 0], ["sends", 1], ["clones", 1]] as const) {
        const numbers = yield* on.channelOn(thread)
        const exits: Array<Exit.Exit<any, any>> = []
        to(on).askUnsafe(fail, { how, numbers: numbers.sender }, 10_000, (exit) => void exits.push(exit))
        on.steps.settle()
        yield* Effect.yieldNow
        on.steps.settle()
        assert.strictEqual(exits.length, 1)
        assert.strictEqual((yield* numbers.stats).senders, left, how)
        yield* numbers.close
      }
      assert.deepStrictEqual(on.errors, [])
    })))

  it.effect("is closed with the actor that ends before a handler has it", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp
      const numbers = yield* on.channelOn(thread)
      to(on).tell(wait, undefined, undefined)
      on.steps.settle()
      to(on).tell(count, { to: 3, numbers: numbers.sender }, undefined)
      on.steps.settle()
      assert.strictEqual((yield* numbers.stats).senders, 1)
      on.cell.stop(ExitReason.scopeClosed)
      on.steps.settle()
      assert.strictEqual((yield* numbers.stats).senders, 0)
    })))
})

describe("an end on its way to another thread", () => {
  it.effect("is closed when that thread dies before it has read the message", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp
      const numbers = yield* on.channelOn(0)
      on.far.tell(count, { to: 3, numbers: numbers.sender }, undefined)
      assert.strictEqual((yield* numbers.stats).senders, 1)
      on.nodes[0]!.peerDown(1, "it was killed", false)
      on.steps.settle()
      assert.strictEqual((yield* numbers.stats).senders, 0)
    })))
})
