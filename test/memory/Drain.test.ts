/** What a drain promises of its actions is part of `contract/ringContract.ts`; here is what does not depend on the ring. */
import { describe, expect, it } from "vitest"
import { COMMIT, CONTINUE, drain } from "../../src/memory/Drain.ts"
import { countUnread } from "../../src/memory/SpscRecovery.ts"
import * as SpscRing from "../../src/memory/SpscRing.ts"

const filled = (records: number) => {
  const sab = SpscRing.create(4096)
  const writer = new SpscRing.SpscWriter(sab)
  for (let type = 0; type < records; type++) {
    writer.claim(8)
    writer.commit(8, type)
  }
  writer.publish()
  return { sab, reader: new SpscRing.SpscReader(sab) }
}

describe("drain", () => {
  it("R06 handles no more records than the limit", () => {
    const { reader, sab } = filled(4)
    expect(drain(reader, () => CONTINUE, 3)).toBe(3)
    expect(countUnread(sab)).toBe(1)
  })

  it("takes nothing at a limit of 0", () => {
    const { reader, sab } = filled(2)
    expect(drain(reader, () => CONTINUE, 0)).toBe(0)
    expect(countUnread(sab)).toBe(2)
  })

  it("frees what was handled also when the limit comes behind a commit", () => {
    const { reader, sab } = filled(4)
    expect(drain(reader, (type) => type === 0 ? COMMIT : CONTINUE, 2)).toBe(2)
    expect(countUnread(sab)).toBe(2)
  })
})
