/**
 * A channel against a model of it: random commands to a few ends, and after each the same exits and the same statistics;
 * and histories of fibers that are under way together, whose answers must be those of a queue.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Channel, type ChannelError } from "shared-nothing"
import { seeded } from "../memory/seeded.ts"
import { History, queue } from "../model/history.ts"
import { tries } from "../support/effort.ts"

const CAPACITY = 2
const TICK_MILLIS = 100

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const nth = between(0, 5)
const Send = Schema.Struct({ do: Schema.Literals(["send", "send", "trySend", "sendWithin"]), nth })
const Receive = Schema.Struct({
  do: Schema.Literals(["receive", "receive", "tryReceive", "receiveWithin", "receiveBatch"]),
  nth
})
/** Messages come up most; the channel as a whole is closed now and then. */
const Command = Schema.Union([
  Send,
  Send,
  Receive,
  Receive,
  Schema.Struct({ do: Schema.Literal("interrupt"), nth }),
  Schema.Struct({ do: Schema.Literals(["cloneSender", "cloneReceiver", "advance", "advance"]), nth }),
  Schema.Struct({
    do: Schema.Literals(["advance", "closeSender", "closeReceiver", "interrupt", "interrupt", "advance", "close"]),
    nth
  })
])
type Command = typeof Command.Type

interface Waiting {
  readonly n: number
  /** Most messages of a batch; 0 for one, and for a send. */
  readonly max: number
  readonly due: number
}

interface End {
  isOpen: boolean
  line: Array<Waiting>
}

/** The rules, written down as naively as they can be; time in ticks. */
class Model {
  now = 0
  isClosed = false
  readonly overflow: Channel.Overflow
  readonly queue: Array<number> = []
  readonly senders: Array<End> = [{ isOpen: true, line: [] }]
  readonly receivers: Array<End> = [{ isOpen: true, line: [] }]
  /** Ends at which somebody waits, the next one first. */
  sendersInTurn: Array<End> = []
  receiversInTurn: Array<End> = []
  readonly outcomes = new Map<number, string>()
  sent = 0
  received = 0
  dropped = 0
  lost = 0

  constructor(overflow: Channel.Overflow) {
    this.overflow = overflow
  }

  send(end: End, n: number, mode: "send" | "trySend" | "sendWithin", ticks: number): void {
    const outcome = this.offer(end, n)
    if (outcome !== undefined) this.outcomes.set(n, outcome)
    else if (this.overflow === "suspend" && mode !== "trySend") {
      this.join(this.sendersInTurn, end, { n, max: 0, due: mode === "sendWithin" ? this.now + ticks : Infinity })
    } else if (this.overflow === "suspend" || this.overflow === "fail") this.outcomes.set(n, "full")
    else {
      this.dropped++
      if (this.overflow === "dropOldest") {
        this.queue.shift()
        this.offer(end, n)
      }
      this.outcomes.set(n, "sent")
    }
    this.settle()
  }

  private offer(end: End, n: number): string | undefined {
    if (this.isClosed) return "closed by channel"
    if (this.open(this.receivers) === 0) return "closed by receivers"
    if (!end.isOpen) return "moved"
    if (this.queue.length >= CAPACITY) return undefined
    this.queue.push(n)
    this.sent++
    return "sent"
  }

  receive(end: End, n: number, max: number, ticks: number): void {
    const outcome = this.take(end, max)
    if (outcome !== undefined) this.outcomes.set(n, outcome)
    else if (ticks === 0) this.outcomes.set(n, "nothing")
    else this.join(this.receiversInTurn, end, { n, max, due: this.now + ticks })
    this.settle()
  }

  private take(end: End, max: number): string | undefined {
    if (!end.isOpen) return "moved"
    if (this.queue.length > 0) {
      const got = this.queue.splice(0, Math.max(1, max))
      this.received += got.length
      return received(got)
    }
    if (this.isClosed) return "closed by channel"
    return this.open(this.senders) === 0 ? "closed by senders" : undefined
  }

  private join(inTurn: Array<End>, end: End, waiting: Waiting): void {
    if (end.line.length === 0) inTurn.push(end)
    end.line.push(waiting)
  }

  open(ends: ReadonlyArray<End>): number {
    return ends.filter(({ isOpen }) => isOpen).length
  }

  waiting(ends: ReadonlyArray<End>): number {
    return ends.reduce((sum, { line }) => sum + line.length, 0)
  }

  /** Lets everybody go on who can. */
  private settle(): void {
    for (let more = true; more;) {
      const byReceivers = this.serve(this.receiversInTurn, (end, { max }) => this.take(end, max))
      const bySenders = this.serve(this.sendersInTurn, (end, { n }) => this.offer(end, n))
      more = byReceivers || bySenders
    }
  }

