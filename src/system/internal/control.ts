/**
 * What the main thread and its workers say to each other besides messages for actors: start and stop actors, claim names, hand
 * rings over, tell who is up.
 *
 * It travels on the worker's port, so that no amount of messages in the rings can hold it up. The values are cloned by
 * the port; errors, reasons and events cross as the bytes of their codec (`accounts.ts`).
 */
import type { Address } from "../../actor/kernel/Address.ts"
import type { Bounds } from "../../actor/kernel/Behaviour.ts"
import type { CountedOf, CountedReport, CountedType } from "../../actor/kernel/Counted.ts"
import type { Memberships } from "../../actor/kernel/Groups.ts"
import type { Keying } from "../../actor/kernel/Keying.ts"
import type { Refusal } from "../../actor/kernel/LetterStore.ts"
import type { Overflow } from "../../actor/kernel/Mailbox.ts"
import type { Terms } from "../../actor/kernel/Terms.ts"
import type { GivenLane, LaneMemory, Rings } from "../../link/kernel/Node.ts"
import type { Intensity } from "../../supervisor/Intensity.ts"
import type { Directive, RestartType } from "../../supervisor/Restart.ts"
import type { TreeNode } from "../../supervisor/Tree.ts"
import type { Launched } from "../../thread/kernel/Launcher.ts"
import type { Given } from "../../wire/kernel/ArenaOwners.ts"
import type { Crash } from "./accounts.ts"

/** What a worker needs to take its place. */
export interface Seat extends Launched {
  readonly names: ReadonlyArray<string>
  readonly doorbells: SharedArrayBuffer
  /** Which rings of a thread have something in them, in a system of many. */
  readonly ready: SharedArrayBuffer | undefined
  /** What the threads count; see `Tally`. */
  readonly tally: SharedArrayBuffer
  readonly ringBytes: number
  readonly maxSpins: number
  /** The number of the system, which no other has. */
  readonly system: number
  /** The incarnation of the main thread, which is always up. */
  readonly mainEpoch: number
  /** The arenas of the worker. */
  readonly arenas: ReadonlyArray<Given>
}

/** A behaviour that a thread has. */
export interface Hosted extends Bounds {
  readonly name: string
  readonly layoutHash: number
  /** The same in words: `Layouts.textOf`. */
  readonly layouts: string
  readonly intensity: Intensity
}

/** What a worker answers when it is ready: the behaviours it has. */
export interface Ready {
  readonly behaviours: ReadonlyArray<Hosted>
}

/** An actor that the main thread places on a worker. */
export interface Placement {
  readonly actor: number
  readonly name: string
  readonly layoutHash: number
  readonly key: string
  readonly terms: Terms
  /** Whether a supervisor on the main thread decides what becomes of it when it crashes. */
  readonly isSupervised: boolean
  /** What was sent to it and is not handled, if its mailbox survives its thread. */
  readonly lanes: ReadonlyArray<GivenLane>
  /** Whether it is all the actors of the behaviour that have their place there by their key. */
  readonly isShard: boolean
}

/** Who asks for the keys of a behaviour, and what it knows of that. */
export interface Wanted {
  readonly name: string
  readonly layoutHash: number
  /** The same in words: `Layouts.textOf`. */
  readonly layouts: string
  readonly keying: Keying
  readonly bounds: Bounds | undefined
}

/** The actor is up: so large is its mailbox, and so it restarts. */
export interface Spawned {
  readonly laneBytes: number
  readonly capacity: number
  readonly overflow: Overflow
  readonly restart: RestartType
}

/** A message that a worker has given up: why, and what it says, as bytes. */
export interface Letter {
  readonly name: string
  readonly key: string
  readonly message: string
  readonly index: number
  readonly layoutHash: number
  readonly attempts: number
  readonly replays: number
  readonly timeMillis: number
  readonly why: Uint8Array
  readonly payload: Uint8Array
}

/** One that is sent again, to an actor of the worker. */
export interface Replay extends Pick<Letter, "name" | "key" | "index" | "layoutHash" | "replays" | "payload"> {
  readonly request: number
}

