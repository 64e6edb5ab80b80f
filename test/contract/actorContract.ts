/**
 * What every system promises about its actors, wherever they live. Run against the system of one thread, against worker
 * threads, and against simulated ones; the actors are those of `fixtures/actors.ts`.
 */
import { assert, layer as describeWith } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { ActorError, ActorSystem, Child, ExitReason, Supervisor } from "shared-nothing"
import * as Fixture from "../fixtures/actors.ts"
import { eventually, settle } from "./eventually.ts"

export interface ContractOptions {
  /** A system that hosts `fixtures/actors.ts`, on its first worker if it has any. */
  readonly layer: Layer.Layer<ActorSystem.ActorSystem, unknown>
  /** Whether the actors live on other threads, where time passes by itself and a sender knows the mailbox by its credit only. */
  readonly live: boolean
  /** Whether what they hold survives them: then asks wait over a restart as tells do. */
  readonly isLasting?: boolean | undefined
  /** What its tests run in; a system that all of them share unless told. */
  readonly suite?: ((name: string, define: (it: Tests) => void) => void) | undefined
}

/** How a test is added. */
export interface Tests {
  readonly effect: (
    name: string,
    test: () => Effect.Effect<unknown, unknown, ActorSystem.ActorSystem | Scope.Scope>
  ) => void
}

export const there = { placement: { thread: 0 } } as const

/** A spawn whose stop waits for what was accepted, which the actors of these tests otherwise do not. */
const inOrder = (shutdown: Duration.Input) => ({ ...there, shutdown })

/** Counts the tests; a test that is run again and has to do the same counts anew. */
export const Serial = Context.Reference("test/Serial", { defaultValue: () => ({ last: 0 }) })

// A key of its own for every test, and the means to look at what its actor does.
export const stage = Effect.gen(function*() {
  const key = `actor${++(yield* Serial).last}`
  const control = yield* Fixture.Control.spawn(`${key}-control`, there)
  // Runs before the actors of the test are stopped: a test that fails early must not leave them waiting.
  yield* Effect.addFinalizer(() => Effect.ignore(control.ask.Open({ gate: `${key}-gate` })))
  const journal = (of = key) => control.ask.Journal({ key: of })
  return {
    key,
    gate: `${key}-gate`,
    control,
    journal,
    open: (gate = `${key}-gate`) => control.ask.Open({ gate }),
    /** Waits until the journal has a line, and answers with the journal. */
    sees: (line: string, of = key) =>
      eventually(journal(of), (lines) => lines.includes(line), `the journal of ${of} has "${line}"`)
  }
})

type Stage = Effect.Success<typeof stage>
type Ref = Effect.Success<ReturnType<typeof Fixture.Probe.definition.spawn>>

/** Occupies the actor with a handler that waits at the stage's gate. */
export const block = Effect.fnUntraced(function*(on: Stage, actor: Ref, n = 0) {
  yield* actor.tell.Block({ gate: on.gate, n })
  yield* on.sees(`start ${n}`)
})

/** Tells until there is no more room, and answers how many were taken. */
const fill = (actor: Ref): Effect.Effect<number> =>
  Effect.sync(() => {
    let n = 0
    while (n < 100 && actor.tellUnsafe.Add({ n: n + 1 })) n++
    return n
  })

const upTo = (n: number): Array<number> => Array.from({ length: n }, (_, i) => i + 1)

export const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** Asks again for as long as the actor is being restarted. */
export const patient = <A, E, R>(ask: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.map(
    eventually(
      Effect.exit(ask),
      (exit) => Exit.isSuccess(exit) || !String(Cause.squash(exit.cause)).includes("is restarting"),
      "the restart is over"
    ),
    (exit) => exit
  ).pipe(Effect.flatten)

/** What was handled, asked when nothing is queued any more: an ask of a full mailbox would be refused, or push something out. */
const itemsAfter = Effect.fnUntraced(function*(on: Stage, actor: Ref, length: number) {
  yield* on.sees("end 0")
  yield* settle
  const exit = yield* eventually(
    Effect.exit(actor.ask.Items()),
    (exit) => Exit.isSuccess(exit) && exit.value.length >= length,
    `at least ${length} messages are handled`
  )
  return yield* exit
})

export const itemsOf = (actor: Ref, length: number) =>
  eventually(patient(actor.ask.Items()), (items) => items.length >= length, `${length} items`)

const reasonOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isFailure(exit) ? Cause.squash(exit.cause) : assert.fail("succeeded")

/** Its error; nothing when there is none. */
const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.exit(effect), (exit) => Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined)

export const failure = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.map(Effect.exit(effect), reasonOf)