  private serve(inTurn: Array<End>, attempt: (end: End, waiting: Waiting) => string | undefined): boolean {
    for (const end of inTurn) {
      const first = end.line[0]!
      const outcome = attempt(end, first)
      if (outcome === undefined) continue
      this.outcomes.set(first.n, outcome)
      end.line.shift()
      inTurn.splice(inTurn.indexOf(end), 1)
      if (end.line.length > 0) inTurn.push(end)
      return true
    }
    return false
  }

  withdraw(n: number, outcome: string): void {
    for (const inTurn of [this.sendersInTurn, this.receiversInTurn]) {
      const end = inTurn.find(({ line }) => line.some((waiting) => waiting.n === n))
      if (end === undefined) continue
      end.line = end.line.filter((waiting) => waiting.n !== n)
      this.outcomes.set(n, outcome)
      if (end.line.length === 0) inTurn.splice(inTurn.indexOf(end), 1)
    }
    this.settle()
  }

  tick(): void {
    this.now++
    const due = [...this.sendersInTurn, ...this.receiversInTurn].flatMap(({ line }) => line).filter((waiting) =>
      waiting.due <= this.now
    )
    for (const { n } of due) this.withdraw(n, "timeout")
  }

  closeEnd(end: End): void {
    end.isOpen = false
    if (this.open(this.receivers) === 0) this.lost += this.queue.splice(0).length
    this.settle()
  }

  close(): void {
    this.isClosed = true
    this.settle()
  }
}

const outcomeOf = (
  exit: Exit.Exit<string, ChannelError.SendError<number> | ChannelError.ReceiveError | { readonly _tag: string }>
): string => {
  if (Exit.isSuccess(exit)) return exit.value
  if (Cause.hasInterruptsOnly(exit.cause)) return "interrupted"
  const error = Cause.squash(exit.cause) as { readonly _tag: string; readonly by?: string }
  switch (error._tag) {
    case "ChannelClosed":
      return `closed by ${error.by}`
    case "EndMoved":
      return "moved"
    case "ChannelFull":
      return "full"
    case "SendTimeout":
    case "ReceiveTimeout":
      return "timeout"
    default:
      return `unexpected ${error._tag}`
  }
}

/** Enough turns for everything to run that can run without time passing. */
const quiet: Effect.Effect<void> = Effect.repeat(Effect.yieldNow, { times: 8 })

const received = (messages: ReadonlyArray<number>): string => `received ${messages.join()}`

const sendBy = (end: Channel.Sender<number>, n: number, mode: "send" | "trySend" | "sendWithin", ticks: number) =>
  Effect.as(mode === "sendWithin" ? end.sendWithin(n, ticks * TICK_MILLIS) : end[mode](n), "sent")

const receiveBy = (end: Channel.Receiver<number>, mode: (typeof Receive.Type)["do"], ticks: number) => {
  switch (mode) {
    case "receive":
      return Effect.map(end.receive, (message) => received([message]))
    case "tryReceive":
      return Effect.map(
        end.tryReceive,
        Option.match({
          onNone: () => "nothing",
          onSome: (message) => received([message])
        })
      )
    case "receiveWithin":
      return Effect.map(end.receiveWithin(ticks * TICK_MILLIS), (message) => received([message]))
    case "receiveBatch":
      return Effect.map(end.receiveBatch(2), received)
  }
}

