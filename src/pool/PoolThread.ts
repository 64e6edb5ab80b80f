/**
 * What a worker thread of a pool runs: the behaviours that it can host.
 *
 * The file given to `new Worker` consists of one call.
 *
 * **Example** (worker.ts)
 *
 * ```ts
 * import { type ActorSystem, PoolThread } from "shared-nothing"
 * import type * as Layer from "effect/Layer"
 *
 * declare const HashingLive: Layer.Layer<never, never, ActorSystem.ActorSystem> // imported from its module
 *
 * PoolThread.launch(HashingLive)
 * ```
 */
import type * as Layer from "effect/Layer"
import type { ActorSystem } from "../actor/ActorSystem.ts"
import * as ThreadEntry from "../thread/ThreadEntry.ts"
import * as Rehearsal from "./internal/rehearsal.ts"
import { serve } from "./internal/serve.ts"
import type { Pool } from "./Pool.ts"

/**
 * Serves the behaviours of a layer on this worker thread; call it once, at the top level of the worker's file.
 *
 * **Details**
 *
 * The layer is built once for each incarnation of the thread, and released when it is stopped. Of its behaviours the one is hosted that the pool was
 * made for; with it and below it live actors of this thread, as in a system of one thread.
 *
 * Handlers may use the pool themselves, by `Pool.ref`. From inside of a job nobody waits for room: a submission that finds none fails with
 * `MailboxFull`.
 *
 * **Errors** Throws `ThreadEntryMisused` on the main thread, and on a second call.
 */
// Which pools a layer uses is its own business: there is one on this thread.
export const launch = <A, E>(behaviours: Layer.Layer<A, E, ActorSystem | Pool<any>>): void =>
  ThreadEntry.launch(serve(behaviours as Layer.Layer<A, E, ActorSystem>), Rehearsal.ofWorker)
