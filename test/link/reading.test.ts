/** Which links a thread of a system of many looks at. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Link } from "../../src/link/internal/link.ts"
import { Reading } from "../../src/link/internal/reading.ts"
import * as ReadySet from "../../src/memory/ReadySet.ts"
import * as SpscRing from "../../src/memory/SpscRing.ts"
import { stage } from "./stage.ts"

/** All that a `Reading` knows of a link. */
class Stub {
  isInReading = false
  readonly inbound = { isEmpty: false }
  readonly thread: number
  constructor(thread: number) {
    this.thread = thread
  }
}

const reading = (threads: ReadonlyArray<number>) => {
  const sab = ReadySet.create(1, 70)
  const links = threads.map((thread) => new Stub(thread))
  const use = (stubs: ReadonlyArray<Stub>) => self.use(stubs as unknown as ReadonlyArray<Link>)
  const self = new Reading(new ReadySet.ReadySet(sab, 0))
  use(links)
  return {
    links,
    use,
    self,
    raise: (...sources: ReadonlyArray<number>) => {
      for (const source of sources) new ReadySet.ReadyBit(sab, 0, source).raise()
    },
    now: () => self.now().map(({ thread }) => thread)
  }
}

describe("what a pass looks at", () => {
  it("are the links that have said something, until they are read to their end", () => {
    const { links, now, raise, self } = reading([1, 31, 32, 69])
    assert.deepStrictEqual(now(), [])
    assert.isTrue(self.isQuiet())
    raise(31, 69)
    assert.isFalse(self.isQuiet())
    assert.deepStrictEqual(now(), [31, 69])
    links[1]!.inbound.isEmpty = true
    self.read(2)
    assert.isFalse(self.isQuiet(), "69 has something left")
    assert.deepStrictEqual(now(), [69])
    links[3]!.inbound.isEmpty = true
    self.read(1)
    assert.isTrue(self.isQuiet())
    raise(31, 31)
    assert.deepStrictEqual(now(), [31], "it has said something again")
  })

  it("begins with those that the last one did not come to", () => {
    const { now, raise, self } = reading([1, 2, 3])
    raise(1, 2, 3)
    assert.deepStrictEqual(now(), [1, 2, 3])
    self.read(1)
    assert.deepStrictEqual(now(), [2, 3, 1])
    self.read(2)
    assert.deepStrictEqual(now(), [1, 2, 3])
    self.read(0)
    assert.deepStrictEqual(now(), [1, 2, 3])
  })

  it("has none of a thread that has gone, whatever bit it has left, and the new link of one that has come back", () => {
    const { links, now, raise, self, use } = reading([1, 2])
    raise(1, 2, 40)
    assert.deepStrictEqual(now(), [1, 2])
    use([links[1]!])
    assert.deepStrictEqual(now(), [2])
    raise(1)
    assert.deepStrictEqual(now(), [2])
    const back = new Stub(1)
    use([links[1]!, back])
    assert.deepStrictEqual(now(), [2])
    raise(1)
    assert.deepStrictEqual(now(), [2, 1])
    for (const link of [links[1]!, back]) link.inbound.isEmpty = true
    self.read(2)
    assert.isTrue(self.isQuiet())
  })

  it.effect("is also what was said before its rings were there", () =>
    Effect.gen(function*() {
      const on = yield* stage({ threads: 2, areMany: true })
      const rings = { data: SpscRing.create(4096), control: SpscRing.create(4096) }
      const writer = new SpscRing.SpscWriter(rings.data)
      writer.claim(0)
      // A record that makes no sense: it is reported when it is read.
      writer.commit(0, 15)
      writer.publish()
      new ReadySet.ReadyBit(on.ready!, 0, 1).raise()
      on.steps.settle()
      assert.isTrue(new ReadySet.ReadySet(on.ready!, 0).isEmpty(), "the bit was taken")
      assert.strictEqual(on.errors.length, 0)
      on.nodes[0]!.accept(1, 1, rings)
      on.steps.settle()
      assert.strictEqual(on.errors.length, 1)
    }))
})

describe("what waits for room", () => {
  it.effect("is tried again for every link, also when that of another one has thrown", () =>
    Effect.gen(function*() {
      const on = yield* stage({ threads: 3 })
      const { home } = on.nodes[0]!
      let admitted = 0
      on.steps.settle()
      home.outboundTo(1)!.starve({
        admit: () => {
          throw new Error("a sender that throws")
        }
      })
      home.outboundTo(2)!.starve({ admit: () => void admitted++ })
      on.steps.settle()
      assert.deepStrictEqual(on.errors.map(String), ["Error: a sender that throws"])
      assert.strictEqual(admitted, 1)
    }))
})
