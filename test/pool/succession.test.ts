/** A row of a pool that becomes another thread's: workers find that out, whose streams were read from there. */
import { assert, describe, it } from "@effect/vitest"
import { createMemory, HOST_OWNER, openMemory, rowOf, succeed } from "../../src/pool/internal/memory.ts"
import { thread } from "../../src/thread/kernel/CurrentThread.ts"

const made = () => {
  const memory = createMemory({ workers: 2, least: 2, clients: 1, capacity: 2, arenaBytes: 65_536 })
  return openMemory(thread, memory, HOST_OWNER)
}

const ROW = 3

describe("a row that becomes another thread's", () => {
  it("says so, and no other one does", () => {
    const { table, ...access } = made()
    const rows = [0, 1, 2, ROW]
    succeed({ table, ...access }, { defined: 1, messages: [1, 2], row: ROW })
    assert.deepStrictEqual(rows.map((row) => table.heirsOf(row)), [0, 0, 0, 1])
    assert.strictEqual(table.successions(), 1)
    succeed({ table, ...access }, { defined: 1, messages: [1, 2], row: rowOf(0) })
    assert.deepStrictEqual(rows.map((row) => table.heirsOf(row)), [0, 1, 0, 1])
    assert.strictEqual(table.successions(), 2)
  })

  it("wakes the workers, and nobody where there are no streams", () => {
    const access = made()
    const bells = access.bells.slice(1, 3)
    for (const bell of bells) bell.prepare()
    succeed(access, { defined: 2, messages: [1, 2], row: ROW })
    for (const bell of bells) assert.isTrue(bell.wait().async)
    for (const bell of bells) bell.cancel()
    for (const bell of bells) bell.prepare()
    succeed(access, { defined: 1, messages: [1, 2], row: ROW })
    for (const bell of bells) assert.isFalse(bell.wait().async)
  })
})
