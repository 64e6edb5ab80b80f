/** Parcels in messages to actors: whose they are at every moment, on another thread and on the same one, and that none stays behind. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, ExitReason, Parcel } from "shared-nothing"
import { NO_ROOM, type Recipient, REFUSED, TAKEN } from "../../src/actor/kernel/Recipient.ts"
import * as Envelope from "../../src/link/internal/envelope.ts"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { Open } from "../../src/wire/Arenas.ts"
import { seeded } from "../memory/seeded.ts"
import { accounts, stage } from "./stage.ts"

const Porter = Actor.make("Porter", [
  Rpc.make("Carry", { payload: { load: Parcel.Unique } }),
  Rpc.make("Perhaps", { payload: { load: Schema.Option(Parcel.Unique) }, success: Schema.Int }),
  Rpc.make("Pass", { payload: { load: Parcel.Unique }, success: Parcel.Unique, error: Parcel.Unique }),
  Rpc.make("Fail", { payload: { load: Parcel.Unique }, success: Parcel.Unique, error: Parcel.Unique }),
  Rpc.make("Hold", { payload: { load: Schema.Option(Parcel.Unique) }, success: Schema.Option(Parcel.Unique) }),
  Rpc.make("Crash"),
  Rpc.make("Insist", { payload: { load: Parcel.Unique }, success: Parcel.Unique })
])
const [carry, perhaps, pass, fail, hold, crash, insist] = [0, 1, 2, 3, 4, 5, 6]

/** How the porters of a test are; each gate lets one go on that holds, the last one all others. */
const porters = (
  gates: ReadonlyArray<Deferred.Deferred<void>>,
  got: Array<number>,
  meanwhile: { run: () => void },
  options: Actor.BehaviourOptions = {}
) => {
  let held = 0
  const opened = Effect.suspend(() => Deferred.await(gates[Math.min(held++, gates.length - 1)]!))
  return Porter.toLayer(
    Effect.succeed(Porter.of({
      Carry: ({ load }) =>
        Effect.sync(() => void got.push(load.bytes[0]!)).pipe(Effect.andThen(Effect.sync(() => load.release()))),
      Perhaps: ({ load }) =>
        Effect.sync(() => {
          if (Option.isNone(load)) return 0
          const first = load.value.bytes[0]!
          load.value.release()
          return first
        }),
      Pass: ({ load }) => Effect.succeed(load),
      Fail: ({ load }) => Effect.fail(load),
      Hold: ({ load }) => Effect.as(opened, load),
      Crash: () => Effect.die("a crash"),
      Insist: ({ load }) =>
        Effect.sync(() => {
          meanwhile.run()
          return load
        })
    })),
    // Handlers are held up for ever here.
    { shutdown: "brutalKill", ...options }
  )
}

/** A porter on thread 1, seen from thread 0, and an arena that both have open. */
const setUp = Effect.fnUntraced(function*(options: Actor.BehaviourOptions = {}, ringBytes = 4096) {
  const [first, gate] = [Deferred.makeUnsafe<void>(), Deferred.makeUnsafe<void>()]
  const got: Array<number> = []
  /** What happens while a handler insists. */
  const meanwhile = { run: () => {} }
  const on = yield* stage({ behaviours: Layer.orDie(porters([first, gate], got, meanwhile, options)), ringBytes })
  const memory = Arena.create({ capacityBytes: 1024 * 4096, blockBytes: 4096 })
  const ends = on.nodes.map(({ home }, index) => home.host.carriage.get(Open)!.open(memory, index + 1))
  const { cell, seenFrom } = yield* on.spawn(1, Porter.protocol, "porter")
  let made = 0
  const parcel = (thread = 0) => {
    const load = Parcel.allocateUnsafe(ends[thread]!, 5000)
    load.bytes[0] = ++made
    return load
  }
  const asked = (to: Recipient, index: number, payload: unknown) => {
    const exits: Array<Exit.Exit<any, any>> = []
    return { exits, ask: to.askUnsafe(index, payload, 10_000, (exit) => void exits.push(exit)) }
  }
  const ask = (to: Recipient, index: number, payload: unknown) => {
    const { exits } = asked(to, index, payload)
    on.steps.settle()
    assert.strictEqual(exits.length, 1)
    return exits[0]!
  }
  const used = () => usage(memory).usedBytes / 8192
  return { ...on, ask, asked, cell, ends, far: seenFrom(0), first, gate, got, meanwhile, parcel, used }
})

