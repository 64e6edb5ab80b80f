/**
 * How threads are started: what a simulation replaces, and nothing else of a program on threads.
 */
import * as Context from "effect/Context"
import type { SpawnedWorker } from "../SpawnedWorker.ts"

/** A place for a thread, and which of its incarnations is started there. That of one in reserve becomes another once it takes over. */
export interface Place {
  readonly name: string
  readonly index: number
  readonly epoch: number
}

/** Starts the worker of a place; `spawn` is what the user gave, which starts a real one. */
export type Spawn = (spawn: () => SpawnedWorker, place: Place) => SpawnedWorker

/** How the threads that a fiber starts come to be; as the user says unless another is provided. */
export const Spawning: Context.Reference<Spawn> = Context.Reference<Spawn>("shared-nothing/thread/Spawning", {
  defaultValue: () => (spawn) => spawn()
})
