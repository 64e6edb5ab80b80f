/** One program, two layers: where actors run changes nothing that the program sees. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { ActorSystem } from "shared-nothing"
import * as System from "../fixtures/system.ts"
import { threads, within } from "./threads.ts"

const { Narrow, Newest, Oldest, Order, Probe, Relay, Strict } = System

const outcome = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<string> =>
  Effect.map(Effect.exit(effect), (exit) => {
    if (Exit.isSuccess(exit)) return `success ${JSON.stringify(exit.value)}`
    const kind = Cause.hasDies(exit.cause) ? "dies" : Cause.hasInterruptsOnly(exit.cause) ? "interrupted" : "fails"
    return `${kind} ${String(Cause.squash(exit.cause))}`
  })

/** Everything the program sees, line by line. */
const program = Effect.gen(function*() {
  const seen: Array<string> = []
  const see = <A, E>(effect: Effect.Effect<A, E>) => Effect.map(outcome(effect), (line) => void seen.push(line))
  const probe = yield* Probe.spawn("p")
  const relay = yield* Relay.spawn("r")
  for (let n = 0; n < 100; n++) yield* probe.tell.Note({ n })
  yield* see(probe.ask.Notes())
  yield* see(probe.ask.Echo({ text: "häl\u{1F600}lo \ud800" }))
  yield* see(probe.ask.Order(new Order({ item: "tea", count: 2 })))
  yield* see(probe.ask.Order({ item: "tea" }))
  yield* see(probe.tell.Order({ item: "tea" }))
  yield* see(probe.tell.Note({ n: 1.5 }))
  yield* see(probe.ask.Echo({ text: 5 } as never))
  yield* see(probe.tell.Note(null as never))
  yield* see(probe.ask.Fail({ why: "closed" }))
  yield* see(probe.ask.Boom({ why: "bang" }))
  yield* see(
    Effect.map(Effect.retry(probe.ask.Where(), { times: 100 }), ({ incarnation, key }) => ({ incarnation, key }))
  )
  yield* see(probe.ask.Notes())
  yield* see(probe.ask.Hang(undefined, { timeout: 20 }))
  yield* see(Effect.timeoutOrElse(probe.ask.Hang(), { duration: 20, orElse: () => Effect.succeed(-1) }))
  yield* see(probe.ask.Interrupted())
  yield* probe.tell.Note({ n: 1 })
  yield* see(relay.ask.AskCount({ to: probe }))
  yield* see(Effect.map(relay.ask.Pass({ to: probe }), (ref) => `${ref.name}/${ref.key}`))
  yield* see(relay.ask.Flood({ to: probe, from: 0, messages: 10 }))
  yield* see(Effect.map(Probe.spawn("p"), () => "spawned twice") as Effect.Effect<string, unknown>)
  yield* see(Effect.map(Probe.spawn("unbuildable"), () => "built") as Effect.Effect<string, unknown>)
  for (const actor of [Narrow, Strict, Newest, Oldest]) {
    const ref = yield* (actor as typeof Narrow).spawn("m")
    for (let n = 0; n < 3; n++) yield* ref.tell.Note({ n })
    yield* see(ref.ask.Notes())
  }
  const gone = yield* Effect.scoped(Probe.spawn("gone"))
  yield* see(gone.tell.Note({ n: 1 }))
  yield* see(gone.ask.Count())
  seen.push(String(gone.tellUnsafe.Note({ n: 1 })), `${gone.name}/${gone.key}`, JSON.stringify(gone))
  return seen
}) as Effect.Effect<ReadonlyArray<string>, unknown, ActorSystem.ActorSystem>

describe("one program", () => {
  it.live("sees the same on one thread and on three", () =>
    Effect.gen(function*() {
      const local = yield* within(System.Behaviours.pipe(Layer.provideMerge(ActorSystem.layer)), program)
      const threaded = yield* within(threads({ threads: 2 }), program)
      assert.deepStrictEqual(threaded, local)
      assert.lengthOf(local, 29)
    }))
})
