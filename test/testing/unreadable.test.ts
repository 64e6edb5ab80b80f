/** Messages and replies that cannot be read to their end, with something behind that: all that moves with them is free. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import type * as Scope from "effect/Scope"
import { Actor, ActorSystem, ActorThread, Iso, Pool, PoolThread, ThreadArenas } from "shared-nothing"
import { Fault, Simulation } from "shared-nothing/testing"
import * as Arena from "../../src/memory/Arena.ts"
import { usage } from "../../src/memory/ArenaUsage.ts"
import { at, noThread } from "../simulate/scenario.ts"
import { tries } from "../support/effort.ts"

const Numbers = Iso.of(Int32Array)

type Numbers = typeof Numbers.Type

const UNLUCKY = 13

/** A number that is written as it is, and of which one cannot be read. */
const Lucky = Schema.Int.pipe(Schema.decodeTo(
  Schema.Int,
  SchemaTransformation.transform({
    decode: (n) => {
      if (n === UNLUCKY) throw new Error("unlucky")
      return n
    },
    encode: (n) => n
  })
))

class Bag extends Schema.Class<Bag>("test/unreadable/Bag")({ first: Numbers, lucky: Lucky, last: Numbers }) {}

/** The same whose codec is a parser, since a transformation is around it; it ends with what throws, and not with what says that it is none. */
const Fair = Schema.Int.pipe(Schema.decodeTo(
  Schema.Int,
  SchemaTransformation.transformEffect<number, number>({
    decode: (n) =>
      n === UNLUCKY ? Effect.fail(new SchemaIssue.InvalidValue({ message: "unlucky" })) : Effect.succeed(n),
    encode: (n) => Effect.succeed(n)
  })
))
const Turned = Schema.Struct({ first: Numbers, lucky: Fair, last: Numbers }).pipe(Schema.decodeTo(
  Schema.toType(Schema.Struct({ first: Numbers, n: Schema.Int, last: Numbers })),
  SchemaTransformation.transform({
    decode: ({ first, last, lucky }) => ({ first, n: lucky, last }),
    encode: ({ first, last, n }) => ({ first, lucky: n, last })
  })
))

const fields = { first: Numbers, lucky: Lucky, middle: Schema.Array(Schema.Tuple([Numbers, Lucky])), last: Numbers }

const Odd = Actor.make("Odd", [
  Rpc.make("Take", { payload: fields }),
  Rpc.make("Hold", { payload: { bag: Bag } }),
  Rpc.make("Turn", { payload: { turned: Turned } }),
  /** Answers with what it was given, and with such a number. */
  Rpc.make("Give", { payload: { first: Numbers, last: Numbers }, success: Bag, error: Schema.Struct(fields) }),
  Rpc.make("Refuse", { payload: { first: Numbers, last: Numbers }, error: Schema.Struct(fields) }),
  /** Answers with what throws when it is looked at. */
  Rpc.make("Throw", { success: Schema.Struct({ lucky: Lucky, none: Schema.Option(Numbers) }) })
])

type Odd = Actor.Ref<typeof Odd>

const release = (...all: ReadonlyArray<Numbers>) =>
  Effect.sync(() => {
    for (const numbers of all) Iso.release(numbers)
  })

const OddLive = Odd.toLayer(Effect.succeed(Odd.of({
  Take: ({ first, last, middle }) => release(first, last, ...middle.map(([numbers]) => numbers)),
  Hold: ({ bag }) => release(bag.first, bag.last),
  Turn: ({ turned }) => release(turned.first, turned.last),
  Give: ({ first, last }) => Effect.sync(() => new Bag({ first, lucky: UNLUCKY, last }, { disableChecks: true })),
  Refuse: ({ first, last }) => Effect.fail({ first, lucky: UNLUCKY, middle: [], last }),
  Throw: () =>
    Effect.succeed({
      none: Option.none(),
      get lucky(): number {
        throw new Error("no number")
      }
    })
})))

