/** What every system promises about messages that are handed on: the front and the desk live on two threads, if there are several, and who asks on a third. */
import { assert, layer as describeWith } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { ActorControl } from "shared-nothing"
import { Desk, Front, NotThere, Window } from "../fixtures/forward.ts"
import { type ContractOptions, Serial } from "./actorContract.ts"
import { eventually } from "./eventually.ts"

export const forwardContract = (name: string, options: ContractOptions): void => {
  const stage = Effect.gen(function*() {
    const key = `f${++(yield* Serial).last}`
    const [first, second] = [{ placement: { thread: 0 } }, { placement: { thread: 1 } }]
    const life = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(life, Exit.void))
    const window = yield* Window.spawn(key, second)
    const desk = yield* Scope.provide(Desk.spawn(key, second), life)
    const front = yield* Front.spawn(key, first)
    yield* front.ask.Use({ desk })
    const [begun, interrupted] = [yield* window.ask.Begun(), yield* window.ask.Interrupted()]
    return {
      window,
      desk,
      front,
      end: Scope.close(life, Exit.void),
      /** Waits until so many of this test have begun at the desk, or were interrupted there. */
      begun: (count: number) => eventually(window.ask.Begun(), (n) => n - begun === count, `${count} have begun`),
      interrupted: (count: number) =>
        eventually(window.ask.Interrupted(), (n) => n - interrupted === count, `${count} were interrupted`)
    }
  })
  const forkNow = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

  const { live } = options
  const { suite = describeWith(options.layer, { excludeTestServices: live, timeout: "30 seconds" }) } = options
  suite(name, (it) => {
    it.effect("who asks has the answer of the other actor: a reply, the declared error, a defect", () =>
      Effect.gen(function*() {
        const { front } = yield* stage
        const ways = [
          (of: { readonly key: string }) => front.ask.Find(of),
          (of: { readonly key: string }) => front.ask.Later(of),
          (of: { readonly key: string }) => front.ask.Round({ ...of, times: 40 })
        ]
        for (const ask of ways) {
          assert.strictEqual(yield* ask({ key: "a" }), "found a")
          const error = yield* Effect.flip(ask({ key: "" }))
          assert.instanceOf(error, NotThere)
          assert.include(String(yield* Effect.exit(ask({ key: "die" }))), "no more")
          yield* eventually(Effect.exit(ask({ key: "a" })), Exit.isSuccess, "the desk is back")
        }
      }))

    it.effect("the actor in between goes on, and may be restarted or end; who asks is answered all the same", () =>
      Effect.gen(function*() {
        const { begun, front, window } = yield* stage
        const asking = yield* forkNow(
          Effect.all([front.ask.Block(), front.ask.Find({ key: "b" })], { concurrency: "unbounded" })
        )
        yield* begun(1)
        assert.strictEqual(yield* eventually(front.ask.Handled(), (n) => n === 2, "both are handed on"), 2)
        yield* front.tell.Die()
        yield* eventually(Effect.exit(front.ask.Handled()), Exit.isSuccess, "the front is back")
        yield* ActorControl.kill(front)
        assert.isUndefined(asking.pollUnsafe())
        yield* window.ask.LetGo()
        assert.deepStrictEqual(yield* Fiber.join(asking), [1, "found b"])
      }))

    it.effect("interrupting the ask interrupts the handler that has it, and so does its time", () =>
      Effect.gen(function*() {
        const { begun, front, interrupted } = yield* stage
        const asking = yield* forkNow(front.ask.Block({ timeout: "Infinity" }))
        yield* begun(1)
        yield* Fiber.interrupt(asking)
        yield* interrupted(1)
        if (!live) return
        const error = yield* Effect.flip(front.ask.Block({ timeout: 20 }))
        assert.deepInclude(error, { _tag: "AskTimeout", actor: `Front/${front.key}`, tag: "Block" })
        // One that the front has given less time ends with that.
        const brief = yield* Effect.flip(front.ask.Brief())
        assert.deepInclude(brief, { _tag: "AskTimeout", actor: `Desk/${front.key}`, tag: "Block", timeoutMillis: 1 })
        assert.strictEqual(yield* front.ask.Find({ key: "c" }), "found c")
      }))

    it.effect("where the other actor does not answer who asks is told why, by its name", () =>
      Effect.gen(function*() {
        const { begun, desk, end, front } = yield* stage
        const asking = yield* forkNow(Effect.flip(front.ask.Block()))
        yield* begun(1)
        yield* end
        const error = yield* Fiber.join(asking)
        assert.deepInclude(error, {
          _tag: "ActorStopped",
          actor: `Desk/${desk.key}`,
          undelivered: { tag: "Block", payload: null }
        })
        const later = yield* Effect.flip(front.ask.Find({ key: "a" }))
        assert.deepInclude(later, {
          _tag: "ActorStopped",
          actor: `Desk/${desk.key}`,
          undelivered: { tag: "Find", payload: null }
        })
      }))

    it.effect("what was told is told on", () =>
      Effect.gen(function*() {
        const { front, window } = yield* stage
        const before = (yield* window.ask.Notes()).length
        yield* front.tell.Note({ n: 1 })
        yield* front.tell.NoteLater({ n: 2 })
        yield* front.ask.Note({ n: 3 })
        const notes = yield* eventually(window.ask.Notes(), ({ length }) => length === before + 3, "all are noted")
        assert.deepStrictEqual(notes.slice(before).toSorted((a, b) => a - b), [1, 2, 3])
      }))

    it.effect("only the ask of a reference can be handed on, as it is", () =>
      Effect.gen(function*() {
        const { front } = yield* stage
        assert.include(String(yield* Effect.exit(front.ask.Wrong())), "only the ask of a reference, as it is")
      }))
  })
}
