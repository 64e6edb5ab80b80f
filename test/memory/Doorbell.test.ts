import { describe, expect, it } from "vitest"
import * as Bell from "../../src/memory/Doorbell.ts"
import { CELLS_PER_LINE } from "../../src/memory/Layout.ts"

const bell = () => {
  const sab = Bell.create()
  return { consumer: new Bell.Doorbell(sab), producer: new Bell.Doorbell(sab) }
}

const pending = (wait: Bell.Wait): Promise<"ok" | "timed-out"> => {
  if (!wait.async) throw new Error(`the wait ended at once: ${wait.value}`)
  return wait.value
}

describe("Doorbell", () => {
  it("wakes nobody while the consumer is awake", () => {
    const { consumer, producer } = bell()
    expect(producer.ring()).toBe(false)
    expect(consumer.isParked()).toBe(false)
    expect(producer.wakes()).toBe(0)
  })

  it("is rung by exactly one of many producers", () => {
    const { consumer, producer } = bell()
    consumer.prepare()
    expect(producer.isParked()).toBe(true)
    expect([producer.ring(), producer.ring()]).toEqual([true, false])
    expect(consumer.isParked()).toBe(false)
    expect(consumer.wakes()).toBe(1)
  })

  it("does not begin a wait when it rang between the announcement and the wait", () => {
    const { consumer, producer } = bell()
    consumer.prepare()
    producer.ring()
    expect(consumer.wait()).toEqual({ async: false, value: "not-equal" })
    consumer.prepare()
    producer.ring()
    expect(consumer.waitBlocking()).toBe("not-equal")
  })

  it("ends a pending wait when it rings", async () => {
    const { consumer, producer } = bell()
    consumer.prepare()
    const woken = pending(consumer.wait())
    expect(producer.ring()).toBe(true)
    expect(await woken).toBe("ok")
    consumer.cancel()
    expect(producer.ring()).toBe(false)
  })

  it("does not wake a consumer that took its announcement back", () => {
    const { consumer, producer } = bell()
    consumer.prepare()
    consumer.cancel()
    expect(producer.ring()).toBe(false)
  })

  it("ends an abandoned wait at the cancel, so that the next one is not overlooked", async () => {
    const { consumer, producer } = bell()
    consumer.prepare()
    const abandoned = pending(consumer.wait())
    consumer.cancel()
    expect(await abandoned).toBe("ok")
    consumer.prepare()
    const living = pending(consumer.wait())
    producer.ring()
    expect(await living).toBe("ok")
  })

  it("wakes every waiter of the word, abandoned ones of a dead consumer's successor too", async () => {
    const sab = Bell.create()
    const first = new Bell.Doorbell(sab)
    first.prepare()
    const old = pending(first.wait())
    const successor = new Bell.Doorbell(sab)
    successor.prepare()
    const living = pending(successor.wait())
    new Bell.Doorbell(sab).ring()
    expect(await Promise.all([old, living])).toEqual(["ok", "ok"])
  })

  it("gives up after its timeout and stays announced until the cancel", async () => {
    const { consumer, producer } = bell()
    consumer.prepare()
    expect(await pending(consumer.wait(1))).toBe("timed-out")
    expect(consumer.isParked()).toBe(true)
    expect(consumer.waitBlocking(1)).toBe("timed-out")
    consumer.cancel()
    expect(producer.ring()).toBe(false)
  })

  it("keeps the doorbells of one buffer apart, each on its own cache lines", () => {
    const sab = Bell.create(3)
    expect(sab.byteLength).toBe(3 * CELLS_PER_LINE * 4)
    const bells = [0, 1, 2].map((slot) => new Bell.Doorbell(sab, slot))
    bells[1]!.prepare()
    expect(bells.map((bell) => bell.isParked())).toEqual([false, true, false])
    expect(bells[0]!.ring()).toBe(false)
    expect(new Bell.Doorbell(sab, 1).ring()).toBe(true)
    expect(bells.map((bell) => bell.wakes())).toEqual([0, 1, 0])
  })

  it.each([-1, 3, 0.5, NaN])("refuses slot %d of three", (slot) => {
    expect(() => new Bell.Doorbell(Bell.create(3), slot)).toThrow(Bell.InvalidDoorbell)
    expect(() => new Bell.Doorbell(Bell.create(3), slot)).toThrow(String(slot))
  })

  it.each([0, -1, 1.5])("refuses to make %d doorbells", (slots) => {
    expect(() => Bell.create(slots)).toThrow(Bell.InvalidDoorbell)
  })
})
