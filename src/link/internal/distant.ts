/**
 * The life of an actor on another thread, as others see it here: its commands, and its end. What is sent to it is in
 * `kernel/RemoteRecipient.ts`.
 */
import { LayoutMismatch } from "../../actor/ActorError.ts"
import type { ExitReason } from "../../actor/ExitReason.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import type { Answered, Command, Commandable } from "../../actor/kernel/Command.ts"
import * as Layouts from "../../actor/kernel/Layouts.ts"
import type { Lettered } from "../../actor/kernel/Letters.ts"
import { actorName } from "../../actor/kernel/Protocol.ts"
import { Recipient } from "../../actor/kernel/Recipient.ts"
import type { Home } from "./home.ts"
import { type Commanded, RemoteCommand } from "./remoteCommand.ts"
import { RemoteEnd } from "./remoteEnd.ts"

/** See the module. */
export abstract class Distant extends Recipient implements Commanded {
  declare readonly home: Home
  declare readonly address: Address
  /** Why it will take nothing any more. */
  declare ended: ExitReason | undefined
  /** Whether it has ended, and what it held is released, as the main thread says. */
  declare isOver: boolean
  /** How its messages are laid out on its thread, where that is not as they are here. */
  declare protected layouts: string | undefined
  declare private end: RemoteEnd | undefined
  constructor(home: Home, address: Address) {
    super()
    this.home = home
    this.address = address
    this.ended = undefined
    this.isOver = false
    this.layouts = undefined
    this.end = undefined
  }

  /** Its messages have another layout on its thread: where they part, as far as that is known. */
  mismatch(actor: string, there: number): LayoutMismatch {
    const { layouts, protocol } = this
    const error = new LayoutMismatch({
      actor,
      here: protocol.layoutHash,
      there,
      ...(layouts === undefined ? {} : { layouts })
    })
    return Layouts.compared(error, protocol)
  }

  /** `Counter/a`. */
  abstract readonly name: string

  /** For whom a payload is. */
  letteredFor(_payload: unknown): Lettered {
    return this
  }

  /** The name of who is to have a payload. */
  nameFor(payload: unknown): string {
    const { key, protocol } = this.letteredFor(payload)
    return actorName(protocol, key)
  }

  /** A payload as its sender has given it. */
  givenAs(payload: unknown): unknown {
    return payload
  }

  /** Who is to have a payload, beside its messages. */
  commandableFor(_payload: unknown): Commandable {
    return this
  }

  command(command: Command, answered: Answered): () => void {
    const given = new RemoteCommand(this.home, this, command, answered)
    given.admit()
    return () => given.withdraw()
  }

  /** The main thread knows that it is over: what its own thread says of that comes first, as long as that is there. */
  over(): void {
    this.isOver = true
    this.end?.admit()
  }

  whenStopped(listener: (reason: ExitReason) => void): void {
    this.end ??= new RemoteEnd(this.home, this)
    this.end.add(listener)
  }

  unwatch(listener: (reason: ExitReason) => void): void {
    this.end?.remove(listener)
  }
}