type SetUp = Effect.Success<ReturnType<typeof setUp>>

const both: ReadonlyArray<{ readonly where: string; readonly to: (on: SetUp) => Recipient; readonly thread: number }> =
  [
    { where: "on another thread", to: ({ far }) => far, thread: 0 },
    { where: "on the same thread", to: ({ cell }) => cell, thread: 1 }
  ]

describe.each(both)("a parcel in a message to an actor $where", ({ thread, to }) => {
  it.effect("moves with a tell: its sender has it no longer, and the actor has it", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      const load = on.parcel(thread)
      assert.strictEqual(to(on).tell(carry, { load }, undefined), TAKEN)
      assert.isFalse(load.isHeld)
      on.steps.settle()
      assert.deepStrictEqual(on.got, [1])
      assert.strictEqual(on.used(), 0)
      assert.deepStrictEqual(on.errors, [])
    })))

  it.effect("moves with an ask, and back with its reply, or its error", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      const first = on.parcel(thread)
      const reply = on.ask(to(on), pass, { load: first })
      if (!Exit.isSuccess(reply)) return assert.fail(String(reply))
      const back: Parcel.Unique = reply.value
      assert.notStrictEqual(back, first)
      assert.isFalse(first.isHeld)
      assert.strictEqual(back.bytes[0], 1)
      const failed = on.ask(to(on), fail, { load: back })
      if (!Exit.isFailure(failed)) return assert.fail(String(failed))
      const error: Parcel.Unique = Cause.squash(failed.cause) as Parcel.Unique
      assert.isFalse(back.isHeld)
      assert.strictEqual(error.bytes[0], 1)
      assert.deepStrictEqual(on.ask(to(on), perhaps, { load: Option.some(error) }), Exit.succeed(1))
      assert.deepStrictEqual(on.ask(to(on), perhaps, { load: Option.none() }), Exit.succeed(0))
      assert.strictEqual(on.used(), 0)
    })))

  it.effect("that is gone, or there twice, is refused by name; nothing moves and the actor goes on", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      const gone = on.parcel(thread)
      const held = on.parcel(thread)
      gone.release()
      const refused = to(on).tell(carry, { load: gone }, undefined)
      assert.notStrictEqual(refused, TAKEN)
      const refusal = to(on).refusal(carry, { load: gone }, refused)
      assert.strictEqual(refusal._tag, "InvalidPayload")
      assert.match(refusal.message, /the parcel was released/)
      const exit = on.ask(to(on), pass, { load: gone })
      assert.match(String(exit), /InvalidPayload.*the parcel was released/s)
      assert.strictEqual(to(on).tell(carry, { load: held }, undefined), TAKEN)
      on.steps.settle()
      assert.deepStrictEqual(on.got, [2])
      assert.strictEqual(on.used(), 0)
    })))

  it.effect("goes with the actor that ends, as long as no handler has it", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      const holding = on.asked(to(on), hold, { load: Option.none() })
      on.steps.settle()
      const waiting = on.asked(to(on), pass, { load: on.parcel(thread) })
      for (let n = 0; n < 3; n++) to(on).tell(carry, { load: on.parcel(thread) }, undefined)
      on.steps.settle()
      assert.strictEqual(on.used(), 4)
      on.cell.stop(ExitReason.scopeClosed)
      yield* Effect.yieldNow
      on.steps.settle()
      assert.strictEqual(holding.exits.length + waiting.exits.length, 2)
      for (const exit of [...holding.exits, ...waiting.exits]) assert.isTrue(Exit.isFailure(exit))
      // An asker of this thread has its question back, and not what moved with it.
      assert.strictEqual(on.used(), 0)
      const late = on.parcel(thread)
      assert.strictEqual(to(on).tell(carry, { load: late }, undefined), REFUSED)
      assert.isTrue(late.isHeld)
    })))

  it.effect("goes with an ask that a crash leaves unhandled, and not with a tell", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      on.asked(to(on), hold, { load: Option.none() })
      on.steps.settle()
      to(on).tell(crash, undefined, undefined)
      const waiting = on.asked(to(on), pass, { load: on.parcel(thread) })
      to(on).tell(carry, { load: on.parcel(thread) }, undefined)
      on.steps.settle()
      yield* Deferred.done(on.first, Exit.void)
      yield* Effect.yieldNow
      on.steps.settle()
      assert.strictEqual(waiting.exits.length, 1)
      const error = Exit.isFailure(waiting.exits[0]!) ? Cause.squash(waiting.exits[0].cause) as any : undefined
      assert.strictEqual(error._tag, "ActorRestarting")
      assert.deepStrictEqual(on.got, [2])
      assert.strictEqual(on.used(), 0)
    })))

  it.effect("is released with what the overflow policy drops", () =>
    Effect.scoped(Effect.gen(function*() {
      for (const overflow of ["dropOldest", "dropNewest"] as const) {
        const on = yield* setUp({ mailbox: { capacity: 2, overflow } })
        on.asked(to(on), hold, { load: Option.none() })
        on.steps.settle()
        for (let n = 0; n < 6; n++) {
          const load = on.parcel(thread)
          assert.strictEqual(to(on).tell(carry, { load }, undefined), TAKEN)
          assert.isFalse(load.isHeld)
        }
        on.steps.settle()
        assert.strictEqual(on.used(), 2)
        yield* Deferred.done(on.first, Exit.void)
        yield* Effect.yieldNow
        on.steps.settle()
        assert.deepStrictEqual(on.got, overflow === "dropOldest" ? [5, 6] : [1, 2])
        assert.strictEqual(on.used(), 0)
      }
    })))

  it.effect("is released with an ask that is withdrawn before a handler has it, and with a reply that nobody waits for", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      const holding = on.asked(to(on), hold, { load: Option.some(on.parcel(thread)) })
      on.steps.settle()
      const queued = on.asked(to(on), pass, { load: on.parcel(thread) })
      on.steps.settle()
      queued.ask!.withdraw()
      on.steps.settle()
      assert.strictEqual(on.used(), 1)
      // Withdrawn while it is on its way.
      on.asked(to(on), pass, { load: on.parcel(thread) }).ask?.withdraw()
      on.steps.settle()
      assert.strictEqual(on.used(), 1)
      yield* Deferred.done(on.first, Exit.void)
      yield* Effect.yieldNow
      // The reply is on its way, or about to be handed over.
      holding.ask!.withdraw()
      on.steps.settle()
      for (const exit of holding.exits) if (Exit.isSuccess(exit)) Option.getOrThrow<Parcel.Unique>(exit.value).release()
      assert.strictEqual(on.used(), 0)
    })))
})