const scenario = (overflow: Channel.Overflow, commands: ReadonlyArray<Command>) =>
  Effect.gen(function*() {
    const model = new Model(overflow)
    const channel = yield* Channel.make(Schema.Int, { capacity: CAPACITY, overflow })
    const senders = [channel.sender]
    const receivers = [channel.receiver]
    const fibers: Array<{ readonly n: number; readonly fiber: Fiber.Fiber<string, { readonly _tag: string }> }> = []
    const fork = (n: number, effect: Effect.Effect<string, { readonly _tag: string }>) =>
      Effect.map(Effect.forkChild(effect, { startImmediately: true }), (fiber) => void fibers.push({ n, fiber }))

    const run = Effect.fnUntraced(function*(command: Command, n: number) {
      const from = command.nth % senders.length
      const to = command.nth % receivers.length
      const ticks = 1 + command.nth
      switch (command.do) {
        case "send":
        case "trySend":
        case "sendWithin":
          yield* fork(n, sendBy(senders[from]!, n, command.do, ticks))
          return model.send(model.senders[from]!, n, command.do, ticks)
        case "receive":
        case "tryReceive":
        case "receiveWithin":
        case "receiveBatch": {
          yield* fork(n, receiveBy(receivers[to]!, command.do, ticks))
          const waits = command.do === "tryReceive" ? 0 : command.do === "receiveWithin" ? ticks : Infinity
          return model.receive(model.receivers[to]!, n, command.do === "receiveBatch" ? 2 : 0, waits)
        }
        case "interrupt": {
          const open = fibers.filter(({ fiber }) => fiber.pollUnsafe() === undefined)
          const chosen = open[command.nth % Math.max(1, open.length)]
          if (chosen === undefined) return
          yield* Fiber.interrupt(chosen.fiber)
          return model.withdraw(chosen.n, "interrupted")
        }
        case "cloneSender": {
          const exit = yield* Effect.exit(senders[from]!.clone)
          assert.strictEqual(Exit.isSuccess(exit), model.senders[from]!.isOpen)
          if (!Exit.isSuccess(exit)) return
          senders.push(exit.value)
          return void model.senders.push({ isOpen: true, line: [] })
        }
        case "cloneReceiver": {
          const exit = yield* Effect.exit(receivers[to]!.clone)
          assert.strictEqual(Exit.isSuccess(exit), model.receivers[to]!.isOpen)
          if (!Exit.isSuccess(exit)) return
          receivers.push(exit.value)
          return void model.receivers.push({ isOpen: true, line: [] })
        }
        case "closeSender":
          yield* senders[from]!.close
          return model.closeEnd(model.senders[from]!)
        case "closeReceiver":
          yield* receivers[to]!.close
          return model.closeEnd(model.receivers[to]!)
        case "close":
          yield* channel.close
          return model.close()
        case "advance":
          yield* TestClock.adjust(TICK_MILLIS)
          return model.tick()
      }
    })

    for (const [index, command] of commands.entries()) {
      yield* run(command, index)
      yield* quiet
      for (const { fiber, n } of fibers) {
        const exit = fiber.pollUnsafe()
        const outcome = exit === undefined ? undefined : outcomeOf(exit)
        assert.strictEqual(outcome, model.outcomes.get(n), `the outcome of ${n} after command ${index}`)
      }
      assert.deepStrictEqual(yield* channel.stats, {
        sent: model.sent,
        received: model.received,
        dropped: model.dropped,
        missed: 0,
        lost: model.lost,
        depth: model.queue.length,
        waitingSenders: model.waiting(model.senders),
        waitingReceivers: model.waiting(model.receivers),
        senders: model.open(model.senders),
        receivers: model.open(model.receivers)
      }, `the statistics after command ${index}`)
    }
  }).pipe(Effect.scoped)

describe("a channel against its model", () => {
  for (const overflow of ["suspend", "fail", "dropNewest", "dropOldest"] as const) {
    it.effect.prop(
      `does as the model does, whatever it is told, with overflow "${overflow}"`,
      { commands: Schema.Array(Command).check(Schema.isMaxLength(80)) },
      ({ commands }) => scenario(overflow, commands),
      { arbitrary: { runs: tries(overflow === "suspend" ? 300 : 60), size: 80 } }
    )
  }

  it.effect("answers as a queue does, whatever is under way at the same time", () =>
    Effect.forEach(Array.from({ length: tries(300) }, (_, i) => i + 1), (seed) =>
      Effect.gen(function*() {
        const rng = seeded(seed)
        const capacity = 1 + seed % 2
        const model = queues[capacity - 1]!
        const history = new History()
        const { receiver, sender } = yield* Channel.make(Schema.Int, { capacity })
        const recorded = (operation: string, args: ReadonlyArray<unknown>, effect: Effect.Effect<unknown, unknown>) =>
          Effect.suspend(() => {
            const call = history.call(operation, operation, args)
            return Effect.map(effect, (answer) => history.answer(call, answer))
          })
        const fibers: Array<Fiber.Fiber<void, unknown>> = []
        for (let n = 0; n < 14; n++) {
          const effect = [
            recorded("offer", [n], Effect.as(sender.send(n), "taken")),
            recorded(
              "offer",
              [n],
              Effect.match(sender.trySend(n), { onFailure: () => "full", onSuccess: () => "taken" })
            ),
            recorded("poll", [], receiver.receive),
            recorded("poll", [], Effect.map(receiver.tryReceive, Option.getOrElse(() => "nothing")))
          ][rng(4)]!
          fibers.push(yield* Effect.forkChild(effect, { startImmediately: rng(2) === 0 }))
          if (rng(4) === 0) fibers[rng(fibers.length)]!.interruptUnsafe()
          if (rng(3) === 0) yield* Effect.yieldNow
        }
        yield* quiet
        history.check(model)
        yield* Fiber.interruptAll(fibers)
      }).pipe(Effect.scoped), { discard: true }))
})

// What is promised to a fiber that waits is neither room nor a message for one that does not.
const answers = { taken: "taken", full: "full", empty: "nothing", mayLookFull: true, mayLookEmpty: true }
const queues = [queue({ capacity: 1, ...answers }), queue({ capacity: 2, ...answers })]