interface Ground {
  readonly odd: Odd
  readonly some: Effect.Effect<Numbers, never, Scope.Scope>
}

const forever = { timeout: "Infinity" } as const

const messages: Record<string, (ground: Ground) => Effect.Effect<unknown, unknown, Scope.Scope>> = {
  "a message": ({ odd, some }) =>
    Effect.gen(function*() {
      const middle = [[yield* some, 1], [yield* some, UNLUCKY], [yield* some, UNLUCKY]] as const
      yield* odd.ask.Take({ first: yield* some, lucky: UNLUCKY, middle, last: yield* some }, forever)
    }),
  "an instance in a message": ({ odd, some }) =>
    Effect.gen(function*() {
      const bag = new Bag({ first: yield* some, lucky: UNLUCKY, last: yield* some }, { disableChecks: true })
      yield* odd.ask.Hold({ bag }, forever)
    }),
  "a message that is parsed": ({ odd, some }) =>
    Effect.gen(function*() {
      yield* odd.ask.Turn({ turned: { first: yield* some, n: UNLUCKY, last: yield* some } }, forever)
    }),
  "what was told": ({ odd, some }) =>
    Effect.gen(function*() {
      yield* odd.tell.Take({ first: yield* some, lucky: UNLUCKY, middle: [], last: yield* some })
      return yield* Effect.fail("as it should")
    }),
  "a reply": ({ odd, some }) =>
    Effect.gen(function*() {
      yield* odd.ask.Give({ first: yield* some, last: yield* some }, forever)
    }),
  "an error": ({ odd, some }) =>
    Effect.gen(function*() {
      yield* odd.ask.Refuse({ first: yield* some, last: yield* some }, forever)
    }),
  "a reply that throws": ({ odd }) => odd.ask.Throw(forever)
}

const places: Record<string, {
  readonly worker: () => unknown
  readonly ref: (arena: Arena.ArenaEnd) => Effect.Effect<Odd, unknown, Scope.Scope>
}> = {
  "an actor on this thread": {
    worker: () => ActorThread.launch(OddLive),
    ref: (arena) => system(arena, { placement: "here" })
  },
  "an actor on another thread": { worker: () => ActorThread.launch(OddLive), ref: (arena) => system(arena, at(0)) },
  "a pool": {
    worker: () => PoolThread.launch(OddLive),
    ref: (arena) => Pool.make(Odd, { spawn: noThread, threads: 1, arenas: [arena] })
  }
}

const system = (arena: Arena.ArenaEnd, where: Parameters<typeof Odd.spawn>[1]) =>
  Effect.gen(function*() {
    const threads = ActorSystem.layerThreads({ spawn: noThread, threads: 1, arenas: [arena] })
    const context = yield* Layer.build(Layer.provideMerge(OddLive, threads))
    return yield* Effect.provideContext(Odd.spawn("odd", where), context)
  })

describe("what cannot be read to its end leaves nothing of what moved with it", () => {
  for (const [place, { ref, worker }] of Object.entries(places)) {
    for (const [what, send] of Object.entries(messages)) {
      it.effect(`${place}: ${what}`, () =>
        Simulation.check(
          { name: `${place}: ${what}`, seeds: tries(3), worker },
          Effect.scoped(Effect.gen(function*() {
            const sab = Arena.create({ capacityBytes: 64 * 4096, blockBytes: 4096, id: 1 })
            const arena = yield* ThreadArenas.open(sab, 1)
            const odd = yield* Fault.calm(ref(arena))
            const some = Effect.orDie(Iso.allocate(arena, Int32Array, 2))
            for (let n = 0; n < 3; n++) {
              const exit = yield* Effect.exit(Effect.scoped(send({ odd, some })))
              assert.isTrue(Exit.isFailure(exit), String(exit))
            }
            for (let left = 100; usage(sab).usedBytes > 0; left--) {
              if (left === 0) assert.fail(`${usage(sab).usedBytes / 4096} blocks are nobody's`)
              yield* Effect.sleep(1)
            }
          }))
        ))
    }
  }
})
