/**
 * Finds data races: two accesses of one word by two threads, at least one of them a write and at least one plain, with
 * no chain of atomic operations that puts one after the other.
 *
 * The explorer interleaves atomic operations only, which covers everything that real threads can do as long as plain
 * accesses never race. This is where that is checked, in every schedule: each thread has a vector clock, an atomic write
 * hands the writer's clock to the atomic reads that see it, and the lock of a waiter list hands it from one holder to
 * the next. A plain access asks whether the last accesses of the same word lie in the thread's past.
 *
 * Words are 4 bytes: two threads that write different bytes of one word are reported, too. Only accesses in shared
 * memory by a thread of the exploration count; what a program does before its threads start, or in its check, does not.
 *
 * Source: FastTrack (Flanagan, Freund, PLDI 2009); the memory model of ECMA-262.
 */
import type { Cells } from "./request.ts"
import { nameOf } from "./trace.ts"
import { Violation } from "./violation.ts"

/** Threads of one schedule, the ones that start after a death included. */
export const MAX_THREADS = 8

/** What a thread knows of each thread. */
type Clock = Array<number>

const newClock = (): Clock => [0, 0, 0, 0, 0, 0, 0, 0]

const SHARED_READ = -1

/** What is known about one atomic word. */
interface Location {
  /** What a load learns. */
  readonly clock: Clock
  /** What the next holder of the waiter list's lock learns. */
  readonly lock: Clock
  /** The last atomic read and write of each thread. */
  readonly reads: Clock
  readonly writes: Clock
}

/** What a thread has written into a word, and when by its clock; by nobody what was there before. */
interface Written {
  readonly value: number
  readonly by: number
  readonly time: number
}

const NOBODY = -1

/** What is known about one buffer. Entries of another generation are of an earlier schedule. */
interface Shadow {
  readonly generation: Int32Array
  /** The generation in which a word was accessed atomically. */
  readonly atomicIn: Int32Array
  /** The last plain write and read of a word: a clock value times {@link MAX_THREADS}, plus the thread. */
  readonly writes: Int32Array
  readonly reads: Int32Array
  readonly sharedReads: Map<number, Clock>
  /** Of words that race by design: what a thread may find there, the oldest first. */
  readonly histories: Map<number, Array<Written>>
  /** By word; of an earlier schedule unless `atomicIn` says otherwise. */
  readonly locations: Array<Location | undefined>
  buffer: ArrayBufferLike
}

let generation = 0
const clocks: Array<Clock> = []
let names: ReadonlyArray<string> = []
const shadows = new Map<unknown, Shadow | null>()
let pool: Array<Shadow> = []
let pooled = 0
let lastBuffer: unknown
let lastShadow: Shadow | null = null
/** The thread whose step this is; -1 when accesses do not count. */
let current = -1

/** Tells the words that race by design. */
type Racing = (word: number, buffer: ArrayBufferLike) => boolean

let racing: Racing | undefined

const isRacing = (word: number, buffer: ArrayBufferLike): boolean => racing !== undefined && racing(word, buffer)

/** Hears of every access that is no plain one, and of all to words that race by design: words of different buffers may have one number. */
export type Heard = (word: number, writes: boolean, thread: number) => void

let heard: Heard | undefined

/** Chooses one of so many. */
export type Pick = (options: number) => number

let pick: Pick = () => 0

/** In how many gated calls each thread is. */
const depths = newClock()
/** The least that it was of the thread whose turn it is, since this was last asked. */
let leastDepth = 0

/** A gated call begins. */
export const enter = (): void => {
  if (current >= 0) depths[current]!++
}

/** A gated call is over. */
export const leave = (): void => {
  if (current < 0) return
  leastDepth = Math.min(leastDepth, --depths[current]!)
}

/** Whether code of the program itself has run in this step, outside of all gated calls. */
export const ranProgram = (): boolean => leastDepth === 0

/** Whether the thread whose step this is may die in the middle of it. */
let isMortal = false
/** It has written a word of shared memory by a plain access since it was last asked. */
let hasWritten = false

/** Begins a schedule with so many threads, and words that may race. */
export const begin = (
  threads: ReadonlyArray<string>,
  mayRace?: Racing,
  hears?: Heard,
  picks: Pick = () => 0
): void => {
  racing = mayRace
  heard = hears
  pick = picks
  generation++
  names = threads
  hasWritten = false
  shadows.clear()
  pooled = 0
  lastBuffer = undefined
  for (let i = 0; i < threads.length; i++) join(i, undefined)
}

/** A thread starts, after everything that another, dead one has done. */
export const join = (thread: number, dead: number | undefined): void => {
  if (thread >= MAX_THREADS) throw new Error(`more than ${MAX_THREADS} threads in one schedule`)
  const clock = clocks[thread] ??= newClock()
  clock.fill(0)
  if (dead !== undefined) acquire(clock, clocks[dead]!)
  clock[thread] = 1
  depths[thread] = 0
}

/** From here on steps are those of a thread; -1 for none. */
export const run = (thread: number, mayDie = false): void => {
  current = thread
  isMortal = mayDie
  leastDepth = thread < 0 ? 0 : depths[thread]!
}

