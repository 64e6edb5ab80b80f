/**
 * A stream that answers an ask, on the side of the actor.
 *
 * The handler makes the stream, in its turn, and has handled its message with that. The stream itself runs beside the messages, in a fiber of
 * its incarnation, as fast as its reader takes the elements: so a reader that is slow, or a stream that never ends, does not keep the actor from what
 * comes next. It ends with its reader, and with its incarnation; what it fails with is the business of its reader.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Trace from "../../observe/Trace.ts"
import { messageOf, textOf } from "../../runtime/Text.ts"
import type { Turn } from "../../runtime/Turn.ts"
import type { Codec } from "../../wire/Codec.ts"
import type { StreamBroken } from "../ActorError.ts"
import type { ExitReason } from "../ExitReason.ts"
import { scopeOf } from "../internal/incarnationScope.ts"
import { interrupt } from "../internal/nesting.ts"
import { Deadline, type Deadlines } from "./Deadlines.ts"
import type { Dispatcher, Runnable } from "./Dispatcher.ts"
import type { Freight } from "./Freight.ts"
import { RESTARTING, STOPPING } from "./Phase.ts"
import type { Protocol } from "./Protocol.ts"
import { Beside } from "./Waits.ts"
import { type Ask, INDEX_MASK } from "./Word.ts"

/** What sending answers when nobody reads any more. */
export const NOBODY = -1

/** The actor whose stream it is. */
export interface Streamer {
  readonly name: string
  readonly key: string
  readonly behaviour: { readonly protocol: Protocol; readonly unreadMillis: number }
  readonly number: number
  readonly phase: number
  readonly reason: ExitReason
  scope: Scope.Closeable | undefined
  readonly host: {
    readonly deadlines: Deadlines
    readonly dispatcher: Dispatcher
    readonly freight: Freight
    readonly turn: Turn
    inlineDepth: number
    fault(where: string, defect: unknown): void
  }
  more(): { streams: Set<Streaming> | undefined; readonly isDraining: boolean }
  fork(effect: Effect.Effect<unknown, unknown, unknown>): Fiber.Fiber<unknown, unknown>
  /** It may have been the last thing that an actor had to do which is to end. */
  drained(): void
}

/** An ask that is answered with a stream. */
export interface StreamAsk extends Ask {
  /**
   * Sends elements from `from` on, as far as its reader has room and the turn has time, for one at least; answers which is the next to send,
   * or {@link NOBODY}.
   */
  send(elements: ReadonlyArray<unknown>, from: number): number
  /** The stream has come to its end. */
  ended(exit: Exit.Exit<unknown, unknown>): void
  /** It has ended before its end, and its actor has not. */
  broken(why: StreamBroken["reason"]): void
}

/** See the module. */
export class Streaming extends Deadline implements Runnable {
  declare private readonly cell: Streamer
  declare private readonly ask: StreamAsk
  declare private readonly stream: Stream.Stream<unknown, unknown>
  declare private fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** What it wants to send, and the place of the next element in it. */
  declare private chunk: ReadonlyArray<unknown>
  declare private at: number
  declare private resume: ((goOn: Effect.Effect<void>) => void) | undefined
  declare private isReady: boolean
  /** While elements are sent, whose reading is somebody's code: what ends it then comes behind the element in hand. */
  declare private isSending: boolean
  declare private late: (() => void) | undefined
  /** Nobody wants to know what becomes of it. */
  declare private isOver: boolean
  constructor(cell: Streamer, ask: StreamAsk, stream: Stream.Stream<unknown, unknown>) {
    super()
    this.cell = cell
    this.ask = ask
    this.stream = stream
    this.fiber = undefined
    this.chunk = []
    this.at = 0
    this.resume = undefined
    this.isReady = false
    this.isSending = false
    this.late = undefined
    this.isOver = false
  }

  private get streams(): Set<Streaming> {
    return this.cell.more().streams ??= new Set()
  }

  /** Has the stream run from the next turn of the actor's thread on; of an incarnation that has ended none does. */
  begin(): void {
    const { phase, reason } = this.cell
    if (phase >= RESTARTING) return this.cut(phase >= STOPPING ? reason : undefined)
    this.streams.add(this)
    this.wake()
  }

  /** There may be room. */
  wake(): void {
    if (this.isReady) return
    this.isReady = true
    this.cell.host.dispatcher.enqueue(this)
  }

  /** There may be room on the way: it is tried now, and its fiber goes on in a turn of its own. */
  retry(): void {
    if (this.goOn()) this.wake()
  }

  run(): void {
    this.isReady = false
    if (this.isOver) return
    const { cell: { host: { turn }, number } } = this
    const before = turn.handOver(number)
    if (this.fiber === undefined) this.start()
    else if (this.goOn()) this.goesOn()
    turn.handOver(before)
  }

