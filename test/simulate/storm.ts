/** Random asks, tells, interruptions, timeouts, crashes and stops over simulated threads; afterwards every account is zero. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Random from "effect/Random"
import { type Actor, ActorSystem, ActorThread } from "shared-nothing"
import { Invariant, Simulation } from "shared-nothing/testing"
import { accountsBy, open, type Remote } from "../storm/accounts.ts"
import { behaviours, Echo, HANDLED, Patient, Sliding } from "../storm/protocol.ts"
import { at, onThreads, type Scenario } from "./scenario.ts"

type Target = Actor.Ref<typeof Patient>

const THREADS = 2
const threads = Array.from({ length: THREADS }, (_, thread) => thread)
const words = new Int32Array(new SharedArrayBuffer(4))

const below = (n: number) => Random.nextIntBetween(0, n)

const tagOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "Success"
  if (Cause.hasInterruptsOnly(exit.cause)) return "Interrupt"
  const error = Cause.squash(exit.cause)
  return typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : String(error)
}

const interrupted = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    if ((yield* below(2)) === 0) yield* Effect.sleep(yield* below(4))
    else yield* Effect.yieldNow
    yield* Fiber.interrupt(fiber)
  })

/** Looks again and again, for at most a minute, until there is nothing to say. */
const settled = (what: string, look: Effect.Effect<string>): Effect.Effect<void> =>
  Effect.gen(function*() {
    let said = ""
    for (let i = 0; i < 600; i++) {
      said = yield* look
      if (said === "") return
      yield* Effect.sleep("100 millis")
    }
    return yield* Effect.die(new Error(`open on ${what}: ${said}`))
  })

const setUp = Effect.suspend(() => {
  Atomics.store(words, HANDLED, 0)
  return Effect.all({
    echoes: Effect.forEach(threads, (thread) => Echo.spawn(`echo-${thread}`, at(thread))),
    patient: Effect.forEach(threads, (thread) => Patient.spawn(`patient-${thread}`, at(thread))),
    sliding: Effect.forEach(threads, (thread) => Sliding.spawn(`sliding-${thread}`, at(thread)))
  })
})

const program = Effect.fnUntraced(function*({ echoes, patient, sliding }: Effect.Success<typeof setUp>) {
  let told = 0
  let begun = 0
  let ended = 0
  const system = yield* ActorSystem.ActorSystem
  const events = yield* PubSub.subscribe(system.events)
  const targets: ReadonlyArray<Target> = [...patient, ...sliding]

  const ask = (effect: Effect.Effect<unknown, unknown>) =>
    Effect.suspend(() => {
      begun++
      return Effect.onExit(Effect.asVoid(effect), () => Effect.sync(() => void ended++))
    })
  const tell = (target: Target) =>
    Effect.flatMap(
      below(200),
      (size) =>
        Effect.map(Effect.exit(target.tell.Note({ bytes: "x".repeat(size) })), (exit) => {
          if (Exit.isSuccess(exit)) told++
        })
    )
  const timed = { timeout: "5 seconds" } as const
  const actions: ReadonlyArray<(target: Target) => Effect.Effect<unknown, unknown, ActorSystem.ActorSystem>> = [
    tell,
    (target) => Effect.sync(() => target.tellUnsafe.Note({ bytes: "" }) && told++),
    (target) =>
      Effect.sync(() => {
        for (let n = 0; n < 20; n++) if (target.tellUnsafe.Note({ bytes: "" })) told++
      }),
    (target) => ask(target.ask.Say({ text: "x" }, timed)),
    (target) => ask(target.ask.Nap({ millis: 5 }, { timeout: 2 })),
    (target) => ask(target.ask.Nap({ millis: 3 }, timed)),
    (target) => interrupted(ask(target.ask.Nap({ millis: 10 }))),
    (target) => interrupted(tell(target)),
    (target) => Effect.flatMap(below(THREADS), (to) => ask(target.ask.Pass({ to: echoes[to]!, text: "p" }, timed))),
    (target) => ask(target.ask.Crash(undefined, timed)),
    () =>
      Effect.scoped(Effect.gen(function*() {
        const key = `short-${yield* below(1_000_000)}`
        const short = yield* Patient.spawn(key, at(yield* below(THREADS)))
        yield* tell(short)
        yield* ask(short.ask.Say({ text: "short" }, timed))
      }))
  ]
  const client = Effect.gen(function*() {
    for (let left = yield* Simulation.draw(12); left > 0; left--) {
      const act = actions[yield* Simulation.draw(actions.length)]!
      yield* Effect.exit(act(targets[yield* below(targets.length)]!))
    }
  })
  const clients = yield* Effect.forEach(
    Array.from({ length: 1 + (yield* Simulation.draw(6)) }),
    () => Effect.forkChild(client)
  )
  yield* Effect.forEach(clients, Fiber.await)
  yield* Simulation.converge()
  if (begun !== ended) return yield* Effect.die(new Error(`asks begun: ${begun}, settled: ${ended}`))
  for (const [thread, target] of targets.entries()) {
    const beside = echoes[(thread + 1) % THREADS]!
    yield* settled(
      `the thread of ${target.key}`,
      Effect.map(
        Effect.exit(target.ask.Open({ beside }, { timeout: "10 seconds" })),
        (exit) => Exit.isSuccess(exit) ? (exit.value === "{}" ? "" : exit.value) : tagOf(exit)
      )
    )
  }
  yield* settled(
    "the main thread",
    Effect.sync(() => {
      const left = JSON.stringify(open(accountsBy(echoes[0] as unknown as Remote)))
      return left === "{}" ? "" : left
    })
  )
  const handled = Atomics.load(words, HANDLED)
  const dropped = yield* ActorSystem.droppedMessages
  const deaths = (yield* PubSub.takeUpTo(events, 1024)).filter(({ _tag }) => _tag === "ThreadEnded").length
  // What was in the mailboxes of a thread that has died is gone.
  const isCounted = deaths > 0 ? told >= handled : told === handled + dropped
  if (!isCounted) {
    return yield* Effect.die(
      new Error(`told ${told}, handled ${handled}, dropped ${dropped}, and ${deaths} threads died`)
    )
  }
  yield* Invariant.sometimes("a thread dies", deaths > 0)
  yield* Invariant.sometimes("messages are dropped", dropped > 0)
  yield* Invariant.sometimes("messages are handled", handled > 0)
})

export const storm: Scenario = {
  name: "storm",
  // Made anew for each thread: the behaviours remember what they have seen.
  worker: () => ActorThread.launch(Layer.unwrap(Effect.sync(() => behaviours(words)))),
  ambient: "answer",
  program: onThreads(THREADS, setUp, program)
}
