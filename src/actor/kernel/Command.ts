/**
 * What is asked of an actor beside its messages: to end, to rest, to show itself.
 *
 * A command never stands in a mailbox: it is obeyed at once, however long the line of messages is, and is always answered, also
 * by an actor that crashes over and over and by one that has ended. `internal/obey.ts` obeys it on the actor's thread.
 */
import type { ExitReason } from "../ExitReason.ts"
import type { Counted } from "./Counted.ts"

/** To end in order, within a time. */
export const STOP = 0
/** To end now. */
export const KILL = 1
/** To handle nothing until {@link RESUME}. */
export const PAUSE = 2
/** To go on. */
export const RESUME = 3
/** To say how it is. */
export const PING = 4
/** To show its state. */
export const INSPECT = 5
/** To say what it has done and has still to do. */
export const COUNT = 6
/** To end when somebody else ends by a failure, from now on. */
export const LINK = 7
/** To bear that again. */
export const UNLINK = 8
/** To say whose answers its handler waits for. */
export const WAITS = 9

/** What a command asks for. */
export type Kind =
  | typeof STOP
  | typeof KILL
  | typeof PAUSE
  | typeof RESUME
  | typeof PING
  | typeof INSPECT
  | typeof COUNT
  | typeof LINK
  | typeof UNLINK
  | typeof WAITS

const NAME_LENGTH = 512
const PART_LENGTH = 240

// FNV-1a twice, over all of it: what is left out of a name still tells it from others.
const marked = (name: string): string => {
  let one = 0x811c9dc5
  let other = 0x9747b28c
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i)
    one = Math.imul(one ^ unit, 0x01000193)
    other = Math.imul(other ^ unit, 0x85ebca6b)
    other ^= other >>> 13
  }
  return `${(one >>> 0).toString(36)}${(other >>> 0).toString(36)}`
}

/**
 * A name as it is said with a link, or for who waits for whom: it fits into a record on the way for control, which a key without bounds does not, and is
 * another one for another name.
 */
export const nameInLink = (name: string): string =>
  name.length <= NAME_LENGTH ? name : `${name.slice(0, PART_LENGTH)}…${marked(name)}…${name.slice(-PART_LENGTH)}`

/** Who is linked to an actor, and how that hears of its end. */
export interface Linker {
  readonly name: string
  whenStopped(listener: (reason: ExitReason) => void): void
  unwatch(listener: (reason: ExitReason) => void): void
}

/** See the module. */
export interface Command {
  readonly kind: Kind
  /** How long a {@link STOP} may take; `undefined` for as long as was agreed when the actor was spawned. */
  readonly withinMillis: number | undefined
  /** Who gives a {@link LINK} or an {@link UNLINK}. */
  readonly by?: Linker
}

/** The names of commands, by kind. */
export const names: ReadonlyArray<string> = [
  "stop",
  "kill",
  "pause",
  "resume",
  "ping",
  "inspect",
  "stats",
  "link",
  "unlink",
  "waits"
]

/** Whether it is about a link, and says of whom. */
export const isOfLink = (kind: Kind): boolean => kind === LINK || kind === UNLINK

/** Whether a command outlasts the death of the actor's thread: an actor that is to end must not come back with it, nor without its links. */
export const outlasts = ({ kind }: Command): boolean => kind <= KILL || isOfLink(kind)

/** What an actor is doing. */
export type Status = "starting" | "idle" | "running" | "paused" | "restarting" | "stopping"

/** Every status: its place in this list is what crosses between threads. */
export const statuses: ReadonlyArray<Status> = ["starting", "idle", "running", "paused", "restarting", "stopping"]

/** How an actor is. */
export interface Pong {
  readonly status: Status
  /** Messages in its mailbox. */
  readonly waiting: number
  /** Those of them that have another priority than `"normal"`. */
  readonly waitingHigh: number
  readonly waitingLow: number
  /** Messages that it has put off. */
  readonly putOff: number
  /** Restarts so far, on this thread. */
  readonly restarts: number
}

/** Who takes commands. */
export interface Commandable {
  command(command: Command, answered: Answered): () => void
}

/** One whose answer is waited for; `whom` is absent where nobody can reach it from here. */
export interface Awaited {
  readonly name: string
  readonly whom: Commandable | undefined
  /** Whose actor it is, of the systems that this thread takes part in; that of who asks, where nothing is said. */
  readonly system?: unknown
}

/** How a command is answered, once. */
export type Answer =
  | { readonly _tag: "Done" }
  | { readonly _tag: "Pong"; readonly pong: Pong }
  | { readonly _tag: "Counted"; readonly counted: Counted }
  | { readonly _tag: "Waits"; readonly waits: ReadonlyArray<Awaited> }
  /** What the actor shows, made portable; or what showing it has thrown. */
  | { readonly _tag: "State"; readonly state: unknown }
  | { readonly _tag: "Died"; readonly defect: unknown }
  /** The actor has ended. */
  | { readonly _tag: "Ended"; readonly reason: ExitReason }
  /** Its thread has gone before it could answer. */
  | { readonly _tag: "Lost"; readonly thread: string; readonly reason: string }

/** It is done. */
export const done: Answer = { _tag: "Done" }

/** Takes the one answer. */
export type Answered = (answer: Answer) => void