describe.each(both)("a parcel that somebody waits with for an actor $where", ({ thread, to }) => {
  it.effect("is released when its asker goes, once it was let in and before a handler has it", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp({ mailbox: { capacity: 1 } })
      on.asked(to(on), hold, { load: Option.none() })
      on.steps.settle()
      on.asked(to(on), hold, { load: Option.none() })
      on.steps.settle()
      const load = on.parcel(thread)
      const waiting = on.asked(to(on), pass, { load })
      on.steps.settle()
      assert.isTrue(load.isHeld)
      yield* Deferred.done(on.first, Exit.void)
      yield* Effect.yieldNow
      on.steps.settle()
      assert.isFalse(load.isHeld)
      waiting.ask!.withdraw()
      on.steps.settle()
      assert.strictEqual(on.used(), 0)
    })))
})

describe("a parcel that somebody waits with", () => {
  it.effect("is still its sender's when the actor ends before there is room", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp({ mailbox: { capacity: 1 } })
      on.asked(on.cell, hold, { load: Option.none() })
      on.steps.settle()
      on.asked(on.cell, hold, { load: Option.none() })
      on.steps.settle()
      const load = on.parcel(1)
      assert.strictEqual(on.cell.tell(carry, { load }, undefined), NO_ROOM)
      const refusals: Array<any> = []
      on.cell.waitForRoom({
        index: carry,
        payload: { load },
        span: undefined,
        ask: undefined,
        abandoned: false,
        done: (refusal) => void refusals.push(refusal)
      })
      on.cell.stop(ExitReason.scopeClosed)
      on.steps.settle()
      assert.strictEqual(refusals.length, 1)
      assert.strictEqual(refusals[0]._tag, "ActorStopped")
      assert.strictEqual(refusals[0].undelivered.payload.load, load)
      assert.isTrue(load.isHeld)
    })))
})

