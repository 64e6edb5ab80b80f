/**
 * The memory of a channel between threads, as large as its options ask for.
 */
import * as BroadcastRing from "../../memory/BroadcastRing.ts"
import { MAX_CAPACITY_BYTES, MIN_CAPACITY_BYTES } from "../../memory/Layouts.ts"
import * as MpmcRing from "../../memory/MpmcRing.ts"
import * as MpscRing from "../../memory/MpscRing.ts"
import { MAX_ROWS } from "../../memory/Roster.ts"
import * as SpscRing from "../../memory/SpscRing.ts"
import { refuse, type Settings, type SharedOptions } from "../ChannelOptions.ts"
import { CELL_HEADER_BYTES } from "./sharedRings.ts"

/** Most ends of a channel at the same time. */
export const endsOf = (settings: Settings, options: SharedOptions): number => {
  const ends = settings.kind === "spsc" ? 2 : options.ends ?? 16
  if (!(Number.isInteger(ends) && ends >= 2 && ends <= MAX_ROWS)) {
    refuse(settings.name, "ends", ends, `a whole number from 2 to ${MAX_ROWS}`)
  }
  return ends
}

/** What a message takes when its size is not known in advance. */
const USUAL_BYTES = 128
/** Least memory where sizes vary: a message of a quarter of it fits. */
const VARIABLE_BYTES = 64 * 1024
/** Most memory that is taken unasked. */
const MOST_BYTES = 16 * 1024 * 1024

const bufferBytesOf = (settings: Settings, options: SharedOptions, fixedBytes: number | undefined): number => {
  if (options.bufferBytes !== undefined) {
    if (!isCapacity(options.bufferBytes)) {
      refuse(
        settings.name,
        "bufferBytes",
        options.bufferBytes,
        `a power of two from ${MIN_CAPACITY_BYTES} to ${MAX_CAPACITY_BYTES}`
      )
    }
    return options.bufferBytes
  }
  const messages = settings.capacity === Infinity ? 1024 : settings.capacity
  // A header, rounding up, and as much again as the last message may leave free at the end of the memory.
  const wanted = (messages + 1) * ((fixedBytes ?? USUAL_BYTES) + 40)
  const least = fixedBytes === undefined ? VARIABLE_BYTES : Math.max(MIN_CAPACITY_BYTES, (fixedBytes + 40) * 8)
  return powerOfTwo(Math.min(Math.max(wanted, least), Math.max(MOST_BYTES, least)))
}

/** Most cells taken for an unbounded channel. */
const UNBOUNDED_SLOTS = 1024
/** Bytes of a cell for messages whose size is not known in advance. */
const CELL_BYTES = 256

const createCells = (settings: Settings, options: SharedOptions, fixedBytes: number | undefined): SharedArrayBuffer => {
  const slots = settings.capacity === Infinity ? UNBOUNDED_SLOTS : settings.capacity
  if (slots < 2 || (slots & (slots - 1)) !== 0) {
    refuse(settings.name, "capacity", slots, `a power of two, at least 2, for kind "mpmc" between threads`)
  }
  const messageBytes = options.messageBytes ?? fixedBytes ?? CELL_BYTES
  const most = MpmcRing.MAX_RECORD_BYTES - CELL_HEADER_BYTES
  if (!(Number.isInteger(messageBytes) && messageBytes >= 0 && messageBytes <= most && messageBytes % 8 === 0)) {
    refuse(
      settings.name,
      "messageBytes",
      messageBytes,
      `a multiple of 8 up to ${most}; larger messages move through an arena`
    )
  }
  return MpmcRing.create(slots, messageBytes + CELL_HEADER_BYTES)
}

/** A message takes at most a chunk, and a reader that stands still takes one out of use: twice as many as readers need. */
const createBroadcast = (
  settings: Settings,
  options: SharedOptions,
  fixedBytes: number | undefined,
  ends: number
): SharedArrayBuffer => {
  const chunks = powerOfTwo(2 * (ends + 2))
  const capacityBytes = bufferBytesOf(settings, options, fixedBytes)
  if (options.bufferBytes !== undefined) return BroadcastRing.create({ capacityBytes, readers: ends, chunks })
  const leastChunk = powerOfTwo(fixedBytes === undefined ? VARIABLE_BYTES / 4 : (fixedBytes + 8) * 2)
  return BroadcastRing.create({
    capacityBytes: Math.max(capacityBytes * 2, leastChunk * chunks),
    readers: ends,
    chunks
  })
}

const powerOfTwo = (bytes: number): number => 2 ** Math.ceil(Math.log2(bytes))

/** Makes the ring of a channel. */
export const createRing = (
  settings: Settings,
  options: SharedOptions,
  fixedBytes: number | undefined,
  ends: number
): SharedArrayBuffer => {
  const { kind, name, overflow } = settings
  if (overflow === "dropOldest" && (kind === "spsc" || kind === "mpsc")) {
    refuse(
      name,
      "overflow",
      overflow,
      `"suspend", "fail" or "dropNewest" for kind "${kind}" between threads: only who may receive may drop the oldest`
    )
  }
  switch (kind) {
    case "spsc":
      return SpscRing.create(bufferBytesOf(settings, options, fixedBytes))
    case "mpsc":
      return MpscRing.create(bufferBytesOf(settings, options, fixedBytes))
    case "mpmc":
      return createCells(settings, options, fixedBytes)
    case "broadcast":
      return createBroadcast(settings, options, fixedBytes, ends)
  }
}

const isCapacity = (bytes: number): boolean =>
  Number.isInteger(bytes) && bytes >= MIN_CAPACITY_BYTES && bytes <= MAX_CAPACITY_BYTES && (bytes & (bytes - 1)) === 0
