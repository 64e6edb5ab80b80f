/**
 * Effects that one incarnation of an actor has begun beside its messages, and the messages that their ends become.
 *
 * It is the owner of one account, which closes with the incarnation: what is under way is interrupted, what waits in the mailbox is taken back.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { textOf } from "../../runtime/Text.ts"
import type { Cell } from "../kernel/Cell.ts"
import { RESTARTING } from "../kernel/Phase.ts"
import { Beside } from "../kernel/Waits.ts"
import { Notice } from "../kernel/Word.ts"
import { revoked, sayable } from "./admission.ts"

/** See the module. */
export class Pipes {
  declare private readonly cell: Cell
  declare private readonly running: Set<Fiber.Fiber<unknown, unknown>>
  /** What waits to be handled, and what becomes of it when nobody comes to that. */
  declare private readonly told: Map<Notice, () => void>
  declare private isClosed: boolean
  constructor(cell: Cell) {
    this.cell = cell
    this.running = new Set()
    this.told = new Map()
    this.isClosed = false
  }

  /** Begins an effect, and has its end told as this message. */
  begin(
    context: Context.Context<never>,
    effect: Effect.Effect<unknown, unknown>,
    index: number,
    payload: (exit: Exit.Exit<unknown, unknown>) => unknown
  ): void {
    const { cell } = this
    if (!Effect.isEffect(effect)) throw new TypeError(`${cell.name} was to pipe ${textOf(effect)}, which is no Effect`)
    if (this.isClosed) return
    const rare = cell.more()
    rare.piped++
    const fiber = cell.host.forkWith(Context.add(context, Beside, true), effect)
    this.running.add(fiber)
    fiber.addObserver((exit) => {
      rare.piped--
      this.running.delete(fiber)
      if (!this.isClosed && cell.phase < RESTARTING) this.tell(exit, index, payload)
      else {
        this.unheard(exit, index, payload)
        if (rare.isDraining) cell.drained()
      }
    })
    // It may have ended its own incarnation, which knew of no fiber to interrupt.
    if (this.isClosed) fiber.interruptUnsafe()
  }

  private tell(
    exit: Exit.Exit<unknown, unknown>,
    index: number,
    payload: (exit: Exit.Exit<unknown, unknown>) => unknown
  ): void {
    const { cell } = this
    const notice = new Notice(index, () => {
      this.told.delete(notice)
      return sayable(cell, index, payload(exit))
    }, (said) => cell.host.freight.drop(said))
    this.told.set(notice, () => this.unheard(exit, index, payload))
    cell.deliver(notice, undefined)
  }

  // What would have moved with a message that nobody comes to handle is released, which takes a look at the message.
  private unheard(
    exit: Exit.Exit<unknown, unknown>,
    index: number,
    payload: (exit: Exit.Exit<unknown, unknown>) => unknown
  ): void {
    const { host, name, protocol } = this.cell
    const message = protocol.messages[index]!
    if (!message.carries) return
    try {
      host.freight.discard(message.payload, payload(exit))
    } catch (thrown) {
      host.fault(`what ${name} has piped to itself and does not handle any more`, thrown)
    }
  }

  /** The incarnation has ended. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.isClosed = true
    for (const [notice, unheard] of this.told) {
      revoked(this.cell, notice)
      unheard()
    }
    this.told.clear()
    return Fiber.interruptAll(Array.from(this.running))
  })
}
