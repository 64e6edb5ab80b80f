/**
 * The memory of a channel between threads, as large as its options ask for.
 */
import * as BroadcastRing from "../../memory/BroadcastRing.ts"
import {
  MAX_CAPACITY_BYTES,
  MAX_MPSC_CAPACITY_BYTES,
  MIN_CAPACITY_BYTES,
  MIN_CHUNK_BYTES
} from "../../memory/Layouts.ts"
import { InvalidCapacity } from "../../memory/MemoryError.ts"
import * as MpmcRing from "../../memory/MpmcRing.ts"
import * as MpscRing from "../../memory/MpscRing.ts"
import { MAX_ROWS } from "../../memory/Roster.ts"
import * as SpscRing from "../../memory/SpscRing.ts"
import { refuse, type Settings, type SharedOptions } from "../ChannelOptions.ts"
import { CELL_HEADER_BYTES } from "./sharedRings.ts"

/** Most ends of a channel at the same time. */
export const endsOf = (settings: Settings, options: SharedOptions): number => {
  const ends = settings.kind === "spsc" ? 2 : options.ends === undefined ? 16 : options.ends
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

const bufferBytesOf = (
  settings: Settings,
  options: SharedOptions,
  fixedBytes: number | undefined,
  leastBytes = MIN_CAPACITY_BYTES
): number => {
  if (options.bufferBytes !== undefined) {
    const mostBytes = settings.kind === "mpsc" ? MAX_MPSC_CAPACITY_BYTES : MAX_CAPACITY_BYTES
    if (!isCapacity(options.bufferBytes, leastBytes, mostBytes)) {
      refuse(settings.name, "bufferBytes", options.bufferBytes, `a power of two from ${leastBytes} to ${mostBytes}`)
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
/** Bytes that all cells may take: 2 GiB, less what the ring's descriptor takes. */
const MOST_CELLS_BYTES = 2 ** 31 - 4096
/** Bytes of a cell for messages whose size is not known in advance. */
const CELL_BYTES = 256

const createCells = (settings: Settings, options: SharedOptions, fixedBytes: number | undefined): SharedArrayBuffer => {
  const slots = settings.capacity === Infinity ? UNBOUNDED_SLOTS : settings.capacity
  if (slots < 2 || (slots & (slots - 1)) !== 0) {
    refuse(settings.name, "capacity", slots, `a power of two, at least 2, for kind "mpmc" between threads`)
  }
  const { messageBytes = fixedBytes ?? CELL_BYTES } = options
  // A schema with one value, such as null, takes no bytes.
  const least = options.messageBytes === undefined ? 0 : Math.max(8, fixedBytes ?? 8)
  const most = MpmcRing.MAX_RECORD_BYTES - CELL_HEADER_BYTES
  if (!(Number.isInteger(messageBytes) && messageBytes >= least && messageBytes <= most && messageBytes % 8 === 0)) {
    const why = least > 8 ? `, what every message of the schema takes,` : ""
    refuse(
      settings.name,
      "messageBytes",
      messageBytes,
      `a multiple of 8 from ${least}${why} to ${most}; larger messages move through an arena`
    )
  }
  const mostSlots = 2 ** Math.floor(Math.log2(MOST_CELLS_BYTES / (messageBytes + 2 * CELL_HEADER_BYTES)))
  if (slots > mostSlots) {
    const requirement = `at most ${mostSlots} for messages of ${messageBytes} bytes each: the memory ends at 2 GiB`
    refuse(settings.name, "capacity", slots, requirement)
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
  const leastBytes = Math.max(MIN_CAPACITY_BYTES, MIN_CHUNK_BYTES * chunks)
  const capacityBytes = bufferBytesOf(settings, options, fixedBytes, leastBytes)
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
  if (kind === "mpmc" && options.bufferBytes !== undefined) {
    refuse(
      name,
      "bufferBytes",
      options.bufferBytes,
      `left out for kind "mpmc", whose memory is capacity times messageBytes`
    )
  }
  if (kind !== "mpmc" && options.messageBytes !== undefined) {
    refuse(name, "messageBytes", options.messageBytes, `left out for kind "${kind}", whose memory is bufferBytes`)
  }
  try {
    return allocate(settings, options, fixedBytes, ends)
  } catch (error) {
    // More than the rings allow, or than the process has.
    if (!(error instanceof InvalidCapacity || error instanceof RangeError)) throw error
    const [option, value] = options.bufferBytes === undefined
      ? ["capacity", settings.capacity]
      : ["bufferBytes", options.bufferBytes]
    return refuse(name, option, value, `less: its memory cannot be had (${error.message})`)
  }
}

const allocate = (
  settings: Settings,
  options: SharedOptions,
  fixedBytes: number | undefined,
  ends: number
): SharedArrayBuffer => {
  switch (settings.kind) {
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

const isCapacity = (bytes: number, least: number, most: number): boolean =>
  Number.isInteger(bytes) && bytes >= least && bytes <= most && (bytes & (bytes - 1)) === 0
