/**
 * A shard of another thread: one recipient for all of its keys, whose messages have their key with them.
 *
 * The credit of its senders is counted for all keys together.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type { TellError } from "../../actor/ActorError.ts"
import type { Address } from "../../actor/kernel/Address.ts"
import type { Answered, Command, Commandable } from "../../actor/kernel/Command.ts"
import type { Lettered } from "../../actor/kernel/Letters.ts"
import type { Addressed, Message, Protocol } from "../../actor/kernel/Protocol.ts"
import type { Asker, Outcome, Waiter, Withdrawable } from "../../actor/kernel/Recipient.ts"
import { KeyedRecipient, type Shard } from "../../actor/kernel/Shard.ts"
import type { Home } from "../internal/home.ts"
import { RemoteCommand } from "../internal/remoteCommand.ts"
import { RemoteRecipient } from "./RemoteRecipient.ts"

/** See the module. */
export class RemoteShard extends RemoteRecipient implements Shard {
  /** The protocol as its actors speak it. */
  declare private readonly bare: Protocol
  constructor(home: Home, protocol: Protocol, address: Address) {
    super(home, protocol.keyed(), address)
    this.bare = protocol
  }

  // ---- what a message for a key looks like to its sender

  override letteredFor(payload: unknown): Lettered {
    return { protocol: this.bare, key: (payload as Addressed).key }
  }

  override givenAs(payload: unknown): unknown {
    return (payload as Addressed).payload
  }

  override commandableFor(payload: unknown): Commandable {
    return new KeyedRecipient(this, this.bare, (payload as Addressed).key)
  }

  protected override explain({ index }: Message, payload: unknown): string {
    return super.explain(this.bare.messages[index]!, (payload as Addressed).payload)
  }

  // ---- messages

  depthAt(): number {
    return this.depth()
  }

  tellAt(key: string, index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    return this.tell(index, { key, payload }, span)
  }

  refusalAt(key: string, index: number, payload: unknown): TellError {
    return this.refusal(index, { key, payload })
  }

  waitForRoomAt(key: string, waiter: Waiter): void {
    waiter.payload = { key, payload: waiter.payload }
    this.waitForRoom(waiter)
  }

  stopWaitingAt(_key: string, waiter: Waiter): void {
    this.stopWaiting(waiter)
  }

  askAt(
    key: string,
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown> {
    return this.ask(index, { key, payload }, span, fiber, timeout)
  }

  askUnsafeAt(
    key: string,
    index: number,
    payload: unknown,
    timeoutMillis: number,
    asker: Asker
  ): Withdrawable | undefined {
    return this.askUnsafe(index, { key, payload }, timeoutMillis, asker)
  }

  commandAt(key: string, command: Command, answered: Answered): () => void {
    const { home, ended } = this
    const given = new RemoteCommand(home, { address: { ...this.address, key }, ended }, command, answered)
    given.admit()
    return () => given.withdraw()
  }

  runningAt(): undefined {}
}
