/**
 * Random asks, tells, interruptions, timeouts, crashes, stops and kills over three threads; afterwards every account is zero.
 *
 * Everything random comes from the seed. What threads make of it is not repeatable, so a failing seed is a place to look and
 * not a proof.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { Worker } from "node:worker_threads"
import { type Actor, ActorSystem } from "shared-nothing"
import { seeded } from "../memory/seeded.ts"
import { accountsBy, open, type Remote } from "./accounts.ts"
import { Echo, HANDLED, Patient, Sliding } from "./protocol.ts"

export interface StormOptions {
  readonly seed: number
  readonly millis: number
  /** Whether threads are killed. With them what was in their mailboxes is lost, and messages are only bounded. */
  readonly kills: boolean
}

export interface StormReport {
  /** What was done, by name. */
  readonly did: Readonly<Record<string, number>>
  /** How asks ended, by tag. */
  readonly asks: Readonly<Record<string, number>>
  readonly told: number
  readonly handled: number
  readonly dropped: number
  readonly restarts: number
  /** What is wrong; empty when nothing is. */
  readonly wrong: ReadonlyArray<string>
}

const THREADS = 3
const CLIENTS = 24
const SETTLE_MILLIS = 60_000

const tagOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "Success"
  if (Cause.hasInterruptsOnly(exit.cause)) return "Interrupt"
  const error = Cause.squash(exit.cause)
  return typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : String(error)
}

type Act = (target: Target) => Effect.Effect<unknown, unknown, ActorSystem.ActorSystem>
type Action = readonly [weight: number, name: string, act: Act]

// A reference is its messages; both kinds of actor have the same.
type Target = Actor.Ref<typeof Patient>

const count = (counts: Record<string, number>, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1
}

/** Looks again and again until there is nothing to say, and answers with what was said last. */
const settled = (look: Effect.Effect<string>): Effect.Effect<string> =>
  Effect.gen(function*() {
    const deadline = performance.now() + SETTLE_MILLIS
    while (true) {
      const said = yield* look
      if (said === "" || performance.now() > deadline) return said
      yield* Effect.sleep("5 millis")
    }
  })

