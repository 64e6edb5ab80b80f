/**
 * An actor that ends when no message has come for a while.
 *
 * Only behaviours with an `idle` pay for it: their handlers note the time of each call, and one deadline an actor looks at that now and
 * then. The time counts from the last message; while a handler runs, something waits, is put off or piped, or the actor is paused, it goes on.
 */
import type * as Effect from "effect/Effect"
import * as ExitReason from "../ExitReason.ts"
import type { Handlers } from "../kernel/Behaviour.ts"
import type { Cell } from "../kernel/Cell.ts"
import { Deadline } from "../kernel/Deadlines.ts"
import { IDLE, RESTARTING } from "../kernel/Phase.ts"
import { isAtWork } from "./rare.ts"

/** How long an actor may be without messages. */
export const idleMillis = ({ behaviour, rare }: Cell): number => rare?.idleMillis ?? behaviour.idleMillis

/** Whether it has something to do that is neither in its mailbox nor in a handler. */
const hasPutOff = ({ mailbox, rare }: Cell): boolean => isAtWork(rare) || mailbox !== undefined && mailbox.stashed > 0

/** See the module. */
export class Idle extends Deadline {
  declare private readonly cell: Cell
  declare private last: number
  constructor(cell: Cell) {
    super()
    this.cell = cell
    this.last = 0
  }

  /** A message has come, or the incarnation is up. */
  note(): void {
    this.last = this.cell.host.deadlines.now()
  }

  /** Begins with an incarnation. */
  begin(): void {
    this.note()
    this.cell.host.deadlines.add(this, idleMillis(this.cell))
  }

  expire(): void {
    const { cell } = this
    const { host } = cell
    const millis = idleMillis(cell)
    // The next incarnation begins anew.
    if (cell.phase >= RESTARTING) return
    const left = cell.phase === IDLE && !hasPutOff(cell) ? this.last + millis - host.deadlines.now() : millis
    if (left > 0) host.deadlines.add(this, left)
    else host.stop(cell, ExitReason.normal, 0)
  }
}

/** Who is told of each message. */
interface Noting {
  note(): void
}

// No message has a name that is a symbol.
const Own = Symbol("Own")
const Waits = Symbol("Waits")

interface Noted {
  readonly [Own]: Handlers
  readonly [Waits]: Noting
}

type NotedClass = new(waits: Noting, own: Handlers) => Noted

const classes = new WeakMap<ReadonlyArray<string>, NotedClass>()

// One method a message, made once a protocol: an actor that waits costs two fields.
const classOf = (tags: ReadonlyArray<string>): NotedClass => {
  const known = classes.get(tags)
  if (known !== undefined) return known
  class NotedHandlers {
    declare readonly [Own]: Handlers
    declare readonly [Waits]: Noting
    constructor(waits: Noting, own: Handlers) {
      this[Own] = own
      this[Waits] = waits
    }
  }
  for (const tag of tags) {
    const value = function(this: Noted, payload: unknown): Effect.Effect<unknown, unknown, unknown> {
      this[Waits].note()
      return this[Own][tag]!(payload)
    }
    Object.defineProperty(NotedHandlers.prototype, tag, { value })
  }
  classes.set(tags, NotedHandlers)
  return NotedHandlers
}

/** The handlers of an incarnation that note each call: every tag is a method of the class, which its type does not say. */
export const noting = (waits: Noting, own: Handlers, tags: ReadonlyArray<string>): Handlers =>
  new (classOf(tags))(waits, own) as unknown as Handlers
