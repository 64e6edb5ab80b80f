/**
 * The deque of this library: the owner alone, and with one thief.
 */
import { create, EMPTY, StealOwner } from "../../src/memory/StealDeque.ts"
import type { Measured, Params, Tally } from "../runner/Case.ts"
import { nanosEach, sample } from "../runner/Sampling.ts"
import { startThief } from "./thief.ts"

const SLOTS = 1024

const expectedTally = (params: Params): Tally => {
  const rounds = params.samples + params.warmups
  return { count: rounds * params.count, checksum: rounds * (params.count * (params.count - 1) / 2) }
}

/** Pushes two handles and pops two. */
export const alone = async (params: Params): Promise<Measured> => {
  const owner = new StealOwner(create(SLOTS))
  let count = 0
  let checksum = 0
  const run = (handles: number): void => {
    for (let handle = 0; handle < handles; handle += 2) {
      owner.push(handle)
      owner.push(handle + 1)
      const first = owner.pop()
      const second = owner.pop()
      if (first >= 0 && second >= 0) count += 2
      checksum += first + second
    }
  }
  const samples = await sample(params, () => {
    const before = performance.now()
    run(params.count)
    return nanosEach(performance.now() - before, params.count)
  })
  return { samples, received: { count, checksum }, expected: expectedTally(params) }
}

/** Pushes all handles and pops after every fourth, while a thief steals. */
export const withThief = async (params: Params): Promise<Measured> => {
  const deque = create(SLOTS)
  const owner = new StealOwner(deque)
  const thief = await startThief(deque)
  let count = 0
  let checksum = 0
  const run = (handles: number): void => {
    for (let handle = 0; handle < handles; handle++) {
      while (!owner.push(handle));
      if ((handle & 3) !== 3) continue
      const popped = owner.pop()
      if (popped === EMPTY) continue
      count++
      checksum += popped
    }
    for (let popped = owner.pop(); popped !== EMPTY; popped = owner.pop()) {
      count++
      checksum += popped
    }
  }
  const samples = await sample(params, () => {
    const before = performance.now()
    run(params.count)
    return nanosEach(performance.now() - before, params.count)
  })
  const stolen = await thief.stop()
  return {
    samples,
    received: { count: count + stolen.count, checksum: checksum + stolen.checksum },
    expected: expectedTally(params)
  }
}