describe("a parcel in a reply that its handler gives after all", () => {
  it.effect("is released when the asker went meanwhile", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      on.asked(on.cell, hold, { load: Option.none() })
      on.steps.settle()
      const asked = on.asked(on.cell, insist, { load: on.parcel(1) })
      on.meanwhile.run = () => asked.ask!.withdraw()
      yield* Deferred.done(on.first, Exit.void)
      yield* Effect.yieldNow
      on.steps.settle()
      assert.strictEqual(asked.exits.length, 0)
      assert.strictEqual(on.used(), 0)
    })))

  it.effect("is released when the asker's thread was lost meanwhile", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      on.asked(on.far, insist, { load: on.parcel() })
      on.meanwhile.run = () => on.nodes[1]!.peerDown(0, "it was killed", false)
      on.steps.settle()
      assert.strictEqual(on.used(), 0)
    })))
})

describe("a parcel on its way to another thread", () => {
  it.effect("is its sender's as long as there is no room, and not before it is sent", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp({ mailbox: { capacity: 1, overflow: "fail" } })
      on.asked(on.far, hold, { load: Option.none() })
      on.steps.settle()
      on.far.tell(carry, { load: on.parcel() }, undefined)
      const second = on.parcel()
      assert.strictEqual(on.far.tell(carry, { load: second }, undefined), REFUSED)
      assert.isTrue(second.isHeld)
      second.release()
    })))

  it.effect("is its sender's when the ring has no room, and released when it is dropped there", () =>
    Effect.scoped(Effect.gen(function*() {
      const suspends = yield* setUp({ mailbox: { capacity: "unbounded" } })
      let load: Parcel.Unique
      do load = suspends.parcel()
      while (suspends.far.tell(carry, { load }, undefined) === TAKEN)
      assert.isTrue(load.isHeld)
      load.release()
      suspends.steps.settle()
      assert.strictEqual(suspends.used(), 0)
      const drops = yield* setUp({ mailbox: { capacity: 1000, overflow: "dropNewest" } })
      for (let n = 0; n < 300; n++) {
        load = drops.parcel()
        assert.strictEqual(drops.far.tell(carry, { load }, undefined), TAKEN)
        assert.isFalse(load.isHeld)
      }
      assert.isBelow(drops.used(), 300)
      drops.steps.settle()
      assert.strictEqual(drops.used(), 0)
    })))

  it.effect("is released with an ask whose time is over before a handler has it", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      on.asked(on.far, hold, { load: Option.none() })
      on.steps.settle()
      on.asked(on.far, pass, { load: on.parcel() })
      on.steps.settle()
      // Only the thread of the actor has a look at the time.
      on.steps.now += 20_000
      yield* Deferred.done(on.first, Exit.void)
      yield* Effect.yieldNow
      on.steps.settle()
      assert.strictEqual(on.used(), 0)
    })))

  it.effect("comes back to nobody and is released when that thread dies before it has read the message", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      on.ask(on.far, perhaps, { load: Option.none() })
      for (let n = 0; n < 5; n++) on.far.tell(carry, { load: on.parcel() }, undefined)
      const { exits } = on.asked(on.far, pass, { load: on.parcel() })
      assert.strictEqual(on.used(), 6)
      on.nodes[0]!.peerDown(1, "it was killed", false)
      assert.strictEqual(exits.length, 1)
      assert.strictEqual(on.used(), 0)
    })))

  it.effect("in a reply is released when the asker's thread dies before it has read it", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      on.asked(on.far, pass, { load: on.parcel() })
      // The actor answers, and the asker does not look.
      for (let n = 0; n < 20; n++) on.steps.step(1)
      assert.strictEqual(on.used(), 1)
      on.nodes[1]!.peerDown(0, "it was killed", false)
      assert.strictEqual(on.used(), 0)
    })))

  it.effect("is to be seen at once, in a message and in a reply: its thread may be about to die", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      on.ask(on.far, perhaps, { load: Option.none() })
      const [there, back] = [on.nodes[0]!.home.outboundTo(1)!, on.nodes[1]!.home.outboundTo(0)!]
      // Nobody waits for that one: it wakes nobody.
      const unasked = Envelope.typeOf(Envelope.REPLY, Envelope.WITHDRAWN, Envelope.OF_LINK)
      for (const out of [there, back]) out.data.words(unasked, 4000, 0, false)
      assert.deepStrictEqual([there.isDirty, back.isDirty], [true, true])
      on.far.tell(carry, { load: on.parcel() }, undefined)
      assert.isUndefined(back.reply(unasked, 4000, 0, Porter.protocol.messages[pass]!.success, on.parcel(1)))
      assert.deepStrictEqual([there.isDirty, back.isDirty], [false, false])
      on.nodes[0]!.peerDown(1, "it was killed", false)
      on.nodes[1]!.peerDown(0, "it was killed", false)
      assert.strictEqual(on.used(), 0)
    })))

  it.effect("in a reply that finds no room is its actor's until there is some, and goes with the thread of that", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      const asks = Array.from({ length: 300 }, () => {
        const asked = on.asked(on.far, pass, { load: on.parcel() })
        for (let n = 0; n < 4; n++) on.steps.step(1)
        return asked
      })
      assert.isTrue(on.nodes[1]!.home.outboundTo(0)!.isHolding)
      const { freed } = on.ends[0]!.recover(2)
      assert.isAbove(freed, 50)
      on.nodes[0]!.peerDown(1, "it was killed", false)
      let lost = 0
      for (const { exits: [exit] } of asks) {
        if (exit === undefined) assert.fail("not settled")
        else if (Exit.isSuccess(exit)) exit.value.release()
        else lost++
      }
      assert.isAtLeast(lost, freed)
      assert.strictEqual(on.used(), 0)
    })))

  it.effect("is released when no such actor is there any more", () =>
    Effect.scoped(Effect.gen(function*() {
      const on = yield* setUp()
      on.cell.stop(ExitReason.scopeClosed)
      assert.strictEqual(on.far.tell(carry, { load: on.parcel() }, undefined), TAKEN)
      on.asked(on.far, pass, { load: on.parcel() })
      assert.strictEqual(on.used(), 2)
      on.steps.settle()
      assert.strictEqual(on.used(), 0)
    })))

  it.effect("is nobody's for ever after any storm", () =>
    Effect.gen(function*() {
      const overflows = ["suspend", "fail", "dropOldest", "dropNewest"] as const
      for (let seed = 0; seed < 120; seed++) {
        const next = seeded(seed)
        const steps = Array.from({ length: 10 + next(50) }, (): Step => ({
          what: kinds[next(kinds.length)]!,
          thread: next(2),
          which: next(8)
        }))
        yield* Effect.scoped(storm(steps, overflows[seed % overflows.length]!, `seed ${seed}`))
      }
    }))
})

