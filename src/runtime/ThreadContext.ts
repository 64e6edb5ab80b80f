/**
 * Everything of which a thread has one: its {@link Runtime}, its {@link Turn}, and a piece for each module that needs one.
 *
 * A module that would keep a variable for its thread declares a {@link Piece} instead and asks the context for it. So several
 * threads can live in one, as a test or a simulation has them, and none sees what belongs to another.
 *
 * ```ts
 * import { piece, type ThreadContext } from "shared-nothing/runtime/ThreadContext"
 *
 * const openFiles = piece(() => new Map<string, number>())
 *
 * export const filesOf = (thread: ThreadContext) => thread.get(openFiles)
 * ```
 */
import type { Runtime } from "./Runtime.ts"
import { Turn } from "./Turn.ts"

/** What a module keeps for each thread, made when it is first asked for. */
export interface Piece<out A> {
  readonly make: (thread: ThreadContext) => A
}

/** Declares a piece; `make` runs at most once for each thread. */
export const piece = <A>(make: (thread: ThreadContext) => A): Piece<A> => ({ make })

/** See the module. */
export class ThreadContext {
  declare readonly runtime: Runtime
  declare readonly turn: Turn
  declare private readonly pieces: Map<Piece<unknown>, unknown>
  constructor(runtime: Runtime) {
    this.runtime = runtime
    this.turn = new Turn(runtime)
    this.pieces = new Map()
  }

  /** Gives the thread a piece that was made elsewhere, before anybody asks for it: for a simulated thread. */
  put<A>(of: Piece<A>, made: A): void {
    this.pieces.set(of, made)
  }

  /** The piece of this thread; hold it rather than ask again where it matters. */
  get<A>(of: Piece<A>): A {
    if (this.pieces.has(of)) return this.pieces.get(of) as A
    const made = of.make(this)
    this.pieces.set(of, made)
    return made
  }
}
