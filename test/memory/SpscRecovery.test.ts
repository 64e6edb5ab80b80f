import { describe, expect, it } from "vitest"
import { SpscRecovery } from "../../src/memory/SpscRecovery.ts"
import * as SpscRing from "../../src/memory/SpscRing.ts"

const pair = (startPosition = 0) => {
  const sab = SpscRing.create(4096, startPosition)
  return { sab, writer: new SpscRing.SpscWriter(sab), reader: new SpscRing.SpscReader(sab) }
}

const put = (writer: SpscRing.SpscWriter, payloadBytes: number, type: number): number => {
  const offset = writer.claim(payloadBytes)
  if (offset >= 0) writer.commit(payloadBytes, type)
  return offset
}

const send = (writer: SpscRing.SpscWriter, payloadBytes: number, type: number): number => {
  const offset = put(writer, payloadBytes, type)
  writer.publish()
  return offset
}

const takeAll = (reader: SpscRing.SpscReader): void => {
  reader.poll()
  while (reader.next() >= 0);
  reader.release()
}

describe("SpscRecovery", () => {
  it("R14 R21 reports what a dead writer had claimed and not published, once", () => {
    const { sab, writer } = pair()
    send(writer, 8, 1)
    put(writer, 8, 2)
    put(writer, 8, 3)
    writer.claim(8)
    expect(new SpscRecovery(sab).recover()).toBe(3)
    expect(new SpscRecovery(sab).recover()).toBe(0)
  })

  it("R14 reports nothing when the last thing the writer did was to publish, to abort, or to be refused", () => {
    const { reader, sab, writer } = pair()
    send(writer, 8, 1)
    expect(new SpscRecovery(sab).recover()).toBe(0)
    writer.claim(8)
    writer.abort()
    expect(new SpscRecovery(sab).recover()).toBe(0)
    while (send(writer, 1000, 1) >= 0);
    expect(new SpscRecovery(sab).recover()).toBe(0)
    takeAll(reader)
    expect(new SpscRecovery(sab).recover()).toBe(0)
  })

  it("R14 counts from where the writer was, over a change of writers and of readers", () => {
    const { sab, writer } = pair(0x7ffffff0)
    for (let type = 0; type < 5; type++) send(writer, 8, type)
    put(writer, 8, 5)
    expect(new SpscRecovery(sab).recover()).toBe(1)
    const second = new SpscRing.SpscWriter(sab)
    send(second, 8, 6)
    takeAll(new SpscRing.SpscReader(sab))
    put(second, 8, 7)
    put(second, 8, 8)
    expect(second.unpublishedRecords).toBe(2)
    expect(new SpscRecovery(sab).recover()).toBe(2)
  })
})
