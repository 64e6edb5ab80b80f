import { describe, expect, it } from "vitest"
import { HIGH, LOW, NORMAL } from "../../src/actor/kernel/Ageing.ts"
import type { JobWaiter } from "../../src/pool/internal/job.ts"
import { Line } from "../../src/pool/internal/line.ts"
import { tellWaiterOf } from "../../src/pool/internal/waiter.ts"
import { seeded } from "../memory/seeded.ts"

interface Waiting {
  readonly waiter: JobWaiter
  readonly own: number
  readonly key: number
}

const made = (sheds = true) => {
  const line = new Line(sheds)
  const join = (own: number, key = 0): Waiting => {
    const waiter = tellWaiterOf(0, undefined, undefined, () => {})
    line.push(waiter, own, key, true)
    return { waiter, own, key }
  }
  return { line, join }
}

describe("who waits for room and is given up", () => {
  it("is the oldest of his own level, wherever he stands", () => {
    const { join, line } = made()
    const low = join(LOW, 1)
    const urgent = join(HIGH, 1)
    const high = join(HIGH, 2)
    const lowBehind = join(LOW, 2)
    const normal = join(NORMAL)
    // What has a key stands in the line of those with that key.
    expect([urgent.waiter.level, lowBehind.waiter.level]).toEqual([LOW, HIGH])
    expect(line.shed(LOW)).toBe(low.waiter)
    expect(line.shed(LOW)).toBe(lowBehind.waiter)
    expect(line.shed(LOW)).toBeUndefined()
    expect(line.shed(NORMAL)).toBe(normal.waiter)
    expect(line.shed(HIGH)).toBe(urgent.waiter)
    expect(line.shed(HIGH)).toBe(high.waiter)
    expect(line.length).toBe(0)
  })

  it("is none of whom that may not be", () => {
    const { join, line } = made()
    const waiter = tellWaiterOf(0, undefined, undefined, () => {})
    line.push(waiter, LOW, 0, false)
    const other = join(LOW)
    expect([line.shed(LOW), line.shed(LOW), line.first(), line.length]).toEqual([other.waiter, undefined, waiter, 1])
  })

  it("is nobody where nothing is given up", () => {
    const { join, line } = made(false)
    join(LOW)
    expect([line.shed(LOW), line.length]).toEqual([undefined, 1])
  })

  it("is none who has been let in, or has given up by himself, whatever came and went", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const below = seeded(seed)
      const { join, line } = made()
      let waiting: Array<Waiting> = []
      const left = (gone: JobWaiter) => {
        expect(gone.abandoned).toBe(true)
        expect(waiting.some(({ waiter }) => waiter === gone)).toBe(true)
        waiting = waiting.filter(({ waiter }) => waiter !== gone)
      }
      for (let step = 0; step < 600; step++) {
        const kind = below(6)
        if (kind < 3) waiting.push(join(below(3), below(4)))
        else if (kind === 3) {
          const first = line.first()
          expect(first === undefined).toBe(waiting.length === 0)
          if (first === undefined) continue
          line.shift(first)
          left(first)
        } else if (kind === 4 && waiting.length > 0) {
          const { waiter } = waiting[below(waiting.length)]!
          line.abandon(waiter)
          left(waiter)
        } else {
          const own = below(3)
          const oldest = waiting.find((one) => one.own === own)
          const shed = line.shed(own)
          expect(shed).toBe(oldest?.waiter)
          if (shed !== undefined) left(shed)
        }
        expect(line.length).toBe(waiting.length)
      }
    }
  })
})
