/**
 * The memory of each shape of ring, as large as the options of a channel between threads ask for.
 */
import * as BroadcastRing from "../../memory/BroadcastRing.ts"
import { MAX_CAPACITY_BYTES, MIN_CAPACITY_BYTES, MIN_CHUNK_BYTES } from "../../memory/Layouts.ts"
import * as MpmcRing from "../../memory/MpmcRing.ts"
import * as MpscRing from "../../memory/MpscRing.ts"
import * as SpscRing from "../../memory/SpscRing.ts"
import { refuse, type Settings, type SharedOptions } from "../ChannelOptions.ts"

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
    if (!isCapacity(options.bufferBytes, leastBytes, MAX_CAPACITY_BYTES)) {
      const requirement = `a power of two from ${leastBytes} to ${MAX_CAPACITY_BYTES}`
      refuse(settings.name, "bufferBytes", options.bufferBytes, requirement)
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
/** Bytes that all cells may take: 2 GiB, less what is in front of them. */
const MOST_CELLS_BYTES = 2 ** 31 - 65_536
/** Bytes of a cell beside its message. */
const CELL_HEADER_BYTES = 16
/** Bytes of a cell for messages whose size is not known in advance. */
const CELL_BYTES = 256

/** Cells of one size, for kind mpmc. */
export const createCells = (
  settings: Settings,
  options: SharedOptions,
  fixedBytes: number | undefined,
  ends: number
): SharedArrayBuffer => {
  const slots = settings.capacity === Infinity ? UNBOUNDED_SLOTS : settings.capacity
  if (slots < 2 || (slots & (slots - 1)) !== 0) {
    refuse(settings.name, "capacity", slots, `a power of two, at least 2, for kind "mpmc" between threads`)
  }
  const { messageBytes = fixedBytes ?? CELL_BYTES } = options
  // A schema with one value, such as null, takes no bytes.
  const least = options.messageBytes === undefined ? 0 : Math.max(8, fixedBytes ?? 8)
  const most = MpmcRing.MAX_RECORD_BYTES
  if (!(Number.isInteger(messageBytes) && messageBytes >= least && messageBytes <= most && messageBytes % 8 === 0)) {
    const why = least > 8 ? `, what every message of the schema takes,` : ""
    refuse(
      settings.name,
      "messageBytes",
      messageBytes,
      `a multiple of 8 from ${least}${why} to ${most}; larger messages move through an arena`
    )
  }
  const mostSlots = 2 ** Math.floor(Math.log2(MOST_CELLS_BYTES / (messageBytes + CELL_HEADER_BYTES)))
  if (slots > mostSlots) {
    const requirement = `at most ${mostSlots} for messages of ${messageBytes} bytes each: the memory ends at 2 GiB`
    refuse(settings.name, "capacity", slots, requirement)
  }
  return MpmcRing.create(slots, Math.max(8, messageBytes), ends)
}

/** Records of any size, from one sender or, where a number of ends is given, in a ring for each of them. */
export const createRecords = (
  settings: Settings,
  options: SharedOptions,
  fixedBytes: number | undefined,
  ends?: number
): SharedArrayBuffer => {
  const bytes = bufferBytesOf(settings, options, fixedBytes)
  return ends === undefined ? SpscRing.create(bytes) : MpscRing.create(bytes, ends)
}

/** A message takes at most a chunk, and a reader that stands still takes one out of use: twice as many as readers need. */
export const createBroadcast = (
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

const isCapacity = (bytes: number, least: number, most: number): boolean =>
  Number.isInteger(bytes) && bytes >= least && bytes <= most && (bytes & (bytes - 1)) === 0
