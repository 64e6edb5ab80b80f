/**
 * Mebibytes that go to another thread and come back: this side writes a word of every page, the other one changes it, this side
 * adds them up.
 */
import type { Measured, Params } from "./Case.ts"
import { microsEach, sample, turn } from "./Sampling.ts"

/** Bytes of what is sent. */
export const BYTES = 1 << 20

/** How many are on their way at a time. */
export const IN_FLIGHT = 8

const WORDS_A_PAGE = 1024
const PAGES = BYTES / 4 / WORDS_A_PAGE

const fill = (words: Int32Array, trip: number): void => {
  for (let page = 0; page < PAGES; page++) words[page * WORDS_A_PAGE] = trip + page
}

const total = (words: Int32Array): number => {
  let sum = 0
  for (let page = 0; page < PAGES; page++) sum += words[page * WORDS_A_PAGE]!
  return sum
}

/** What the other side does to the words. */
export const change = (words: Int32Array): void => {
  for (let page = 0; page < PAGES; page++) words[page * WORDS_A_PAGE]!++
}

/** How a subject sends what it has, a `T`, and receives it again. */
export interface Route<T> {
  readonly make: () => T
  readonly words: (one: T) => Int32Array
  readonly send: (one: T) => void
  readonly receive: () => T | Promise<T>
}

/** Measures `params.count` trips, {@link IN_FLIGHT} of them on their way: what comes back goes out again. */
export const measureTrips = async <T>(params: Params, route: Route<T>): Promise<Measured> => {
  const here = Array.from({ length: IN_FLIGHT }, route.make)
  const received = { count: 0, checksum: 0 }
  const expected = { count: 0, checksum: 0 }
  const samples = await sample(params, async () => {
    // What the last sample left for the collector is not this one's.
    await turn()
    const before = performance.now()
    let sent = 0
    for (let back = 0; back < params.count; back++) {
      for (let one = here.pop(); one !== undefined && sent < params.count; one = here.pop()) {
        fill(route.words(one), sent++)
        route.send(one)
      }
      const pending = route.receive()
      const one = pending instanceof Promise ? await pending : pending
      received.checksum += total(route.words(one))
      received.count++
      here.push(one)
    }
    expected.count += params.count
    expected.checksum += PAGES * (params.count * (params.count + 1) / 2 + params.count * (PAGES - 1) / 2)
    return microsEach(performance.now() - before, params.count)
  })
  return { samples, received, expected }
}
