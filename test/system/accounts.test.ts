/** Errors and events cross between threads, whatever user code has thrown. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { describe, expect, it } from "vitest"
import * as ActorError from "../../src/actor/ActorError.ts"
import * as ExitReason from "../../src/actor/ExitReason.ts"
import * as Protocol from "../../src/actor/kernel/Protocol.ts"
import type { SystemEvent } from "../../src/actor/SystemEvent.ts"
import * as Accounts from "../../src/system/internal/accounts.ts"

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** What user code may fail or die with, and what is left to be read of it. */
const thrown: ReadonlyArray<readonly [string, unknown, RegExp]> = [
  ["an error", new TypeError("no such resource"), /TypeError: no such resource/],
  ["a plain object", { by: 3 }, /by.*3/],
  ["an object without a prototype", Object.create(null), /./],
  ["a proxy that is revoked", revoked(), /./],
  ["a symbol", Symbol("s"), /Symbol\(s\)/],
  ["nothing", undefined, /undefined/],
  ["an error whose message throws", Object.defineProperty(new Error(), "message", { get: () => unreadable() }), /./],
  ["a long text", "x".repeat(100_000), /^.{10,20000}$/s]
]

class Full extends Schema.TaggedError<Full>()("Full", { by: Schema.Int }) {
  override get message() {
    return `${this.by} too many`
  }
}

const throwing = (what: string) =>
  SchemaGetter.transform((): never => {
    throw new Error(what)
  })

const same = SchemaGetter.transform((text: string) => text)

const Failing = Protocol.make("Failing", [
  Rpc.make("Fills", { error: Full }),
  Rpc.make("Unwritable", {
    error: Schema.Struct({
      by: Schema.String.pipe(Schema.decodeTo(Schema.String, { decode: same, encode: throwing("unwritable") }))
    })
  }),
  Rpc.make("Illegible", {
    error: Schema.String.pipe(Schema.decodeTo(Schema.String, { decode: throwing("illegible"), encode: same }))
  })
])

const unreadable = (): never => {
  throw new Error("unreadable")
}

describe("accounts", () => {
  for (const [title, value, text] of thrown) {
    it(`carry ${title}`, () => {
      const failure = Cause.fail(new ActorError.SpawnFailed({ actor: "A/a", cause: value }))
      const error = Accounts.decodeSpawnError(Accounts.encodeSpawnError("A/a", failure))
      expect(error).toBeInstanceOf(ActorError.SpawnFailed)
      expect(error.message).toMatch(text)
      const died = Accounts.decodeSpawnError(Accounts.encodeSpawnError("A/a", Cause.die(value)))
      expect(died).toMatchObject({ _tag: "SpawnFailed", actor: "A/a" })
      const event: SystemEvent = { _tag: "HandlerFailed", actor: "A/a", cause: Cause.die(value) }
      expect(Accounts.decodeEvents(Accounts.encodeEvents([event])!)).toMatchObject([{
        _tag: "HandlerFailed",
        actor: "A/a"
      }])
    })
  }

  it("keep the class and the fields of every error of a spawn", () => {
    const errors: ReadonlyArray<ActorError.SpawnError> = [
      new ActorError.BehaviourNotFound({ behaviour: "A", known: ["B", "C"], elsewhere: [] }),
      new ActorError.NameTaken({ actor: "A/a" }),
      new ActorError.LayoutMismatch({ actor: "A/a", here: 1, there: 4_000_000_000 }),
      new ActorError.LayoutMismatch({
        actor: "A/a",
        here: 1,
        there: 2,
        differs: { message: "Get", part: "success", here: "f64", there: "text" },
        layouts: "[]"
      }),
      new ActorError.SpawnLost({ actor: "A/a", thread: "worker-0", reason: "it exited" })
    ]
    for (const error of errors) {
      const there = Accounts.decodeSpawnError(Accounts.encodeSpawnError("A/a", Cause.fail(error)))
      expect(there.constructor).toBe(error.constructor)
      expect(there.message).toBe(error.message)
    }
  })

  it("keep the class and the fields of what a handler has failed with, and what else its cause holds", () => {
    const crash = Accounts.encodeCrash(
      Failing,
      0,
      Cause.combine(Cause.fail(new Full({ by: 3 })), Cause.die(new Error("x")))
    )
    const [failed, died] = Accounts.decodeCrash(Failing, crash).reasons
    expect(failed?._tag === "Fail" && failed.error).toBeInstanceOf(Full)
    expect(failed).toMatchObject({ error: { by: 3 } })
    expect(died).toMatchObject({ defect: { message: "x" } })
  })

  const wrong: ReadonlyArray<readonly [string, number | undefined, unknown, RegExp]> = [
    ["of no message", undefined, new Full({ by: 3 }), /3 too many/],
    ["that is not the declared one", 0, new TypeError("undeclared"), /undeclared/],
    ["that throws while it is written", 1, { by: "nobody" }, /nobody/]
  ]
  for (const [title, message, error, text] of wrong) {
    it(`carry the text of a failure ${title}`, () => {
      const crash = Accounts.encodeCrash(Failing, message, Cause.fail(error))
      expect(Exit.failCause(Accounts.decodeCrash(Failing, crash)).toString()).toMatch(text)
    })
  }

  it("carry what reading has thrown for a failure that cannot be read", () => {
    const crash = Accounts.encodeCrash(Failing, 2, Cause.fail("mine"))
    expect(Exit.failCause(Accounts.decodeCrash(Failing, crash)).toString()).toMatch(/illegible/)
  })

  it("carry every event of an actor, and none of a thread", () => {
    const cause = Cause.die(new Error("boom"))
    const events: ReadonlyArray<SystemEvent> = [
      { _tag: "ActorRestarted", actor: "A/a", restarts: 3, cause },
      { _tag: "ActorEnded", actor: "A/a", reason: ExitReason.scopeClosed },
      { _tag: "HandlerFailed", actor: "A/a", cause },
      { _tag: "BehaviourEscalated", name: "A", cause }
    ]
    const ended: SystemEvent = { _tag: "ThreadEnded", thread: "worker-0", reason: "it exited", cause, unread: 0 }
    const there = Accounts.decodeEvents(Accounts.encodeEvents([...events, ended])!)
    const named = (all: ReadonlyArray<SystemEvent>) => all.map((event) => ({ ...event, cause: undefined }))
    expect(named(there)).toEqual(named(events))
    for (const event of there) if ("cause" in event) expect(Exit.failCause(event.cause).toString()).toMatch(/boom/)
    expect(Accounts.encodeEvents([ended])).toBeUndefined()
  })
})
