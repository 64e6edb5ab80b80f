/**
 * Where messages for keyed actors go: all the keys of one behaviour that have their place on one thread.
 *
 * An actor of a key need not be there: its first message brings it up, and when it was idle for long enough it ends, and nothing is
 * left of it. Both happen on the thread of its place, so that nobody else has to know: who sends names the key, and finds the one actor of
 * that key, or has it made. {@link LocalShard} is a shard of this thread, `link/kernel/RemoteShard.ts` one of another.
 */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { textOf } from "../../runtime/Text.ts"
import { InvalidPayload, type TellError } from "../ActorError.ts"
import { type ExitReason, forgotten } from "../ExitReason.ts"
import type { Cell } from "./Cell.ts"
import type { Answered, Command } from "./Command.ts"
import { type Parted, PartRecipient } from "./PartRecipient.ts"
import { actorName, type Protocol } from "./Protocol.ts"
import { answerTo, type Asker, INVALID, type Outcome, Recipient, type Waiter } from "./Recipient.ts"

/** Keys are so long at most: each message has its key with it. */
export const MAX_KEY_LENGTH = 1024

/** Who takes the messages for all keys of a shard. */
export interface Shard extends Parted<string> {
  /** Who runs on this thread under a key, if anybody does. */
  runningAt(key: string): Recipient | undefined
}

/** A shard of this thread, as the host of its actors sees it. */
export interface ShardHere {
  /** An actor has ended. */
  ended(cell: Cell): void
  /** The name of an actor that has ended is free. */
  freed(key: string): void
  /** Actors that wait for the name of the last one of their key. */
  readonly nameless: ReadonlyArray<Cell>
  /** Who takes a message for a key; nobody when the shard ends. */
  takerOf(key: string): Cell | undefined
  /** One of its actors as others reach it. */
  reached(cell: Cell): Recipient
}

/** An actor as those see it who know its key: it ends with all of its shard, and not when it is idle. */
export class KeyedRecipient extends PartRecipient<string, Shard> {
  constructor(shard: Shard, protocol: Protocol, key: string) {
    super(shard, key, protocol, key)
  }

  get shard(): Shard {
    return this.whole
  }

  override get running(): Recipient | undefined {
    return this.whole.runningAt(this.part)
  }
}

const nothing = () => {}

/** What stands for an actor whose key is none: each message is refused, and says why. */
class Nobody extends Recipient {
  declare readonly protocol: Protocol
  declare readonly key: string
  declare private readonly issue: string
  constructor(protocol: Protocol, key: string, issue: string) {
    super()
    this.protocol = protocol
    this.key = key
    this.issue = issue
  }

  depth(): number {
    return 0
  }

  tell(): Outcome {
    return INVALID
  }

  refusal(index: number, payload: unknown): TellError {
    const { issue, key, protocol } = this
    const undelivered = { tag: protocol.tags[index]!, payload }
    return new InvalidPayload({ actor: actorName(protocol, key), issue, undelivered })
  }

  waitForRoom({ done, index, payload }: Waiter): void {
    done(this.refusal(index, payload))
  }

  stopWaiting(): void {}

  ask(index: number, payload: unknown): Effect.Effect<unknown, unknown> {
    return Exit.fail(this.refusal(index, payload))
  }

  askUnsafe(index: number, payload: unknown, _timeoutMillis: number, asker: Asker): undefined {
    answerTo(asker, Exit.fail(this.refusal(index, payload)))
  }

  whenStopped(listener: (reason: ExitReason) => void): void {
    listener(forgotten)
  }

  unwatch(): void {}

  command(_command: Command, answered: Answered): () => void {
    answered({ _tag: "Ended", reason: forgotten })
    return nothing
  }
}

/** The actors of one protocol, by key. */
export class Shards {
  declare readonly protocol: Protocol
  declare private readonly shards: ReadonlyArray<Shard>
  constructor(protocol: Protocol, shards: ReadonlyArray<Shard>) {
    this.protocol = protocol
    this.shards = shards
  }

  /** Where messages for a key go; for what is no key, to nobody. */
  at(key: string): Recipient {
    const { protocol, shards } = this
    if (!isKey(key)) {
      const found = typeof key === "string" ? `has ${key.length} characters` : `is ${textOf(key)}`
      const shown = typeof key === "string" && key.length > SHOWN ? `${key.slice(0, SHOWN)}…` : textOf(key)
      return new Nobody(protocol, shown, `the key ${found}, expected a text of 1 to ${MAX_KEY_LENGTH} characters`)
    }
    return new KeyedRecipient(shards[placeOf(key, shards.length)]!, protocol, key)
  }
}

/** Whether an actor can have this key. */
export const isKey = (key: unknown): boolean =>
  typeof key === "string" && key.length > 0 && key.length <= MAX_KEY_LENGTH

/** So much is shown of a key that is too long. */
const SHOWN = 32

/** The place of a key among so many: always the same one, and all of them are used alike. */
export const placeOf = (key: string, places: number): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  // The low bits alone would follow the last character.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % places
}
