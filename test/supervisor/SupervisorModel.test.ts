/**
 * A supervisor against a model of it: random commands, the same ones to both, and after each the same answer, the same
 * children in the same state and the same number of starts.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import type { RestartType } from "../../src/supervisor/Restart.ts"
import * as Supervisor from "../../src/supervisor/Supervisor.ts"
import { tries } from "../support/effort.ts"
import * as Stage from "./stage.ts"

const ids = ["a", "b", "c", "d"] as const
const Id = Schema.Literals(ids)
const Type = Schema.Literals(["permanent", "transient", "temporary"])
const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
/** Times are whole ticks, so that failures fall on the edges of windows and quiet times, not only beside them. */
const tickMillis = 100

const Fail = Schema.Struct({ do: Schema.Literals(["fail", "die"]), id: Id })
const Advance = Schema.Struct({ do: Schema.Literal("advance"), ticks: between(1, 9) })
/** Failures and time are what the rules are about, so they come up most. */
const Command = Schema.Union([
  Fail,
  Schema.Struct({ do: Schema.Literal("end"), id: Id }),
  Schema.Struct({ do: Schema.Literals(["terminate", "restart", "delete", "start"]), id: Id }),
  Advance,
  Schema.Struct({ do: Schema.Literal("fail"), id: Schema.Literals(["a", "b"]) }),
  Schema.Struct({ do: Schema.Literal("advance"), ticks: between(1, 3) })
])
type Command = typeof Command.Type

const Config = Schema.Struct({
  strategy: Schema.Literals(["one-for-one", "rest-for-one", "one-for-all"]),
  restarts: Schema.Literals([0, 1, 2, 4, 20]),
  withinTicks: between(1, 20),
  per: Schema.Literals(["supervisor", "child"]),
  /** Base of an exponential backoff; 0 is none. */
  backoffTicks: between(0, 1),
  resetAfterTicks: between(1, 10),
  types: Schema.Tuple([Type, Type, Type, Type])
})
type Config = typeof Config.Type

interface ModelChild {
  readonly id: string
  readonly type: RestartType
  status: "running" | "restarting" | "stopped"
  /** Whether somebody has told it to stay down. */
  terminated: boolean
  due: number
  restarts: number
  times: Array<number>
  /** Steps taken in the backoff schedule, and when the last of its delays was over. */
  steps: number
  resumedAt: number
}

/** The rules, written down as naively as they can be; time in ticks. */
class Model {
  readonly config: Config
  now = 0
  children: Array<ModelChild> = []
  starts = new Map<string, number>()
  times: Array<number> = []
  gaveUpOn: string | undefined = undefined
  /** The children that were up when the supervisor gave up, in the order they have to stop. */
  stopOrder: ReadonlyArray<string> = []

  constructor(config: Config) {
    this.config = config
    for (const id of ids) this.add(id)
  }

  typeOf(id: string): RestartType {
    return this.config.types[ids.indexOf(id as "a")]!
  }

  find(id: string): ModelChild | undefined {
    return this.children.find((child) => child.id === id)
  }

  add(id: string): void {
    const child = {
      id,
      type: this.typeOf(id),
      terminated: false,
      due: 0,
      restarts: 0,
      times: [],
      steps: 0,
      resumedAt: 0
    }
    this.children.push({ ...child, status: "running" })
    this.started(id)
  }

  started(id: string): void {
    this.starts.set(id, (this.starts.get(id) ?? 0) + 1)
  }

  down(child: ModelChild): void {
    child.status = "stopped"
    if (child.type === "temporary") this.children = this.children.filter((other) => other !== child)
  }

  ended(child: ModelChild, abnormal: boolean): void {
    if (child.type === "temporary" || (child.type === "transient" && !abnormal)) return this.down(child)
    const { backoffTicks, per, resetAfterTicks, restarts, strategy, withinTicks } = this.config
    const times = (per === "child" ? child.times : this.times).filter((t) => t >= this.now - withinTicks)
    times.push(this.now)
    if (per === "child") child.times = times
    else this.times = times
    if (times.length > restarts) return this.giveUp(child)
    child.due = this.now
    if (backoffTicks > 0) {
      if (this.now - child.resumedAt >= resetAfterTicks) child.steps = 0
      child.due = this.now + backoffTicks * 2 ** child.steps++
      child.resumedAt = child.due
    }
    child.status = "restarting"
    if (strategy !== "one-for-one") this.takeDown(child)
    this.advance(0)
  }

  /** Those that go down with a child: all that wait for a restart come up together, when the last backoff is over. */
  takeDown(child: ModelChild): void {
    const from = this.config.strategy === "one-for-all" ? 0 : this.children.indexOf(child)
    for (const other of this.children.slice(from)) {
      if (other.status === "running" && other.type === "temporary") this.down(other)
      else if (other.status === "running" || (other.status === "stopped" && !other.terminated)) {
        other.status = "restarting"
      }
    }
    this.due = Math.max(this.due, child.due)
    for (const other of this.children) other.due = this.due
  }

  due = 0

  restart(child: ModelChild): void {
    child.status = "running"
    child.restarts++
    this.started(child.id)
  }

