/**
 * The shared memory of a channel between threads, and what of it goes to another thread.
 *
 * ```text
 *  ring     the messages: see `kinds.ts`
 *  roster   who takes part, and how much each sender has sent and had received
 *  items    receivers that wait for messages
 *  room     senders that wait for room
 * ```
 *
 * The row of an end in the roster is its row in both wait lists, and its owner number in the ring, less one.
 */
import type { Region } from "../../memory/Region.ts"
import * as RosterMemory from "../../memory/Roster.ts"
import * as WaitListMemory from "../../memory/WaitList.ts"
import { piece, type ThreadContext } from "../../runtime/ThreadContext.ts"
import { broadcastOf } from "../../thread/kernel/Broadcast.ts"
import * as Carriage from "../../wire/Carriage.ts"
import type { Codec } from "../../wire/Codec.ts"
import { carriageOf } from "../../wire/kernel/ThreadCarriage.ts"
import { Scratch } from "../../wire/Scratch.ts"
import { MalformedRecord } from "../../wire/WireError.ts"
import type { Settings } from "../ChannelOptions.ts"
import { kinds } from "./kinds.ts"
import { nextIn, type ReceiveRing } from "./receiveRing.ts"

/** The four buffers, and a number for them that no other channel of the process has. */
export interface SharedMemory {
  readonly id: number
  readonly ring: SharedArrayBuffer
  readonly roster: SharedArrayBuffer
  readonly items: SharedArrayBuffer
  readonly room: SharedArrayBuffer
}

/** What an end of a channel works with on one thread. */
export interface Access<A> {
  readonly thread: ThreadContext
  readonly settings: Settings
  readonly codec: Codec<A>
  /** What values find here that travel with their messages. */
  readonly carriage: Carriage.Carriage
  /** Where messages are encoded before there is a claim. */
  readonly scratch: Scratch
  readonly memory: SharedMemory
  readonly roster: RosterMemory.Roster
  readonly items: WaitListMemory.WaitList
  readonly room: WaitListMemory.WaitList
  /** The ends of this channel on this thread. */
  readonly ends: Set<LocalEnd>
  /** Hears of messages that died with a thread; on the thread that made the channel. */
  readonly onLoss: ((loss: Loss) => void) | undefined
}

/** Messages that died with a thread. */
export interface Loss {
  readonly channel: string
  /** The side of the end that the thread held. */
  readonly side: "sender" | "receiver"
  /** The owner number of the end. */
  readonly owner: number
  /** Messages that were claimed and not sent, or taken and not finished. */
  readonly count: number
}

/** An end, for who looks after all ends of a thread. */
export interface LocalEnd {
  readonly side: "sender" | "receiver"
  /** How many fibers wait at it. */
  readonly waiting: number
  /** Makes visible what it has and has not shown yet, as far as there is room. */
  readonly settle: () => void
  /** Looks again at what its fibers wait for. */
  readonly lookAgain: () => void
  /** Messages of a broadcast that it has yet to receive; 0 at a sender. */
  readonly pending: () => number
}

/** Makes the buffers around a ring. */
export const createMemory = (ring: SharedArrayBuffer, ends: number, id: number): SharedMemory => ({
  id,
  ring,
  roster: RosterMemory.create(ends),
  items: WaitListMemory.create(ends),
  room: WaitListMemory.create(ends)
})

/** What all channels of a thread encode into. */
const scratches = piece((thread) => new Scratch(carriageOf(thread)))

/** Opens the buffers on this thread. */
export const openMemory = <A>(
  thread: ThreadContext,
  settings: Settings,
  codec: Codec<A>,
  memory: SharedMemory,
  onLoss?: (loss: Loss) => void
): Access<A> => {
  const carriage = carriageOf(thread)
  if (codec.carries) codec.prepare(carriage)
  return {
    thread,
    settings,
    codec,
    carriage,
    scratch: thread.get(scratches),
    memory,
    roster: new RosterMemory.Roster(memory.roster, broadcastOf(thread).number),
    items: new WaitListMemory.WaitList(memory.items),
    room: new WaitListMemory.WaitList(memory.room),
    ends: new Set(),
    onLoss
  }
}

/** The row of an end. */
export const rowOf = (end: RosterMemory.End): number => end & 63

/** Wakes everybody: somebody has died or the channel has ended. */
export const wakeAll = (access: Pick<Access<unknown>, "items" | "room" | "ends">): void => {
  access.items.wakeForDead()
  access.room.wakeForDead()
  for (const end of access.ends) end.lookAgain()
}

/** Fibers of this thread that wait at the ends of a side. */
export const waitingAt = (access: Pick<Access<unknown>, "ends">, side: LocalEnd["side"]): number => {
  let waiting = 0
  for (const end of access.ends) if (end.side === side) waiting += end.waiting
  return waiting
}

