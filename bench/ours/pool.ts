/**
 * The pool of this library: asks with a callback (`-unsafe`), or each a fiber.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { Worker } from "node:worker_threads"
import { Pool } from "shared-nothing"
import { type Jobs, WORKERS } from "../peers/jobs.ts"
import { Work } from "./jobs.ts"

const forever = { timeout: "Infinity" } as const

/** Opens a pool. */
export const open = (way: "fibers" | "callbacks") => async (): Promise<Jobs> => {
  const scope = Scope.makeUnsafe()
  const making = Pool.make(Work, {
    spawn: () => new Worker(new URL("./jobs.worker.ts", import.meta.url)),
    threads: WORKERS,
    readyTimeout: "1 minute"
  })
  const pool = await Effect.runPromise(Scope.provide(making, scope))
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  const fork = (depth: number, micros: number) => Effect.runPromise(pool.ask.Fork({ depth, micros }, forever))
  if (way === "callbacks") {
    return {
      run: (value, micros, done) =>
        void pool.askUnsafe.Run({ value, micros }, (exit) => {
          if (exit._tag === "Failure") throw new Error(String(exit.cause))
          done(exit.value)
        }, forever),
      fork,
      close
    }
  }
  return {
    run: (value, micros, done) => void Effect.runFork(Effect.map(pool.ask.Run({ value, micros }, forever), done)),
    fork,
    close
  }
}
