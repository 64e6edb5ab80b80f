/** Ends of actors on threads that die: who watches is told once, when what the actor held is released, and of no restart. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { Actor, ActorThread, ExitReason } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import type { SimThread } from "../../src/testing/internal/simThread.ts"
import { CurrentStage } from "../../src/testing/internal/stage.ts"
import { at, onThreads, type Scenario } from "./scenario.ts"

const messages = [Rpc.make("Work", { success: Schema.Int }), Rpc.make("Crash")] as const
const Worker = Actor.make("Worker", messages)
/** One that its first crash ends, and the death of its thread. */
const Mortal = Actor.make("Mortal", messages)
const Anyone = Schema.Union([Worker.ref, Mortal.ref])

const Boss = Actor.make("Boss", [
  /** Both answer the watch that is over by it. */
  Rpc.make("Watch", { payload: { who: Anyone, watch: Schema.Int }, success: Schema.Int }),
  Rpc.make("Unwatch", { payload: { who: Anyone }, success: Schema.Int }),
  Rpc.make("Down", { payload: { watch: Schema.Int, key: Schema.String, reason: Schema.String } })
])

/** Where an actor is up, and whose end has been told. */
const living = new Map<string, Set<SimThread>>()
const over = new Set<string>()
const told = new Map<number, number>()
const reasons = new Set<string>()
let wrong = ""

const isUp = (key: string): boolean => Array.from(living.get(key) ?? []).some(({ isDead }) => !isDead)

const down = (key: string, reason: string): void => {
  over.add(key)
  reasons.add(reason)
  if (isUp(key)) wrong = `${key} is up, and said to be down: ${reason}`
}

const Behaviours = Layer.unwrap(Effect.map(CurrentStage, (stage) => {
  const thread = stage!.current
  const build = Effect.gen(function*() {
    const { key } = yield* Actor.CurrentActor
    const threads = living.get(key) ?? new Set()
    living.set(key, threads)
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        if (over.has(key)) wrong = `${key} is built after its end`
        threads.add(thread)
      }),
      () =>
        Effect.gen(function*() {
          if ((yield* Simulation.draw(4)) === 3) yield* Effect.sleep(20)
          threads.delete(thread)
        })
    )
    if ((yield* Simulation.draw(6)) === 5) yield* Effect.sleep(20)
    return { Work: () => Effect.succeed(1), Crash: () => Effect.die(new Error("it was told to")) }
  })
  return Layer.mergeAll(
    Worker.toLayer(build, { supervision: { intensity: { restarts: 1_000_000, within: "1 minute" } } }),
    Mortal.toLayer(build, { supervision: { restart: "temporary" } }),
    BossLive
  )
}))

// A watch has a number of its own, so that each is accounted for.
const BossLive = Boss.toLayer(Effect.gen(function*() {
  const { unwatch, watch } = yield* Boss.watcher
  const watches = new Map<string, number>()
  return Boss.of({
    Watch: ({ watch: number, who }) =>
      Effect.suspend(() => {
        const before = watches.get(who.key) ?? 0
        watches.set(who.key, number)
        const watching = watch.Down(who, ({ reason, ref }) => ({
          watch: number,
          key: ref.key,
          reason: reason._tag
        }))
        return Effect.as(watching, before)
      }),
    Unwatch: ({ who }) =>
      Effect.suspend(() => {
        const before = watches.get(who.key) ?? 0
        watches.delete(who.key)
        return Effect.as(unwatch(who), before)
      }),
    Down: ({ key, reason, watch: number }) =>
      Effect.sync(() => {
        told.set(number, (told.get(number) ?? 0) + 1)
        if (watches.get(key) !== number) wrong = `${key} was told of although nobody watches it`
        watches.delete(key)
        down(key, reason)
      })
  })
}))

const setUp = Effect.gen(function*() {
  living.clear()
  over.clear()
  told.clear()
  reasons.clear()
  wrong = ""
  yield* Invariant.always("an end is the end, and told once", () => {
    if (wrong === "") wrong = Array.from(told.values()).some((times) => times > 1) ? "told twice" : ""
    return wrong === ""
  })
  const spawned = yield* Effect.forEach([0, 1, 2, 3], (i) =>
    Effect.gen(function*() {
      const life = yield* Scope.make()
      yield* Effect.addFinalizer(() => Scope.close(life, Exit.void))
      const spawn = i < 2 ? Worker.spawn(`w${i}`, at(i % 2)) : Mortal.spawn(`m${i}`, at(i % 2))
      return { ref: yield* Scope.provide(spawn, life), life }
    }))
  const bosses = yield* Effect.forEach([0, 1], (i) => Boss.spawn(`b${i}`, at(i)))
  return { spawned, bosses, here: yield* Boss.spawn("here", { placement: "here" }) }
})

const program = Effect.fnUntraced(function*({ bosses, here, spawned }: Effect.Success<typeof setUp>) {
  let watches = 0
  const open = new Set<number>()
  const waiting: Array<Fiber.Fiber<string>> = []
  const client = Effect.gen(function*() {
    for (let left = yield* Simulation.draw(14); left > 0; left--) {
      const { life, ref } = spawned[yield* Simulation.draw(spawned.length)]!
      switch (yield* Simulation.draw(8)) {
        case 0:
        case 1: {
          const wait = Effect.map(ref.down, ({ reason }) => {
            down(ref.key, reason._tag)
            return ExitReason.render(reason)
          })
          waiting.push(yield* Effect.forkScoped(wait))
          break
        }
        case 2:
        case 3: {
          const watch = ++watches
          open.add(watch)
          open.delete(yield* here.ask.Watch({ who: ref, watch }))
          break
        }
        case 4:
          open.delete(yield* here.ask.Unwatch({ who: ref }))
          break
        case 5:
          yield* Effect.exit(ref.tell.Crash())
          break
        case 6:
          // Those on threads that die lose their watches with them.
          yield* Effect.exit(bosses[yield* Simulation.draw(2)]!.tell.Watch({ who: ref, watch: ++watches }))
          break
        default:
          if ((yield* Simulation.draw(3)) === 0) yield* Effect.forkScoped(Scope.close(life, Exit.void))
          else yield* Effect.sleep(yield* Simulation.draw(100))
      }
    }
  })
  yield* Effect.all(Array.from({ length: 1 + (yield* Simulation.draw(3)) }, () => client), { concurrency: "unbounded" })
  yield* Simulation.converge()
  yield* Effect.forEach(spawned, ({ life }) => Scope.close(life, Exit.void), { concurrency: "unbounded" })
  for (const fiber of waiting) {
    if ((yield* Effect.timeoutOption(Fiber.join(fiber), "1 minute"))._tag === "None") {
      return yield* Effect.die(new Error("who waits for an end is not told"))
    }
  }
  yield* Effect.sleep("1 minute")
  for (const watch of open) {
    if (told.get(watch) !== 1) {
      return yield* Effect.die(new Error(`watch ${watch} was told ${told.get(watch) ?? 0} times`))
    }
  }
  yield* Invariant.sometimes("an actor ends with its thread", reasons.has("ThreadLost"))
  yield* Invariant.sometimes("an actor crashes for good", reasons.has("Crashed"))
})

export const watch: Scenario = {
  name: "watch",
  worker: () => ActorThread.launch(Behaviours),
  program: onThreads(2, setUp, program, BossLive)
}
