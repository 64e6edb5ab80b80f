import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Actor, ActorControl, ActorError, ActorSystem } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import { HIGH, LOW, NORMAL, PASSES } from "../../src/actor/kernel/Ageing.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import { PriorityMailbox } from "../../src/actor/kernel/PriorityMailbox.ts"
import { RepeatingMailbox } from "../../src/actor/kernel/RepeatingMailbox.ts"
import { Ask, type Word } from "../../src/actor/kernel/Word.ts"
import { settle } from "../contract/eventually.ts"

const levels = Uint8Array.of(HIGH, NORMAL, LOW)

class Question extends Ask {
  settle(): void {}
  restarting(): void {}
  stopped(): void {}
}

const all = (mailbox: PriorityMailbox): ReadonlyArray<unknown> => {
  const taken: Array<unknown> = []
  while (mailbox.take() !== undefined) taken.push(mailbox.takePayload())
  return taken
}

for (
  const [name, make] of [
    ["PriorityMailbox", () => new PriorityMailbox(levels)],
    ["RepeatingMailbox with levels", () => new RepeatingMailbox(1, levels)]
  ] as const
) {
  describe(name, () => {
    it("hands out the highest that waits, in order within a level", () => {
      const mailbox = make()
      for (const [word, payload] of [[2, "l1"], [1, "n1"], [0, "h1"], [2, "l2"], [0, "h2"], [1, "n2"]] as const) {
        mailbox.put(word, payload)
      }
      assert.deepStrictEqual([mailbox.length, mailbox.used], [6, 6])
      assert.deepStrictEqual([HIGH, NORMAL, LOW].map((level) => mailbox.waitingAt(level)), [2, 2, 2])
      assert.deepStrictEqual(all(mailbox), ["h1", "h2", "n1", "n2", "l1", "l2"])
      assert.strictEqual(mailbox.take(), undefined)
    })

    it(`passes over one that waits ${PASSES} times in a row at most, and one more where two have waited as long`, () => {
      const mailbox = make()
      for (let n = 0; n < 100; n++) for (const word of [0, 1, 2]) mailbox.put(word, word)
      const taken = all(mailbox)
      assert.strictEqual(taken.length, 300)
      for (const level of [1, 2]) {
        const at = taken.flatMap((word, i) => word === level ? [i] : [])
        // While something higher waits, too.
        const gaps = at.map((i, n) => i - (at[n - 1] ?? -1) - 1)
        assert.isAtMost(Math.max(...gaps), PASSES + 1)
      }
      // A burst that comes when nothing lower waits is not charged to what comes later.
      for (let n = 0; n < 40; n++) mailbox.put(0, "h")
      for (let n = 0; n < 20; n++) mailbox.take()
      mailbox.put(1, "n")
      mailbox.put(2, "l")
      const rest = all(mailbox)
      assert.deepStrictEqual([rest.indexOf("l"), rest.indexOf("n")], [PASSES, PASSES + 1])
    })

    it("counts what takes no room, forgets what is taken back, and takes out what it is told to, at every level", () => {
      const mailbox = make()
      const asks = [0, 1, 2].map((index) => new Question(index, undefined, index === 0))
      for (const ask of asks) mailbox.put(ask, ask.word)
      for (const index of [0, 1, 2]) mailbox.put(index, `tell ${index}`)
      assert.deepStrictEqual([mailbox.length, mailbox.used], [6, 4])
      mailbox.bury(asks[2]!)
      mailbox.bury(asks[1]!)
      assert.deepStrictEqual([mailbox.length, mailbox.used], [4, 4])
      const isAsk = (word: Word) => word instanceof Ask
      assert.deepStrictEqual(mailbox.takeAll(isAsk), [[asks[0]!, 0]])
      assert.deepStrictEqual([mailbox.length, mailbox.used], [3, 3])
      assert.deepStrictEqual(all(mailbox), ["tell 0", "tell 1", "tell 2"])
    })

    it("drops the oldest of the lowest level that has one", () => {
      const mailbox = make()
      const isTell = (word: Word) => typeof word === "number"
      for (const [word, payload] of [[0, "h"], [1, "n1"], [2, "l"], [1, "n2"]] as const) mailbox.put(word, payload)
      const dropped: Array<unknown> = []
      while (mailbox.evict(isTell) !== undefined) dropped.push(mailbox.takePayload())
      assert.deepStrictEqual(dropped, ["l", "n1", "n2", "h"])
      assert.strictEqual(mailbox.length, 0)
    })
  })
}

const Desk = Actor.make("Desk", [
  Rpc.make("Cancel", { payload: { n: Schema.Int } }).annotate(Actor.Priority, "high"),
  Rpc.make("Work", { payload: { n: Schema.Int }, success: Schema.Int }),
  Rpc.make("Tidy", { payload: { n: Schema.Int } }).annotate(Actor.Priority, "low"),
  Rpc.make("Wait", { payload: { dies: Schema.Boolean } })
])

interface World {
  readonly log: Array<string>
  gate: Deferred.Deferred<void>
  puts: boolean
}

