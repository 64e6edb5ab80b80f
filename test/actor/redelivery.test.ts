import { assert, describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ActorSystem, Child, Parcel, Supervisor } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import { RepeatingMailbox } from "../../src/actor/kernel/RepeatingMailbox.ts"
import { eventually, settle } from "../contract/eventually.ts"
import { redeliveryContract } from "../contract/redeliveryContract.ts"
import { Live } from "../fixtures/actors.ts"
import { watching } from "../support/events.ts"

redeliveryContract("redelivery on one thread", { layer: Live.pipe(Layer.provideMerge(ActorSystem.layer)), live: false })

const Press = Actor.make("Press", [
  Rpc.make("Print", { payload: { n: Schema.Int } }),
  Rpc.make("Jam", { payload: { n: Schema.Int } }),
  Rpc.make("Hang", { payload: { n: Schema.Int } })
])

const make = (options: Actor.SupervisionOptions) => {
  const printed: Array<number> = []
  const begun: Array<number> = []
  const live = Press.toLayer(
    Effect.succeed(Press.of({
      Print: ({ n }) => Effect.sync(() => void printed.push(n)),
      Jam: ({ n }) => {
        begun.push(n)
        return Effect.die(new Error("jammed"))
      },
      Hang: ({ n }) => {
        begun.push(n)
        return begun.length === 1 ? Effect.never : Effect.sync(() => void printed.push(n))
      }
    })),
    { supervision: options, shutdown: "brutalKill" }
  )
  const System = live.pipe(Layer.provideMerge(ActorSystem.layer), Layer.provideMerge(Logger.layer([])))
  return { printed, begun, System }
}

const setAside = (events: ReadonlyArray<ActorSystem.SystemEvent>) =>
  events.flatMap((event) => event._tag === "MessageSetAside" ? [event] : [])

describe("a message that is handed out again", () => {
  it.effect("is not, unless that was asked for", () => {
    const { System, begun, printed } = make({})
    return Effect.gen(function*() {
      const events = yield* watching
      const press = yield* Press.spawn("p")
      yield* press.tell.Jam({ n: 1 })
      yield* press.tell.Print({ n: 2 })
      yield* eventually(Effect.sync(() => printed), (done) => done.length === 1, "the rest is printed")
      assert.deepStrictEqual(begun, [1])
      assert.deepStrictEqual(setAside(events), [])
    }).pipe(Effect.scoped, Effect.provide(System))
  })

  it.effect("is dropped, and counted, with an actor that has used up its restarts", () => {
    const { System, begun } = make({ redeliver: { attempts: 5 }, intensity: { restarts: 1, within: "1 minute" } })
    return Effect.gen(function*() {
      const events = yield* watching
      const press = yield* Press.spawn("p")
      yield* press.tell.Jam({ n: 1 })
      yield* press.tell.Print({ n: 2 })
      const { reason } = yield* press.down
      assert.strictEqual(reason._tag, "Crashed")
      assert.deepStrictEqual(begun, [1, 1])
      assert.strictEqual(yield* ActorSystem.droppedMessages, 2)
      assert.deepStrictEqual(setAside(events), [])
    }).pipe(Effect.scoped, Effect.provide(System))
  })

  it.effect("is, without that counting, when its actor went down for the sake of a sibling", () => {
    const { System, begun, printed } = make({ redeliver: { attempts: 2 } })
    return Effect.gen(function*() {
      const events = yield* watching
      const one = Child.actor(Press, "one", { shutdown: "brutalKill" })
      const other = Child.actor(Press, "other", { shutdown: "brutalKill" })
      const supervisor = yield* Supervisor.make("s", {
        strategy: "one-for-all",
        intensity: { restarts: 10, within: "1 minute" },
        children: [one, other]
      })
      const [first, second] = [yield* supervisor.get(one), yield* supervisor.get(other)]
      yield* first.tell.Hang({ n: 1 })
      yield* settle
      yield* second.tell.Jam({ n: 2 })
      yield* eventually(
        Effect.sync(() => [...printed, ...setAside(events)]),
        (done) => done.length === 2,
        "one is handled and the other set aside"
      )
      assert.deepStrictEqual(printed, [1])
      assert.deepStrictEqual(begun, [1, 2, 1, 2])
      const [letter] = setAside(events)
      assert.strictEqual(letter!.attempts, 2)
      assert.deepStrictEqual(letter!.payload, { n: 2 })
      assert.include(Cause.pretty(letter!.cause), "jammed")
    }).pipe(Effect.scoped, Effect.provide(System))
  })

  it.effect("leaves depth and credit as they are: at zero when all is done", () => {
    const { System, begun } = make({ redeliver: { attempts: 3 } })
    return Effect.gen(function*() {
      const press = yield* Press.spawn("p")
      const cell = recipientOf(press) as Cell
      let credit = 0
      const origin = (cell.host as unknown as { readonly origins: { add(_: object): number } }).origins.add({
        handled: () => void credit++
      })
      cell.deliverRemote((origin << 8) | 1, { n: 7 })
      assert.isFalse(cell.isAtHand)
      yield* eventually(Effect.sync(() => begun), (times) => times.length === 3, "it was begun three times")
      yield* settle
      assert.strictEqual(credit, 1)
      assert.strictEqual(yield* press.depth, 0)
      assert.isFalse(cell.isAtHand)
    }).pipe(Effect.scoped, Effect.provide(System))
  })
})

