import { assert, describe, it } from "@effect/vitest"
import { checkNames, givenOf, type Names } from "../../src/runtime/Options.ts"

interface Some {
  readonly capacity?: number
  readonly capacityBytes?: number
  readonly overflow?: string
  readonly max?: number
}

const names: Names<Some> = { capacity: true, capacityBytes: true, overflow: true, max: true }

class Refused extends Error {}

/** What is said about the first option that nobody knows. */
const refusal = (given: unknown, path?: string): string | undefined => {
  try {
    checkNames(given as Some, names, (option, value, expected) => {
      throw new Refused(`${option} is ${givenOf(value)}, expected ${expected}`)
    }, path)
    return undefined
  } catch (error) {
    if (error instanceof Refused) return error.message
    throw error
  }
}

describe("the names of options", () => {
  it("are let pass when they are known, whatever stands behind them", () => {
    assert.isUndefined(refusal({ capacity: "?", overflow: undefined, max: null }))
    assert.isUndefined(refusal(Object.assign(Object.create(null), { capacity: 1 })))
    assert.isUndefined(refusal({}))
  })

  it("are no matter of what is no object, which is refused for that", () => {
    for (const given of [undefined, null, 4, "capacity", true, () => {}]) assert.isUndefined(refusal(given))
  })

  it("are not looked at where nothing is given for them", () => {
    assert.isUndefined(refusal({ anything: undefined }))
  })

  it.each([
    ["capcity", "capacity"],
    ["Capacity", "capacity"],
    ["cpaacity", "capacity"],
    ["capacityByte", "capacityBytes"],
    ["capacityBites", "capacityBytes"],
    ["overFlow", "overflow"],
    ["mx", undefined],
    ["size", undefined],
    ["constructor", undefined],
    ["x".repeat(10_000), undefined]
  ])("are refused with the nearest one: %s", (name, near) => {
    const there = "an option that there is"
    assert.strictEqual(
      refusal({ [name]: 4 }),
      near === undefined
        ? `${name} is 4, expected ${there}: capacity, capacityBytes, overflow, max`
        : `${name} is 4, expected ${there}; did you mean ${near}?`
    )
  })

  it("have the place in front of them where they stand in another option", () => {
    assert.strictEqual(
      refusal({ capcity: 4 }, "queue."),
      "queue.capcity is 4, expected an option that there is; did you mean queue.capacity?"
    )
  })
})

describe("what was given for an option", () => {
  it("is told with quotes where it is a text, so that nobody takes it for a number", () => {
    assert.deepStrictEqual(["4", 4, "say \"so\"", "", null, undefined, { max: "4" }].map(givenOf), [
      `"4"`,
      "4",
      `"say \\"so\\""`,
      `""`,
      "null",
      "undefined",
      `{"max":"4"}`
    ])
  })

  it("is told whatever it is: what throws, and what has no text", () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    for (const value of [proxy, Object.create(null), Symbol("s"), 1n, () => {}]) assert.isString(givenOf(value))
  })
})
