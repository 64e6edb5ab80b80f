import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import { ExitReason } from "shared-nothing"
import { toBytes } from "../../src/wire/kernel/Bytes.ts"
import { oddValues } from "../support/oddValues.ts"

const all = (thrown: unknown): ReadonlyArray<ExitReason.ExitReason> => {
  const cause = Cause.fromReasons([Cause.makeDieReason(thrown), Cause.makeFailReason(thrown)])
  const limit = { restarts: 3, withinMillis: 5000 }
  return [
    ExitReason.normal,
    ExitReason.scopeClosed,
    ExitReason.behaviourReleased,
    ExitReason.systemReleased,
    ExitReason.asked,
    ExitReason.killed,
    ExitReason.forgotten,
    ...(["temporary", "decide", "intensity", "backoff"] as const).map((rule) => ExitReason.crashed(cause, rule, limit)),
    ExitReason.threadLost("worker-1", thrown),
    ExitReason.supervisorGaveUp("Counter", cause),
    ExitReason.neverStarted(thrown),
    ExitReason.linked("Counter/a", ExitReason.crashed(cause, "temporary", limit))
  ]
}

describe("ExitReason", () => {
  for (const [name, make] of Object.entries(oddValues)) {
    it(`is rendered and carried whatever was thrown: ${name}`, () => {
      for (const reason of all(make())) {
        assert.isAbove(ExitReason.render(reason).length, 0)
        const arrived = ExitReason.decode(ExitReason.encode(reason))
        assert.strictEqual(arrived._tag, reason._tag)
        assert.deepStrictEqual(arrived, ExitReason.portable(reason))
        const brief = ExitReason.portable(reason, "brief")
        assert.isBelow(toBytes(ExitReason.codec(), brief)!.length, 4096)
      }
    })
  }

  it("says in one sentence what happened", () => {
    assert.deepStrictEqual(all(new TypeError("wrong")).map(ExitReason.render), [
      "it has done its work",
      "its scope was closed",
      "its behaviour was released",
      "its system, or its pool, was released",
      "its program ended it",
      "it was killed",
      "it is not known to its thread any more",
      "crashed: TypeError: wrong; TypeError: wrong",
      "stopped after TypeError: wrong; TypeError: wrong",
      "more than 3 restarts within 5000 ms; the last after TypeError: wrong; TypeError: wrong",
      "its backoff has come to its end; the last crash was TypeError: wrong; TypeError: wrong",
      "its thread worker-1 was lost: wrong",
      "its supervisor Counter gave up after TypeError: wrong; TypeError: wrong",
      "it did not start: TypeError: wrong",
      "Counter/a, which it was linked to, has ended: crashed: TypeError: wrong; TypeError: wrong"
    ])
    assert.strictEqual(ExitReason.causeText(Cause.interrupt()), "an interruption")
  })

  it("tells an orderly end from a failure", () => {
    assert.deepStrictEqual(
      all("thrown").filter((reason) => !ExitReason.isFailure(reason)).map(ExitReason.render),
      all("thrown").slice(0, 5).concat(ExitReason.forgotten).map(ExitReason.render)
    )
  })
})