describe("RepeatingMailbox", () => {
  it("hands out first what was in hand, and counts it", () => {
    const mailbox = new RepeatingMailbox(2)
    for (const n of [0, 1, 2]) mailbox.put(n, `p${n}`)
    expect([mailbox.take(), mailbox.takePayload()]).toEqual([0, "p0"])
    expect(mailbox.length).toBe(2)
    expect(mailbox.crashed(true)).toBeUndefined()
    expect(mailbox.length).toBe(3)
    expect([mailbox.take(), mailbox.takePayload()]).toEqual([0, "p0"])
    expect(mailbox.crashed(true)).toMatchObject({ word: 0, payload: "p0", attempts: 2 })
    expect([mailbox.take(), mailbox.takePayload()]).toEqual([1, "p1"])
    mailbox.settled()
    expect(mailbox.crashed(true)).toBeUndefined()
    expect([mailbox.take(), mailbox.takePayload(), mailbox.length]).toEqual([2, "p2", 0])
  })
})

it("a mailbox does not count a crash that is not the message's fault", () => {
  const mailbox = new RepeatingMailbox(2)
  mailbox.put(5, "p")
  mailbox.take()
  expect(mailbox.crashed(false)).toBeUndefined()
  mailbox.take()
  expect(mailbox.crashed(true)).toBeUndefined()
  mailbox.take()
  expect(mailbox.crashed(true)).toMatchObject({ word: 5, attempts: 2 })
})

describe("the option redeliver", () => {
  it("wants attempts that are a whole number of at least 1", () => {
    for (const attempts of [0, -1, 1.5, Number.NaN, Infinity, "3", null, undefined]) {
      const layer = () =>
        Press.toLayer(Effect.succeed({} as never), { supervision: { redeliver: { attempts } as never } })
      expect(layer).toThrow(/Press: supervision\.redeliver\.attempts is .*, expected an integer of at least 1/)
    }
    expect(() => Press.toLayer(Effect.succeed({} as never), { supervision: { redeliver: null as never } })).toThrow(
      /attempts is undefined/
    )
  })

  it("refuses behaviours with messages that something moves with, which is there once", () => {
    const Painter = Actor.make("Painter", [Rpc.make("Paint", { payload: { pixels: Parcel.Unique } })])
    expect(() => Painter.toLayer(Effect.succeed({} as never), { supervision: { redeliver: { attempts: 2 } } })).toThrow(
      /the message Paint/
    )
    Painter.toLayer(Effect.succeed({} as never), { supervision: { redeliver: { attempts: 1 } } })
  })
})
