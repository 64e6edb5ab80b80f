import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { Child } from "shared-nothing"
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

describe("Restart", () => {
  it("decides on plain data", () => {
    expectTypeOf(Restart.shouldRestart).parameters.toEqualTypeOf<
      [type: Restart.RestartType, exit: Exit.Exit<unknown, unknown>]
    >()
    expectTypeOf(Restart.shouldRestart).returns.toEqualTypeOf<boolean>()
  })
})
