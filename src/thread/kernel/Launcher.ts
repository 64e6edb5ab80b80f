/**
 * Which function the file of a thread has to call, as what starts the thread says it beside the rest that it gives it.
 */
import * as Effect from "effect/Effect"
import { ThreadEntryMisused } from "../ThreadError.ts"
import type { ThreadStart } from "./Entry.ts"

/** By the names that users know. */
export type Launcher = "ActorThread.launch" | "ChannelThread.launch" | "PoolThread.launch"

/** What a thread is given by who needs one of them. */
export interface Launched {
  readonly launcher: Launcher
}

/** Fails where the file of a thread has called another one than is needed: what it was given is then none of its business. */
export const checked = (called: Launcher, { data, name }: ThreadStart): Effect.Effect<void, ThreadEntryMisused> => {
  const { launcher } = (data ?? {}) as Partial<Launched>
  return launcher === called
    ? Effect.void
    : Effect.fail(new ThreadEntryMisused({ problem: "other-launcher", thread: name, called, needed: launcher }))
}
