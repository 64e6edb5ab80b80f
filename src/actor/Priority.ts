/**
 * Which of the messages that wait for an actor it handles first: said once, where a message is defined.
 */
import * as Context from "effect/Context"

/** Of three levels; what says nothing is `"normal"`. */
export type Level = "high" | "normal" | "low"

/**
 * Annotates an `Rpc` whose messages an actor, or a pool, handles before, or after, others that wait in its mailbox.
 *
 * **Details**
 *
 * Within a level the order is that of the sender, as without levels; across levels there is none. A lower level is not starved: while a message of it waits, at most
 * 16 of higher levels are handled, and one that has waited as long below it. What waits takes room in the mailbox whatever its level, and `"dropOldest"` drops what is lowest first. Only what has come to the
 * mailbox is put in order: behind a full one, and on its way between threads, each message waits its turn.
 *
 * Not for a mailbox that survives. In a pool it says what workers begin first of what waits, from whatever thread it comes: each worker lets a lower level wait for at most 16 jobs, and who waits for
 * room in the queue is let in likewise; that of one ask or tell stands above it (`Pool.JobOptions`). Jobs of one key are begun in order whatever they have, and what jobs submit themselves without a key in
 * its own.
 *
 * **Example** (A cancellation does not wait behind what it cancels)
 *
 * ```ts
 * import { Actor } from "shared-nothing"
 * import * as Rpc from "effect/rpc/Rpc"
 * import * as Schema from "effect/Schema"
 *
 * const Printer = Actor.make("Printer", [
 *   Rpc.make("Print", { payload: { page: Schema.Int } }),
 *   Rpc.make("Cancel").annotate(Actor.Priority, "high")
 * ])
 * ```
 */
export const Priority: Context.Reference<Level> = Context.Reference<Level>("shared-nothing/actor/Priority", {
  defaultValue: () => "normal"
})