/** Whether there was a plain write since this was last asked, or {@link cuts} was. */
export const wrote = (): boolean => {
  const has = hasWritten
  hasWritten = false
  return has
}

/** Whether a thread that may die has just written to shared memory: between this and the next plain write it may die. */
export const cuts = (): boolean => {
  if (!hasWritten) return false
  hasWritten = false
  return isMortal
}

/** Whether this is part of a step of a thread. */
export const isRunning = (): boolean => current >= 0

const newShadow = (buffer: ArrayBufferLike): Shadow => {
  const found = pool[pooled]
  const words = (buffer.byteLength + 3) >> 2
  if (found !== undefined && found.generation.length === words) {
    found.sharedReads.clear()
    found.histories.clear()
    found.buffer = buffer
    return pool[pooled++]!
  }
  pool = pool.slice(0, pooled)
  const shadow: Shadow = {
    generation: new Int32Array(words),
    atomicIn: new Int32Array(words),
    writes: new Int32Array(words),
    reads: new Int32Array(words),
    sharedReads: new Map(),
    histories: new Map(),
    locations: [],
    buffer
  }
  pool.push(shadow)
  pooled++
  return shadow
}

const shadowOf = (buffer: ArrayBufferLike): Shadow | null => {
  if (buffer === lastBuffer) return lastShadow
  let shadow = shadows.get(buffer)
  if (shadow === undefined) {
    shadow = buffer instanceof SharedArrayBuffer ? newShadow(buffer) : null
    shadows.set(buffer, shadow)
  }
  lastBuffer = buffer
  lastShadow = shadow
  return shadow
}

const locationOf = (shadow: Shadow, word: number): Location => {
  const known = shadow.locations[word]
  if (known !== undefined && shadow.atomicIn[word] === generation) return known
  shadow.atomicIn[word] = generation
  if (known === undefined) {
    return shadow.locations[word] = { clock: newClock(), lock: newClock(), reads: newClock(), writes: newClock() }
  }
  known.clock.fill(0)
  known.lock.fill(0)
  known.reads.fill(0)
  known.writes.fill(0)
  return known
}

const race = (shadow: Shadow, word: number, mine: string, other: number, theirs: string): never => {
  throw new Violation(
    `data race: ${names[current]} ${mine} word ${word} of buffer ${nameOf(shadow.buffer)} that ${
      names[other]
    } ${theirs}, `
      + `with no atomic operations that put one after the other`
  )
}

/** The last plain write of a word must lie in the past of the current thread. */
const afterWrites = (shadow: Shadow, word: number, clock: Clock, mine: string): void => {
  const last = shadow.writes[word]!
  const writer = last % MAX_THREADS
  if ((last - writer) / MAX_THREADS > clock[writer]!) race(shadow, word, mine, writer, "writes")
}

/** The last plain reads of a word must lie in the past of the current thread. */
const afterReads = (shadow: Shadow, word: number, clock: Clock, mine: string): void => {
  const last = shadow.reads[word]!
  if (last === SHARED_READ) {
    afterAll(shadow, word, shadow.sharedReads.get(word)!, clock, mine, "reads")
    return
  }
  const reader = last % MAX_THREADS
  if ((last - reader) / MAX_THREADS > clock[reader]!) race(shadow, word, mine, reader, "reads")
}

const afterAll = (
  shadow: Shadow,
  word: number,
  accesses: Clock,
  clock: Clock,
  mine: string,
  theirs: string
): void => {
  for (let thread = 0; thread < MAX_THREADS; thread++) {
    if (accesses[thread]! > clock[thread]!) race(shadow, word, mine, thread, theirs)
  }
}

const plainRead = (shadow: Shadow, word: number, clock: Clock, mine: number): void => {
  if (shadow.generation[word] === generation) {
    afterWrites(shadow, word, clock, "reads")
  } else {
    shadow.generation[word] = generation
    shadow.writes[word] = 0
    shadow.reads[word] = 0
  }
  if (shadow.atomicIn[word] === generation) {
    afterAll(shadow, word, shadow.locations[word]!.writes, clock, "reads", "writes atomically")
  }
  const last = shadow.reads[word]!
  if (last === SHARED_READ) {
    shadow.sharedReads.get(word)![current] = clock[current]!
    return
  }
  const reader = last % MAX_THREADS
  const read = (last - reader) / MAX_THREADS
  if (reader === current || read <= clock[reader]!) {
    shadow.reads[word] = mine
    return
  }
  const all = newClock()
  all[reader] = read
  all[current] = clock[current]!
  shadow.sharedReads.set(word, all)
  shadow.reads[word] = SHARED_READ
}

const plainWrite = (shadow: Shadow, word: number, clock: Clock, mine: number): void => {
  if (shadow.generation[word] === generation) {
    afterWrites(shadow, word, clock, "writes")
    afterReads(shadow, word, clock, "writes")
  } else {
    shadow.generation[word] = generation
  }
  if (shadow.atomicIn[word] === generation) {
    const location = shadow.locations[word]!
    afterAll(shadow, word, location.writes, clock, "writes", "writes atomically")
    afterAll(shadow, word, location.reads, clock, "writes", "reads atomically")
  }
  shadow.writes[word] = mine
  shadow.reads[word] = 0
}

