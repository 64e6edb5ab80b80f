/**
 * The actors that one `Scope` has spawned, in order: when it closes they are stopped in the reverse of that order, and each
 * at its place among the other finalizers of the scope.
 *
 * One finalizer serves all actors that were spawned in a row; the list is threaded through the actors themselves, so that
 * owning a million of them costs two pointers each.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { inStep } from "../../observe/kernel/Step.ts"
import type { Directive } from "../../supervisor/Restart.ts"
import { type ExitReason, scopeClosed } from "../ExitReason.ts"

/** A member of the list. */
export interface Owned {
  previous: Owned | undefined
  next: Owned | undefined
  owner: Owner | Guardian | undefined
  /** Ends it in order, some of its time for that having gone; `undefined` when it has ended at once. */
  stop(reason: ExitReason, elapsedMillis: number): Effect.Effect<void> | undefined
}

/** The supervisor of an actor, as that sees it; it is in the place of an owner, and the actor in nobody's list. */
export interface Guardian {
  /**
   * The incarnation has ended, and what it held is released; the actor waits in its place for what is decided. `directive`
   * is what its behaviour has decided, if it was asked, and `message` the index of that whose handler has failed, if one has.
   */
  crashed(exit: Exit.Exit<unknown, unknown>, directive: Directive | undefined, message?: number): void
  /** The actor has ended for good. */
  ended(reason: ExitReason): void
}

/** See the module. */
export class Owner {
  declare last: Owned | undefined
  constructor() {
    this.last = undefined
  }

  /** Adds an actor at the end. */
  add(owned: Owned): void {
    owned.owner = this
    owned.previous = this.last
    if (this.last !== undefined) this.last.next = owned
    this.last = owned
  }

  /** Forgets an actor that has ended; harmless when it is not owned. */
  static remove(owned: Owned): void {
    const owner = owned.owner
    if (owner === undefined) return
    owned.owner = undefined
    if (!(owner instanceof Owner)) return
    if (owned.previous !== undefined) owned.previous.next = owned.next
    if (owned.next === undefined) owner.last = owned.previous
    else owned.next.previous = owned.previous
    owned.previous = undefined
    owned.next = undefined
  }

  /** Stops all members, the youngest first, each before the next. */
  readonly stopAll: Effect.Effect<void> = Effect.suspend(() => stopEach(() => this.youngest(), scopeClosed))

  private youngest(): Owned | undefined {
    const { last } = this
    if (last !== undefined) Owner.remove(last)
    return last
  }
}

/** Who decides about the crashes of an actor, where that is not its roster. */
export const guardianOf = ({ owner }: Pick<Owned, "owner">): Guardian | undefined =>
  owner instanceof Owner ? undefined : owner

/**
 * Stops one after the other until there are no more. Their times for that all count from the first stop on: however many of
 * them hang, the end takes as long as that of the slowest, and the others go on being stopped.
 */
export const stopEach = (next: () => Pick<Owned, "stop"> | undefined, reason: ExitReason): Effect.Effect<void> =>
  Effect.clockWith((clock) => {
    let began: bigint | undefined
    const step: Effect.Effect<void> = Effect.suspend(() => {
      for (let owned = next(); owned !== undefined; owned = next()) {
        const elapsed = began === undefined ? 0 : Number(clock.monotonicTimeNanosUnsafe() - began) / 1e6
        const stopping = owned.stop(reason, elapsed)
        if (stopping === undefined) continue
        began ??= clock.monotonicTimeNanosUnsafe()
        return Effect.andThen(stopping, step)
      }
      return Effect.void
    })
    return step
  })

// The owner that was made last for a scope, its finalizer, and the number of finalizers ever since.
interface Latest {
  readonly owner: Owner
  readonly finalizer: () => Effect.Effect<void>
  readonly finalizers: number
}

const latest = new WeakMap<Scope.Scope, Latest>()

/**
 * Makes a scope the owner of an actor. A scope that has closed meanwhile ends it at once: then, and only then, there may be
 * something to wait for.
 */
export const adopt = (scope: Scope.Scope, owned: Owned): Effect.Effect<void> | undefined => {
  if (scope.state._tag === "Closed") return owned.stop(scopeClosed, 0)
  if (owned.owner === undefined) ownerOf(scope).add(owned)
  // The scope of a child holds nothing but the child.
  else addFinalizer(scope, () => owned.stop(scopeClosed, 0) ?? Effect.void)
  return undefined
}

// The owner at the end of a scope that is open: what is acquired between two actors is released between them.
const ownerOf = (scope: Scope.Scope): Owner => {
  const known = latest.get(scope)
  if (known !== undefined && isLast(scope.state, known)) return known.owner
  const owner = new Owner()
  const finalizer = () => owner.stopAll
  addFinalizer(scope, finalizer)
  latest.set(scope, { owner, finalizer, finalizers: finalizersOf(scope.state) })
  return owner
}

// Registering a finalizer runs to its end at once, since a scope only stores it: it needs no fiber of its own.
const addFinalizer = (scope: Scope.Scope, finalizer: () => Effect.Effect<void>): void => {
  const registers = Scope.addFinalizerExit(scope, finalizer)
  const fiber = Fiber.getCurrent()
  if (fiber === undefined) Effect.runSync(registers)
  else void inStep(registers, fiber)
}

const finalizersOf = (state: Scope.Scope["state"]): number =>
  state._tag !== "Open" ? 0 : state.finalizers === undefined ? 1 : state.finalizers.size

// A number that is the same may hide one that went and another that came: a few are looked through. Where there are many,
// that is not worth what it costs.
const LOOK_THROUGH = 64

const isLast = (state: Scope.Scope["state"], { finalizer, finalizers }: Latest): boolean => {
  if (state._tag !== "Open" || finalizersOf(state) !== finalizers) return false
  if (state.finalizers === undefined) return state.finalizer === finalizer
  if (finalizers > LOOK_THROUGH) return true
  let last: unknown
  for (const other of state.finalizers.values()) last = other
  return last === finalizer
}
