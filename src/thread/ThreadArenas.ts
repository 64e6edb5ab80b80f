/**
 * Arenas, open on this thread: parcels of theirs can be allocated here and can arrive here, in messages of every kind.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ArenaEnd } from "../memory/Arena.ts"
import { arenasOf } from "../wire/kernel/ThreadCarriage.ts"
import { CurrentThread } from "./kernel/CurrentThread.ts"

/**
 * Opens an arena on this thread; it is closed with the scope. What is held then stays held.
 *
 * **Details**: `owner` is the thread's number in the arena, from 1 to 255, which no other thread has while it is in use. `ChannelThread`,
 * `ActorSystem` and `Pool` number the threads that they give an arena to, on whatever thread, and give out no number under which it is open somewhere. Opening the same memory again answers the same end.
 *
 * **Errors**: dies with `ArenaTaken` when this thread has opened another arena under this id, or this one as another owner, and with
 * `InvalidMemory` and `InvalidOwner` of `memory/MemoryError`.
 */
export const open = (memory: SharedArrayBuffer, owner: number): Effect.Effect<ArenaEnd, never, Scope.Scope> =>
  Effect.flatMap(CurrentThread, (thread) =>
    Effect.acquireRelease(
      Effect.sync(() => arenasOf(thread).open(memory, owner)),
      (end) => Effect.sync(() => arenasOf(thread).close(end))
    ))

/** The arenas that are open on this thread, in the order in which they were opened: on a worker those first that it was given. */
export const all: Effect.Effect<ReadonlyArray<ArenaEnd>> = Effect.map(CurrentThread, (thread) => arenasOf(thread).all())
