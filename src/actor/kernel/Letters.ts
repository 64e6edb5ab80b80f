/**
 * Messages that this thread gives up, on their way to the store of dead letters.
 *
 * A transition only notes them here. They are handed on in a turn of their own, all that were given up until then in one go: who is told of them
 * runs on nobody's stack. As long as nothing is given up it costs nothing, and no more is held than the store could keep.
 */
import type { Why } from "../DeadLetters.ts"
import { Adapted } from "./Adapted.ts"
import type { Protocol } from "./Protocol.ts"
import { INDEX_MASK, replaysOf, type Word, wordOf } from "./Word.ts"

/** For whom a message was. */
export interface Lettered {
  readonly protocol: Protocol
  readonly key: string
}

/** A message that nobody will handle, as the thread has it that has given it up. */
export interface Lost extends Lettered {
  readonly index: number
  readonly payload: unknown
  readonly why: Why
  readonly attempts: number
  readonly replays: number
  readonly timeMillis: number
}

/** Takes what was given up, and the number of messages that were given up and are not among that. */
export type Sink = (lost: ReadonlyArray<Lost>, missed: number) => void

/** What {@link Letters} needs of its thread. */
export interface Ground {
  /** The time of day. */
  readonly millis: () => number
  /** Has {@link Letters.handOn} called soon. */
  readonly later: (letters: Letters) => void
  /** How many are held at once. */
  readonly limit: number
}

/** See the module. */
export class Letters {
  /** Who takes them. */
  declare sink: Sink
  declare private readonly ground: Ground
  declare private noted: Array<Lost>
  declare private missed: number
  constructor(ground: Ground, sink: Sink) {
    this.sink = sink
    this.ground = ground
    this.noted = []
    this.missed = 0
  }

  /** Notes a tell that nobody will handle. */
  add(to: Lettered, word: Word, content: unknown, why: Why, attempts: number): void {
    // What has come by an adapter is a letter as it was sent.
    const sent = content instanceof Adapted
      ? content
      : { to, index: wordOf(word) & INDEX_MASK, payload: content }
    const { index, payload, to: { key, protocol } } = sent
    const { ground, noted } = this
    const isFirst = noted.length === 0 && this.missed === 0
    // What moves with a message is released with it: what is left could not be sent again.
    if (protocol.messages[index]!.carries || noted.length >= ground.limit) this.missed++
    else {
      noted.push({
        protocol,
        key,
        index,
        payload,
        why,
        attempts,
        replays: replaysOf(word),
        timeMillis: ground.millis()
      })
    }
    if (isFirst) ground.later(this)
  }

  /** Hands on what was given up by now. */
  handOn(): void {
    const { missed, noted } = this
    if (noted.length === 0 && missed === 0) return
    this.noted = []
    this.missed = 0
    this.sink(noted, missed)
  }
}
