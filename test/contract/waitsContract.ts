/** What every system promises about asks whose actors wait for each other: the error names them. `a` and `c` live on one thread, `b` and `d` on another, if there are several. */
import { assert, layer as describeWith } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { ActorControl, ActorError } from "shared-nothing"
import { Hop } from "../fixtures/waits.ts"
import { type ContractOptions, Serial } from "./actorContract.ts"
import { eventually, settle } from "./eventually.ts"

const MILLIS = 200

export const waitsContract = (name: string, options: ContractOptions): void => {
  const stage = Effect.gen(function*() {
    const serial = ++(yield* Serial).last
    const spawn = (letter: string, thread: number) => Hop.spawn(`${letter}${serial}`, { placement: { thread } })
    const hops = { a: yield* spawn("a", 0), b: yield* spawn("b", 1), c: yield* spawn("c", 0), d: yield* spawn("d", 1) }
    const along = (...letters: ReadonlyArray<keyof typeof hops>) => ({
      path: letters.map((letter) => `${letter}${serial}`),
      millis: MILLIS
    })
    const names = (...letters: ReadonlyArray<keyof typeof hops>) => letters.map((letter) => `Hop/${letter}${serial}`)
    return { ...hops, along, names, all: Object.values(hops) }
  })

  const begin = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
      yield* settle
      return fiber
    })

  /** What an ask ends with whose time is over. On a busy machine a thread may be too late to say whom its actors wait for: then it is asked again. */
  const late = <A, E, R>(
    asking: Effect.Effect<A, E, R>,
    left = 20
  ): Effect.Effect<ActorError.AskTimeout, A, R> =>
    Effect.gen(function*() {
      const fiber = yield* begin(Effect.flip(asking))
      if (!options.live) yield* TestClock.adjust(MILLIS)
      const error = yield* Fiber.join(fiber)
      assert.instanceOf(error, ActorError.AskTimeout)
      return options.live && error.isChainCut === true && left > 0 ? yield* late(asking, left - 1) : error
    })

  const { live } = options
  const { suite = describeWith(options.layer, { excludeTestServices: live, timeout: "30 seconds" }) } = options
  suite(name, (it) => {
    it.effect("an actor that asks itself is told so, and goes on", () =>
      Effect.gen(function*() {
        const { a, along, names } = yield* stage
        const error = yield* late(a.ask.Go(along("a")))
        const [itself] = names("a")
        assert.deepStrictEqual(error.chain, names("a", "a"))
        assert.strictEqual(
          error.message,
          `${itself} did not answer Go within 200 ms: ${itself} waits for itself: a cycle of asks never ends`
        )
        assert.strictEqual(yield* a.ask.Echo(), "echo")
      }))

    it.effect("a cycle of two is named by who asks, with both", () =>
      Effect.gen(function*() {
        const { a, along, b, names } = yield* stage
        const error = yield* late(a.ask.Go(along("b", "a")))
        const [one, other] = names("a", "b")
        assert.deepStrictEqual(error.chain, names("a", "b", "a"))
        assert.include(error.message, `${one} waits for ${other}, which waits for ${one}: a cycle of asks never ends`)
        assert.strictEqual(yield* a.ask.Echo(), "echo")
        assert.strictEqual(yield* b.ask.Echo(), "echo")
      }))

    it.effect("actors whose names are longer than what is said of them are told apart", () =>
      Effect.gen(function*() {
        const serial = ++(yield* Serial).last
        const keyOf = (middle: string) => `${"a".repeat(600)}${middle}${serial}${"z".repeat(600)}`
        const spawn = (middle: string, thread: number) => Hop.spawn(keyOf(middle), { placement: { thread } })
        const [one] = [yield* spawn("one", 0), yield* spawn("two", 1), yield* spawn("six", 0)]
        const error = yield* late(one.ask.Go({ path: [keyOf("two"), keyOf("six")], millis: MILLIS }))
        const { chain = [] } = error
        assert.strictEqual(new Set(chain).size, 3, error.message)
        const circle = yield* late(one.ask.Go({ path: [keyOf("two"), keyOf("one")], millis: MILLIS }))
        assert.deepStrictEqual(circle.chain, [chain[0]!, chain[1]!, chain[0]!])
      }))

    it.effect("a cycle of three is named, and one that goes to and fro", () =>
      Effect.gen(function*() {
        const { a, along, names } = yield* stage
        assert.deepStrictEqual((yield* late(a.ask.Go(along("b", "c", "a")))).chain, names("a", "b", "c", "a"))
        assert.deepStrictEqual((yield* late(a.ask.Go(along("c", "b", "d", "a")))).chain, names("a", "c", "b", "d", "a"))
      }))

    it.effect("those whose time is over at once find the cycle: one of them at least", () =>
      Effect.gen(function*() {
        const { a, along, names } = yield* stage
        // On a busy machine the time of one is over while the other's still lasts, and the other way round.
        const error = yield* Effect.repeat(late(a.ask.Together(along("b", "a"))), {
          until: ({ chain }) => chain !== undefined,
          times: options.live ? 20 : 0
        })
        // Who has found it first has answered its own asker with that.
        assert.include([names("a", "b", "a").join(), names("b", "a", "b").join()], error.chain?.join())
      }))

    it.effect("without a cycle those are named that wait, up to the last, and who asks from outside is nobody", () =>
      Effect.gen(function*() {
        const { a, along, b, names } = yield* stage
        const inside = yield* late(a.ask.Go(along("b", "c")))
        assert.deepStrictEqual(inside.chain, names("a", "b", "c"))
        const [one, two, three] = names("a", "b", "c")
        assert.isTrue(inside.message.endsWith(`: ${one} waits for ${two}, which waits for ${three}`), inside.message)
        const outside = yield* late(b.ask.Go({ ...along("c"), millis: 3_600_000 }, { timeout: MILLIS }))
        assert.deepStrictEqual(outside.chain, names("b", "c"))
        assert.isUndefined(outside.isChainCut)
      }))

    it.effect("a cycle that others are in is named from who waits for it", () =>
      Effect.gen(function*() {
        const { a, along, names } = yield* stage
        assert.deepStrictEqual((yield* late(a.ask.Go(along("b", "c", "b")))).chain, names("a", "b", "c", "b"))
      }))

    it.effect("what was answered is nobody's wait any more", () =>
      Effect.gen(function*() {
        const { a, along, b, names } = yield* stage
        assert.deepStrictEqual((yield* late(a.ask.After(along("d", "b")))).chain, undefined)
        const outside = yield* late(b.ask.After({ ...along("a", "c"), millis: 3_600_000 }, { timeout: MILLIS }))
        assert.deepStrictEqual(outside.chain, names("b", "c"))
      }))

    it.effect("who waits for nobody is not told of", () =>
      Effect.gen(function*() {
        const { a, along, b } = yield* stage
        assert.isUndefined((yield* late(a.ask.Go(along("b")))).chain)
        assert.isUndefined((yield* late(b.ask.Go(along(), { timeout: MILLIS }))).chain)
      }))

    it.effect("an ask of a stream, and one for its time, is one that an actor waits for", () =>
      Effect.gen(function*() {
        const { a, along, names } = yield* stage
        assert.deepStrictEqual((yield* late(a.ask.Timed(along("b", "a")))).chain, names("a", "b", "a"))
        // What a stream waits for keeps its actor from nothing.
        assert.isUndefined((yield* late(a.ask.Read(along("b", "d")))).chain)
        assert.deepStrictEqual((yield* late(a.ask.Read(along("a")))).chain, names("a", "a"))
      }))

    it.effect("what an actor does beside its messages keeps it from nothing", () =>
      Effect.gen(function*() {
        const { a, along, b } = yield* stage
        yield* a.tell.Beside({ ...along("b"), millis: 3_600_000 })
        yield* settle
        yield* eventually(ActorControl.ping(b), ({ status }) => status === "running", "it is asked")
        // It has a message in hand beside that, with which it waits for nobody.
        assert.isUndefined((yield* late(a.ask.Go(along(), { timeout: MILLIS }))).chain)
        assert.isUndefined((yield* late(b.ask.Echo({ timeout: MILLIS }))).chain)
      }))

    it.effect("nothing is left of it: who was in the cycle is idle, and who asks meanwhile may go", () =>
      Effect.gen(function*() {
        const { a, all, along } = yield* stage
        yield* late(a.ask.Go(along("b", "c", "a")))
        const asking = yield* begin(a.ask.Go(along("b", "a")))
        yield* Fiber.interrupt(asking)
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(asking)))
        for (const hop of all) {
          yield* eventually(ActorControl.ping(hop), ({ status }) => status === "idle", `${hop.toString()} is idle`)
        }
      }))
  })
}
