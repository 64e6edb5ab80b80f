/**
 * The behaviours whose keys somebody holds: all actors of such a behaviour come up by their key and with their first message, and none is
 * spawned. One family serves all who ask, and ends with the last of them.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as ActorError from "../../actor/ActorError.ts"
import * as Keying from "../../actor/kernel/Keying.ts"
import * as Layouts from "../../actor/kernel/Layouts.ts"

/** Who holds the keys of a behaviour: a thread, and the number of its request there. */
export interface Holder {
  readonly thread: number
  readonly number: number
}

/** Where a family lives: what opening it has made, and how that ends. */
export interface Grounds<A> {
  /** Answers who has come to stand where, which may not know of it yet: `ready` says when. */
  readonly open: (keying: Keying.Keying) => Opened<A> | ActorError.KeyedError
  readonly close: (opened: A, elapsedMillis: number) => Effect.Effect<void>
}

/** What opening a family answers. */
export interface Opened<A> {
  readonly grounds: A
  readonly ready: Effect.Effect<unknown>
}

interface Family<A> {
  readonly name: string
  readonly layoutHash: number
  readonly layouts: string
  readonly keying: Keying.Keying
  readonly grounds: A
  readonly ready: Deferred.Deferred<void>
  readonly close: (elapsedMillis: number) => Effect.Effect<void>
  readonly holders: Map<string, Holder>
  /** Completes when its actors have ended, which they are about to do; the next one is opened after that. */
  closed: Deferred.Deferred<void> | undefined
}

/** What is asked for. */
export interface Wanted {
  readonly name: string
  readonly layoutHash: number
  /** The same in words: `Layouts.textOf`. */
  readonly layouts: string
  readonly keying: Keying.Keying
}

const idOf = ({ number, thread }: Holder): string => `${thread}:${number}`

/** See the module. */
export class Families<A> {
  declare private readonly families: Map<string, Family<A>>
  declare private readonly run: (effect: Effect.Effect<void>) => void
  /** `run` starts what nobody may interrupt. */
  constructor(run: (effect: Effect.Effect<void>) => void) {
    this.families = new Map()
    this.run = run
  }

  /** Whether the actors of a behaviour come up by their key. */
  has(name: string): boolean {
    return this.families.has(name)
  }

  /** Where those of a behaviour are, unless they are about to end. */
  get(name: string): A | undefined {
    const family = this.families.get(name)
    return family?.closed === undefined ? family?.grounds : undefined
  }

  /** All that are not about to end. */
  get open(): ReadonlyArray<A> {
    return Array.from(this.families.values()).flatMap(({ closed, grounds }) => closed === undefined ? [grounds] : [])
  }

  /** Takes the keys of a behaviour, until {@link release}; dies with `InvalidOptions` when others hold them on other terms. */
  hold(wanted: Wanted, holder: Holder, grounds: Grounds<A>): Effect.Effect<A, ActorError.KeyedError> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend((): Effect.Effect<A, ActorError.KeyedError> => {
        const known = this.families.get(wanted.name)
        if (known?.closed !== undefined) {
          return Effect.andThen(restore(Deferred.await(known.closed)), this.hold(wanted, holder, grounds))
        }
        const family = known ?? this.begin(wanted, grounds)
        if ("_tag" in family) return Effect.fail(family)
        if (family.layoutHash !== wanted.layoutHash) {
          return Effect.fail(Layouts.mismatch(wanted.name, wanted, family))
        }
        Keying.agree(wanted.name, family.keying, wanted.keying)
        family.holders.set(idOf(holder), holder)
        return Effect.onExit(
          Effect.as(restore(Deferred.await(family.ready)), family.grounds),
          (exit) => Exit.isSuccess(exit) ? Effect.void : this.release(wanted.name, holder)
        )
      })
    )
  }

  private begin({ keying, layoutHash, layouts, name }: Wanted, grounds: Grounds<A>): Family<A> | ActorError.KeyedError {
    const opened = grounds.open(keying)
    if ("_tag" in opened) return opened
    const ready = Deferred.makeUnsafe<void>()
    const close = (elapsedMillis: number) => grounds.close(opened.grounds, elapsedMillis)
    const family: Family<A> = {
      name,
      layoutHash,
      layouts,
      keying,
      grounds: opened.grounds,
      ready,
      close,
      holders: new Map(),
      closed: undefined
    }
    this.families.set(name, family)
    this.run(Effect.ensuring(Effect.asVoid(opened.ready), Deferred.succeed(ready, undefined)))
    return family
  }

  /** Gives the keys back; with the last one who does its actors end, which is waited for. */
  release(name: string, holder: Holder, elapsedMillis = 0): Effect.Effect<void> {
    return Effect.suspend(() => {
      const family = this.families.get(name)
      if (family?.holders.delete(idOf(holder)) !== true || family.holders.size > 0) return Effect.void
      return Deferred.await(this.end(family, elapsedMillis))
    })
  }

  private end(family: Family<A>, elapsedMillis: number): Deferred.Deferred<void> {
    const closed = Deferred.makeUnsafe<void>()
    family.closed = closed
    const over = Effect.sync(() => {
      this.families.delete(family.name)
      Deferred.doneUnsafe(closed, Exit.void)
    })
    this.run(Effect.ensuring(family.close(elapsedMillis), over))
    return closed
  }

  /** A thread has gone, and holds nothing any more. */
  lost(thread: number): void {
    for (const family of Array.from(this.families.values())) {
      if (family.closed !== undefined) continue
      const { size } = family.holders
      for (const [id, holder] of family.holders) if (holder.thread === thread) family.holders.delete(id)
      if (size > 0 && family.holders.size === 0) this.end(family, 0)
    }
  }
}