/** A plain access of bytes, by the current thread. */
export const access = (view: ArrayBufferView, fromByte: number, bytes: number, writes: boolean): void => {
  if (current < 0) return
  const shadow = shadowOf(view.buffer)
  if (shadow === null) return
  if (writes) hasWritten = true
  const from = view.byteOffset + fromByte
  const end = Math.min(from + bytes, view.byteOffset + view.byteLength)
  const clock = clocks[current]!
  const mine = clock[current]! * MAX_THREADS + current
  for (let word = from >> 2; word * 4 < end; word++) {
    if (isRacing(word, shadow.buffer)) {
      heard?.(word, writes, current)
      continue
    }
    if (writes) plainWrite(shadow, word, clock, mine)
    else plainRead(shadow, word, clock, mine)
  }
}

const acquire = (clock: Clock, from: Clock): void => {
  for (let i = 0; i < MAX_THREADS; i++) if (from[i]! > clock[i]!) clock[i] = from[i]!
}

/** Makes others' clock a copy of the thread's; what the thread does from here on is not in it. */
const release = (clock: Clock, to: Clock): void => {
  for (let i = 0; i < MAX_THREADS; i++) to[i] = clock[i]!
  clock[current]!++
}

const atomic = (cells: Cells, index: number, writes: boolean): readonly [Shadow, number, Location] | undefined => {
  if (current < 0) return undefined
  const shadow = shadowOf(cells.buffer)
  if (shadow === null) return undefined
  const word = (cells.byteOffset + index * cells.BYTES_PER_ELEMENT) >> 2
  heard?.(word, writes, current)
  if (shadow.generation[word] !== generation) {
    shadow.generation[word] = generation
    shadow.writes[word] = 0
    shadow.reads[word] = 0
  }
  return [shadow, word, locationOf(shadow, word)]
}

/** An atomic read, by the current thread. */
export const load = (cells: Cells, index: number): void => {
  const found = atomic(cells, index, false)
  if (found === undefined) return
  const [shadow, word, location] = found
  const clock = clocks[current]!
  acquire(clock, location.clock)
  if (!isRacing(word, shadow.buffer)) afterWrites(shadow, word, clock, "reads atomically")
  location.reads[current] = clock[current]!
}

const write = (shadow: Shadow, word: number, location: Location, clock: Clock): void => {
  if (!isRacing(word, shadow.buffer)) {
    afterWrites(shadow, word, clock, "writes atomically")
    afterReads(shadow, word, clock, "writes atomically")
  }
  location.writes[current] = clock[current]!
  release(clock, location.clock)
}

/** An atomic write that does not look at what was there, by the current thread. */
export const store = (cells: Cells, index: number): void => {
  const found = atomic(cells, index, true)
  if (found !== undefined) write(found[0], found[1], found[2], clocks[current]!)
}

/** An atomic read and write in one, by the current thread. */
export const rewrite = (cells: Cells, index: number): void => {
  const found = atomic(cells, index, true)
  if (found === undefined) return
  const clock = clocks[current]!
  acquire(clock, found[2].clock)
  found[2].reads[current] = clock[current]!
  write(found[0], found[1], found[2], clock)
}

/** The current thread takes the lock of a cell's waiter list and gives it back. */
export const locked = (cells: Cells, index: number): void => {
  const found = atomic(cells, index, true)
  if (found === undefined) return
  const clock = clocks[current]!
  acquire(clock, found[2].lock)
  release(clock, found[2].lock)
}

const wordOf = (cells: Cells, index: number): number => (cells.byteOffset + index * cells.BYTES_PER_ELEMENT) >> 2

/** A word that races by design is about to be written. What was there before an atomic write nobody finds any more. */
export const overwrite = (cells: Cells, index: number, value: number, isAtomic: boolean): void => {
  if (racing === undefined || current < 0) return
  const word = wordOf(cells, index)
  const shadow = shadowOf(cells.buffer)
  if (shadow === null || !isRacing(word, cells.buffer)) return
  const written = { value, by: current, time: clocks[current]![current]! }
  const history = isAtomic ? undefined : shadow.histories.get(word)
  if (history !== undefined) history.push(written)
  else if (isAtomic) shadow.histories.set(word, [written])
  else shadow.histories.set(word, [{ value: cells[index]!, by: NOBODY, time: 0 }, written])
}

/**
 * What a thread finds in a word: of one that races by design any of the values that it does not know to be overwritten, for a plain
 * store may be seen late by who is not told of it.
 */
export const find = (cells: Cells, index: number, value: number): number => {
  if (racing === undefined || current < 0) return value
  const history = shadowOf(cells.buffer)?.histories.get(wordOf(cells, index))
  if (history === undefined) return value
  const isKnown = ({ by, time }: Written): boolean => by === NOBODY || clocks[current]![by]! >= time
  const known = history.findLastIndex(isKnown)
  const options = history.length - Math.max(known, 0)
  return options === 1 ? value : history[history.length - 1 - pick(options)]!.value
}