  private start(): void {
    const { ask, cell, stream } = this
    const scope = scopeOf(cell)
    const offered = Stream.runForEachArray(stream, (chunk) => this.offer(chunk))
    const all = Effect.provideService(offered, Beside, true)
    const { spanName } = cell.behaviour.protocol.messages[ask.word & INDEX_MASK]!
    const fiber = cell.fork(
      ask.span === undefined ? all : Trace.handler(() => all, `${spanName} stream`, ask.span, ask.handledBy(cell.key))
    )
    this.fiber = fiber
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.end(exit)
    fiber.addObserver((exit) => this.end(exit))
    // What the incarnation holds is released when the stream has let go of it.
    Fiber.runIn(fiber, scope)
    // Its own code may have ended its reader, or its actor.
    if (this.isOver) fiber.interruptUnsafe()
  }

  private offer(chunk: ReadonlyArray<unknown>): Effect.Effect<void> {
    const { turn } = this.cell.host
    // Its code may have run on a stack that is not ours.
    turn.enter()
    this.chunk = chunk
    this.at = 0
    if (turn.isOver()) this.wake()
    else if (this.goOn()) return this.outcome
    return Effect.callback((resume) => {
      // There may be room since then.
      if (this.isOver || this.at === this.chunk.length) return resume(this.outcome)
      this.resume = resume
      this.watch()
      return Effect.sync(() => {
        this.resume = undefined
        this.cell.host.deadlines.remove(this)
      })
    })
  }

  private get outcome(): Effect.Effect<void> {
    return this.isOver ? Effect.interrupt : Effect.void
  }

  // The time in which its reader has to make room: counted from the last time that it did.
  private watch(): void {
    const { behaviour: { unreadMillis }, host: { deadlines } } = this.cell
    deadlines.remove(this)
    deadlines.add(this, unreadMillis)
  }

  // Answers whether the chunk is done with.
  private goOn(): boolean {
    if (this.isOver) return true
    const { chunk } = this
    this.isSending = true
    const at = this.ask.send(chunk, this.at)
    this.isSending = false
    const { late, resume } = this
    this.late = undefined
    if (resume !== undefined && at > this.at) this.watch()
    if (at === NOBODY) this.isOver = true
    else this.at = at
    late?.()
    if (this.isOver || at === chunk.length) return true
    if (this.cell.host.turn.isOver()) this.wake()
    return false
  }

  private goesOn(): void {
    const { resume } = this
    this.resume = undefined
    this.cell.host.deadlines.remove(this)
    resume?.(this.outcome)
  }

  /** Its reader has made no room for so long. */
  expire(): void {
    if (this.isOver) return
    this.interrupt()
    this.ask.broken("unread")
  }

  failed(defect: unknown): void {
    this.cell.host.fault(`a stream of ${this.cell.name}`, defect)
  }

  private end(exit: Exit.Exit<unknown, unknown>): void {
    const isOver = this.isOver
    this.isOver = true
    if (exit._tag === "Failure") this.release()
    this.forgotten()
    if (!isOver) this.ask.ended(exit)
  }

  // What the handler was given is the stream's, as long as that has not failed.
  private release(): void {
    this.cell.host.freight.dropUnused(this.ask.given)
  }

  private forgotten(): void {
    const { cell } = this
    const rare = cell.more()
    if (rare.streams?.delete(this) === true && rare.isDraining) cell.drained()
  }

  /** Nobody reads it any more. */
  interrupt(): void {
    if (this.isOver) return
    this.isOver = true
    if (this.fiber === undefined) {
      this.release()
      this.forgotten()
    } else interrupt(this.cell.host, this.fiber)
  }

  /** Its incarnation has ended: for good, for a reason, or to be followed by another one. */
  cut(reason: ExitReason | undefined): void {
    if (this.isOver) return
    if (this.isSending) {
      this.late = () => this.cut(reason)
      return
    }
    this.interrupt()
    if (reason === undefined) this.ask.broken("restarted")
    else this.ask.stopped(reason, undefined, true)
  }
}

/** Takes what a handler has answered; a stream is begun, and everything else is an outcome already. */
export const answered = (
  cell: Streamer,
  ask: StreamAsk,
  exit: Exit.Exit<unknown, unknown>
): Streaming | Exit.Exit<unknown, unknown> => {
  if (exit._tag === "Failure") return exit
  if (Stream.isStream(exit.value)) return new Streaming(cell, ask, exit.value as Stream.Stream<unknown, unknown>)
  const tag = cell.behaviour.protocol.tags[ask.word & INDEX_MASK]!
  return Exit.die(new TypeError(`the handler of ${tag} answered ${textOf(exit.value)}, which is no Stream`))
}

/** What a handler has answered, as an effect: of a stream one that has it. */
export const outcomeOf = (answer: Effect.Effect<unknown, unknown, unknown>): Effect.Effect<unknown, unknown, unknown> =>
  Stream.isStream(answer) ? Effect.succeed(answer) : answer

/** What is wrong with an element that stays on its thread; nothing with one that can be handed over. */
export const wrongWith = (codec: Codec<unknown>, element: unknown, freight: Freight): string | undefined => {
  try {
    if (!codec.isValid(element)) return `breaks its schema: ${codec.explain(element)}`
    if (codec.shares) freight.freeze(codec, element)
    return undefined
  } catch (thrown) {
    return `cannot be encoded: ${messageOf(thrown)}`
  }
}
