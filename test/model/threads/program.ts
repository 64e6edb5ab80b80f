/**
 * What a program for the conductor is made of: real code on real threads, of which one runs at a time.
 */
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { ThreadContext } from "../../../src/runtime/ThreadContext.ts"

/** Imports a module of `src`, by its path there without the ending. */
export type Load = <M>(module: string) => Promise<M>

/** A change of a module's text that breaks it. `find` must be there exactly once. */
export interface Mutation {
  /** Its path in `src` without the ending. */
  readonly module: string
  readonly find: string
  readonly replace: string
}

/** What a thread of a program has. */
export interface World {
  readonly load: Load
  /** Made anew for each schedule. */
  readonly thread: ThreadContext
  /** Runs an effect to its end; the thread sleeps when everything it does waits for another thread. */
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Exit.Exit<A, E>
  /** Looks until something is so, in turns with the others. */
  readonly until: (isSo: () => boolean) => void
  /** Tells the check a number. */
  readonly note: (value: number) => void
}

/** A thread of a program. */
export interface Role {
  readonly name: string
  /** It may die before each of its operations, and asleep. */
  readonly mortal?: boolean
  /** It begins once this one has died; in schedules in which it does not, never. */
  readonly after?: string
  readonly body: (world: World) => void
}

/** What the check is told. */
export interface Ended {
  /** What the thread of this name has noted. */
  readonly notes: (name: string) => ReadonlyArray<number>
  readonly hasDied: (name: string) => boolean
}

/** A program on a memory: the same in each thread. */
export interface Play {
  readonly roles: ReadonlyArray<Role>
  /** Throws when the end of a schedule is not what it must be. */
  readonly check: (ended: Ended) => void
}

/** See the module. */
export interface Program {
  /** What it proves, and what happens in it. */
  readonly structure: string
  readonly scenario: string
  readonly preemptions: number
  /** How many mortal threads may die in one schedule; none when not given. */
  readonly deaths?: number
  /** Makes the memory as it is at the start of each schedule. */
  readonly create: (load: Load) => Promise<ReadonlyArray<SharedArrayBuffer>>
  readonly play: (load: Load, memory: ReadonlyArray<SharedArrayBuffer>) => Promise<Play>
}

/** A program that must fail under some schedule, because a module is broken. */
export interface BrokenProgram {
  readonly name: string
  readonly program: Program
  readonly mutations: ReadonlyArray<Mutation>
}