const kinds = [
  "tell",
  "ask",
  "pass",
  "fail",
  "hold",
  "withdraw",
  "settle",
  "step",
  "stop",
  "die",
  "open",
  "insist",
  "crash"
] as const

interface Step {
  readonly what: typeof kinds[number]
  readonly thread: number
  readonly which: number
}

const storm = Effect.fnUntraced(function*(steps: ReadonlyArray<Step>, overflow: Actor.Overflow, where: string) {
  const on = yield* setUp({ mailbox: { capacity: 3, overflow } }, 4096)
  const to = [on.far, on.cell] as const
  const asks: Array<ReturnType<SetUp["asked"]>> = []
  const mine: Array<Parcel.Unique> = []
  let isDown = false
  const parcel = (thread: number) => {
    const made = on.parcel(thread)
    mine.push(made)
    return made
  }
  for (const { thread, what, which } of steps) {
    const recipient: Recipient = to[thread]!
    if (what === "tell") recipient.tell(carry, { load: parcel(thread) }, undefined)
    else if (what === "ask") asks.push(on.asked(recipient, perhaps, { load: Option.some(parcel(thread)) }))
    else if (what === "pass") asks.push(on.asked(recipient, pass, { load: parcel(thread) }))
    else if (what === "fail") asks.push(on.asked(recipient, fail, { load: parcel(thread) }))
    else if (what === "hold" && which > 4) {
      // Its handler may be interrupted, and has not looked at it.
      const load = which === 5 ? Option.none() : Option.some(parcel(thread))
      asks.push(on.asked(recipient, hold, { load }))
    } else if (what === "withdraw") asks[which]?.ask?.withdraw()
    else if (what === "settle") on.steps.settle()
    else if (what === "step") on.steps.step(thread)
    else if (what === "insist" && which > 4) asks.push(on.asked(recipient, insist, { load: parcel(thread) }))
    else if (what === "crash" && which < 2) recipient.tell(crash, undefined, undefined)
    else if (what === "open") Deferred.doneUnsafe(which > 4 ? on.gate : on.first, Exit.void)
    else if (what === "stop" && which === 0) on.cell.stop(ExitReason.scopeClosed)
    else if (what === "die" && which === 0 && !isDown) {
      isDown = true
      on.part(0, 1)
    }
    if (which === 1) yield* Effect.yieldNow
  }
  for (const gate of [on.first, on.gate]) Deferred.doneUnsafe(gate, Exit.void)
  for (let n = 0; n < 4; n++) {
    yield* Effect.yieldNow
    on.steps.settle()
  }
  on.cell.stop(ExitReason.scopeClosed)
  for (let n = 0; n < 4; n++) {
    yield* Effect.yieldNow
    on.steps.settle()
  }
  for (const { ask } of asks) ask?.withdraw()
  on.steps.settle()
  // What came back is its receiver's, and what was never sent its sender's.
  const release = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return
    if ("isHeld" in value) {
      const held = value as Parcel.Unique
      if (held.isHeld) held.release()
    } else if (Cause.isCause(value)) {
      for (const reason of value.reasons) release(reason._tag === "Fail" ? reason.error : undefined)
    } else {for (const part of ["load", "value", "payload", "undelivered", "cause"]) {
        if (part in value) release((value as any)[part])
      }}
  }
  for (const load of mine) release(load)
  for (const { exits } of asks) {
    assert.isAtMost(exits.length, 1, where)
    for (const exit of exits) release(exit)
  }
  assert.strictEqual(on.used(), 0, where)
  for (const node of on.nodes) assert.strictEqual(accounts(node).underway, 0, where)
  if (!isDown) assert.strictEqual(accounts(on.nodes[0]!).asks, 0)
})
