/**
 * The dead letters of a system: the last ones, by their number.
 *
 * A letter that is being sent again stays in its place until it is taken, and nobody else can send it meanwhile.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import * as Bulletin from "../../observe/kernel/Bulletin.ts"
import { checkNames, givenOf, type Names, type Refuse } from "../../runtime/Options.ts"
import { InvalidOptions } from "../ActorError.ts"
import {
  type DeadLetter,
  type DeadLetters,
  LetterNotFound,
  type LimitsOptions,
  ReplayRefused,
  ReplaysSpent,
  type Stats
} from "../DeadLetters.ts"
import type { Letters, Lost } from "./Letters.ts"
import { actorName, type Protocol } from "./Protocol.ts"

/** What is in a letter: the payload, or its bytes where those cannot be read. */
export type Content = Pick<Lost, "protocol" | "payload"> | {
  readonly protocol: undefined
  readonly bytes: Uint8Array
}

/** What was given up on this thread, as its own store takes it. */
export const receivedOf = (lost: Lost): Received => {
  const { attempts, index, key, payload, protocol, replays, timeMillis, why } = lost
  const { layoutHash, name, tags } = protocol
  const content = { protocol, payload }
  return { name, key, message: tags[index]!, why, attempts, replays, timeMillis, index, layoutHash, content }
}

/** A message that is sent again, as the thread sees it that has its actor. */
export interface Resent {
  readonly index: number
  /** How often it was sent again before. */
  readonly replays: number
  /** What it says; reading it may run somebody's code, and may throw. */
  payloadFor(protocol: Protocol): unknown
}

/** A letter as it is kept. */
export interface Kept {
  readonly letter: DeadLetter
  readonly index: number
  readonly layoutHash: number
  readonly content: Content
}

/** What a letter is made of. */
export interface Received
  extends Pick<DeadLetter, "name" | "key" | "message" | "why" | "attempts" | "replays" | "timeMillis">
{
  readonly index: number
  readonly layoutHash: number
  readonly content: Content
}

/** Why a letter was not taken; nothing when it was. */
export type Refusal = ReplayRefused["why"] | undefined

/** Sends a letter again. */
export type Resend = (kept: Kept) => Effect.Effect<Refusal>

const LIMITS: Names<LimitsOptions> = { letters: true, replays: true }

const refuse: Refuse = (option, value, expected) => {
  throw new InvalidOptions({ where: "DeadLetters.Limits", option, value: givenOf(value), expected })
}

/**
 * The limits as they are meant.
 *
 * **Errors** Throws `InvalidOptions` with the offending value.
 */
export const limitsOf = (
  options: LimitsOptions
): Required<Readonly<Record<"letters" | "replays", number>>> => {
  checkNames(options, LIMITS, refuse)
  const { letters = 1000, replays = 3 } = options
  for (const [option, value] of Object.entries({ letters, replays })) {
    if (Number.isInteger(value) && value >= 0) continue
    refuse(option, value, "a whole number of at least 0")
  }
  return { letters, replays }
}

/** See the module. */
export class LetterStore {
  declare readonly limits: ReturnType<typeof limitsOf>
  declare private readonly bulletin: PubSub.PubSub<DeadLetter>
  declare private readonly kept: Map<number, Kept>
  declare private readonly underway: Set<Kept>
  declare private received: number
  declare private evicted: number
  declare private missed: number
  constructor(limits: ReturnType<typeof limitsOf>, bulletin: PubSub.PubSub<DeadLetter>) {
    this.limits = limits
    this.bulletin = bulletin
    this.kept = new Map()
    this.underway = new Set()
    this.received = 0
    this.evicted = 0
    this.missed = 0
  }

  /** Takes what a thread has given up. */
  put(letters: ReadonlyArray<Received>, missed: number): void {
    this.missed += missed
    const told = letters.map((received) => this.keep(received))
    for (const letter of told) Bulletin.publish(this.bulletin, letter)
  }

  private keep({ content, index, layoutHash, ...rest }: Received): DeadLetter {
    const isReadable = content.protocol !== undefined
    const letter: DeadLetter = {
      ...rest,
      id: ++this.received,
      actor: actorName(rest, rest.key),
      payload: isReadable ? content.payload : undefined,
      isReadable
    }
    this.kept.set(letter.id, { letter, index, layoutHash, content })
    if (this.kept.size > this.limits.letters) {
      const [oldest] = this.kept.keys()
      this.kept.delete(oldest!)
      this.evicted++
    }
    return letter
  }

  private get stats(): Stats {
    const { evicted, kept, missed, received } = this
    return { stored: kept.size, received, evicted, missed }
  }

  private replay(id: number, resend: Resend): ReturnType<DeadLetters["replay"]> {
    const kept = this.kept.get(id)
    if (kept === undefined || this.underway.has(kept)) return Effect.fail(new LetterNotFound({ id }))
    const { actor, message: tag, replays } = kept.letter
    if (replays >= this.limits.replays) return Effect.fail(new ReplaysSpent({ id, actor, tag, replays }))
    this.underway.add(kept)
    // In one step: between two of a fiber another one may come, which would find it here and not underway.
    const settled = (exit: Exit.Exit<Refusal>): void => {
      this.underway.delete(kept)
      if (Exit.isSuccess(exit) && exit.value === undefined) this.kept.delete(id)
    }
    return Effect.flatMap(
      Effect.onExit(resend(kept), (exit) => Effect.sync(() => settled(exit))),
      (why) => why === undefined ? Effect.void : Effect.fail(new ReplayRefused({ id, actor, tag, why }))
    )
  }

  /** What users have of it. */
  service(letters: Letters, resend: Resend): DeadLetters {
    // What this thread has given up is in it as soon as anybody looks.
    const handOn = Effect.sync(() => letters.handOn())
    const inStore = <A>(look: () => A) => Effect.map(handOn, look)
    return {
      all: inStore(() => Array.from(this.kept.values(), ({ letter }) => letter)),
      stream: Stream.fromPubSub(this.bulletin),
      // Once begun it comes to its end: nobody could say afterwards whether the message was taken.
      replay: (id) => Effect.uninterruptible(Effect.flatMap(handOn, () => this.replay(id, resend))),
      remove: (id) => inStore(() => this.kept.delete(id)),
      stats: inStore(() => this.stats)
    }
  }
}
