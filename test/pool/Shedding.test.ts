import { describe, expect, it } from "vitest"
import * as JobTable from "../../src/memory/JobTable.ts"
import { Shedding } from "../../src/pool/internal/shedding.ts"

const made = () => {
  const table = new JobTable.JobTable(JobTable.create({ submitters: 1, jobs: 4, slotBytes: 128, workers: 1 }))
  const shedding = new Shedding(table, 0, 4)
  const queue = (slot: number): void => {
    table.enqueue(slot, 0, 0, Infinity)
    shedding.queued(slot, 0)
  }
  const free = (slot: number): void => {
    table.free(slot)
    shedding.released(slot)
  }
  return { table, shedding, queue, free, number: JobTable.numberOf(0, 1) }
}

describe("what is given up", () => {
  it("is the oldest job that waits, whatever its slot had before", () => {
    const { free, queue, shedding } = made()
    for (const slot of [0, 1, 2]) queue(slot)
    for (const slot of [0, 1, 2]) free(slot)
    for (const slot of [2, 1, 0]) queue(slot)
    expect([shedding.withdraw(0), shedding.withdraw(0), shedding.withdraw(0), shedding.withdraw(0)]).toEqual([
      2,
      1,
      0,
      -1
    ])
    expect(shedding.outstanding).toBe(3)
    for (const slot of [0, 1, 2]) free(slot)
    expect(shedding.outstanding).toBe(0)
  })

  it("is none that a worker has begun, and none that waits again after that", () => {
    const { number, queue, shedding, table } = made()
    for (const slot of [0, 1, 2]) queue(slot)
    for (const slot of [0, 1]) table.begin(slot, number)
    table.again(1)
    shedding.kept(1)
    expect([shedding.withdraw(0), shedding.withdraw(0)]).toEqual([2, -1])
    expect(table.stageOf(1)).toBe(JobTable.QUEUED)
  })

  it("is found among as many as there are, however many came and went", () => {
    const { free, queue, shedding } = made()
    for (let i = 0; i < 1000; i++) {
      queue(i & 1)
      free(i & 1)
    }
    queue(3)
    for (let i = 0; i < 1000; i++) {
      queue(i & 1)
      free(i & 1)
    }
    expect([shedding.withdraw(0), shedding.withdraw(0)]).toEqual([3, -1])
  })
})
