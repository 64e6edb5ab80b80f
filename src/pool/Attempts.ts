/**
 * How often a job may be begun whose worker dies: said once, where its message is defined.
 */
import * as Context from "effect/Context"

/**
 * Annotates an `Rpc` whose handler may run again when the worker that ran it has died: so many times in all. Default 1: a job is begun once, and its
 * asker learns `ThreadLost`.
 *
 * **Errors** A pool with a message that something moves with (an `Iso`, a parcel, the end of a channel) and that may be begun more than once is refused with `InvalidOptions`:
 * what moves is there once.
 *
 * **Example** (A job that does no harm twice)
 *
 * ```ts
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 * import { Pool } from "shared-nothing"
 *
 * const Thumbnail = Rpc.make("Thumbnail", { payload: { file: Schema.String }, success: Schema.String })
 *   .annotate(Pool.Attempts, 3)
 * ```
 */
export const Attempts: Context.Reference<number> = Context.Reference<number>("shared-nothing/pool/Attempts", {
  defaultValue: () => 1
})
