/** Where threads are put, checked before one is started: on a machine that the test makes up. */
import { assert, describe, it } from "@effect/vitest"
import type { Cpu } from "shared-nothing"
import { type HardwareInfo, parseCores } from "../../src/thread/kernel/Hardware.ts"
import { spotsOf } from "../../src/thread/kernel/Spots.ts"

class Refused extends Error {
  readonly option: string
  constructor(option: string, expected: string) {
    super(`${option}: expected ${expected}`)
    this.option = option
  }
}

const refuse = (option: string, _value: unknown, expected: string): never => {
  throw new Refused(option, expected)
}

const two: HardwareInfo = {
  topology: () => ({ cores: [0, 1, 4, 5], nodes: [{ id: 0, cores: [0, 1] }, { id: 1, cores: [4, 5] }] }),
  whyUnbound: () => undefined
}
const old: HardwareInfo = { ...two, whyUnbound: () => "this needs a newer Node" }
const other: HardwareInfo = { topology: () => "this needs Linux", whyUnbound: () => "this needs Linux" }

const cores = (placement: Cpu.Placement, count: number) =>
  spotsOf(placement, count, two, refuse)?.map((spot) => spot.cores?.join())

describe("where threads run", () => {
  it("is the business of the system unless it is said", () => {
    assert.strictEqual(spotsOf(undefined, 3, other, refuse), undefined)
    assert.deepStrictEqual(spotsOf({}, 2, other, refuse), [
      { cores: undefined, niceness: undefined },
      { cores: undefined, niceness: undefined }
    ])
  })

  it("is a core each, or a node each, in turn", () => {
    assert.deepStrictEqual(cores({ cores: "spread" }, 5), ["0", "1", "4", "5", "0"])
    assert.deepStrictEqual(cores({ cores: "nodes" }, 3), ["0,1", "4,5", "0,1"])
  })

  it("is what a function says, each core once, in order", () => {
    assert.deepStrictEqual(cores({ cores: (place) => place === 0 ? [5, 1, 5] : [4] }, 2), ["1,5", "4"])
  })

  it("comes with a niceness, also where cores cannot be chosen", () => {
    assert.deepStrictEqual(spotsOf({ niceness: 5 }, 1, old, refuse), [{ cores: undefined, niceness: 5 }])
    assert.deepStrictEqual(spotsOf({ niceness: -20, cores: "spread" }, 1, two, refuse), [{ cores: [0], niceness: -20 }])
  })

  const wrong: ReadonlyArray<readonly [string, unknown, HardwareInfo, RegExp]> = [
    ["cpu", "spread", two, /cores, niceness/],
    ["cpu", null, two, /cores, niceness/],
    ["cpu.cores", { cores: "all" }, two, /"nodes"/],
    ["cpu.cores", { cores: [0] }, two, /a function/],
    ["cpu.cores", { cores: () => [] }, two, /0, 1, 4, 5/],
    ["cpu.cores", { cores: () => [2] }, two, /thread 0 .*0, 1, 4, 5/],
    ["cpu.cores", { cores: (place: number) => place === 1 ? "0" : [0] }, two, /thread 1/],
    ["cpu.cores", { cores: () => [NaN] }, two, /0, 1, 4, 5/],
    [
      "cpu.cores",
      {
        cores: () => {
          throw Object.create(null) as Error
        }
      },
      two,
      /has thrown/
    ],
    ["cpu.cores", { cores: "spread" }, old, /newer Node/],
    ["cpu.cores", { cores: "nodes" }, { ...other, whyUnbound: () => undefined }, /Linux/],
    ["cpu.niceness", { niceness: 20 }, two, /-20 to 19/],
    ["cpu.niceness", { niceness: -21 }, two, /-20 to 19/],
    ["cpu.niceness", { niceness: 0.5 }, two, /-20 to 19/],
    ["cpu.niceness", { niceness: "5" }, two, /-20 to 19/],
    ["cpu.niceness", { niceness: 5 }, other, /Linux/]
  ]
  for (const [option, placement, hardware, expected] of wrong) {
    it(`is refused as ${option} when that is ${expected}`, () => {
      try {
        // What users without types give.
        spotsOf(placement as Cpu.Placement, 2, hardware, refuse)
        assert.fail("taken")
      } catch (error) {
        assert.isTrue(error instanceof Refused, String(error))
        assert.strictEqual((error as Refused).option, option)
        assert.match((error as Refused).message, expected)
      }
    })
  }

  it("is read as Linux writes it", () => {
    assert.deepStrictEqual(parseCores("0-2,5,7-8\n"), [0, 1, 2, 5, 7, 8])
    assert.deepStrictEqual(parseCores("3"), [3])
    assert.deepStrictEqual(parseCores("\n"), [])
  })
})
