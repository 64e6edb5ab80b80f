/** How workers are found for keys. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Route } from "shared-nothing"
import {
  hashOf,
  leastLoaded,
  type Places,
  remainder,
  rendezvous,
  RouteOf,
  sticky
} from "../../src/pool/internal/routing.ts"
import { keyOf, placeOf, targetOf } from "../../src/pool/internal/target.ts"

const hashes = Array.from({ length: 100_000 }, (_, i) => hashOf(`key-${i}`))

const spread = (place: (hash: number) => number, count: number): ReadonlyArray<number> => {
  const of = Array.from({ length: count }, () => 0)
  for (const hash of hashes) of[place(hash)]!++
  return of
}

const places = (loads: ReadonlyArray<number>): Places => {
  let turn = -1
  const homes = new Map<number, number>()
  return {
    count: loads.length,
    loadOf: (place) => loads[place]!,
    next: () => turn = (turn + 1) % loads.length,
    homeOf: (hash) => homes.get(hash) ?? -1,
    settle: (hash, place, home) => {
      if ((homes.get(hash) ?? -1) === home) homes.set(hash, place)
      return homes.get(hash)!
    }
  }
}

describe("a range", () => {
  it("has one worker, and each value in it is a key", () => {
    const payload = { value: Schema.Int }
    const rpc = Rpc.make("Ranged", { payload }).pipe(Route.byRange(({ value }) => value, [10, 20]))
    const route = Context.get(rpc.annotations, RouteOf)!
    const seen = places([0, 0, 0])
    const [first, same, other, beyond] = [10, 10, 19, 20].map((value) => route({ value }, seen))
    assert.deepStrictEqual([first, other, beyond].map((target) => placeOf(target!)), [1, 1, 2])
    assert.strictEqual(same, first)
    assert.notStrictEqual(keyOf(other!), keyOf(first!))
  })
})

describe("the worker of a key", () => {
  for (const [name, place] of [["rendezvous", rendezvous], ["remainder", remainder]] as const) {
    it(`by ${name} is the same for as many keys as another`, () => {
      for (const count of [2, 3, 8, 64]) {
        const of = spread((hash) => place(hash, { count }), count)
        const mean = hashes.length / count
        assert.isAtMost(Math.max(...of) / mean, 1.1)
        assert.isAtLeast(Math.min(...of) / mean, 0.9)
      }
    })
  }

  it("by rendezvous is another one only for the keys of a worker that is no more, and for its share when one comes", () => {
    let moved = 0
    for (const hash of hashes) {
      const [seven, eight] = [rendezvous(hash, { count: 7 }), rendezvous(hash, { count: 8 })]
      if (eight === seven) continue
      moved++
      assert.strictEqual(eight, 7)
    }
    assert.closeTo(moved / hashes.length, 1 / 8, 0.01)
  })

  it("that is sticky is the one that had the least to do, and stays", () => {
    const loads = [3, 1, 2]
    const seen = places(loads)
    assert.strictEqual(sticky(7, seen), 1)
    loads[1] = 9
    assert.deepStrictEqual([sticky(7, seen), sticky(8, seen)], [1, 2])
  })
})

describe("the worker with the least to do", () => {
  it("is whose turn it is of several", () => {
    const seen = places([1, 0, 0])
    assert.deepStrictEqual([leastLoaded(seen), leastLoaded(seen), leastLoaded(seen), leastLoaded(seen)], [1, 1, 2, 1])
  })
})

describe("a target", () => {
  it("says place and key", () => {
    for (const place of [0, 1, 63]) {
      for (const hash of [0, 1, 0x4000, 0xffffffff]) {
        const word = targetOf(place, hash) | 255 | 256
        assert.strictEqual(placeOf(word), place)
        assert.strictEqual(keyOf(word) === 0, hash === 0)
      }
    }
    assert.deepStrictEqual([placeOf(255 | 256), keyOf(255 | 256)], [-1, 0])
  })
})

describe("a route that makes no sense", () => {
  it.each([
    ["placement", () => Route.byKey(() => "a", { placement: "nearest" as never })],
    ["placement", () => Route.byKey(() => "a", { placement: "toString" as never })],
    ["bounds", () => Route.byRange(() => 1, [] as ReadonlyArray<number>)],
    ["bounds", () => Route.byRange(() => 1, [1, 1])],
    ["bounds", () => Route.byRange(() => 1, [Number.NaN])],
    ["bounds", () => Route.byRange(() => "1", ["1", "0"])]
  ])("is refused for its %s", (option, make) => {
    assert.throws(make, option)
  })
})