const program = (options: StormOptions, words: Int32Array, workers: ReadonlyArray<Worker>) =>
  Effect.gen(function*() {
    const random = seeded(options.seed)
    const did: Record<string, number> = {}
    const asks: Record<string, number> = {}
    const wrong: Array<string> = []
    let told = 0
    let begun = 0
    let ended = 0
    const at = (thread: number) => ({ placement: { thread } }) as const
    const threads = Array.from({ length: THREADS }, (_, thread) => thread)
    const echoes = yield* Effect.forEach(threads, (thread) => Echo.spawn(`echo-${thread}`, at(thread)))
    const patient = yield* Effect.forEach(threads, (thread) => Patient.spawn(`patient-${thread}`, at(thread)))
    const sliding = yield* Effect.forEach(threads, (thread) => Sliding.spawn(`sliding-${thread}`, at(thread)))
    const targets: ReadonlyArray<Target> = [...patient, ...sliding]

    const ask = (effect: Effect.Effect<unknown, unknown>) =>
      Effect.suspend(() => {
        begun++
        return Effect.onExit(Effect.asVoid(effect), (exit) =>
          Effect.sync(() => {
            ended++
            count(asks, tagOf(exit))
          }))
      })
    const tell = (target: Target) =>
      Effect.map(Effect.exit(target.tell.Note({ bytes: "x".repeat(random(200)) })), (exit) => {
        if (Exit.isSuccess(exit)) told++
      })
    const burst = (target: Target) =>
      Effect.sync(() => {
        for (let n = 0; n < 60; n++) if (target.tellUnsafe.Note({ bytes: "" })) told++
      })
    const interrupted = (effect: Effect.Effect<unknown, unknown>) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
        if (random(2) === 0) yield* Effect.sleep(random(4))
        else yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
      })
    const brief = (key: string) =>
      Effect.scoped(Effect.gen(function*() {
        const short = yield* Patient.spawn(key, at(random(THREADS)))
        yield* tell(short)
        yield* ask(short.ask.Say({ text: "short" }, { timeout: "5 seconds" }))
      }))
    const kill = Effect.sync(() => {
      const living = workers.filter((worker) => worker.threadId !== -1)
      if (living.length > 0) void living[random(living.length)]!.terminate()
    })

    const actions: ReadonlyArray<Action> = [
      [30, "tell", tell],
      [15, "tellUnsafe", (target) => Effect.sync(() => target.tellUnsafe.Note({ bytes: "" }) && told++)],
      [3, "burst", burst],
      [20, "ask", (target) => ask(target.ask.Say({ text: "x".repeat(random(300)) }, { timeout: "5 seconds" }))],
      [
        8,
        "ask that times out",
        (target) => ask(target.ask.Nap({ millis: 3 + random(8) }, { timeout: 0.5 + random(4) }))
      ],
      [5, "nap", (target) => ask(target.ask.Nap({ millis: random(6) }, { timeout: "5 seconds" }))],
      [8, "interrupted ask", (target) => interrupted(ask(target.ask.Nap({ millis: random(20) })))],
      [4, "interrupted tell", (target) => interrupted(tell(target))],
      [
        6,
        "pass",
        (target) => ask(target.ask.Pass({ to: echoes[random(THREADS)]!, text: "passed" }, { timeout: "5 seconds" }))
      ],
      [3, "crash", (target) => ask(target.ask.Crash(undefined, { timeout: "5 seconds" }))],
      [2, "short life", () => brief(`short-${begun}-${random(1_000_000)}`)],
      ...(options.kills ? [[0.05, "kill", () => kill] as Action] : [])
    ]
    const total = actions.reduce((sum, [weight]) => sum + weight, 0)
    const choose = () => {
      let at = (random(1_000_000) / 1_000_000) * total
      return actions.find(([weight]) => (at -= weight) < 0) ?? actions[0]!
    }

    const over = performance.now() + options.millis
    const client = Effect.gen(function*() {
      while (performance.now() < over) {
        const [, name, act] = choose()
        count(did, name)
        yield* Effect.exit(act(targets[random(targets.length)]!))
        if (random(4) === 0) yield* Effect.yieldNow
      }
    })
    const clients = yield* Effect.forEach(Array.from({ length: CLIENTS }), () => Effect.forkChild(client))
    const waited = yield* Effect.timeoutOption(Effect.forEach(clients, Fiber.await), options.millis + SETTLE_MILLIS)
    if (waited._tag === "None") {
      wrong.push(`clients that wait for ever: ${clients.filter((fiber) => fiber.pollUnsafe() === undefined).length}`)
    }
    if (begun !== ended) wrong.push(`asks begun: ${begun}, settled: ${ended}`)

    // A thread that is being started again is waited for; then what is open is looked at where it is.
    for (const [thread, target] of targets.entries()) {
      const beside = echoes[(thread + 1) % THREADS]!
      const look = Effect.map(
        Effect.exit(target.ask.Open({ beside }, { timeout: "10 seconds" })),
        (exit) => Exit.isSuccess(exit) ? (exit.value === "{}" ? "" : exit.value) : tagOf(exit)
      )
      const said = yield* settled(look)
      if (said !== "") wrong.push(`open on the thread of ${target.key}: ${said}`)
    }
    const here = yield* settled(Effect.sync(() => {
      const left = JSON.stringify(open(accountsBy(echoes[0] as unknown as Remote)))
      return left === "{}" ? "" : left
    }))
    if (here !== "") wrong.push(`open on the main thread: ${here}`)

    const handled = Atomics.load(words, HANDLED)
    const dropped = yield* ActorSystem.droppedMessages
    if (options.kills ? told < handled : told !== handled + dropped) {
      wrong.push(`told ${told}, but handled ${handled} and dropped ${dropped}`)
    }
    const report: StormReport = { did, asks, told, handled, dropped, restarts: workers.length - THREADS, wrong }
    return report
  })

/** Makes a storm and says what it has left behind. */
export const storm = (options: StormOptions): Effect.Effect<StormReport, unknown> =>
  Effect.suspend(() => {
    const words = new Int32Array(new SharedArrayBuffer(4))
    const workers: Array<Worker> = []
    const spawn = () => {
      const worker = new Worker(new URL("./storm.worker.ts", import.meta.url), {
        workerData: words,
        stdout: true,
        stderr: true
      })
      workers.push(worker)
      return worker
    }
    const system = ActorSystem.layerThreads({
      spawn,
      threads: THREADS,
      readyTimeout: "1 minute",
      intensity: { restarts: 1_000_000, within: "1 minute" }
    })
    return program(options, words, workers).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(system, Logger.layer([])))
    )
  })
