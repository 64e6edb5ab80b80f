/**
 * Actors against a model of them: random commands to a few actors of one behaviour, and after each the same state and the
 * same answers.
 *
 * What must hold whatever happens: an ask settles exactly once, two incarnations of an actor never live at once, what is
 * sent is handled or dropped or still waits, and what is handled is handled in the order of sending.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Actor, ActorError, ActorSystem } from "shared-nothing"
import { tries } from "../support/effort.ts"

const CAPACITY = 3
const TICK_MILLIS = 100
const ASK_TICKS = 4
const BACKOFF_TICKS = 1
const RESTARTS = 2
const WINDOW_TICKS = 6

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const Who = Schema.Literals(["a", "b"])
/** `hold` waits until it is let go, `crash` dies, `work` is done at once, `slow` after a yield. */
const What = Schema.Literals(["work", "slow", "hold", "hold", "hold", "work", "slow", "crash", "slowCrash"])
type What = typeof What.Type
const Send = Schema.Struct({ do: Schema.Literals(["tell", "ask"]), who: Who, what: What })
/** Messages come up most, and stopped actors come back soon: most of what can happen, happens to one that is up. */
const Command = Schema.Union([
  Send,
  Send,
  Send,
  Schema.Struct({ do: Schema.Literals(["release", "spawn"]), who: Who }),
  Schema.Struct({ do: Schema.Literals(["release", "spawn", "release", "spawn", "stop"]), who: Who }),
  Schema.Struct({ do: Schema.Literal("interrupt"), nth: between(0, 5) }),
  Schema.Struct({ do: Schema.Literal("advance"), ticks: between(1, 3) })
])
type Command = typeof Command.Type

const Machine = Actor.make("Machine", [
  Rpc.make("Do", { payload: { n: Schema.Int, what: What }, success: Schema.Int })
])
type Ref = Effect.Success<ReturnType<typeof Machine.spawn>>

type Outcome = "ok" | "died" | "restarting" | "stopped" | "full" | "timeout" | "interrupted"

interface Sent {
  readonly n: number
  readonly what: What
  /** When its asker gives up; tells have none. */
  readonly due: number | undefined
}

interface ModelActor {
  phase: "up" | "restarting" | "stopped"
  incarnation: number
  running: Sent | undefined
  queue: Array<Sent>
  backAt: number
  failures: Array<number>
}

/** The rules, written down as naively as they can be; time in ticks. */
class Model {
  now = 0
  readonly actors = new Map<string, ModelActor>()
  readonly handled: Array<string> = []
  readonly outcomes = new Map<number, Outcome>()

  spawn(who: string): boolean {
    const known = this.actors.get(who)
    if (known !== undefined && known.phase !== "stopped") return false
    this.actors.set(who, { phase: "up", incarnation: 1, running: undefined, queue: [], backAt: 0, failures: [] })
    return true
  }

  send(who: string, sent: Sent): Outcome | "taken" {
    const actor = this.actors.get(who)!
    if (actor.phase === "stopped") return this.refuse(sent, "stopped")
    if (actor.phase === "restarting" && sent.due !== undefined) return this.refuse(sent, "restarting")
    if (actor.queue.length >= CAPACITY) return this.refuse(sent, "full")
    actor.queue.push(sent)
    this.run(who, actor)
    return "taken"
  }

  release(who: string): void {
    const actor = this.actors.get(who)
    if (actor?.running === undefined) return
    const sent = actor.running
    actor.running = undefined
    this.settle(sent, "ok")
    this.run(who, actor)
  }

  stop(who: string): void {
    const actor = this.actors.get(who)
    if (actor === undefined || actor.phase === "stopped") return
    this.end(actor)
  }

  interrupt(n: number, outcome: Outcome = "interrupted"): void {
    if (this.outcomes.has(n)) return
    this.outcomes.set(n, outcome)
    for (const [who, actor] of this.actors) {
      // What nobody waits for takes no room.
      actor.queue = actor.queue.filter((queued) => queued.n !== n)
      if (actor.running?.n === n) {
        actor.running = undefined
        this.run(who, actor)
      }
    }
  }

  /** One tick: first those whose time it is to come back or to give up, by actor. */
  tick(): void {
    this.now++
    for (const [who, actor] of this.actors) {
      if (actor.phase === "restarting" && actor.backAt <= this.now) {
        actor.phase = "up"
        actor.incarnation++
        this.run(who, actor)
      }
    }
    for (const actor of this.actors.values()) {
      for (const sent of [...actor.queue, ...(actor.running === undefined ? [] : [actor.running])]) {
        if (sent.due !== undefined && sent.due <= this.now) this.interrupt(sent.n, "timeout")
      }
    }
  }

