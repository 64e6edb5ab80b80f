/** How the tests of this folder start a system with real threads. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import { Worker, type WorkerOptions } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import type { Given } from "../fixtures/system.ts"
import { until } from "../support/until.ts"

/** The file of a fixture. */
export const fixture = (name: string): URL => new URL(`../fixtures/${name}.worker.ts`, import.meta.url)

/** What the fixtures print is not the output of the test run. */
export const quiet = { stdout: true, stderr: true } as const

// The tests of a file run one after the other, so one counter serves them all.
const marks = new Int32Array(new SharedArrayBuffer(4))

/** Waits until something that `begin` sets off has started on a worker: `Block`, `Loop`, `Hang`, or a slow build. */
export const untilStarted = <A, E, R>(begin: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function*() {
    const before = Atomics.load(marks, 0)
    const result = yield* begin
    yield* until(() => Atomics.load(marks, 0) > before, () => "it has not started on its thread")
    return result
  })

/** Starts workers of one file and keeps them, in the order of their starts. */
export const crew = (name = "system", options: WorkerOptions = {}) => {
  const workers: Array<Worker> = []
  return {
    workers,
    spawn: () => {
      const given: Given = { marks, isAgain: workers.length > 0 }
      const worker = new Worker(fixture(name), { ...quiet, workerData: given, ...options })
      workers.push(worker)
      return worker
    }
  }
}

/** A system of workers that run `system.worker.ts`, unless told otherwise. */
export const threads = (options: Partial<ActorSystem.ThreadsOptions> = {}) =>
  ActorSystem.layerThreads({ spawn: crew().spawn, threads: 1, readyTimeout: "1 minute", ...options })

/** Runs a program in such a system, without a log. */
export const within = <A, E, RIn, E2>(
  layer: Layer.Layer<RIn, E2>,
  program: Effect.Effect<A, E, RIn | Scope.Scope>
): Effect.Effect<A, E | E2> =>
  Effect.scoped(program).pipe(Effect.provide(Layer.provideMerge(layer, Logger.layer([])))) as Effect.Effect<A, E | E2>