/** From the main thread to a worker. */
export type ToWorker =
  | { readonly _tag: "Spawn"; readonly request: number; readonly placement: Placement }
  /** The actors that the last incarnation of this worker had: they take messages from now on, and are built meanwhile. */
  | { readonly _tag: "Revive"; readonly placements: ReadonlyArray<Placement> }
  /** The actors end in order, some of their time for that having gone. */
  | { readonly _tag: "Stop"; readonly actors: ReadonlyArray<number>; readonly elapsedMillis: number }
  /** Its supervisor takes an actor down, with a sibling: its incarnation ends, within so many milliseconds, and it waits. */
  | { readonly _tag: "Lower"; readonly request: number; readonly actor: number; readonly withinMillis: number }
  /** Its supervisor has an actor that is down built again. */
  | { readonly _tag: "Raise"; readonly request: number; readonly actor: number }
  | { readonly _tag: "Inspect"; readonly request: number }
  | ({ readonly _tag: "Count"; readonly request: number } & CountedOf)
  | { readonly _tag: "Report"; readonly request: number; readonly report: CountedReport }
  | { readonly _tag: "Claimed"; readonly request: number; readonly isFree: boolean }
  /** The keys of a behaviour are where these addresses say; `error` is a `SpawnError`. */
  | {
    readonly _tag: "Held"
    readonly request: number
    readonly result: { readonly addresses: ReadonlyArray<Address> } | { readonly error: Uint8Array }
  }
  | { readonly _tag: "Found"; readonly request: number; readonly address: Address | undefined }
  /** Where is the actor of this name, that the worker has spawned itself? */
  | { readonly _tag: "Locate"; readonly request: number; readonly name: string; readonly key: string }
  | { readonly _tag: "Rings"; readonly from: number; readonly epoch: number; readonly rings: Rings }
  /** Another thread sends to an actor whose mailbox survives. */
  | { readonly _tag: "Lane"; readonly actor: number; readonly lane: GivenLane }
  /** The main thread knows the lane of this thread. */
  | { readonly _tag: "LaneKnown"; readonly actor: number }
  /** The main thread has the dead letters that were sent to it last. */
  | { readonly _tag: "LettersKnown" }
  | ({ readonly _tag: "Replay" } & Replay)
  /** Who has come into groups, and gone, on other threads. */
  | ({ readonly _tag: "Memberships" } & Memberships)
  | { readonly _tag: "Up"; readonly thread: number; readonly epoch: number }
  | { readonly _tag: "Down"; readonly thread: number; readonly reason: string; readonly isFinal: boolean }

/** What a worker answers to the main thread. */
export type Answer =
  /** `error` is a `SpawnError`. */
  | { readonly _tag: "Spawned"; readonly request: number; readonly result: Spawned | { readonly error: Uint8Array } }
  | { readonly _tag: "Lowered"; readonly request: number }
  /** `error` is a `SpawnError`, when it could not be built. */
  | { readonly _tag: "Raised"; readonly request: number; readonly error: Uint8Array | undefined }
  | { readonly _tag: "Located"; readonly request: number; readonly address: Address | undefined }
  | { readonly _tag: "Replayed"; readonly request: number; readonly refusal: Refusal }
  | { readonly _tag: "Counted"; readonly request: number; readonly types: ReadonlyArray<CountedType> }
  | { readonly _tag: "Inspected"; readonly request: number; readonly tree: ReadonlyArray<TreeNode> }

/** From a worker to the main thread. */
export type ToMain =
  | Answer
  /** Actors that it was told to stop have ended, and what they had told can be read. */
  | { readonly _tag: "Stopped"; readonly actors: ReadonlyArray<number> }
  /** A worker spawns an actor by itself: is the name free in the whole system? */
  | { readonly _tag: "Claim"; readonly request: number; readonly name: string; readonly key: string }
  /** A program on the worker takes the keys of a behaviour, until it says `Unkeyed` with this request. */
  | ({ readonly _tag: "Keyed"; readonly request: number } & Wanted)
  /** Is answered with `Claimed` when that is done. */
  | { readonly _tag: "Unkeyed"; readonly request: number; readonly name: string; readonly held: number }
  | { readonly _tag: "Lookup"; readonly request: number; readonly name: string; readonly key: string }
  /** Is answered with `Report`. */
  | ({ readonly _tag: "Statistics"; readonly request: number } & CountedOf)
  /** Is answered with `Claimed` when all that was said before has been heard. */
  | { readonly _tag: "Sync"; readonly request: number }
  /** Who has come into groups, and gone, on this thread. */
  | ({ readonly _tag: "Memberships" } & Memberships)
  | { readonly _tag: "Released"; readonly claim: number; readonly name: string; readonly key: string }
  /** An actor that the main thread had placed has ended for everybody, and its name is not free: it is the worker's until it is, as `-actor`. */
  | { readonly _tag: "Kept"; readonly actor: number; readonly name: string; readonly key: string }
  | { readonly _tag: "Rings"; readonly to: number; readonly epoch: number; readonly rings: Rings }
  /** This thread sends to an actor whose mailbox survives, on that thread or another. */
  | { readonly _tag: "Lane"; readonly actor: number; readonly lane: LaneMemory }
  /** An actor with a supervisor is down, and waits for what that decides. */
  | {
    readonly _tag: "Crashed"
    readonly actor: number
    readonly crash: Crash
    readonly directive: Directive | undefined
  }
  /** `reason` is an `ExitReason`. */
  | { readonly _tag: "Ended"; readonly actor: number; readonly reason: Uint8Array }
  /** Messages that nobody will handle, and the number of those of which no more is said. Is answered with `LettersKnown`. */
  | { readonly _tag: "Letters"; readonly letters: ReadonlyArray<Letter>; readonly missed: number }
  /** `events` are `SystemEvent`s: all that a subscriber finds when it looks. */
  | { readonly _tag: "Events"; readonly events: Uint8Array }
