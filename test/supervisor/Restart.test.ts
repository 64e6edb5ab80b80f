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

describe("a table of directives", () => {
  const far = Object.assign(new Error("far"), { name: "Lost" })
  const table = Restart.decider(
    "t",
    { Lost: "stop", defect: "escalate" } as Restart.ByTag<{ _tag: "Lost" }>,
    () => "resume"
  )

  it.each<[title: string, cause: Cause.Cause<unknown>, directive: Restart.Directive]>([
    ["the tag of an error", Cause.fail({ _tag: "Lost" }), "stop"],
    ["an error from another thread, which has its tag as its name", Cause.fail(far), "stop"],
    ["a defect", Cause.die("bug"), "escalate"],
    ["a typed error before a defect", Cause.combine(Cause.die("bug"), Cause.fail({ _tag: "Lost" })), "stop"],
    ["what is not named", Cause.fail({ _tag: "Other" }), "resume"],
    ["what looks like the name of a method", Cause.fail({ _tag: "toString" }), "resume"],
    [
      "an error that cannot be looked at",
      Cause.fail(
        new Proxy({}, {
          get: () => {
            throw new Error("no")
          }
        })
      ),
      "resume"
    ]
  ])("decides by %s", (_, cause, directive) => {
    assert.strictEqual(table(cause), directive)
  })

  it("decides by otherwise before the default", () => {
    const decide = Restart.decider("t", { otherwise: "stop" }, () => "resume")
    assert.strictEqual(decide(Cause.fail("x")), "stop")
    assert.strictEqual(decide(Cause.die("x")), "stop")
  })

  it.each<[title: string, decision: unknown, text: string]>([
    ["a directive that is none", { Lost: "again" }, `decide.Lost is "again"`],
    ["a text", "restart", `decide is "restart"`],
    ["nothing", null, "decide is null"]
  ])("refuses %s", (_, decision, text) => {
    assert.throws(() => Restart.decider("t", decision as never, () => "stop"), text)
  })
})
