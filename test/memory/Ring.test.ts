import { runInNewContext } from "node:vm"
import { describe, expect, it } from "vitest"
import { BroadcastReader } from "../../src/memory/BroadcastReader.ts"
import * as BroadcastRing from "../../src/memory/BroadcastRing.ts"
import { BroadcastWriter } from "../../src/memory/BroadcastWriter.ts"
import * as MpmcRing from "../../src/memory/MpmcRing.ts"
import * as MpscRing from "../../src/memory/MpscRing.ts"
import * as SpscRing from "../../src/memory/SpscRing.ts"
import { send, takeAll } from "../contract/ringContract.ts"
import { ringShape } from "../contract/ringShape.ts"

const START = 0x7fffff80

ringShape({
  name: "SpscRing",
  create: (start) => SpscRing.create(4096, start),
  writer: (sab) => new SpscRing.SpscWriter(sab),
  reader: (sab) => new SpscRing.SpscReader(sab),
  starts: [0, START, -8],
  refuses: true,
  isVisibleAtCommit: false,
  lengthWord: -2
})

ringShape({
  name: "MpscRing",
  create: (start) => MpscRing.create(4096, 3, start),
  writer: (sab) => new MpscRing.MpscWriter(sab, 2),
  reader: (sab) => new MpscRing.MpscReader(sab),
  starts: [0, START, -8],
  refuses: true,
  isVisibleAtCommit: false,
  lengthWord: -2
})

ringShape({
  name: "MpmcRing",
  create: (start) => MpmcRing.create(8, 256, 3, start),
  writer: (sab) => new MpmcRing.MpmcWriter(sab, 1),
  reader: (sab) => new MpmcRing.MpmcReader(sab, 2),
  starts: [0, START, -8],
  refuses: true,
  isVisibleAtCommit: true,
  lengthWord: -3
})

ringShape({
  name: "BroadcastRing",
  create: () => BroadcastRing.create({ capacityBytes: 1 << 16, readers: 2 }),
  writer: (sab) => new BroadcastWriter(sab),
  reader: (sab) => {
    const reader = new BroadcastReader(sab, 1)
    reader.join()
    return reader
  },
  starts: [0],
  refuses: false,
  isVisibleAtCommit: false,
  lengthWord: -2
})

describe("memory of another realm", () => {
  it("is shared memory all the same", () => {
    const sab = runInNewContext("new SharedArrayBuffer(bytes)", { bytes: SpscRing.create(4096).byteLength })
    const made = new Int32Array(SpscRing.create(4096))
    new Int32Array(sab).set(made)
    expect(sab instanceof SharedArrayBuffer).toBe(false)
    const reader = new SpscRing.SpscReader(sab)
    send(new SpscRing.SpscWriter(sab), 8, 1)
    expect(takeAll(reader)).toEqual([[1, 8]])
  })
})