export const actorContract = (name: string, options: ContractOptions): void => {
  const { isLasting = false, live } = options
  const passing = (duration: number) => live ? Effect.void : TestClock.adjust(duration)

  const { suite = describeWith(options.layer, { excludeTestServices: live, timeout: "30 seconds" }) } = options
  suite(name, (it) => {
    // Order and one at a time

    it.effect("handles the messages of each sender in the order in which they were sent", () =>
      Effect.gen(function*() {
        const actor = yield* Fixture.ProbeSuspend.definition.spawn((yield* stage).key, there)
        const sender = (from: number) =>
          Effect.forEach(upTo(200), (n) => actor.tell.Add({ n: from * 1000 + n }), { discard: true })
        yield* Effect.all([sender(1), sender(2), sender(3)], { concurrency: "unbounded" })
        const items = yield* itemsOf(actor, 600)
        for (const from of [1, 2, 3]) {
          const theirs = items.filter((item) => Math.floor(item / 1000) === from)
          assert.deepStrictEqual(theirs, upTo(200).map((n) => from * 1000 + n))
        }
      }))

    it.effect("keeps the order of tells and asks of one sender", () =>
      Effect.gen(function*() {
        const actor = yield* Fixture.Probe.definition.spawn((yield* stage).key, there)
        for (const n of upTo(20)) {
          yield* n % 3 === 0 ? actor.tell.Slow({ n }) : n % 3 === 1 ? actor.ask.Add({ n }) : actor.tell.Add({ n })
        }
        assert.deepStrictEqual(yield* actor.ask.Items(), upTo(20))
      }))

    it.effect("handles one message at a time, also when a handler is not done at once", () =>
      Effect.gen(function*() {
        const actor = yield* Fixture.Probe.definition.spawn((yield* stage).key, there)
        yield* Effect.forEach(upTo(30), (n) => n % 2 === 0 ? actor.ask.Slow({ n }) : actor.tell.Slow({ n }), {
          concurrency: "unbounded",
          discard: true
        })
        yield* itemsOf(actor, 30)
        assert.strictEqual(yield* actor.ask.Overlap(), 1)
      }))

    // A full mailbox

    it.effect("overflow \"fail\": takes what fits, refuses one more and hands it back", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeFail.definition.spawn(on.key, there)
        yield* block(on, actor)
        const taken = yield* fill(actor)
        if (live) assert.isTrue(taken >= 2 && taken <= 4, `${taken} taken`)
        else assert.strictEqual(taken, 4)
        const refusal = yield* failure(actor.tell.Add({ n: 99 }))
        assert.instanceOf(refusal, ActorError.MailboxFull)
        assert.deepStrictEqual(refusal.undelivered, { tag: "Add", payload: { n: 99 } })
        assert.strictEqual(refusal.capacity, 4)
        assert.include(refusal.message, on.key)
        if (!live) {
          const asked = yield* failure(actor.ask.Block({ gate: on.gate, n: 98 }))
          assert.instanceOf(asked, ActorError.MailboxFull)
          assert.deepStrictEqual(asked.undelivered, { tag: "Block", payload: { gate: on.gate, n: 98 } })
        }
        yield* on.open()
        assert.deepStrictEqual(yield* itemsAfter(on, actor, taken + 1), [0, ...upTo(taken)])
      }))

    it.effect("overflow \"suspend\": senders wait for room and are served in the order of waiting", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeSuspend.definition.spawn(on.key, there)
        yield* block(on, actor)
        const taken = yield* fill(actor)
        if (!live) assert.strictEqual(taken, 4)
        assert.isFalse(actor.tellUnsafe.Add({ n: 99 }))
        const waiting = yield* Effect.forEach(
          [101, 102, 103, 104, 105, 106],
          (n) => forkNow(n === 103 ? actor.ask.Add({ n }) : actor.tell.Add({ n }))
        )
        yield* settle
        // On another thread room that was not known of yet may have let the first one go.
        assert.isUndefined(waiting[5]!.pollUnsafe())
        if (!live) assert.isUndefined(waiting[0]!.pollUnsafe())
        yield* on.open()
        yield* Fiber.joinAll(waiting)
        assert.deepStrictEqual(yield* itemsOf(actor, taken + 7), [0, ...upTo(taken), 101, 102, 103, 104, 105, 106])
      }))

    it.effect("overflow \"suspend\": a handler that takes its time makes room for who waits, message by message", () =>
      Effect.gen(function*() {
        const actor = yield* Fixture.ProbeSuspend.definition.spawn((yield* stage).key, there)
        const sending = yield* forkNow(Effect.forEach(upTo(20), (n) => actor.tell.Nap({ n }), { discard: true }))
        const look = Effect.andThen(passing(1), Effect.sync(() => sending.pollUnsafe()))
        yield* eventually(look, (exit) => exit !== undefined, "all are sent", 10_000)
        yield* passing(100)
        assert.deepStrictEqual(yield* itemsOf(actor, 20), upTo(20))
      }))

    it.effect("overflow \"suspend\": an interrupted sender takes its message back, neither lost nor doubled", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeSuspend.definition.spawn(on.key, there)
        yield* block(on, actor)
        const taken = yield* fill(actor)
        const waiting = yield* Effect.forEach([101, 102, 103, 104, 105, 106], (n) => forkNow(actor.tell.Add({ n })))
        yield* settle
        const withdrawn = waiting.filter((fiber, i) => i % 2 === 1 && fiber.pollUnsafe() === undefined)
        assert.isAbove(withdrawn.length, 0)
        yield* Fiber.interruptAll(withdrawn)
        yield* on.open()
        const kept = waiting.filter((fiber) => !withdrawn.includes(fiber))
        yield* Fiber.joinAll(kept)
        const expected = [101, 102, 103, 104, 105, 106].filter((_, i) => kept.includes(waiting[i]!))
        yield* itemsOf(actor, taken + 1 + expected.length)
        yield* actor.ask.Add({ n: 200 })
        assert.deepStrictEqual(yield* actor.ask.Items(), [0, ...upTo(taken), ...expected, 200])
      }))

    it.effect("overflow \"suspend\": an ask that is interrupted while it waits for room is never handled", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeSuspend.definition.spawn(on.key, there)
        yield* block(on, actor)
        yield* fill(actor)
        const asker = yield* forkNow(actor.ask.Block({ gate: on.gate, n: 7 }))
        yield* settle
        yield* Fiber.interrupt(asker)
        yield* on.open()
        yield* patient(actor.ask.Items())
        assert.notInclude(yield* on.journal(), "start 7")
      }))

    it.effect("overflow \"suspend\": serves on with a capacity of one", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeOne.definition.spawn(on.key, there)
        yield* Effect.forEach(upTo(50), (n) => n % 5 === 0 ? actor.ask.Slow({ n }) : actor.tell.Add({ n }), {
          concurrency: "unbounded",
          discard: true
        })
        assert.sameMembers((yield* itemsOf(actor, 50)).slice(), upTo(50))
      }))

    it.effect("overflow \"dropNewest\": keeps the oldest and drops the rest without failing", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeDropNewest.definition.spawn(on.key, there)
        yield* block(on, actor)
        yield* Effect.forEach(upTo(20), (n) => actor.tell.Add({ n }), { discard: true })
        if (!live) {
          const asked = yield* failure(actor.ask.Items())
          assert.instanceOf(asked, ActorError.MailboxFull)
        }
        yield* on.open()
        const kept = yield* itemsAfter(on, actor, live ? 3 : 5)
        if (live) {
          assert.deepStrictEqual(kept.slice(0, 3), [0, 1, 2])
          assert.isAtMost(kept.length, 6)
          assert.deepStrictEqual(kept.slice(), kept.slice().sort((a, b) => a - b))
        } else assert.deepStrictEqual(kept, [0, 1, 2, 3, 4])
      }))

    it.effect("overflow \"dropOldest\": keeps the newest, drops the rest without failing, and counts them", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const before = yield* ActorSystem.droppedMessages
        const actor = yield* Fixture.ProbeDropOldest.definition.spawn(on.key, there)
        yield* block(on, actor)
        yield* Effect.forEach(upTo(20), (n) => actor.tell.Add({ n }), { discard: true })
        yield* on.open()
        const kept = yield* itemsAfter(on, actor, live ? 3 : 5)
        assert.deepStrictEqual(kept.slice(), kept.slice().sort((a, b) => a - b))
        assert.isAtMost(kept.length, 5)
        if (!live) assert.deepStrictEqual(kept, [0, 17, 18, 19, 20])
        const dropped = Effect.map(ActorSystem.droppedMessages, (count) => count - before)
        yield* eventually(dropped, (count) => count === 21 - kept.length, "every dropped tell is counted")
      }))

    it.effect("tellUnsafe says whether a message was taken", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        const actor = yield* Scope.provide(Fixture.ProbeFail.definition.spawn(on.key, there), life)
        assert.isTrue(actor.tellUnsafe.Add({ n: 1 }))
        assert.isFalse(actor.tellUnsafe.Add({ n: 1.5 }))
        assert.deepStrictEqual(yield* itemsOf(actor, 1), [1])
        yield* Scope.close(life, Exit.void)
        assert.isFalse(actor.tellUnsafe.Add({ n: 2 }))
      }))

    it.effect("depth counts what was accepted and is not yet handled", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
        yield* block(on, actor)
        yield* Effect.forEach(upTo(5), (n) => actor.tell.Add({ n }), { discard: true })
        // On another thread the one that is being handled may have been reported already.
        assert.include(live ? [5, 6] : [6], yield* actor.depth)
        yield* on.open()
        yield* itemsOf(actor, 6)
        yield* settle
        if (!live) assert.strictEqual(yield* actor.depth, 0)
      }))

    // What is refused

    it.effect("refuses a payload that breaks its schema, says what is wrong, sends nothing and goes on", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
        const told = yield* failure(actor.tell.Add({ n: 1.5 }))
        assert.instanceOf(told, ActorError.InvalidPayload)
        assert.deepStrictEqual(told.undelivered, { tag: "Add", payload: { n: 1.5 } })
        assert.include(told.issue, "n")
        assert.include(told.message, on.key)
        const wrong = { n: "1" } as unknown as { readonly n: number }
        assert.instanceOf(yield* failure(actor.ask.Add(wrong)), ActorError.InvalidPayload)
        yield* actor.tell.Add({ n: 1 })
        assert.deepStrictEqual(yield* actor.ask.Items(), [1])
      }))

    it.effect("refuses to spawn an unknown behaviour and names the known ones", () =>
      Effect.gen(function*() {
        const error = yield* failure(Fixture.Unregistered.spawn("x", there))
        assert.instanceOf(error, ActorError.BehaviourNotFound)
        assert.strictEqual(error.behaviour, "Unregistered")
        assert.include(error.known, "Probe")
      }))

    it.effect("refuses a name that is taken, and leaves its owner alone", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
        yield* actor.tell.Add({ n: 1 })
        assert.instanceOf(yield* failure(Fixture.Probe.definition.spawn(on.key, there)), ActorError.NameTaken)
        yield* Fixture.ProbeOne.definition.spawn(on.key, there)
        assert.deepStrictEqual(yield* actor.ask.Items(), [1])
      }))

    it.effect("frees the name when the actor has stopped, and starts afresh under it", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const first = yield* Effect.scoped(Effect.gen(function*() {
          const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
          yield* actor.ask.Add({ n: 1 })
          return actor
        }))
        assert.deepStrictEqual(yield* on.journal(), ["build 1", "closed 1"])
        const second = yield* Fixture.Probe.definition.spawn(on.key, there)
        assert.deepStrictEqual(yield* second.ask.Items(), [])
        assert.instanceOf(yield* failure(first.ask.Items()), ActorError.ActorStopped)
        assert.isFalse(first.tellUnsafe.Add({ n: 1 }))
        assert.deepStrictEqual(yield* second.ask.Items(), [])
      }))

    it.effect("a stopped actor refuses tells and asks and hands the message back", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Effect.scoped(Fixture.Probe.definition.spawn(on.key, there))
        for (const send of [actor.tell.Add({ n: 3 }), actor.ask.Add({ n: 3 })]) {
          const error = yield* failure(send)
          assert.instanceOf(error, ActorError.ActorStopped)
          assert.deepStrictEqual(error.undelivered, { tag: "Add", payload: { n: 3 } })
        }
      }))

    // The outcomes of an ask

    it.effect("an ask is answered with the reply", () =>
      Effect.gen(function*() {
        const actor = yield* Fixture.Probe.definition.spawn((yield* stage).key, there)
        assert.strictEqual(yield* actor.ask.Incarnation(), 1)
      }))

    it.effect("an ask fails with the declared error, its class and fields kept, and the actor goes on", () =>
      Effect.gen(function*() {
        const actor = yield* Fixture.Probe.definition.spawn((yield* stage).key, there)
        const error = yield* Effect.flip(actor.ask.Fail({ limit: 7 }))
        assert.instanceOf(error, Fixture.Limit)
        assert.strictEqual(error.limit, 7)
        assert.strictEqual(error.message, "more than 7")
        assert.strictEqual(yield* actor.ask.Incarnation(), 1)
      }))

    it.effect("an ask dies with the defect of the handler, message and stack kept", () =>
      Effect.gen(function*() {
        const actor = yield* Fixture.Probe.definition.spawn((yield* stage).key, there)
        for (const later of [false, true]) {
          const exit = yield* Effect.exit(patient(actor.ask.Die({ text: "kaput", later })))
          assert.isTrue(Exit.hasDies(exit))
          const defect = reasonOf(exit)
          assert.instanceOf(defect, Error)
          assert.strictEqual(defect.message, "kaput")
          assert.include(defect.stack, "explode")
        }
      }))

    it.effect("an ask that is not answered in time fails, its handler is interrupted and the next message served", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
        const asker = yield* forkNow(Effect.flip(actor.ask.Block({ gate: on.gate, n: 1 }, { timeout: 300 })))
        yield* on.sees("start 1")
        assert.isUndefined(asker.pollUnsafe())
        const next = yield* forkNow(actor.ask.Incarnation(undefined, { timeout: "10 seconds" }))
        yield* passing(300)
        const error = yield* Fiber.join(asker)
        assert.instanceOf(error, ActorError.AskTimeout)
        assert.strictEqual(error.timeoutMillis, 300)
        assert.strictEqual(error.tag, "Block")
        assert.strictEqual(yield* Fiber.join(next), 1)
        assert.deepStrictEqual(yield* on.journal(), ["build 1", "start 1", "interrupted 1"])
      }))

    it.effect("an ask whose timeout is no duration dies of that, and its handler is interrupted if it has started", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
        const timeout = "a while" as unknown as number
        // The second time too: nothing of the first is remembered.
        for (const n of [1, 2]) {
          const exit = yield* Effect.exit(actor.ask.Block({ gate: on.gate, n }, { timeout }))
          assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        }
        assert.deepStrictEqual(yield* actor.ask.Items(), [])
        if (!live) assert.strictEqual(yield* actor.depth, 0)
      }))

    it.effect("an ask whose time is over before its turn never starts", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
        yield* block(on, actor)
        const asker = yield* forkNow(Effect.flip(actor.ask.Block({ gate: on.gate, n: 1 }, { timeout: 100 })))
        yield* passing(100)
        assert.instanceOf(yield* Fiber.join(asker), ActorError.AskTimeout)
        yield* on.open()
        yield* actor.ask.Items()
        assert.deepStrictEqual(yield* on.journal(), ["build 1", "start 0", "end 0"])
      }))

    it.effect("interrupting an ask interrupts its handler; one that waits its turn never starts", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
        const running = yield* forkNow(actor.ask.Block({ gate: on.gate, n: 1 }))
        yield* on.sees("start 1")
        const queued = yield* forkNow(actor.ask.Block({ gate: on.gate, n: 2 }))
        yield* settle
        yield* Fiber.interrupt(queued)
        yield* Fiber.interrupt(running)
        assert.strictEqual(yield* actor.ask.Incarnation(), 1)
        assert.deepStrictEqual(yield* on.journal(), ["build 1", "start 1", "interrupted 1"])
      }))

    it.effect("many asks at once are each answered once and with their own reply", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeSuspend.definition.spawn(on.key, there)
        yield* on.open()
        const replies = yield* Effect.forEach(upTo(100), (n) => actor.ask.Block({ gate: on.gate, n }), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(replies, upTo(100))
        assert.sameMembers((yield* actor.ask.Items()).slice(), upTo(100))
      }))

    // Crashes

    it.effect("after a crash the scope is closed before the next incarnation is built, with new state", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
        yield* actor.ask.Add({ n: 1 })
        yield* on.control.ask.HoldClosing({ key: on.key, gate: on.gate })
        yield* Effect.exit(actor.ask.Die({ text: "crash", later: false }))
        yield* settle
        assert.deepStrictEqual(yield* on.sees("closing 1"), ["build 1", "closing 1"])
        if (!isLasting) {
          const error = yield* failure(actor.ask.Add({ n: 2 }))
          assert.instanceOf(error, ActorError.ActorRestarting)
          assert.deepStrictEqual(error.undelivered, { tag: "Add", payload: { n: 2 } })
        }
        yield* on.open()
        assert.deepStrictEqual(yield* on.sees("build 2"), ["build 1", "closing 1", "closed 1", "build 2"])
        assert.strictEqual(yield* patient(actor.ask.Incarnation()), 2)
        assert.deepStrictEqual(yield* actor.ask.Items(), [])
      }))

    it.effect("after a crash queued asks fail with their message and queued tells stay in order", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
        yield* block(on, actor)
        yield* actor.tell.Add({ n: 1 })
        yield* actor.tell.Die({ text: "crash", later: true })
        yield* actor.tell.Add({ n: 2 })
        const asker = yield* forkNow(Effect.exit(actor.ask.Block({ gate: on.gate, n: 9 })))
        yield* actor.tell.Add({ n: 3 })
        yield* actor.tell.Add({ n: 4 })
        yield* on.open()
        const exit = yield* Fiber.join(asker)
        const journal = ["build 1", "start 0", "end 0", "closed 1", "build 2"]
        if (isLasting) {
          assert.deepStrictEqual(exit, Exit.succeed(9))
          assert.deepStrictEqual(yield* itemsOf(actor, 4), [2, 9, 3, 4])
          assert.deepStrictEqual(yield* on.journal(), [...journal, "start 9", "end 9"])
        } else {
          const error = reasonOf(exit)
          assert.instanceOf(error, ActorError.ActorRestarting)
          assert.deepStrictEqual(error.undelivered, { tag: "Block", payload: { gate: on.gate, n: 9 } })
          assert.deepStrictEqual(yield* itemsOf(actor, 3), [2, 3, 4])
          assert.deepStrictEqual(yield* on.journal(), journal)
        }
      }))

    it.effect("a behaviour that dies now and then never has two incarnations at once", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
        for (const n of upTo(10)) {
          yield* actor.tell.Die({ text: "crash", later: n % 2 === 0 })
          yield* actor.tell.Add({ n })
        }
        yield* on.sees("build 11")
        const expected = upTo(10).flatMap((n) => [`closed ${n}`, `build ${n + 1}`])
        assert.deepStrictEqual(yield* on.journal(), ["build 1", ...expected])
        assert.strictEqual(yield* patient(actor.ask.Incarnation()), 11)
      }))

    it.effect("allows exactly as many restarts as the intensity says", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeTwice.definition.spawn(on.key, there)
        for (const incarnation of [1, 2, 3]) {
          assert.strictEqual(yield* patient(actor.ask.Incarnation()), incarnation)
          assert.isTrue(Exit.hasDies(yield* Effect.exit(actor.ask.Die({ text: "again", later: false }))))
        }
        const error = yield* failure(patient(actor.ask.Incarnation()))
        assert.instanceOf(error, ActorError.ActorStopped)
        assert.deepStrictEqual(yield* on.sees("closed 3"), [
          "build 1",
          "closed 1",
          "build 2",
          "closed 2",
          "build 3",
          "closed 3"
        ])
        const next = yield* eventually(
          Effect.exit(Fixture.ProbeTwice.definition.spawn(on.key, there)),
          Exit.isSuccess,
          "the name is free"
        ).pipe(Effect.flatten)
        assert.strictEqual(yield* next.ask.Incarnation(), 1)
      }))

    it.effect("a failing rebuild counts as another restart", () =>
      Effect.gen(function*() {
        const on = yield* stage
        yield* on.control.ask.Plan({ key: on.key, builds: ["ok", "fail", "die"] })
        const actor = yield* Fixture.ProbeTwice.definition.spawn(on.key, there)
        yield* Effect.exit(actor.ask.Die({ text: "crash", later: false }))
        const error = yield* failure(patient(actor.ask.Incarnation()))
        assert.instanceOf(error, ActorError.ActorStopped)
        assert.deepStrictEqual(yield* on.sees("closed 3"), [
          "build 1",
          "closed 1",
          "build 2",
          "closed 2",
          "build 3",
          "closed 3"
        ])
      }))

    it.effect("a rebuild that fails once is tried again, and queued tells wait for it", () =>
      Effect.gen(function*() {
        const on = yield* stage
        yield* on.control.ask.Plan({ key: on.key, builds: ["ok", "die"] })
        const actor = yield* Fixture.ProbeTwice.definition.spawn(on.key, there)
        yield* actor.tell.Die({ text: "crash", later: false })
        yield* actor.tell.Add({ n: 1 })
        assert.deepStrictEqual(yield* itemsOf(actor, 1), [1])
        assert.strictEqual(yield* actor.ask.Incarnation(), 3)
      }))

    it.effect("a temporary actor ends with its first crash", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeTemporary.definition.spawn(on.key, there)
        yield* Effect.exit(actor.ask.Die({ text: "only once", later: true }))
        assert.instanceOf(yield* failure(actor.ask.Incarnation()), ActorError.ActorStopped)
        assert.deepStrictEqual(yield* on.sees("closed 1"), ["build 1", "closed 1"])
      }))

    it.effect("decide \"stop\" ends the actor, also after a declared error", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeStops.definition.spawn(on.key, there)
        assert.instanceOf(yield* Effect.flip(actor.ask.Fail({ limit: 1 })), Fixture.Limit)
        assert.instanceOf(yield* failure(actor.ask.Incarnation()), ActorError.ActorStopped)
        assert.deepStrictEqual(yield* on.sees("closed 1"), ["build 1", "closed 1"])
      }))

    it.effect("decide \"resume\" keeps the incarnation and its state, also after a defect", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeResumes.definition.spawn(on.key, there)
        yield* actor.ask.Add({ n: 1 })
        for (const later of [false, true]) {
          assert.isTrue(Exit.hasDies(yield* Effect.exit(actor.ask.Die({ text: "shrug", later }))))
        }
        assert.deepStrictEqual(yield* actor.ask.Items(), [1])
        assert.deepStrictEqual(yield* on.journal(), ["build 1"])
      }))

    it.effect("decide \"restart\" restarts after a declared error, which the asker still gets", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeStrict.definition.spawn(on.key, there)
        assert.instanceOf(yield* Effect.flip(actor.ask.Fail({ limit: 1 })), Fixture.Limit)
        assert.strictEqual(yield* patient(actor.ask.Incarnation()), 2)
      }))

    it.effect("backoff: is down for the delay, then restarts and handles what was told meanwhile", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.ProbeBackoff.definition.spawn(on.key, there)
        yield* Effect.exit(actor.ask.Die({ text: "crash", later: false }))
        yield* actor.tell.Add({ n: 1 })
        if (!live) {
          yield* passing(199)
          assert.deepStrictEqual(yield* on.journal(), ["build 1", "closed 1"])
          assert.instanceOf(yield* failure(actor.ask.Items()), ActorError.ActorRestarting)
          yield* passing(1)
        }
        yield* on.sees("build 2")
        assert.deepStrictEqual(yield* itemsOf(actor, 1), [1])
      }))

    // Supervisors

    it.effect("below a supervisor an actor keeps its name, its references and its mailbox over a crash", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const Only = Child.actor(Fixture.Probe.definition, on.key, there)
        const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [Only] })
        const actor = yield* supervisor.get(Only)
        yield* block(on, actor)
        yield* actor.tell.Die({ text: "crash", later: true })
        yield* actor.tell.Add({ n: 1 })
        yield* actor.tell.Add({ n: 2 })
        yield* on.open()
        yield* on.sees("build 2")
        assert.deepStrictEqual(yield* itemsOf(actor, 2), [1, 2])
        assert.strictEqual((yield* supervisor.child(Only.id)).restarts, 1)
        yield* supervisor.stop
        assert.instanceOf(yield* failure(actor.tell.Add({ n: 3 })), ActorError.ActorStopped)
        assert.deepStrictEqual(
          yield* on.journal(),
          ["build 1", "start 0", "end 0", "closed 1", "build 2", "closed 2"]
        )
        yield* Effect.scoped(Fixture.Probe.definition.spawn(on.key, there))
      }))

    it.effect("below a supervisor its decider is given the declared error, its class and fields kept", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const limits: Array<unknown> = []
        const Only = Child.actor(Fixture.ProbeStrict.definition, on.key, {
          ...there,
          decide: ({ reasons }) => {
            const limit = reasons.flatMap((reason) =>
              reason._tag === "Fail" && reason.error instanceof Fixture.Limit ? [reason.error.limit] : []
            )
            limits.push(...limit)
            return limit[0] === 1 ? "restart" : "stop"
          }
        })
        const supervisor = yield* Supervisor.make("s", { strategy: "one-for-one", children: [Only] })
        const actor = yield* supervisor.get(Only)
        assert.instanceOf(yield* Effect.flip(actor.ask.Fail({ limit: 1 })), Fixture.Limit)
        yield* on.sees("build 2")
        yield* patient(actor.ask.Incarnation())
        yield* Effect.exit(actor.ask.Fail({ limit: 2 }))
        assert.instanceOf(yield* failure(patient(actor.ask.Incarnation())), ActorError.ActorStopped)
        assert.deepStrictEqual(limits, [1, 2])
      }))

    it.effect("below a supervisor an actor goes down and comes up with its siblings", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const keys = ["a", "b", "c"].map((letter) => `${on.key}-${letter}`)
        const children = keys.map((key) => Child.actor(Fixture.Probe.definition, key, there))
        const supervisor = yield* Supervisor.make("s", { strategy: "rest-for-one", children })
        const [a, b, c] = yield* Effect.forEach(children, (child) => supervisor.get(child))
        yield* b!.tell.Die({ text: "crash", later: true })
        for (const key of keys.slice(1)) yield* on.sees("build 2", key)
        yield* c!.tell.Add({ n: 3 })
        assert.deepStrictEqual(yield* itemsOf(c!, 1), [3])
        const incarnations = yield* Effect.forEach([a!, b!, c!], (ref) => patient(ref.ask.Incarnation()))
        assert.deepStrictEqual(incarnations, [1, 2, 2])
        assert.deepStrictEqual(yield* on.journal(keys[2]), ["build 1", "closed 1", "build 2"])
      }))

    // Stops

    it.effect("a stop handles what was accepted, tells and asks, refuses the rest, then closes the scope", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        const actor = yield* Scope.provide(Fixture.Probe.definition.spawn(on.key, inOrder("1 minute")), life)
        yield* actor.tell.Block({ gate: on.gate, n: 0 })
        for (let n = 1; n <= 50; n++) yield* actor.tell.Slow({ n })
        const asked = yield* forkNow(actor.ask.Items())
        yield* settle
        const closing = yield* forkNow(Scope.close(life, Exit.void))
        yield* settle
        assert.instanceOf(yield* failure(actor.tell.Add({ n: 51 })), ActorError.ActorStopped)
        assert.isFalse(actor.tellUnsafe.Add({ n: 51 }))
        assert.instanceOf(yield* failure(actor.ask.Items()), ActorError.ActorStopped)
        assert.isUndefined(closing.pollUnsafe())
        yield* on.open()
        yield* Fiber.join(closing)
        assert.deepStrictEqual(yield* Fiber.join(asked), Array.from({ length: 51 }, (_, n) => n))
        assert.deepStrictEqual(yield* on.journal(), ["build 1", "start 0", "end 0", "closed 1"])
      }))

    it.effect("a stop whose time is over interrupts the handler and settles what is left", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        const actor = yield* Scope.provide(Fixture.Probe.definition.spawn(on.key, inOrder("200 millis")), life)
        yield* block(on, actor)
        const queued = yield* forkNow(failure(actor.ask.Items()))
        const closing = yield* forkNow(Scope.close(life, Exit.void))
        yield* settle
        yield* passing(199)
        if (!live) assert.isUndefined(closing.pollUnsafe())
        yield* passing(1)
        yield* Fiber.join(closing)
        assert.instanceOf(yield* Fiber.join(queued), ActorError.ActorStopped)
        assert.deepStrictEqual(yield* on.journal(), ["build 1", "start 0", "interrupted 0", "closed 1"])
      }))

    it.effect("a crash during a stop restarts the actor for what is left", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        const actor = yield* Scope.provide(Fixture.Probe.definition.spawn(on.key, inOrder("1 minute")), life)
        yield* block(on, actor)
        yield* actor.tell.Die({ text: "crash", later: true })
        yield* actor.tell.Block({ gate: on.gate, n: 1 })
        const closing = yield* forkNow(Scope.close(life, Exit.void))
        yield* on.open()
        yield* Fiber.join(closing)
        const expected = ["build 1", "start 0", "end 0", "closed 1", "build 2", "start 1", "end 1", "closed 2"]
        assert.deepStrictEqual(yield* on.journal(), expected)
      }))

    it.effect("stopping interrupts the handler, fails queued asks, drops queued tells, then closes the scope", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        const actor = yield* Scope.provide(Fixture.Probe.definition.spawn(on.key, there), life)
        const running = yield* forkNow(failure(actor.ask.Block({ gate: on.gate, n: 1 })))
        yield* on.sees("start 1")
        yield* actor.tell.Add({ n: 1 })
        const queued = yield* forkNow(failure(actor.ask.Block({ gate: on.gate, n: 2 })))
        yield* settle
        yield* Scope.close(life, Exit.void)
        const begun = yield* Fiber.join(running)
        assert.instanceOf(begun, ActorError.ActorStopped)
        assert.strictEqual(begun.begun, true)
        assert.match(begun.message, /: Block was interrupted while it was handled, and may have had effects$/)
        const waited = yield* Fiber.join(queued)
        assert.instanceOf(waited, ActorError.ActorStopped)
        assert.strictEqual(waited.begun, false)
        assert.match(waited.message, /: Block was not handled$/)
        assert.deepStrictEqual(yield* on.journal(), ["build 1", "start 1", "interrupted 1", "closed 1"])
        const late = yield* failure(actor.ask.Items())
        assert.instanceOf(late, ActorError.ActorStopped)
        assert.strictEqual(late.begun, false)
      }))

    it.effect("stopping refuses the senders that wait for room", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        const actor = yield* Scope.provide(Fixture.ProbeSuspend.definition.spawn(on.key, there), life)
        yield* block(on, actor)
        yield* fill(actor)
        const waiting = yield* Effect.forEach([101, 102, 103, 104, 105, 106], (n) =>
          forkNow(Effect.exit(actor.tell.Add({ n }))))
        const asking = yield* forkNow(failure(actor.ask.Items()))
        yield* settle
        yield* Scope.close(life, Exit.void)
        const error = reasonOf(yield* Fiber.join(waiting[5]!))
        assert.instanceOf(error, ActorError.ActorStopped)
        assert.deepStrictEqual(error.undelivered, { tag: "Add", payload: { n: 106 } })
        assert.instanceOf(yield* Fiber.join(asking), ActorError.ActorStopped)
        yield* Fiber.awaitAll(waiting)
      }))

    it.effect("stops the actors of a scope one after the other, the youngest first", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        const keys = ["a", "b", "c"].map((letter) => `${on.key}-${letter}`)
        for (const key of keys) {
          yield* on.control.ask.HoldClosing({ key, gate: `${key}-gate` })
          yield* Scope.provide(Fixture.Probe.definition.spawn(key, there), life)
        }
        const closing = yield* forkNow(Scope.close(life, Exit.void))
        for (const [i, key] of keys.reverse().entries()) {
          yield* on.sees("closing 1", key)
          for (const older of keys.slice(i + 1)) assert.deepStrictEqual(yield* on.journal(older), ["build 1"])
          yield* on.open(`${key}-gate`)
        }
        yield* Fiber.join(closing)
      }))

    it.effect("the name stays taken until the scope of the last incarnation is closed", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        const actor = yield* Scope.provide(Fixture.Probe.definition.spawn(on.key, there), life)
        yield* on.control.ask.HoldClosing({ key: on.key, gate: on.gate })
        const again = yield* forkNow(
          Effect.andThen(Scope.close(life, Exit.void), Fixture.Probe.definition.spawn(on.key, there))
        )
        yield* on.sees("closing 1")
        assert.instanceOf(yield* failure(Fixture.Probe.definition.spawn(on.key, there)), ActorError.NameTaken)
        assert.instanceOf(yield* failure(actor.ask.Items()), ActorError.ActorStopped)
        yield* on.open()
        assert.deepStrictEqual(yield* (yield* Fiber.join(again)).ask.Items(), [])
      }))

    it.effect("a stop during a restart wins: nothing is built again", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        const actor = yield* Scope.provide(Fixture.Probe.definition.spawn(on.key, there), life)
        yield* on.control.ask.HoldClosing({ key: on.key, gate: on.gate })
        yield* actor.tell.Die({ text: "crash", later: true })
        yield* on.sees("closing 1")
        const closing = yield* forkNow(Scope.close(life, Exit.void))
        // What is asked of the actor's thread later is done later: by the end of this the stop has arrived.
        yield* Effect.scoped(Fixture.Probe.definition.spawn(`${on.key}-after-the-stop`, there))
        yield* on.open()
        yield* Fiber.join(closing)
        assert.deepStrictEqual(yield* on.journal(), ["build 1", "closing 1", "closed 1"])
        assert.instanceOf(yield* failure(actor.ask.Items()), ActorError.ActorStopped)
      }))

    it.effect("a stop during a backoff wins and does not wait for it", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        const actor = yield* Scope.provide(Fixture.ProbeBackoff.definition.spawn(on.key, there), life)
        yield* actor.tell.Die({ text: "crash", later: true })
        yield* on.sees("closed 1")
        yield* Scope.close(life, Exit.void)
        yield* passing(1000)
        if (!live) assert.deepStrictEqual(yield* on.journal(), ["build 1", "closed 1"])
        assert.instanceOf(yield* failure(actor.ask.Items()), ActorError.ActorStopped)
        yield* Fixture.ProbeBackoff.definition.spawn(on.key, there)
      }))

    // Starts

    for (const build of ["fail", "die", "hang"] as const) {
      it.effect(`a behaviour whose build does "${build}" does not start, releases what it had and leaves no name`, () =>
        Effect.gen(function*() {
          const on = yield* stage
          yield* on.control.ask.Plan({ key: on.key, builds: [build] })
          const spawning = yield* forkNow(failure(Fixture.ProbeImpatient.definition.spawn(on.key, there)))
          yield* on.sees("build 1")
          yield* passing(100)
          const error = yield* Fiber.join(spawning)
          assert.instanceOf(error, ActorError.SpawnFailed)
          assert.include(
            error.message,
            { fail: "more than 0", die: "cannot be built", hang: "not built within 100 ms" }[build]
          )
          assert.deepStrictEqual(yield* on.journal(), ["build 1", "closed 1"])
          const actor = yield* Fixture.ProbeImpatient.definition.spawn(on.key, there)
          assert.strictEqual(yield* actor.ask.Incarnation(), 1)
        }))
    }

    it.effect("interrupting a spawn releases what the behaviour had and leaves no name", () =>
      Effect.gen(function*() {
        const on = yield* stage
        yield* on.control.ask.Plan({ key: on.key, builds: ["hang"] })
        const spawning = yield* forkNow(Fixture.Probe.definition.spawn(on.key, there))
        yield* on.sees("build 1")
        yield* Fiber.interrupt(spawning)
        yield* on.sees("closed 1")
        const actor = yield* eventually(
          Effect.exit(Fixture.Probe.definition.spawn(on.key, there)),
          Exit.isSuccess,
          "the name is free"
        ).pipe(Effect.flatten)
        assert.strictEqual(yield* actor.ask.Incarnation(), 1)
      }))

    it.effect("an actor that is spawned into a scope that has closed meanwhile is stopped at once", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const life = yield* Scope.make()
        yield* Scope.close(life, Exit.void)
        const actor = yield* Scope.provide(Fixture.Probe.definition.spawn(on.key, there), life)
        assert.deepStrictEqual(yield* on.sees("closed 1"), ["build 1", "closed 1"])
        assert.instanceOf(yield* failure(actor.ask.Items()), ActorError.ActorStopped)
        yield* Fixture.Probe.definition.spawn(on.key, there)
      }))

    it.effect(`starts, asks and stops ${live ? "1,000" : "10,000"} actors`, () =>
      Effect.gen(function*() {
        const on = yield* stage
        const keys = upTo(live ? 1_000 : 10_000).map((n) => `${on.key}-${n}`)
        for (const round of [1, 2]) {
          const sum = yield* Effect.scoped(Effect.gen(function*() {
            const actors = yield* Effect.forEach(keys, (key) => Fixture.Echo.spawn(key, there))
            const replies = yield* Effect.forEach(actors, (actor, n) => actor.ask.Say({ n }))
            return replies.reduce((sum, n) => sum + n, 0)
          }))
          assert.strictEqual(sum, keys.length * (keys.length - 1) / 2, `round ${round}`)
        }
      }))

    // References in messages

    it.effect("asks through a reference that came in a message", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
        for (const placement of [there, { placement: { thread: 1 } }, { placement: "here" }] as const) {
          if (live && placement.placement === "here") continue
          const echo = yield* Fixture.Echo.spawn(`${on.key}-${JSON.stringify(placement)}`, placement)
          assert.strictEqual(yield* actor.ask.Relay({ to: echo, n: 5 }), 5)
        }
      }))

    it.effect("a reply carries a reference; the actor behind it ends with the incarnation that spawned it", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const actor = yield* Fixture.Probe.definition.spawn(on.key, there)
        const echo = yield* actor.ask.Child()
        assert.strictEqual(echo.key, `${on.key}-1`)
        assert.strictEqual(yield* echo.ask.Say({ n: 3 }), 3)
        yield* Effect.exit(actor.ask.Die({ text: "crash", later: false }))
        const gone = yield* eventually(
          failureOf(echo.ask.Say({ n: 4 })),
          (reason) => reason !== undefined,
          "it has ended"
        )
        assert.instanceOf(gone, ActorError.ActorStopped)
        const next = yield* patient(actor.ask.Child())
        assert.strictEqual(next.key, `${on.key}-2`)
        assert.strictEqual(yield* next.ask.Say({ n: 5 }), 5)
      }))

    // Events

    it.effect("reports a failed tell, a restart and the end of an actor", () =>
      Effect.gen(function*() {
        const on = yield* stage
        const system = yield* ActorSystem.ActorSystem
        const seen: Array<ActorSystem.SystemEvent> = []
        const subscription = yield* PubSub.subscribe(system.events)
        yield* Effect.forkScoped(
          Effect.forever(Effect.map(PubSub.take(subscription), (event) => void seen.push(event)))
        )
        const name = `ProbeTwice/${on.key}`
        const of = (tag: ActorSystem.SystemEvent["_tag"]) =>
          eventually(
            Effect.sync(() => seen.filter((event) => event._tag === tag && "actor" in event && event.actor === name)),
            (events) => events.length > 0,
            `there is an event ${tag}`
          )
        yield* Effect.scoped(Effect.gen(function*() {
          const actor = yield* Fixture.ProbeTwice.definition.spawn(on.key, there)
          yield* actor.tell.Fail({ limit: 3 })
          const [failed] = yield* of("HandlerFailed")
          assert.include(failed!._tag === "HandlerFailed" ? Cause.pretty(failed.cause) : "", "more than 3")
          assert.strictEqual(yield* actor.ask.Incarnation(), 1)
          yield* actor.tell.Die({ text: "crash", later: false })
          const [restarted] = yield* of("ActorRestarted")
          assert.strictEqual(restarted!._tag === "ActorRestarted" ? restarted.restarts : undefined, 1)
        }))
        const [ended] = yield* of("ActorEnded")
        assert.strictEqual(
          ended!._tag === "ActorEnded" ? ExitReason.render(ended.reason) : undefined,
          "its scope was closed"
        )
      }))
  })
}
