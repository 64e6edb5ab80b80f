/**
 * Dead letters on their way between threads: from a worker to the store on the main thread, and from there to whoever is to handle them after all.
 *
 * A payload crosses as the bytes of its message's own codec, so that everything in it arrives as it does in a message. One batch of letters is underway at
 * a time, and meanwhile a bounded number is held: a thread that gives up more than the main thread can take tells of the rest by its number alone.
 */
import * as Effect from "effect/Effect"
import type { Host } from "../../actor/kernel/Host.ts"
import type { Lost } from "../../actor/kernel/Letters.ts"
import type { Kept, Received, Refusal, Resent } from "../../actor/kernel/LetterStore.ts"
import { checked } from "../../actor/kernel/Payload.ts"
import type { Protocol } from "../../actor/kernel/Protocol.ts"
import type { Node } from "../../link/kernel/Node.ts"
import { fromBytes, toBytes } from "../../wire/kernel/Bytes.ts"
import { decodeWhy, encodeWhy } from "./accounts.ts"
import type * as Control from "./control.ts"
import { type Keyers, locate } from "./keyed.ts"

/** Letters that a worker holds while others are underway. */
const HELD = 256

type Home = Node["home"]

// Runs the schema, which is somebody's code. What has no bytes is no letter for another thread.
const bytesOf = ({ scratch }: Home, protocol: Protocol, index: number, payload: unknown): Uint8Array | undefined => {
  const message = protocol.messages[index]!
  try {
    return toBytes(message.payload, checked(message, payload), scratch)
  } catch {
    return undefined
  }
}

const written = (home: Home, lost: Lost): Control.Letter | undefined => {
  const { attempts, index, key, payload, protocol, replays, timeMillis, why } = lost
  const bytes = bytesOf(home, protocol, index, payload)
  if (bytes === undefined) return undefined
  const { layoutHash, name, tags } = protocol
  return {
    name,
    key,
    message: tags[index]!,
    index,
    layoutHash,
    attempts,
    replays,
    timeMillis,
    why: encodeWhy(why),
    payload: bytes
  }
}

/** What a worker does with its letters. */
export class Outbox {
  declare private readonly host: Host
  declare private readonly home: Home
  declare private readonly post: (message: Control.ToMain) => void
  declare private held: Array<Lost>
  declare private missed: number
  declare private isUnderway: boolean
  constructor(host: Host, { home }: Node, post: (message: Control.ToMain) => void) {
    this.host = host
    this.home = home
    this.post = post
    this.held = []
    this.missed = 0
    this.isUnderway = false
    host.letters.sink = (lost, missed) => this.take(lost, missed)
  }

  private take(lost: ReadonlyArray<Lost>, missed: number): void {
    const room = HELD - this.held.length
    this.held.push(...lost.slice(0, room))
    this.missed += missed + Math.max(0, lost.length - room)
    // From a thread that leaves nobody hears later.
    if (!this.isUnderway || this.host.isLeaving) this.send()
  }

  /** The main thread has the last ones. */
  known(): void {
    this.isUnderway = false
    if (this.held.length > 0 || this.missed > 0) this.send()
  }

  private send(): void {
    const { held } = this
    this.held = []
    this.isUnderway = true
    const letters = held.flatMap((lost) => written(this.home, lost) ?? [])
    const missed = this.missed + held.length - letters.length
    this.missed = 0
    this.post({ _tag: "Letters", letters, missed })
  }
}

const readable = (node: Node, { index, layoutHash, name, payload: bytes }: Control.Letter): Received["content"] => {
  const protocol = node.protocolOf(name, layoutHash)
  if (protocol === undefined) return { protocol, bytes }
  try {
    return { protocol, payload: fromBytes(protocol.messages[index]!.payload, bytes, node.home.carriage) }
  } catch {
    return { protocol: undefined, bytes }
  }
}

/** A worker has given up messages. */
export const receiveLetters = (
  { host: { store }, node }: Keyers,
  letters: ReadonlyArray<Control.Letter>,
  missed: number
): void =>
  store.put(
    letters.map((letter): Received => ({
      ...letter,
      why: decodeWhy(letter.why),
      content: readable(node, letter)
    })),
    missed
  )

/** Hands a message to the actor of this thread that has its name; what it runs may throw, and then it was not taken. */
export const resendHere = (host: Host, name: string, key: string, layoutHash: number, resent: Resent): Refusal => {
  try {
    return host.resend(name, key, layoutHash, resent)
  } catch {
    return "unreadable"
  }
}

/** Sends a letter to an actor of this thread. */
export const resendLocal = (host: Host) => ({ content, index, layoutHash, letter }: Kept): Effect.Effect<Refusal> =>
  Effect.sync(() => {
    const { key, name, replays } = letter
    if (content.protocol === undefined) return "unreadable"
    return resendHere(host, name, key, layoutHash, { index, replays, payloadFor: () => content.payload })
  })

/** Sends a letter to an actor of another thread, or of this one. */
export const resendAnywhere = (self: Keyers) => (kept: Kept): Effect.Effect<Refusal> => {
  const { content, index, layoutHash, letter: { key, name, replays } } = kept
  return Effect.flatMap(locate(self, name, key), (address): Effect.Effect<Refusal> => {
    if (address === undefined) return Effect.succeed("notUp")
    if (address.thread === 0) return resendLocal(self.host)(kept)
    const payload = content.protocol === undefined
      ? content.bytes
      : bytesOf(self.node.home, content.protocol, index, content.payload)
    if (payload === undefined) return Effect.succeed("unreadable")
    const replay = { name, key, layoutHash, index, replays, payload }
    return Effect.map(
      self.workers[address.thread - 1]!.request((request): Control.ToWorker => ({
        _tag: "Replay",
        request,
        ...replay
      })),
      (answer) => answer?._tag === "Replayed" ? answer.refusal : "threadDown"
    )
  })
}

/** The main thread sends a letter to an actor of this worker. */
export const replayed = (
  { host, node, post }: { readonly host: Host; readonly node: Node; readonly post: (message: Control.ToMain) => void },
  { index, key, layoutHash, name, payload, replays, request }: Control.Replay
): void => {
  const payloadFor = (protocol: Protocol) => fromBytes(protocol.messages[index]!.payload, payload, node.home.carriage)
  const refusal = resendHere(host, name, key, layoutHash, { index, replays, payloadFor })
  post({ _tag: "Replayed", request, refusal })
}
