import { describe, expect, it } from "vitest"
import { messageOf, nameOf, stackOf, textOf } from "../../src/runtime/Text.ts"

const revoked = (() => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
})()

const throwing = (key: string) =>
  Object.defineProperty({}, key, {
    get: () => {
      throw new Error("no")
    }
  })

describe("textOf", () => {
  it.each([
    ["a string", "plain", "plain"],
    ["a number", 7, "7"],
    ["nothing", undefined, "undefined"],
    ["null", null, "null"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["an error", new TypeError("wrong"), "TypeError: wrong"],
    ["a tagged error", { _tag: "Refused", message: "no room" }, "Refused: no room"],
    ["a tagged value", { _tag: "Refused", by: 3 }, `{"_tag":"Refused","by":3}`],
    ["an empty object", {}, "[object Object]"],
    ["an object without a prototype", Object.create(null), "a value that cannot be printed"],
    ["a revoked proxy", revoked, "a value that cannot be printed"],
    ["a message that throws", throwing("message"), "[object Object]"],
    ["a tag that throws", throwing("_tag"), "[object Object]"],
    [
      "a circle",
      (() => {
        const circle: Record<string, unknown> = { _tag: "Circle" }
        circle["self"] = circle
        return circle
      })(),
      "[object Object]"
    ],
    ["a text that throws", {
      toString: () => {
        throw new Error("no")
      }
    }, "a value that cannot be printed"]
  ])("says something of %s", (_name, value, text) => {
    expect(textOf(value)).toBe(text)
  })
})

describe("messageOf, nameOf, stackOf", () => {
  it("read errors", () => {
    const error = new RangeError("far")
    expect([messageOf(error), nameOf(error), stackOf(error)]).toEqual(["far", "RangeError", error.stack])
  })

  it("answer for values that are no errors, or that throw", () => {
    expect([messageOf(7), nameOf(7), stackOf(7)]).toEqual(["7", "Error", undefined])
    expect([messageOf(revoked), nameOf(revoked), stackOf(revoked)])
      .toEqual(["a value that cannot be printed", "Error", undefined])
  })
})
