import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Restart from "../../src/supervisor/Restart.ts"

const exits = {
  success: Exit.void,
  interrupted: Exit.interrupt(1),
  failure: Exit.fail("boom"),
  defect: Exit.die("bug"),
  "failure and interruption": Exit.failCause(Cause.combine(Cause.fail("boom"), Cause.interrupt(1)))
} satisfies Record<string, Exit.Exit<unknown, unknown>>

type Ending = keyof typeof exits

describe("Restart", () => {
  it.each<[type: Restart.RestartType, ending: Ending, restarted: boolean]>([
    ["permanent", "success", true],
    ["permanent", "interrupted", true],
    ["permanent", "failure", true],
    ["permanent", "defect", true],
    ["permanent", "failure and interruption", true],
    ["transient", "success", false],
    ["transient", "interrupted", false],
    ["transient", "failure", true],
    ["transient", "defect", true],
    ["transient", "failure and interruption", true],
    ["temporary", "success", false],
    ["temporary", "interrupted", false],
    ["temporary", "failure", false],
    ["temporary", "defect", false],
    ["temporary", "failure and interruption", false]
  ])("of a %s child after %s: %s", (type, ending, restarted) => {
    assert.strictEqual(Restart.shouldRestart(type, exits[ending]), restarted)
    const directive = Restart.directiveFor(type, exits[ending], Restart.defaultDecider)
    assert.strictEqual(directive, restarted ? "restart" : "stop")
  })

  it.each<[type: Restart.RestartType, said: Restart.Directive, done: Restart.Directive]>([
    ["permanent", "resume", "resume"],
    ["permanent", "stop", "stop"],
    ["permanent", "escalate", "escalate"],
    ["transient", "resume", "resume"],
    ["transient", "stop", "stop"],
    ["transient", "escalate", "escalate"],
    ["temporary", "resume", "stop"],
    ["temporary", "restart", "stop"],
    ["temporary", "stop", "stop"],
    ["temporary", "escalate", "escalate"]
  ])("of a %s child whose decider says %s: %s", (type, said, done) => {
    assert.strictEqual(Restart.directiveFor(type, exits.failure, () => said), done)
  })

  it("asks the decider about abnormal ends only", () => {
    const asked: Array<unknown> = []
    const decide: Restart.Decider = (cause) => {
      asked.push(Cause.squash(cause))
      return "stop"
    }
    for (const exit of Object.values(exits)) Restart.directiveFor("permanent", exit, decide)
    assert.deepStrictEqual(asked, ["boom", "bug", "boom"])
  })
})
