/**
 * How threads are started: what a simulation replaces, and nothing else of a program on threads.
 */
import * as Context from "effect/Context"
import type { Place, SpawnedWorker, SpawnWorker } from "../SpawnedWorker.ts"

/** Starts the worker of a place; `spawn` is what the user gave, which starts a real one. */
export type Spawn = (spawn: SpawnWorker, place: Place) => SpawnedWorker

/** How the threads that a fiber starts come to be; as the user says unless another is provided. */
export const Spawning: Context.Reference<Spawn> = Context.Reference<Spawn>("shared-nothing/thread/Spawning", {
  defaultValue: () => (spawn, place) => spawn(place)
})
