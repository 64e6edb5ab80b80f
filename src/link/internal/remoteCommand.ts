/**
 * A command to an actor on another thread, on the side of who gives it; see `actor/kernel/Command.ts`.
 *
 * It names its actor by address, for it may overtake the record that opens a slot. To end in order goes among the messages, for
 * what was told before counts as accepted; everything else goes beside them. To end outlasts the thread: it is given again to
 * the next incarnation, on which the actor comes back.
 */
import { type ExitReason, forgotten, threadLost } from "../../actor/ExitReason.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import {
  type Answer,
  type Answered,
  type Command,
  type Commandable,
  done,
  isOfLink,
  outlasts,
  statuses,
  STOP
} from "../../actor/kernel/Command.ts"
import type { Region } from "../../memory/Region.ts"
import * as Envelope from "./envelope.ts"
import * as ExitRecord from "./exitRecord.ts"
import type { Home } from "./home.ts"
import { counted, state } from "./inboundCommand.ts"
import * as Linker from "./linker.ts"
import type { PendingAsk } from "./outbound.ts"
import * as Waiting from "./waiting.ts"

/** Who is commanded. */
export interface Commanded {
  readonly address: Address
  /** Why it has ended or is about to, as far as that is known here. */
  readonly ended: ExitReason | undefined
}

/** See the module. */
export class RemoteCommand implements PendingAsk {
  declare private readonly home: Home
  declare private readonly actor: Commanded
  declare private readonly command: Command
  declare private answered: Answered | undefined
  constructor(home: Home, actor: Commanded, command: Command, answered: Answered) {
    this.home = home
    this.actor = actor
    this.command = command
    this.answered = answered
  }

  /** Gives the command to the incarnation of the thread that is up, or waits for the next one. */
  admit(): void {
    const { actor: { address }, command, home } = this
    const { thread } = address
    if (this.answered === undefined) return
    if (thread === home.index) return this.ended(forgotten)
    const outbound = home.outboundTo(thread)
    if (outbound === undefined) {
      const down = home.whyDown(thread)
      if (down.isFinal) return this.ended(threadLost(down.thread, down.reason))
      return outlasts(command) ? home.awaitThread(thread, this) : this.answer({ _tag: "Lost", ...down })
    }
    const by = isOfLink(command.kind) ? Linker.bytesOf(home, command) : undefined
    const number = outbound.enlist(this)
    if (number === undefined) {
      return this.answer({ _tag: "Lost", thread: home.peers[thread]!.name, reason: "the link has no number left" })
    }
    const ring = command.kind === STOP ? outbound.data : outbound.control
    const body = Envelope.commandOf(number, address, command, by)
    ring.record(Envelope.typeOf(Envelope.COMMAND, command.kind, 0), body, true)
    home.signals.expect()
  }

  /** Nobody waits for the answer any more. */
  withdraw(): void {
    this.answered = undefined
    this.home.peers[this.actor.address.thread]?.waiting.delete(this)
  }

  replied(outcome: number, word: number, region: Region, offset: number, end: number): void {
    switch (outcome) {
      case Envelope.NOT_HANDLED_STOPPED:
        return this.ended(ExitRecord.read(region, offset, end))
      case Envelope.OBEYED:
        return this.answer(done)
      case Envelope.PONG: {
        const status = statuses[word]
        if (status === undefined) throw new Error(`a status of the unknown number ${word}`)
        const at = offset >> 2
        const { u32 } = region
        const waits = { waiting: u32[at]!, waitingHigh: u32[at + 2]!, waitingLow: u32[at + 3]!, putOff: u32[at + 4]! }
        return this.answer({ _tag: "Pong", pong: { status, ...waits, restarts: u32[at + 1]! } })
      }
      case Envelope.WAITING_FOR: {
        const waits = Waiting.codec.read(region, offset, end)
        return this.answer({ _tag: "Waits", waits: waits.map((one) => Waiting.awaited(one, this.home, commandable)) })
      }
      case Envelope.COUNTED:
        return this.answer({ _tag: "Counted", counted: counted.read(region, offset, end) })
      case Envelope.STATE:
        return this.answer({ _tag: "State", state: state.read(region, offset, end) })
      case Envelope.STATE_DIED:
        return this.answer({ _tag: "Died", defect: state.read(region, offset, end) })
      default:
        throw new Error(`a command was answered with the outcome ${outcome}`)
    }
  }

  lost(thread: string, reason: string): void {
    if (outlasts(this.command)) this.admit()
    else this.answer({ _tag: "Lost", thread, reason })
  }

  // What its thread does not know, or has taken with it, may have been said when it ended.
  private ended(reason: ExitReason): void {
    const isVague = reason._tag === "Forgotten" || reason._tag === "ThreadLost"
    this.answer({ _tag: "Ended", reason: isVague ? this.actor.ended ?? reason : reason })
  }

  // Whoever waits goes on at once; what that throws is no business of the link.
  private answer(answer: Answer): void {
    const { answered } = this
    this.answered = undefined
    try {
      answered?.(answer)
    } catch (thrown) {
      this.home.reports.failed(thrown)
    }
  }
}

const commandable = (home: Home, address: Address): Commandable => ({
  command: (command, answered) => {
    const given = new RemoteCommand(home, { address, ended: undefined }, command, answered)
    given.admit()
    return () => given.withdraw()
  }
})