  private run(who: string, actor: ModelActor): void {
    while (actor.phase === "up" && actor.running === undefined && actor.queue.length > 0) {
      const sent = actor.queue.shift()!
      this.handled.push(`${who} ${sent.n} ${actor.incarnation}`)
      if (sent.what === "hold") actor.running = sent
      else if (sent.what === "crash" || sent.what === "slowCrash") this.crash(actor, sent)
      else this.settle(sent, "ok")
    }
  }

  private crash(actor: ModelActor, sent: Sent): void {
    this.settle(sent, "died")
    actor.failures = actor.failures.filter((at) => at >= this.now - WINDOW_TICKS)
    actor.failures.push(this.now)
    if (actor.failures.length > RESTARTS) {
      for (const queued of actor.queue) if (queued.due !== undefined) this.settle(queued, "restarting")
      this.end(actor)
      return
    }
    actor.phase = "restarting"
    actor.backAt = this.now + BACKOFF_TICKS
    for (const queued of actor.queue) if (queued.due !== undefined) this.settle(queued, "restarting")
    actor.queue = actor.queue.filter(({ due }) => due === undefined)
  }

  private end(actor: ModelActor): void {
    actor.phase = "stopped"
    for (const sent of [...actor.queue, ...(actor.running === undefined ? [] : [actor.running])]) {
      this.settle(sent, "stopped")
    }
    actor.queue = []
    actor.running = undefined
  }

  private refuse(sent: Sent, outcome: Outcome): Outcome {
    this.settle(sent, outcome)
    return outcome
  }

  private settle(sent: Sent, outcome: Outcome): void {
    if (!this.outcomes.has(sent.n)) this.outcomes.set(sent.n, outcome)
  }
}

interface Ask {
  readonly n: number
  readonly fiber: Fiber.Fiber<unknown, unknown>
}

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): Outcome => {
  if (Exit.isSuccess(exit)) return "ok"
  if (Cause.hasInterruptsOnly(exit.cause)) return "interrupted"
  const reason = Cause.squash(exit.cause)
  if (reason instanceof ActorError.ActorRestarting) return "restarting"
  if (reason instanceof ActorError.ActorStopped) return "stopped"
  if (reason instanceof ActorError.MailboxFull) return "full"
  if (reason instanceof ActorError.AskTimeout) return "timeout"
  return "died"
}

/** Enough turns for everything to run that can run without time passing. */
const quiet: Effect.Effect<void> = Effect.repeat(Effect.yieldNow, { times: 12 })