const inDesk = <A, E>(
  body: (desk: typeof Desk.ref.Type, world: World) => Effect.Effect<A, E, ActorSystem.ActorSystem | Scope.Scope>,
  options?: Actor.BehaviourOptions,
  later = false
) =>
  Effect.suspend(() => {
    const world: World = { log: [], gate: Deferred.makeUnsafe(), puts: false }
    const note = (line: string) => {
      const noted = Effect.sync(() => void world.log.push(line))
      return later ? Effect.andThen(Effect.yieldNow, noted) : noted
    }
    const Live = Desk.toLayer(
      Effect.gen(function*() {
        const stash = yield* Desk.stash({ capacity: 9 })
        return Desk.of({
          Cancel: ({ n }) => Effect.andThen(note(`cancel ${n}`), stash.unstashAll),
          Work: ({ n }) => world.puts ? Effect.orDie(stash.put) : Effect.as(note(`work ${n}`), n),
          Tidy: ({ n }) => note(`tidy ${n}`),
          Wait: ({ dies }) =>
            Effect.andThen(Deferred.await(world.gate), dies ? Effect.die(new Error("told to")) : Effect.void)
        })
      }),
      { shutdown: "brutalKill", ...options }
    )
    return Effect.flatMap(Desk.spawn("d"), (desk) => body(desk, world)).pipe(
      Effect.scoped,
      Effect.provide(Live.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([]))))
    )
  })

describe("priorities of messages", () => {
  for (const later of [false, true]) {
    it.effect(`are kept by handlers that are ${later ? "not " : ""}done at once: tells and asks, and shown by level`, () =>
      inDesk(
        (desk, { gate, log }) =>
          Effect.gen(function*() {
            yield* desk.tell.Wait({ dies: false })
            yield* settle
            yield* desk.tell.Tidy({ n: 1 })
            const work = yield* Effect.forkChild(desk.ask.Work({ n: 2 }), { startImmediately: true })
            yield* desk.tell.Work({ n: 3 })
            for (const n of [4, 5]) yield* desk.tell.Cancel({ n })
            assert.deepInclude(yield* ActorControl.ping(desk), { waiting: 5, waitingHigh: 2, waitingLow: 1, putOff: 0 })
            assert.strictEqual(yield* desk.depth, 6)
            yield* Deferred.succeed(gate, undefined)
            assert.strictEqual(yield* Fiber.join(work), 2)
            yield* settle
            assert.deepStrictEqual(log, ["cancel 4", "cancel 5", "work 2", "work 3", "tidy 1"])
          }),
        {},
        later
      ))
  }

  it.effect("are none of what is unstashed, and survive a crash", () =>
    inDesk((desk, world) =>
      Effect.gen(function*() {
        world.puts = true
        for (const n of [1, 2]) yield* desk.tell.Work({ n })
        yield* settle
        assert.deepInclude(yield* ActorControl.ping(desk), { waiting: 0, putOff: 2 })
        yield* desk.tell.Wait({ dies: true })
        yield* settle
        yield* desk.tell.Tidy({ n: 3 })
        yield* desk.tell.Cancel({ n: 4 })
        world.puts = false
        yield* Deferred.succeed(world.gate, undefined)
        yield* settle
        assert.deepStrictEqual(world.log, ["work 1", "work 2", "cancel 4", "tidy 3"])
      })
    ))

  it.effect("share the room of the mailbox", () =>
    inDesk((desk, world) =>
      Effect.gen(function*() {
        yield* desk.tell.Wait({ dies: false })
        yield* settle
        yield* desk.tell.Tidy({ n: 1 })
        yield* desk.tell.Work({ n: 2 })
        const full = yield* Effect.flip(desk.tell.Cancel({ n: 3 }))
        assert.strictEqual(full._tag, "MailboxFull")
        assert.strictEqual(world.log.length, 0)
      }), { mailbox: { capacity: 2, overflow: "fail" } }))

  it.effect("are not what a command waits for", () =>
    inDesk((desk) =>
      Effect.gen(function*() {
        yield* desk.tell.Wait({ dies: false })
        yield* settle
        for (let n = 0; n < 1000; n++) desk.tellUnsafe.Cancel({ n })
        assert.strictEqual((yield* ActorControl.ping(desk)).waitingHigh, 1000)
        assert.strictEqual((yield* ActorControl.kill(desk))._tag, "Killed")
      })
    ))

  it("cost an actor without them nothing, and are made of three words", () => {
    const odd = () => Actor.make("Odd", [Rpc.make("Do").annotate(Actor.Priority, "urgent" as never)])
    assert.throws(odd, /Odd\.Do has the priority urgent, expected "high", "normal" or "low"/)
    assert.throws(odd, ActorError.InvalidProtocol)
    const Plain = Actor.make("Plain", [Rpc.make("Do").annotate(Actor.Priority, "normal")])
    assert.strictEqual(Plain.protocol.levels, undefined)
  })

  it("are refused to a mailbox that survives", () => {
    const live = () => Desk.toLayer(Effect.succeed({} as never), { mailbox: { survives: true } })
    assert.throws(live, /Desk: mailbox\.survives is true, expected false, since its messages have priorities/)
  })

  it.effect("of a keyed actor are those of its messages", () =>
    inDesk((_, world) =>
      Effect.gen(function*() {
        const Other = Actor.make("Other", [
          Rpc.make("Do", { payload: { n: Schema.Int } }),
          Rpc.make("First").annotate(Actor.Priority, "high")
        ])
        const Live = Other.toLayer(Effect.as(
          Effect.yieldNow,
          Other.of({
            Do: ({ n }) => Effect.sync(() => void world.log.push(`do ${n}`)),
            First: () => Effect.sync(() => void world.log.push("first"))
          })
        ))
        yield* Effect.gen(function*() {
          const others = yield* Other.keyed()
          const other = others.ref("k")
          for (const n of [1, 2]) yield* other.tell.Do({ n })
          yield* other.tell.First()
          yield* settle
          assert.deepStrictEqual(world.log, ["first", "do 1", "do 2"])
          assert.isTrue((recipientOf(other).running as Cell).mailbox instanceof PriorityMailbox)
        }).pipe(Effect.scoped, Effect.provide(Live))
      })
    ))
})
