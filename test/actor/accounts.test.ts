/**
 * After any storm of tells, asks, interruptions, timeouts, crashes and stops, from here and from elsewhere, every account of
 * an actor is back at zero: credit, depth, waiters, deadlines; and each ask was settled once.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorSystem } from "shared-nothing"
import { recipientOf } from "../../src/actor/ActorRef.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import type { Host } from "../../src/actor/kernel/Host.ts"
import type { Overflow } from "../../src/actor/kernel/Mailbox.ts"
import { Ask, ORIGIN_SHIFT } from "../../src/actor/kernel/Word.ts"
import { settle } from "../contract/eventually.ts"

const stormOf = (first: Actor.Level, last: Actor.Level) =>
  Actor.make("Storm", [
    Rpc.make("Now", { success: Schema.Int }),
    Rpc.make("Later", { success: Schema.Int }).annotate(Actor.Priority, first),
    Rpc.make("Never", { success: Schema.Int }),
    Rpc.make("Crash", { success: Schema.Int }),
    Rpc.make("PutOff", { success: Schema.Int }).annotate(Actor.Priority, last),
    Rpc.make("HandOut", { success: Schema.Int })
  ])
const tags = ["Now", "Later", "Never", "Crash", "PutOff", "HandOut"] as const

const liveOf = (Storm: ReturnType<typeof stormOf>, overflow: Overflow, stashes: boolean) =>
  Storm.toLayer(
    Effect.gen(function*() {
      const stash = stashes ? yield* Storm.stash({ capacity: 3 }) : undefined
      let turns = 0
      return Storm.of({
        Now: () => Effect.succeed(1),
        Later: () => Effect.as(Effect.repeat(Effect.yieldNow, { times: 2 }), 1),
        Never: () => Effect.never,
        Crash: () => Effect.die("crash"),
        PutOff: () =>
          stash !== undefined && ++turns % 3 > 0
            ? Effect.catchTag(stash.put, "StashFull", () => Effect.succeed(0))
            : Effect.succeed(1),
        HandOut: () => Effect.as(stash?.unstash(2) ?? Effect.void, 1)
      })
    }),
    {
      shutdown: "brutalKill",
      mailbox: { capacity: 3, overflow },
      supervision: { intensity: { restarts: 4, within: "1 minute" } }
    }
  ).pipe(Layer.provideMerge(ActorSystem.layer))

/** An ask of a sender elsewhere. */
class FarAsk extends Ask {
  outcomes = 0
  settle(_exit: Exit.Exit<unknown, unknown>): void {
    this.outcomes++
  }
  restarting(): void {
    this.outcomes++
  }
  stopped(): void {
    this.outcomes++
  }
}

const what = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 }))
const Command = Schema.Union([
  Schema.Struct({ do: Schema.Literals(["tell", "ask", "farTell", "farAsk", "farTell", "farAsk"]), what }),
  Schema.Struct({
    do: Schema.Literals(["withdraw", "cancel"]),
    nth: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))
  }),
  Schema.Struct({ do: Schema.Literals(["rest", "advance", "rest"]) })
])

const scenario = (
  overflow: Overflow,
  { stashes, ranks }: { readonly stashes: boolean; readonly ranks: boolean },
  commands: ReadonlyArray<typeof Command.Type>
) => {
  const Storm = ranks ? stormOf("high", "low") : stormOf("normal", "normal")
  return Effect.gen(function*() {
    const life = yield* Scope.make()
    const storm = yield* Scope.provide(Storm.spawn("s"), life)
    const cell = recipientOf(storm) as Cell
    const { origins } = cell.host as unknown as Host
    let credit = 0
    let sent = 0
    const origin = origins.add({ handled: () => void credit++ }) << ORIGIN_SHIFT
    const far: Array<FarAsk> = []
    const withdraws: Array<() => void> = []
    const withdrawn = new Set<number>()
    const settled: Array<number> = []
    const asks: Record<typeof tags[number], (onExit: () => void, options: { timeout: "1 second" }) => () => void> =
      storm.askUnsafe
    for (const command of commands) {
      switch (command.do) {
        case "tell":
          yield* Effect.forkScoped(Effect.ignoreCause(storm.tell[tags[command.what]!]()))
          break
        case "ask": {
          const n = settled.push(0) - 1
          withdraws[n] = asks[tags[command.what]!](() => void settled[n]!++, { timeout: "1 second" })
          break
        }
        case "farTell":
          sent++
          cell.deliverRemote(origin | command.what, undefined)
          break
        case "farAsk": {
          sent++
          const ask = new FarAsk(origin | command.what, undefined)
          far.push(ask)
          cell.deliverRemote(ask, undefined)
          break
        }
        case "withdraw": {
          const n = command.nth % Math.max(1, withdraws.length)
          if (withdraws[n] === undefined || settled[n]! > 0) break
          withdrawn.add(n)
          withdraws[n]()
          break
        }
        case "cancel": {
          const ask = far[command.nth % Math.max(1, far.length)]
          if (ask !== undefined && ask.outcomes === 0) cell.cancel(ask)
          break
        }
        case "rest":
          for (let i = 0; i < 4; i++) yield* Effect.yieldNow
          break
        case "advance":
          yield* TestClock.adjust("300 millis")
      }
    }
    yield* TestClock.adjust("1 second")
    yield* Scope.close(life, Exit.void)
    yield* TestClock.adjust("10 seconds")
    yield* settle
    assert.strictEqual(credit, sent, "credit")
    assert.strictEqual(cell.depth(), 0, "depth")
    assert.strictEqual(cell.rare?.waiters.length ?? 0, 0, "waiters")
    assert.strictEqual(cell.host.deadlines.size, 0, "deadlines")
    settled.forEach((times, n) => assert.strictEqual(times, withdrawn.has(n) ? 0 : 1, `ask ${n}`))
    for (const ask of far) {
      assert.isTrue(ask.cancelled ? ask.outcomes <= 1 : ask.outcomes === 1, "an ask from elsewhere")
    }
  }).pipe(Effect.scoped, Effect.provide([liveOf(Storm, overflow, stashes), Logger.layer([])]))
}

describe("accounts", () => {
  for (const overflow of ["suspend", "fail", "dropNewest", "dropOldest"] as const) {
    for (
      const [besides, has] of [
        ["", { stashes: false, ranks: false }],
        [" and a stash", { stashes: true, ranks: false }],
        [" and priorities", { stashes: false, ranks: true }],
        [" and both", { stashes: true, ranks: true }]
      ] as const
    ) {
      it.effect.prop(
        `are back at zero after any storm, with overflow "${overflow}"${besides}`,
        { commands: Schema.Array(Command).check(Schema.isMaxLength(40)) },
        ({ commands }) => scenario(overflow, has, commands),
        { timeout: 60_000, arbitrary: { runs: 40, size: 40 } }
      )
    }
  }
})
