/**
 * Whoever an actor calls may do what he likes: for every transition, every place where somebody else's code runs, and every
 * kind of mischief done there, the other actors answer, the name is free in the end and every account is back at zero.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as PubSub from "effect/PubSub"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorSystem } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import { settle } from "../contract/eventually.ts"
import { goesOn } from "../support/goesOn.ts"

const places = [
  "check",
  "decide",
  "backoff",
  "finalizer",
  "build",
  "subscriber",
  "logger",
  "callback",
  "listener"
] as const
type Place = typeof places[number]
const directives = ["resume", "restart", "stop", "escalate"] as const

let act: (place: Place) => void = () => {}

const Victim = Actor.make("Victim", [
  Rpc.make("Note", {
    payload: {
      n: Schema.Int.check(Schema.makeFilter(() => {
        act("check")
        return true
      }))
    }
  }),
  Rpc.make("Crash"),
  Rpc.make("Block", { success: Schema.Int }),
  Rpc.make("Ping", { success: Schema.Int })
])
const Other = Actor.make("Other", [Rpc.make("Ping", { success: Schema.Int })])

const liveOf = (directive: typeof directives[number]) =>
  Layer.mergeAll(
    Victim.toLayer(
      Effect.gen(function*() {
        yield* Effect.addFinalizer(() => Effect.sync(() => act("finalizer")))
        act("build")
        return Victim.of({
          Note: () => Effect.void,
          Crash: () => Effect.die("crash"),
          Block: () => Effect.never,
          Ping: () => Effect.succeed(1)
        })
      }),
      {
        shutdown: "brutalKill",
        mailbox: { capacity: 2 },
        supervision: {
          decide: (_cause: Cause.Cause<unknown>) => {
            act("decide")
            return directive
          },
          backoff: Schedule.map(Schedule.recurs(3), () => act("backoff")),
          intensity: { restarts: 2, within: "1 minute" }
        }
      }
    ),
    Other.toLayer(Effect.succeed(Other.of({ Ping: () => Effect.succeed(2) })))
  ).pipe(Layer.provideMerge(Layer.provide(ActorSystem.layer, goesOn)))

type Ref = Effect.Success<ReturnType<typeof Victim.spawn>>

const mischief: Readonly<Record<string, (victim: Ref, life: Scope.Closeable) => void>> = {
  throws: () => {
    throw new Error("mischief")
  },
  stops: (_victim, life) => void Effect.runFork(Scope.close(life, Exit.void)),
  crashes: (victim) => void victim.tellUnsafe.Crash(),
  tells: (victim) => void victim.tellUnsafe.Note({ n: 1 }),
  asks: (victim) => void victim.askUnsafe.Ping(undefined, () => {})
}

const scenario = (place: Place, how: string, directive: typeof directives[number]) =>
  Effect.gen(function*() {
    const other = yield* Other.spawn("other")
    const life = yield* Scope.make()
    const system = yield* ActorSystem.ActorSystem
    let done = 0
    let victim: Ref | undefined
    act = (at) => {
      if (at !== place || victim === undefined || done >= 3) return
      done++
      mischief[how]!(victim, life)
    }
    const subscription = yield* PubSub.subscribe(system.events)
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(
      PubSub.take(subscription),
      Effect.ignoreCause(Effect.sync(() => act("subscriber")))
    )))
    const ref = yield* Scope.provide(Victim.spawn("v"), life)
    victim = ref
    const cell = recipientOf(ref) as Cell
    cell.whenStopped(() => act("listener"))
    const settled = new Map<number, number>()
    const asks: Record<"Ping" | "Block", (onExit: () => void, options: { timeout: "1 second" }) => () => void> =
      ref.askUnsafe
    const ask = (n: number, message: "Ping" | "Block") =>
      asks[message](() => {
        settled.set(n, (settled.get(n) ?? 0) + 1)
        act("callback")
      }, { timeout: "1 second" })
    const note = Effect.forkScoped(Effect.ignoreCause(ref.tell.Note({ n: 1 })))
    for (let round = 0; round < 2; round++) {
      ask(round * 4, "Block")
      ask(round * 4 + 1, "Ping")
      yield* note
      ask(round * 4 + 2, "Ping")
      yield* TestClock.adjust("1 second")
      ref.tellUnsafe.Crash()
      ask(round * 4 + 3, "Ping")
      yield* settle
    }
    yield* Scope.close(life, Exit.void)
    yield* TestClock.adjust("10 seconds")
    yield* settle
    const where = `${place} ${how}, ${directive}`
    for (let n = 0; n < 8; n++) assert.strictEqual(settled.get(n), 1, `${where}: ask ${n}`)
    assert.strictEqual(yield* ref.depth, 0, `${where}: depth`)
    assert.strictEqual(cell.rare?.waiters.length ?? 0, 0, `${where}: waiters`)
    assert.strictEqual(cell.host.deadlines.size, 0, `${where}: deadlines`)
    assert.strictEqual(yield* other.ask.Ping(), 2, where)
    victim = undefined
    const again = yield* Effect.exit(Effect.flatMap(Victim.spawn("v"), (victim) => victim.ask.Ping()))
    // The name is free, and a behaviour that has given up says so.
    if (Exit.isSuccess(again)) assert.strictEqual(again.value, 1, `${where}: the name`)
    else assert.match(String(Cause.squash(again.cause)), /its behaviour has given up/, `${where}: the name`)
  })

describe("mischief", () => {
  for (const place of places) {
    for (const how of Object.keys(mischief)) {
      it.effect(`that ${how} where a ${place} runs harms its own actor alone`, () =>
        Effect.forEach(directives, (directive) =>
          Effect.scoped(scenario(place, how, directive)).pipe(
            Effect.provide([liveOf(directive), Logger.layer([Logger.make(() => act("logger"))])])
          ), { discard: true }))
    }
  }
})
