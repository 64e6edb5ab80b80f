/** Streams whose elements take long to look at, and everything else on their thread. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Actor, ActorSystem } from "shared-nothing"
import { BUDGET_MILLIS } from "../../src/runtime/Turn.ts"

const ELEMENTS = 48
// A thread whose messages were quick so far looks at its clock after sixteen of them, and then after each.
const LEAST_TURNS = (ELEMENTS - 16) / 3

// Keeps the thread busy for longer than a turn may last.
const Slow = Schema.Int.check(Schema.makeFilter(() => {
  const end = performance.now() + BUDGET_MILLIS + 1
  while (performance.now() < end);
  return true
}))

const Source = Actor.make("Source", [
  Rpc.make("Count", { payload: { chunk: Schema.Int }, success: Slow, stream: true })
])

const Live = Source.toLayer(Effect.succeed(Source.of({
  Count: ({ chunk }) => Stream.rechunk(Stream.range(1, ELEMENTS), chunk)
}))).pipe(Layer.provideMerge(ActorSystem.layer))

/** How many turns the event loop has while an effect runs. */
const turnsDuring = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
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

describe("a stream whose elements take long", () => {
  for (const chunk of [1, ELEMENTS]) {
    it.live(`leaves the event loop its turns, in chunks of ${chunk}`, () =>
      Effect.gen(function*() {
        const source = yield* Source.spawn("s")
        const read: Array<number> = []
        const all = Stream.runForEach(source.ask.Count({ chunk }), (n) => Effect.sync(() => void read.push(n)))
        const turns = yield* turnsDuring(all)
        assert.deepStrictEqual(read, Array.from({ length: ELEMENTS }, (_, i) => i + 1))
        assert.isAtLeast(turns, LEAST_TURNS)
      }).pipe(Effect.scoped, Effect.provide(Live)))
  }
})