/** The key that marks a handle, with the version of its shape. */
export const HandleKey = "~shared-nothing/channel"

/**
 * What a handle is known by on the thread that has made it, and nowhere else: a symbol is not cloned. Who recovers the end finds
 * there what the messages are, and whom to tell.
 */
const AccessKey: unique symbol = Symbol("shared-nothing/channel/access")

/** The channel of a handle that was made on this thread. */
export const accessOf = (handle: Handle): Access<unknown> | undefined => handle[AccessKey]

/** A failure that was met and not told yet. */
export type Untold =
  | { readonly _tag: "MessagesMissed"; readonly count: number }
  | { readonly _tag: "MalformedMessage"; readonly reason: string; readonly lostBytes: number }

/** An end on its way to another thread: plain data that `postMessage` and `workerData` clone. */
export interface Handle {
  readonly [HandleKey]: 1
  readonly channel: string
  readonly side: "sender" | "receiver"
  readonly settings: Settings
  readonly layoutHash: number
  readonly end: RosterMemory.End
  readonly memory: SharedMemory
  /** Of a receiver of a broadcast: the number of the last message it got. */
  readonly after?: number | undefined
  /** Of a receiver: what its next receive fails with. */
  readonly untold?: Untold | undefined
  readonly [AccessKey]?: Access<unknown>
}

/** Whether a value is the handle of an end. */
export const isHandle = (value: unknown): value is Handle =>
  typeof value === "object" && value !== null && Object.hasOwn(value, HandleKey)
  && (value as Handle)[HandleKey] === 1

/** The handle of an end. */
export const handleOf = <A>(
  access: Access<A>,
  side: Handle["side"],
  end: RosterMemory.End,
  { after, untold }: Pick<Handle, "after" | "untold"> = {}
): Handle => ({
  [HandleKey]: 1,
  channel: access.settings.name,
  side,
  settings: access.settings,
  layoutHash: access.codec.layoutHash,
  end,
  memory: access.memory,
  after,
  untold,
  [AccessKey]: access as Access<unknown>
})

/** Messages sent through a channel since it was made, as a wrapping Int32. */
export const sentIn = ({ roster }: Pick<Access<unknown>, "roster">): number => {
  let sent = 0
  for (let row = 0; row < roster.rows; row++) sent = (sent + roster.sent(row)) | 0
  return sent
}

/** Messages received from a channel since it was made, as a wrapping Int32. */
export const receivedIn = ({ roster }: Pick<Access<unknown>, "roster">): number => {
  let received = 0
  for (let row = 0; row < roster.rows; row++) received = (received + roster.received(row)) | 0
  return received
}

/** Messages that wait; of a broadcast, for the slowest receiver of this thread. The words are read one after the other. */
export const waitingIn = (
  access: Pick<Access<unknown>, "roster" | "settings" | "ends">,
  lostSent = access.roster.lostSent()
): number => {
  const { ends, roster, settings } = access
  if (kinds[settings.kind].isBroadcast) return Math.max(0, ...[...ends].map((end) => end.pending()))
  // Messages that were dropped while they waited had been sent.
  const dropped = settings.overflow === "dropOldest" ? roster.dropped() : 0
  return Math.max(0, (sentIn(access) - receivedIn(access) - dropped - lostSent) | 0)
}

/** The last receiver is gone: what waits is lost. By who was the last, and by who sends at the same time: each message counts once. */
export const loseRest = (access: Pick<Access<unknown>, "roster" | "settings" | "ends">): void => {
  if (kinds[access.settings.kind].isBroadcast) return
  for (;;) {
    const lostSent = access.roster.lostSent()
    const count = waitingIn(access, lostSent)
    if (count === 0 || access.roster.tryLose(count, lostSent)) return
  }
}

/** What it takes to read messages. */
interface Reading {
  readonly carriage: Carriage.Carriage
  readonly codec: Pick<Codec<unknown>, "carries"> & {
    readonly read: (...args: Parameters<Codec<unknown>["read"]>) => unknown
  }
}

/** Releases what moves with the messages that nobody will receive. */
export const dropAll = (access: Reading, ring: ReceiveRing): void => {
  for (let offset = nextIn(ring); offset >= 0; offset = nextIn(ring)) dropMessage(access, ring, offset)
  ring.release()
}

/** Releases what moves with a message that nobody will receive. */
export const dropMessage = (
  { carriage, codec }: Reading,
  ring: { readonly region: Region; readonly end: number },
  offset: number
): void => {
  if (!codec.carries) return
  try {
    codec.read(ring.region, offset, ring.end, carriage)
  } catch (error) {
    if (!(error instanceof MalformedRecord)) throw error
  } finally {
    Carriage.drop(carriage.arrived)
  }
}
