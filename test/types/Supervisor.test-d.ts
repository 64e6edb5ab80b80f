// What must not compile is stated here too; @effect-diagnostics floatingEffect:off missingEffectError:off
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Child } from "shared-nothing"
import * as Restart from "shared-nothing/supervisor/Restart"
import { describe, expectTypeOf, it } from "vitest"

class Database extends Context.Service<Database, { readonly url: string }>()("app/Database") {}

describe("Child", () => {
  it("requires what its effect or layer requires", () => {
    const job = Child.effect("job", Effect.flatMap(Database, () => Effect.never))
    const idle = Child.layer("idle", Layer.empty)
    expectTypeOf<Child.Services<typeof job>>().toEqualTypeOf<Database>()
    expectTypeOf<Child.Services<typeof idle>>().toEqualTypeOf<never>()
  })

  it("refuses a restart type that OTP does not have", () => {
    // @ts-expect-error it is permanent, transient or temporary
    Child.effect("job", Effect.never, { restart: "sometimes" })
  })
})

describe("decide", () => {
  class Lost extends Schema.TaggedError<Lost>()("Lost", { at: Schema.Int }) {}
  class Full extends Schema.TaggedError<Full>()("Full", {}) {}
  const work: Effect.Effect<never, Lost | Full> = Effect.never
  const Account = Actor.make("Account", [Rpc.make("Withdraw", { success: Schema.Int, error: Full })])

  it("names the errors that a child can fail with, and no others", () => {
    Child.effect("work", work, { decide: { Lost: "stop", defect: "escalate", otherwise: "restart" } })
    // @ts-expect-error it does not fail with that
    Child.effect("work", work, { decide: { Gone: "stop" } })
    // @ts-expect-error it does not fail at all
    Child.effect("work", Effect.never, { decide: { Lost: "stop" } })
    // @ts-expect-error there is no such directive
    Child.effect("work", work, { decide: { Lost: "again" } })
    Child.layer("layer", Layer.effectDiscard(work), { decide: { Full: "stop" } })
    // @ts-expect-error it does not fail with that
    Child.layer("layer", Layer.effectDiscard(work), { decide: { Gone: "stop" } })
  })

  it("is given the cause of the child", () => {
    Child.effect("work", work, {
      decide: (cause) => {
        expectTypeOf(cause).toEqualTypeOf<Cause.Cause<Lost | Full>>()
        return "restart"
      }
    })
    const any: Restart.Decider = () => "stop"
    Child.effect("work", work, { decide: any })
  })

  it("names the errors of a protocol, of its behaviour and of an actor below a supervisor", () => {
    Child.actor(Account, "a", { decide: { Full: "stop", Killed: "stop" } })
    // @ts-expect-error its protocol does not have that
    Child.actor(Account, "a", { decide: { Lost: "stop" } })
    const behaviour = Effect.succeed(Account.of({ Withdraw: () => Effect.succeed(1) }))
    Account.toLayer(behaviour, { supervision: { decide: { Full: "restart", defect: "stop" } } })
    // @ts-expect-error its protocol does not have that
    Account.toLayer(behaviour, { supervision: { decide: { Lost: "restart" } } })
  })
})

describe("Restart", () => {
  it("decides on plain data", () => {
    expectTypeOf(Restart.shouldRestart).parameters.toEqualTypeOf<
      [type: Restart.RestartType, exit: Exit.Exit<unknown, unknown>]
    >()
    expectTypeOf(Restart.shouldRestart).returns.toEqualTypeOf<boolean>()
  })
})