  giveUp(child: ModelChild): void {
    this.gaveUpOn = child.id
    this.stopOrder = this.children.filter((other) => other !== child && other.status === "running")
      .map((other) => other.id).reverse()
    for (const other of this.children.slice()) this.down(other)
  }

  advance(ticks: number): void {
    this.now += ticks
    for (const child of this.children) {
      if (child.status === "restarting" && child.due <= this.now) this.restart(child)
    }
  }

  /** Carries out a command and says what the supervisor must answer. */
  run(command: Command): string {
    if (command.do === "advance") {
      this.advance(command.ticks)
      return "ok"
    }
    const child = this.find(command.id)
    switch (command.do) {
      case "fail":
      case "die":
      case "end": {
        if (child?.status === "running") this.ended(child, command.do !== "end")
        return "ok"
      }
      case "start": {
        if (this.gaveUpOn !== undefined) return "SupervisorStopped"
        if (child !== undefined) return "ChildAlreadyExists"
        this.add(command.id)
        return "ok"
      }
      case "terminate": {
        if (child === undefined) return "ChildNotFound"
        if (child.status !== "stopped") this.down(child)
        child.terminated = true
        return "ok"
      }
      case "restart": {
        if (child === undefined) return "ChildNotFound"
        if (this.gaveUpOn !== undefined) return "SupervisorStopped"
        if (child.status !== "stopped") return "ChildRunning"
        child.status = "running"
        child.terminated = false
        child.steps = 0
        this.started(child.id)
        return "ok"
      }
      case "delete": {
        if (child === undefined) return "ChildNotFound"
        if (child.status !== "stopped") return "ChildRunning"
        this.children = this.children.filter((other) => other !== child)
        return "ok"
      }
    }
  }
}

const spec = (stage: Stage.Stage, model: Model, id: string) => Stage.child(stage, id, { restart: model.typeOf(id) })

const answer = (effect: Effect.Effect<void, { readonly _tag: string }>): Effect.Effect<string> =>
  Effect.match(effect, { onFailure: (error) => error._tag, onSuccess: () => "ok" })

const run = (
  supervisor: Supervisor.Supervisor["Service"],
  stage: Stage.Stage,
  model: Model,
  command: Command
): Effect.Effect<string> => {
  switch (command.do) {
    case "advance":
      return Effect.as(TestClock.adjust(command.ticks * tickMillis), "ok")
    case "fail":
    case "die":
    case "end":
      return stage.up.get(command.id) === 1
        ? Effect.as(Stage[command.do](stage, command.id), "ok")
        : Effect.succeed("ok")
    case "start":
      return answer(supervisor.startChild(spec(stage, model, command.id)))
    case "terminate":
      return answer(supervisor.terminateChild(command.id))
    case "restart":
      return answer(supervisor.restartChild(command.id))
    case "delete":
      return answer(supervisor.deleteChild(command.id))
  }
}

const observed = Effect.fnUntraced(function*(supervisor: Supervisor.Supervisor["Service"], stage: Stage.Stage) {
  const children = yield* supervisor.children
  return {
    children: children.map(({ id, restarts, status }) => ({ id, restarts, status })),
    starts: Object.fromEntries(stage.starts),
    active: (yield* supervisor.count).active
  }
})

const expected = (model: Model) => ({
  children: model.children.map(({ id, restarts, status }) => ({ id, restarts, status: status as string })),
  starts: Object.fromEntries(model.starts),
  active: model.children.filter((child) => child.status === "running").length
})

describe("Supervisor and its model", () => {
  it.effect.prop(
    "agree after every command",
    [Config, Schema.Array(Command).check(Schema.isMinLength(20), Schema.isMaxLength(60))],
    ([config, commands]) =>
      Effect.gen(function*() {
        const stage = Stage.make()
        const model = new Model(config)
        const supervisor = yield* Supervisor.make("s", {
          strategy: config.strategy,
          intensity: { restarts: config.restarts, within: config.withinTicks * tickMillis, per: config.per },
          backoff: config.backoffTicks === 0 ? undefined : {
            schedule: Schedule.exponential(config.backoffTicks * tickMillis),
            resetAfter: config.resetAfterTicks * tickMillis
          },
          children: ids.map((id) => spec(stage, model, id))
        })
        for (const command of commands) {
          const before = model.gaveUpOn
          const logged = stage.log.length
          assert.strictEqual(yield* run(supervisor, stage, model, command), model.run(command))
          yield* Stage.settle
          assert.deepStrictEqual(yield* observed(supervisor, stage), expected(model))
          assert.isAtMost(stage.most, 1)
          if (before === undefined && model.gaveUpOn !== undefined) {
            const stopped = stage.log.slice(logged).map((entry) => entry.slice(1))
            assert.deepStrictEqual(stopped, [model.gaveUpOn, ...model.stopOrder])
            assert.isTrue(Exit.isFailure(yield* supervisor.exit))
          }
        }
        const before = stage.log.length
        yield* supervisor.stop
        assert.deepStrictEqual(
          stage.log.slice(before),
          model.children.filter((child) => child.status === "running").map((child) => `-${child.id}`).reverse()
        )
        assert.strictEqual(Exit.isSuccess(yield* supervisor.exit), model.gaveUpOn === undefined)
      }).pipe(Effect.scoped),
    { arbitrary: { runs: tries(1_000) } }
  )
})
