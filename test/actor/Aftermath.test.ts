import { assert, describe, it } from "@effect/vitest"
import { AsyncLocalStorage } from "node:async_hooks"
import { Aftermath } from "../../src/actor/internal/aftermath.ts"
import { runtime } from "../../src/thread/ThreadRuntime.ts"

describe("Aftermath", () => {
  it("does what is listed in its order, and what that sets off after it", () => {
    const after = new Aftermath(runtime, () => {})
    const log: Array<string> = []
    const note = (line: string) => () => void log.push(line)
    after.add(() => {
      log.push("first")
      after.add(note("set off"))
      after.run()
      log.push("first ends")
    })
    after.add(note("second"))
    assert.deepStrictEqual(log, [])
    after.run()
    assert.deepStrictEqual(log, ["first", "first ends", "second", "set off"])
    after.run()
    assert.strictEqual(log.length, 4)
  })

  it("goes on when something throws", () => {
    const thrown: Array<unknown> = []
    const after = new Aftermath(runtime, (defect) => thrown.push(String(defect)))
    const log: Array<string> = []
    after.add(() => {
      throw new Error("no")
    })
    after.add(() => void log.push("next"))
    after.run()
    after.add(() => void log.push("later"))
    after.run()
    assert.deepStrictEqual([log, thrown], [["next", "later"], ["Error: no"]])
  })

  it("runs in the async context of nobody", () => {
    const user = new AsyncLocalStorage<string>()
    const after = new Aftermath(runtime, () => {})
    let seen: unknown = "nothing"
    user.run("ada", () => {
      after.add(() => {
        seen = user.getStore()
      })
      after.run()
    })
    assert.isUndefined(seen)
  })
})
