import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { render } from "../../src/actor/ExitReason.ts"
import * as Owner from "../../src/actor/kernel/Owner.ts"

const member = (name: string, log: Array<string>, stopping?: Effect.Effect<void>): Owner.Owned => ({
  previous: undefined,
  next: undefined,
  owner: undefined,
  stop: (reason) => {
    log.push(`${name}: ${render(reason)}`)
    return stopping
  }
})

describe("Owner", () => {
  it.effect("stops its members in the reverse order of joining when the scope closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const log: Array<string> = []
      for (const name of ["a", "b", "c"]) assert.isUndefined(Owner.adopt(scope, member(name, log)))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(log.map((line) => line[0]), ["c", "b", "a"])
    }))

  it.effect("waits for each before it stops the next", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const log: Array<string> = []
      const gate = yield* Deferred.make<void>()
      Owner.adopt(scope, member("a", log))
      Owner.adopt(scope, member("b", log, Deferred.await(gate)))
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      assert.strictEqual(log.length, 1)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(closing)
      assert.strictEqual(log.length, 2)
    }))

  it.effect("forgets those that leave: the first, the last, one in between", () =>
    Effect.gen(function*() {
      for (const leaving of ["a", "b", "c"]) {
        const scope = yield* Scope.make()
        const log: Array<string> = []
        const members = new Map(["a", "b", "c"].map((name) => [name, member(name, log)]))
        for (const owned of members.values()) Owner.adopt(scope, owned)
        Owner.Owner.remove(members.get(leaving)!)
        Owner.Owner.remove(members.get(leaving)!)
        Owner.adopt(scope, member("d", log))
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(log.map((line) => line[0]), ["d", "c", "b", "a"].filter((name) => name !== leaving))
      }
    }))

  it.effect("ends a member at once when the scope has closed, also one that owned others before", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const log: Array<string> = []
      Owner.adopt(scope, member("a", log))
      yield* Scope.close(scope, Exit.void)
      Owner.adopt(scope, member("b", log))
      const never = yield* Scope.make()
      yield* Scope.close(never, Exit.void)
      Owner.adopt(never, member("c", log))
      assert.deepStrictEqual(log.map((line) => line[0]), ["a", "b", "c"])
    }))

  it.effect("is not misled by a finalizer that goes while another one comes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const log: Array<string> = []
      const child = yield* Scope.fork(scope)
      Owner.adopt(scope, member("a", log))
      yield* Scope.close(child, Exit.void)
      yield* Scope.addFinalizer(scope, Effect.sync(() => log.push("file")))
      Owner.adopt(scope, member("b", log))
      Owner.adopt(scope, member("c", log))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(log.map((line) => line.split(":")[0]), ["c", "b", "file", "a"])
    }))

  it.effect("stops each member at its place among the finalizers of the scope", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const log: Array<string> = []
      yield* Scope.addFinalizer(scope, Effect.sync(() => log.push("before")))
      Owner.adopt(scope, member("a", log))
      yield* Scope.addFinalizer(scope, Effect.sync(() => log.push("after")))
      Owner.adopt(scope, member("b", log))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(log.map((line) => line.split(":")[0]), ["b", "after", "a", "before"])
    }))
})