const scenario = (commands: ReadonlyArray<Command>) => {
  const model = new Model()
  const handled: Array<string> = []
  const alive = new Map<string, number>()
  const holds = new Map<string, Deferred.Deferred<void>>()
  const settled = new Map<number, number>()

  const live = Machine.toLayer(
    Effect.gen(function*() {
      const { incarnation, key } = yield* Actor.CurrentActor
      alive.set(key, (alive.get(key) ?? 0) + 1)
      assert.strictEqual(alive.get(key), 1, `two incarnations of ${key}`)
      yield* Effect.addFinalizer(() => Effect.sync(() => alive.set(key, alive.get(key)! - 1)))
      let running = 0
      return Machine.of({
        Do: ({ n, what }) => {
          handled.push(`${key} ${n} ${incarnation}`)
          assert.strictEqual(running, 0, `two handlers of ${key}`)
          if (what === "crash") throw new Error("crash")
          if (what === "work") return Effect.succeed(n)
          const hold = Deferred.makeUnsafe<void>()
          if (what === "hold") holds.set(key, hold)
          return Effect.acquireUseRelease(
            Effect.sync(() => running++),
            () => what === "hold" ? Deferred.await(hold) : Effect.yieldNow,
            () => Effect.sync(() => running--)
          ).pipe(Effect.andThen(what === "slowCrash" ? Effect.die(new Error("crash")) : Effect.succeed(n)))
        }
      })
    }),
    {
      shutdown: "brutalKill",
      mailbox: { capacity: CAPACITY, overflow: "fail" },
      supervision: {
        intensity: { restarts: RESTARTS, within: WINDOW_TICKS * TICK_MILLIS },
        backoff: Schedule.spaced(BACKOFF_TICKS * TICK_MILLIS)
      }
    }
  )

  return Effect.gen(function*() {
    const refs = new Map<string, Ref>()
    const lives = new Map<string, Scope.Closeable>()
    const asks: Array<Ask> = []
    let serial = 0

    const spawn = Effect.fnUntraced(function*(who: string) {
      const life = yield* Scope.make()
      const exit = yield* Effect.exit(Scope.provide(Machine.spawn(who), life))
      assert.strictEqual(Exit.isSuccess(exit), model.spawn(who), `spawning ${who}`)
      if (!Exit.isSuccess(exit)) return
      refs.set(who, exit.value)
      lives.set(who, life)
    })
    for (const who of ["a", "b"]) yield* spawn(who)

    for (const command of commands) {
      const n = ++serial
      switch (command.do) {
        case "tell": {
          const exit = yield* Effect.exit(refs.get(command.who)!.tell.Do({ n, what: command.what }))
          yield* quiet
          const expected = model.send(command.who, { n, what: command.what, due: undefined })
          assert.strictEqual(Exit.isSuccess(exit) ? "taken" : outcomeOf(exit), expected, `telling ${n}`)
          break
        }
        case "ask": {
          const ask = refs.get(command.who)!.ask.Do({ n, what: command.what }, { timeout: ASK_TICKS * TICK_MILLIS })
          const fiber = yield* Effect.forkChild(
            Effect.onExit(ask, () => Effect.sync(() => settled.set(n, (settled.get(n) ?? 0) + 1))),
            { startImmediately: true }
          )
          asks.push({ n, fiber })
          yield* quiet
          model.send(command.who, { n, what: command.what, due: model.now + ASK_TICKS })
          break
        }
        case "release": {
          const hold = holds.get(command.who)
          if (hold !== undefined) yield* Deferred.succeed(hold, undefined)
          yield* quiet
          model.release(command.who)
          break
        }
        case "stop":
          yield* Scope.close(lives.get(command.who)!, Exit.void)
          model.stop(command.who)
          break
        case "spawn":
          yield* spawn(command.who)
          break
        case "interrupt": {
          const open = asks.filter(({ fiber }) => fiber.pollUnsafe() === undefined)
          const chosen = open[command.nth % Math.max(1, open.length)]
          if (chosen === undefined) break
          yield* Fiber.interrupt(chosen.fiber)
          yield* quiet
          model.interrupt(chosen.n)
          break
        }
        case "advance":
          for (let i = 0; i < command.ticks; i++) {
            yield* TestClock.adjust(TICK_MILLIS)
            yield* quiet
            model.tick()
          }
          break
      }
      yield* quiet
      // Nothing is promised about the order between two actors.
      for (const who of ["a", "b"]) {
        const of = (lines: ReadonlyArray<string>) => lines.filter((line) => line.startsWith(who)).join()
        assert.strictEqual(of(handled), of(model.handled), `what ${who} has handled`)
      }
      for (const { fiber, n } of asks) {
        const exit = fiber.pollUnsafe()
        assert.strictEqual(
          exit === undefined ? undefined : outcomeOf(exit),
          model.outcomes.get(n),
          `the outcome of ${n}`
        )
        assert.strictEqual(settled.get(n) ?? 0, exit === undefined ? 0 : 1)
      }
      for (const [who, actor] of model.actors) {
        assert.strictEqual(
          yield* refs.get(who)!.depth,
          actor.queue.length + (actor.running === undefined ? 0 : 1),
          `the depth of ${who}`
        )
      }
    }
    for (const [who, life] of lives) {
      yield* Scope.close(life, Exit.void)
      model.stop(who)
    }
    yield* quiet
    for (const { fiber, n } of asks) {
      assert.strictEqual(outcomeOf(yield* Fiber.await(fiber)), model.outcomes.get(n), `the last outcome of ${n}`)
    }
    for (const [who, count] of alive) assert.strictEqual(count, 0, `${who} is released`)
  }).pipe(Effect.scoped, Effect.provide(live.pipe(Layer.provideMerge(ActorSystem.layer))))
}

describe("actors against their model", () => {
  it.effect.prop(
    "do as the model does, whatever they are told",
    { commands: Schema.Array(Command).check(Schema.isMaxLength(60)) },
    ({ commands }) => scenario(commands),
    { arbitrary: { runs: tries(150), size: 60 } }
  )
})
