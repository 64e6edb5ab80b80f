/** What every system promises about adapters. The actor that is spoken to lives on one thread, who speaks to it on another, if there are several, and the test on a third. */
import { assert, layer as describeWith } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { type Actor, ActorControl, ActorError, ActorSystem, ExitReason } from "shared-nothing"
import { Desk, Job, Printer, Printing, Refused } from "../fixtures/adapters.ts"
import { type ContractOptions, Serial } from "./actorContract.ts"
import { eventually, settle } from "./eventually.ts"

export const adapterContract = (name: string, options: ContractOptions): void => {
  const stage = Effect.gen(function*() {
    const key = `j${++(yield* Serial).last}`
    const [first, second] = [{ placement: { thread: 0 } }, { placement: { thread: 1 } }]
    const life = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(life, Exit.void))
    const desk = yield* Desk.spawn(key, first)
    yield* Effect.addFinalizer(() => Effect.ignore(desk.ask.LetGo({ key })))
    const job = yield* Scope.provide(Job.spawn(key, first), life)
    const printer = yield* Printer.spawn(key, second)
    const by = yield* job.ask.Hand()
    /** Waits until the job has noted all of this. */
    const notes = (...expected: ReadonlyArray<string>) =>
      Effect.map(
        eventually(desk.ask.Notes({ key }), (seen) => seen.length >= expected.length, `there are ${expected.length}`),
        (seen) => assert.deepStrictEqual(seen, expected)
      )
    return { key, job, printer, by, desk, notes, end: Scope.close(life, Exit.void), letGo: desk.ask.LetGo({ key }) }
  })
  const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

  /** Tells by a reference until that is known to have ended. */
  const refused = (by: Actor.Ref<typeof Printing>) =>
    Effect.gen(function*() {
      const told = Effect.exit(by.tell.Printed({ page: 1 }))
      yield* eventually(told, Exit.isFailure, "it has ended")
      const error = yield* Effect.flip(by.tell.Printed({ page: 1 }))
      assert.instanceOf(error, ActorError.ActorStopped)
      return error
    })

  const { live } = options
  const { suite = describeWith(options.layer, { excludeTestServices: live, timeout: "30 seconds" }) } = options
  suite(name, (it) => {
    it.effect("what comes by one is a message of the actor, in the order of its sender, by whatever reference that sends", () =>
      Effect.gen(function*() {
        const { by, job, notes, printer } = yield* stage
        yield* printer.ask.Print({ pages: 4, by, job })
        const pages = [1, 2, 3, 4].flatMap((page) => [`page ${page}`, `direct ${page}`])
        yield* notes(...pages, "jammed")
      }))

    it.effect("an ask is answered by the handler of what it becomes: its reply, its error, its time", () =>
      Effect.gen(function*() {
        const { by, notes, printer } = yield* stage
        assert.strictEqual(yield* printer.ask.Ask({ page: 3, by }), 4)
        assert.strictEqual(yield* by.ask.More({ page: 4 }), 5)
        const error = yield* Effect.flip(printer.ask.Ask({ page: 0, by }))
        assert.instanceOf(error, Refused)
        assert.instanceOf(yield* Effect.flip(by.ask.More({ page: 0 })), Refused)
        const { handlingMillis, reply } = yield* by.askTimed.More({ page: 6 })
        assert.strictEqual(reply, 7)
        assert.isAtLeast(handlingMillis, 0)
        yield* notes("wants 4", "wants 5", "wants 7")
      }))

    it.effect("interrupting an ask interrupts the handler; one that waits its turn never starts", () =>
      Effect.gen(function*() {
        const { by, notes } = yield* stage
        const asking = yield* forkNow(by.ask.More({ page: -1 }, { timeout: "Infinity" }))
        yield* notes("waits")
        const waiting = yield* forkNow(by.ask.More({ page: 8 }, { timeout: "Infinity" }))
        yield* settle
        yield* Fiber.interrupt(waiting)
        yield* Fiber.interrupt(asking)
        yield* notes("waits", "interrupted")
        assert.strictEqual(yield* by.ask.More({ page: 1 }), 2)
        yield* notes("waits", "interrupted", "wants 2")
      }))

    it.effect("names both, and is one and the same wherever it comes from", () =>
      Effect.gen(function*() {
        const { by, job, key } = yield* stage
        assert.strictEqual(String(by), `ActorRef(Printing/Job/${key})`)
        assert.strictEqual(by.name, "Printing")
        const again = yield* job.ask.Hand()
        const group = Printing.group(`g${key}`)
        yield* group.join(by)
        yield* group.join(again)
        assert.strictEqual((yield* group.members).length, 1)
      }))

    it.effect("joins a group of that protocol, and has what is published there", () =>
      Effect.gen(function*() {
        const { by, key, notes } = yield* stage
        const group = Printing.group(`p${key}`)
        yield* group.join(by)
        const { reached } = yield* group.publish.Printed({ page: 7 })
        assert.strictEqual(reached, 1)
        yield* notes("page 7")
      }))

    it.effect("waits for room as any sender of the actor does, and what it has accepted is handled", () =>
      Effect.gen(function*() {
        const { by, job, letGo, notes } = yield* stage
        yield* job.tell.Block()
        yield* notes("blocks")
        const telling = yield* forkNow(
          Effect.forEach([1, 2, 3, 4, 5, 6], (page) => by.tell.Printed({ page }), { discard: true })
        )
        const asking = yield* forkNow(by.ask.More({ page: 8 }, { timeout: "Infinity" }))
        yield* settle
        assert.isUndefined(telling.pollUnsafe())
        yield* letGo
        yield* Fiber.join(telling)
        assert.strictEqual(yield* Fiber.join(asking), 9)
        yield* eventually(by.depth, (depth) => depth === 0, "all is handled")
      }))

    it.effect("a mapping that throws is a crash of the actor, in its turn; the adapter ends with the incarnation", () =>
      Effect.gen(function*() {
        const { by, desk, job, key } = yield* stage
        const exit = yield* Effect.exit(by.ask.More({ page: 13 }))
        assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "there is no page 13")
        const late = yield* refused(by)
        assert.deepStrictEqual(late.undelivered, { tag: "Printed", payload: { page: 1 } })
        const asked = yield* Effect.flip(by.ask.More({ page: 1 }))
        assert.instanceOf(asked, ActorError.ActorStopped)
        const next = yield* job.ask.Hand()
        yield* next.tell.Printed({ page: 2 })
        // What was taken in between stands before it.
        yield* eventually(desk.ask.Notes({ key }), (seen) => seen.at(-1) === "page 2, again", "it is handled")
      }))

    it.effect("a mapping that breaks the schema of the actor's message is a crash that says so", () =>
      Effect.gen(function*() {
        const { by, job } = yield* stage
        const events = yield* ActorSystem.ActorSystem
        yield* by.tell.Printed({ page: 14 })
        yield* eventually(ActorControl.ping(job), ({ restarts }) => restarts === 1, "it is restarted")
        assert.isDefined(events)
      }))

    it.effect("what was accepted before a crash is handled by the next incarnation", () =>
      Effect.gen(function*() {
        const { by, job, letGo, notes } = yield* stage
        yield* job.tell.Block()
        yield* notes("blocks")
        yield* by.tell.Printed({ page: 13 })
        yield* by.tell.Printed({ page: 3 })
        yield* eventually(ActorControl.ping(job), ({ waiting }) => waiting === 2, "both wait")
        yield* letGo
        yield* notes("blocks", "page 3, again")
      }))

    it.effect("a payload that breaks its schema is refused to its sender, by the name of both", () =>
      Effect.gen(function*() {
        const { by, key } = yield* stage
        for (const send of [by.tell.Printed({ page: 0.5 }), by.ask.More({ page: 0.5 })]) {
          const error = yield* Effect.flip(send)
          assert.instanceOf(error, ActorError.InvalidPayload)
          assert.strictEqual(error.actor, `Printing/Job/${key}`)
        }
        assert.isFalse(by.tellUnsafe.Printed({ page: 0.5 }))
      }))

    it.effect("ends with its actor: who watches it is told, and what is sent to it fails", () =>
      Effect.gen(function*() {
        const { by, end, job } = yield* stage
        const down = yield* forkNow(by.down)
        yield* settle
        yield* end
        assert.strictEqual((yield* Fiber.join(down)).ref, by)
        yield* job.down
        yield* refused(by)
        assert.isFalse(by.tellUnsafe.Jammed())
      }))

    it.effect("what nobody comes to handle is a dead letter as it was sent", () =>
      Effect.gen(function*() {
        const { by, job, key, notes } = yield* stage
        const letters = yield* ActorSystem.deadLetters
        yield* job.tell.Block()
        yield* notes("blocks")
        yield* by.tell.Printed({ page: 5 })
        yield* eventually(ActorControl.ping(job), ({ waiting }) => waiting === 1, "it waits")
        yield* ActorControl.kill(job)
        const found = yield* eventually(
          Effect.map(letters.all, (all) => all.filter((letter) => letter.key === `Job/${key}`)),
          (mine) => mine.length === 1,
          "there is a letter"
        )
        assert.deepInclude(found[0], { name: "Printing", message: "Printed", payload: { page: 5 } })
      }))

    it.effect("commands are given to the actor", () =>
      Effect.gen(function*() {
        const { by, job } = yield* stage
        assert.strictEqual((yield* ActorControl.ping(by)).status, "idle")
        assert.strictEqual((yield* ActorControl.stop(by))._tag, ExitReason.asked._tag)
        yield* job.down
      }))
  })
}
