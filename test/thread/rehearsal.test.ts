import { assert, describe, it } from "@effect/vitest"
import * as Rehearsal from "../../src/thread/kernel/Rehearsal.ts"

describe("how long a thread rehearses before it is ready", () => {
  it("is long where nobody waits, shorter where threads share cores, and nothing where a thread is missed", () => {
    const millisOf = (threads: number, epoch: number) => Rehearsal.millisOf({ epoch }, () => threads, 2)
    assert.strictEqual(Rehearsal.millisOf(undefined, () => 64, 2), Rehearsal.MILLIS)
    assert.deepStrictEqual([1, 2, 4, 8, 9, 64].map((threads) => millisOf(threads, 1)), [
      Rehearsal.MILLIS,
      Rehearsal.MILLIS,
      Rehearsal.MILLIS / 2,
      Rehearsal.MILLIS / 4,
      0,
      0
    ])
    assert.strictEqual(millisOf(1, 2), 0)
  })
})
