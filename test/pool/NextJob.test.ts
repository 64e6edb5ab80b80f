/** Which job a worker takes next, on one thread; under all schedules it is a program of the model. */
import { assert, describe, it } from "@effect/vitest"
import * as Doorbell from "../../src/memory/Doorbell.ts"
import * as IdleSet from "../../src/memory/IdleSet.ts"
import * as StealDeque from "../../src/memory/StealDeque.ts"
import { NextJob } from "../../src/pool/kernel/NextJob.ts"

const queue = (slots: Array<number>) => ({
  slots,
  next: () => slots.shift() ?? -1,
  isEmpty: () => slots.length === 0,
  hasNews: () => slots.length > 0
})

const made = (lying: { readonly inbox?: Array<number>; readonly injector?: Array<number> } = {}) => {
  const bells = Doorbell.create(2)
  const own = [0, 1].map((place) => new Doorbell.Doorbell(bells, place))
  const idle = new IdleSet.IdleSet(IdleSet.create(2), own)
  const deques = [0, 1].map(() => StealDeque.create(16, "lifo"))
  const [deque, other] = deques.map((sab) => new StealDeque.StealOwner(sab))
  const thieves = deques.map((sab) => new StealDeque.StealThief(sab))
  const inbox = queue(lying.inbox ?? [])
  const injector = queue(lying.injector ?? [])
  let stolen = 0
  const stole = () => {
    stolen++
  }
  const source = new NextJob({ place: 0, idle, deque: deque!, inbox, injector, thieves, stole })
  return { source, idle, deque: deque!, other: other!, inbox, injector, stolen: () => stolen }
}

const take = (source: NextJob, count: number, takesAny = true) =>
  Array.from({ length: count }, () => source.next(takesAny, false))

describe("NextJob", () => {
  it("takes its own newest first, then what is for it, then what is for all, then half of what another has", () => {
    const { deque, other, source, stolen } = made({ inbox: [3, 4], injector: [5, 6] })
    for (const slot of [1, 2]) deque.push(slot)
    for (const slot of [7, 8, 9, 10]) other.push(slot)
    assert.deepStrictEqual(take(source, 6), [2, 1, 3, 4, 5, 6])
    assert.strictEqual(stolen(), 0)
    assert.deepStrictEqual([take(source, 2).toSorted((a, b) => a - b), stolen()], [[7, 8], 1])
    assert.deepStrictEqual([take(source, 3), stolen()], [[9, 10, -1], 3])
  })

  it("looks into the injector and the inbox first once in 61 times, however much it has itself", () => {
    const { deque, source } = made({ inbox: [101], injector: [100] })
    const taken = Array.from({ length: 61 }, () => {
      deque.push(1)
      return source.next(true, false)
    })
    assert.deepStrictEqual([taken.indexOf(101), taken.indexOf(100)], [29, 60])
    assert.strictEqual(taken.filter((slot) => slot === 1).length, 59)
  })

  it("takes nothing that others could when it may not, at whatever turn", () => {
    const { deque, injector, other, source } = made({ inbox: [2], injector: [5] })
    deque.push(1)
    other.push(7)
    assert.isTrue(source.hasNext(false))
    assert.deepStrictEqual(new Set(take(source, 200, false)), new Set([1, 2, -1]))
    assert.deepStrictEqual([injector.slots, other.size(), source.hasNext(false)], [[5], 1, false])
    assert.isTrue(source.hasNext(true))
  })

  it("sees what lies anywhere once it has announced that it sleeps, and is not woken for what it could not take", () => {
    const { idle, other, source } = made()
    source.announce(true)
    assert.deepStrictEqual([source.hasNext(true), idle.isSleeping(0)], [false, true])
    other.push(7)
    assert.isTrue(source.hasNext(true))
    source.retract()
    assert.isFalse(idle.isSleeping(0))
    source.announce(false)
    assert.isFalse(idle.isSleeping(0))
    source.retract()
  })

  it("has the next one woken for what it leaves, when it was woken and has found something", () => {
    const { idle, other, source } = made({ injector: [5] })
    source.announce(true)
    idle.announce(1)
    assert.isTrue(idle.wake())
    source.retract()
    assert.deepStrictEqual([idle.searching(), idle.isSleeping(1)], [1, true])
    other.push(7)
    assert.strictEqual(source.next(true, false), 5)
    // It searches no more, and the other one does in its place.
    assert.deepStrictEqual([idle.searching(), idle.isSleeping(1)], [1, false])
  })
})
