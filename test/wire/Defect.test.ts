import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import { runInNewContext } from "node:vm"
import * as Codec from "../../src/wire/Codec.ts"
import { fromBytes, toBytes } from "../../src/wire/kernel/Bytes.ts"
import * as Defect from "../../src/wire/kernel/Defect.ts"
import { oddValues } from "../support/oddValues.ts"

const codec = Codec.compile(Defect.Defect)
const across = (value: unknown): unknown => fromBytes(codec, toBytes(codec, value)!)

describe("Defect", () => {
  for (const [name, make] of Object.entries(oddValues)) {
    it(`carries ${name}, and what is portable arrives as it is`, () => {
      const plain = Defect.portable(make())
      assert.deepStrictEqual(across(plain), plain)
      assert.deepStrictEqual(across(make()), plain)
      assert.isBelow(toBytes(codec, Defect.portable(make(), Defect.BRIEF))!.length, 2048)
    })
  }

  it("keeps name, message, stack and causes of an error, and plain data as it is", () => {
    const error = new RangeError("far", { cause: new TypeError("wrong") })
    const arrived = across(error) as Error
    assert.instanceOf(arrived, Error)
    assert.deepStrictEqual(
      [arrived.name, arrived.message, arrived.stack, String(arrived.cause)],
      [error.name, error.message, error.stack, "TypeError: wrong"]
    )
    for (const value of [{ code: "E1", message: "no error", at: [1, null, true] }, "text", 7, null, undefined, false]) {
      assert.deepStrictEqual(across(value), value)
    }
  })

  it("knows an error of another realm", () => {
    const arrived = across(runInNewContext("new TypeError('foreign')")) as Error
    assert.instanceOf(arrived, Error)
    assert.strictEqual(String(arrived), "TypeError: foreign")
  })

  it("keeps an empty message empty", () => {
    assert.strictEqual((across(new Error("")) as Error).message, "")
  })

  it("keeps the kinds of a cause, and not more of it than is said", () => {
    const cause = Cause.fromReasons([Cause.makeFailReason("a"), Cause.makeDieReason("b"), Cause.makeInterruptReason(3)])
    assert.deepStrictEqual(Defect.portableCause(cause).reasons.map(({ _tag }) => _tag), ["Fail", "Die", "Interrupt"])
    const many = Cause.fromReasons(Array.from({ length: 100 }, (_, i) => Cause.makeDieReason(i)))
    assert.strictEqual(Defect.portableCause(many).reasons.length, Defect.LIMITS.depth)
  })
})
