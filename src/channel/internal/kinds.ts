/**
 * What a kind of channel is made of: how many ends it has, what its memory is, and the ends of its ring.
 *
 * A new kind is a row here and a name in `ChannelOptions.ts`; nothing else asks which kind a channel is of.
 */
import { BroadcastRecovery } from "../../memory/BroadcastRecovery.ts"
import { BroadcastWriter } from "../../memory/BroadcastWriter.ts"
import { type Leave, MpmcRecovery } from "../../memory/MpmcRecovery.ts"
import { MpmcReader, MpmcWriter } from "../../memory/MpmcRing.ts"
import * as MpscRing from "../../memory/MpscRing.ts"
import type { RingWriter } from "../../memory/Ring.ts"
import { SpscRecovery } from "../../memory/SpscRecovery.ts"
import { SpscReader, SpscWriter } from "../../memory/SpscRing.ts"
import type { Kind, Settings, SharedOptions } from "../ChannelOptions.ts"
import { BroadcastEnd } from "./broadcastEnd.ts"
import type { ReceiveRing } from "./receiveRing.ts"
import { createBroadcast, createCells, createRecords } from "./ringMemory.ts"

/** What went with a dead owner. */
export interface Recovered {
  /** Messages that it was sending or receiving. */
  readonly count: number
  /** Those of them that had been sent. */
  readonly lostSent: number
  /** Messages that its row has sent, or received, in all; left out where the row's own count is exact. */
  readonly total?: number
  /** Whether that is all, or whether to ask again in a moment. */
  readonly isSettled: boolean
}

/** See the module. */
export interface KindOfChannel {
  readonly manySenders: boolean
  readonly manyReceivers: boolean
  /** Each message goes to every receiver, the sender never waits, and a slow receiver misses messages. */
  readonly isBroadcast: boolean
  /** Each sender has at most `capacity` messages on their way, which its only receiver counts; otherwise the ring is the bound. */
  readonly hasWindow: boolean
  /** Whether a sender may take the oldest message out, as a receiver does. */
  readonly canDropOldest: boolean
  /** The memory is `capacity` times `messageBytes`, and not `bufferBytes`. */
  readonly hasCells: boolean
  create(settings: Settings, options: SharedOptions, fixedBytes: number | undefined, ends: number): SharedArrayBuffer
  writer(ring: SharedArrayBuffer, owner: number): RingWriter
  reader(ring: SharedArrayBuffer, owner: number, after?: number): ReceiveRing
  /** Takes the claims of a dead owner back; `leave` is shown what it had taken and nobody will read, before its room is given back. */
  recover(ring: SharedArrayBuffer, side: "sender" | "receiver", owner: number, leave: Leave): Recovered
}

const NOTHING: Recovered = { count: 0, lostSent: 0, isSettled: true }

/** A writer leaves nothing but a number behind, a reader nothing at all. */
const ofWriter = (recovery: { recover(): number; published(): number }): Recovered => ({
  count: recovery.recover(),
  lostSent: 0,
  total: recovery.published(),
  isSettled: true
})

const spsc: KindOfChannel = {
  manySenders: false,
  manyReceivers: false,
  isBroadcast: false,
  hasWindow: true,
  canDropOldest: false,
  hasCells: false,
  create: (settings, options, fixedBytes) => createRecords(settings, options, fixedBytes),
  writer: (ring) => new SpscWriter(ring),
  reader: (ring) => new SpscReader(ring),
  recover: (ring, side) => side === "sender" ? ofWriter(new SpscRecovery(ring)) : NOTHING
}

const mpsc: KindOfChannel = {
  ...spsc,
  manySenders: true,
  create: createRecords,
  writer: (ring, owner) => new MpscRing.MpscWriter(ring, owner),
  reader: (ring) => new MpscRing.MpscReader(ring),
  recover: (ring, side, owner) => side === "sender" ? ofWriter(MpscRing.recoveryOf(ring, owner)) : NOTHING
}

const mpmc: KindOfChannel = {
  manySenders: true,
  manyReceivers: true,
  isBroadcast: false,
  hasWindow: false,
  canDropOldest: true,
  hasCells: true,
  create: createCells,
  writer: (ring, owner) => new MpmcWriter(ring, owner),
  reader: (ring, owner) => new MpmcReader(ring, owner),
  recover: (ring, side, owner, leave) => {
    const recovery = new MpmcRecovery(ring)
    const { isSettled, reading, writing } = recovery.recover(owner, leave)
    return {
      count: reading + writing,
      lostSent: reading,
      total: side === "sender" ? recovery.committed(owner) : recovery.released(owner),
      isSettled
    }
  }
}

const broadcast: KindOfChannel = {
  manySenders: false,
  manyReceivers: true,
  isBroadcast: true,
  hasWindow: false,
  canDropOldest: false,
  hasCells: false,
  create: createBroadcast,
  writer: (ring) => new BroadcastWriter(ring),
  reader: (ring, owner, after) => new BroadcastEnd(ring, owner, after),
  recover: (ring, side, owner) => {
    const recovery = new BroadcastRecovery(ring)
    if (side === "sender") {
      return ofWriter({ recover: () => recovery.recoverWriter(), published: () => recovery.published() })
    }
    recovery.recoverReaders(owner)
    return NOTHING
  }
}

/** All kinds. */
export const kinds: { readonly [K in Kind]: KindOfChannel } = { spsc, mpsc, mpmc, broadcast }
