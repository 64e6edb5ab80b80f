/**
 * What a worker thread runs: the behaviours it can host.
 *
 * The file given to `new Worker` consists of one call. It imports the behaviours, and nothing of the main program.
 *
 * **Example** (worker.ts)
 *
 * ```ts
 * import { type ActorSystem, ActorThread } from "shared-nothing"
 * import type * as Layer from "effect/Layer"
 *
 * declare const CounterLive: Layer.Layer<never, never, ActorSystem.ActorSystem> // imported from its module
 *
 * ActorThread.launch(CounterLive)
 * ```
 */
import type * as Layer from "effect/Layer"
import type { ActorSystem } from "../actor/ActorSystem.ts"
import * as ThreadEntry from "../thread/ThreadEntry.ts"
import * as Rehearsal from "./internal/rehearsal.ts"
import { serve } from "./internal/serve.ts"

/**
 * Serves the behaviours of a layer on this worker thread; call it once, at the top level of the worker's file.
 *
 * Several behaviours are merged with `Layer.mergeAll`. The layer is built once per incarnation of the thread and
 * released when the thread is stopped; a layer that fails to build fails the start of the thread.
 *
 * **Errors** Throws `ThreadEntryMisused` on the main thread, and on a second call.
 *
 * **Gotchas** Finalizers do not run on a thread that is terminated. An actor spawned from inside of the worker lives on
 * this thread, and ends with it; its name is taken in the whole system, so the spawn asks the main thread for it.
 */
export const launch = <A, E>(behaviours: Layer.Layer<A, E, ActorSystem>): void =>
  ThreadEntry.launch(serve(behaviours), Rehearsal.ofWorker)
