/**
 * Systems with worker threads for the cases of this library.
 */
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import type { Handler } from "./actors.ts"

/** A worker thread that hosts receivers. */
export const spawnWorker = (handler: Handler): Worker =>
  new Worker(new URL("./receiver.worker.ts", import.meta.url), { argv: [handler] })

/** A system whose threads host receivers. */
export const threadsLayer = (handler: Handler, threads: number) =>
  ActorSystem.layerThreads({ spawn: () => spawnWorker(handler), threads })
