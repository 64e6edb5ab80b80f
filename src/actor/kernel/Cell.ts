/**
 * One actor on this thread: a small object, not a fiber.
 *
 * A cell handles one message at a time. A handler that answers at once (it returns an `Exit`) is called and done; other
 * handlers run in a fiber, one after the other, and the cell takes no message while one of them is suspended. An idle
 * cell has neither fiber nor mailbox.
 *
 * ```text
 *            spawn          message            handler suspends
 *  STARTING ------> IDLE <----------> READY ---> RUNNING <-------> SUSPENDED
 *                    ^                             | crash             | crash
 *                    +--------- RESTARTING <-------+-------------------+
 *                                   | limit            any ---> STOPPING ---> STOPPED
 * ```
 *
 * Lifecycle (build, restart, stop) is in `internal/lifecycle.ts`; this file is the path of a message.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import * as Trace from "../../observe/Trace.ts"
import * as ActorError from "../ActorError.ts"
import { timeoutMillis } from "../AskTimeout.ts"
import type { ExitReason } from "../ExitReason.ts"
import { call, isExit } from "../internal/answer.ts"
import { LocalAsk, MAX_INLINE } from "../internal/localAsk.ts"
import { admit, admitSoon, batch, Rare } from "../internal/rare.ts"
import type { Behaviour, Handlers } from "./Behaviour.ts"
import type { CellHost } from "./CellHost.ts"
import { Mailbox } from "./Mailbox.ts"
import type { Owned, Owner } from "./Owner.ts"
import { BROKEN, checked } from "./Payload.ts"
import { IDLE, READY, RESTARTING, RUNNING, STARTING, STOPPED, STOPPING, SUSPENDED } from "./Phase.ts"
import { actorName, type Protocol } from "./Protocol.ts"
import {
  NO_ROOM,
  type Outcome,
  Recipient,
  REFUSED,
  type Resume,
  TAKEN,
  type Waiter,
  type Withdrawable
} from "./Recipient.ts"
import { Ask, INDEX_MASK, ORIGIN_SHIFT, Traced, type Word, wordOf } from "./Word.ts"

const isTell = (word: Word): boolean => !(word instanceof Ask)

/** See the module. */
export class Cell extends Recipient implements Owned {
  declare readonly host: CellHost<Cell>
  declare readonly behaviour: Behaviour
  declare readonly key: string
  declare phase: number
  /** Whether the handlers called last have answered at once. */
  declare answersAtOnce: boolean
  declare handlers: Handlers | undefined
  declare mailbox: Mailbox | undefined
  declare scope: Scope.Closeable | undefined
  declare rare: Rare | undefined
  /** The list of its owner, in the order of spawning. */
  declare previous: Owned | undefined
  declare next: Owned | undefined
  declare owner: Owner | undefined
  constructor(host: CellHost<Cell>, behaviour: Behaviour, key: string) {
    super()
    this.host = host
    this.behaviour = behaviour
    this.key = key
    this.phase = STARTING
    this.answersAtOnce = true
    this.handlers = undefined
    this.mailbox = undefined
    this.scope = undefined
    this.rare = undefined
    this.previous = undefined
    this.next = undefined
    this.owner = undefined
  }

  get protocol(): Protocol {
    return this.behaviour.protocol
  }

  /** `Counter/a`. */
  get name(): string {
    return actorName(this.behaviour.protocol, this.key)
  }

  /** The rare part, made on first use. */
  more(): Rare {
    return this.rare ??= new Rare()
  }

  depth(): number {
    const waiting = this.mailbox === undefined ? 0 : this.mailbox.length
    return waiting + (this.phase === RUNNING || this.phase === SUSPENDED ? 1 : 0)
  }

  tell(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    const valid = checked(this.behaviour.protocol.messages[index]!, payload)
    if (valid === BROKEN) return REFUSED
    if (this.phase >= STOPPING) return REFUSED
    if (this.mailbox !== undefined && this.mailbox.length >= this.behaviour.capacity) {
      const outcome = this.overflow()
      if (outcome !== TAKEN) return outcome
      if (this.mailbox.length >= this.behaviour.capacity) return TAKEN
    } else if (this.rare !== undefined && this.rare.waiters.length > 0) {
      return NO_ROOM
    }
    this.deliver(span === undefined ? index : new Traced(index, span), valid)
    return TAKEN
  }

  /** Puts a message into the mailbox without asking for room: for senders that have been granted credit. */
  deliver(word: Word, payload: unknown): void {
    const mailbox = this.mailbox ??= new Mailbox()
    mailbox.put(word, payload)
    if (this.phase === IDLE) {
      this.phase = READY
      this.host.dispatcher.enqueue(this)
    }
  }

  /**
   * Handles a tell from a remote sender at once when the actor is idle, which is what its next turn would do; otherwise
   * queues it. Answers whether the message is out of the way, and its credit can be given back.
   */
  receive(word: number, payload: unknown): boolean {
    // Handlers that run in a fiber are better off in a batch, which the mailbox collects.
    if (this.phase !== IDLE || !this.answersAtOnce) {
      this.deliverRemote(word, payload)
      return false
    }
    this.phase = RUNNING
    const result = call(this.handlers!, this.behaviour.protocol.tags, word & INDEX_MASK, payload)
    if (result === Exit.void || result === Effect.void) this.rest()
    else if (!isExit(result)) this.startBatch(result, undefined, 0)
    else if (this.settled(result, undefined, false)) this.rest()
    return true
  }

  /** Takes a message from a remote sender, who is bound by credit; applies the dropping policies here, where the queue is. */
  deliverRemote(word: Word, payload: unknown): void {
    if (this.phase >= STOPPING) {
      this.undeliverable(word, payload)
      return
    }
    if (this.phase === RESTARTING && word instanceof Ask) {
      this.host.credit(word.word >>> ORIGIN_SHIFT)
      word.restarting(payload)
      return
    }
    if (this.mailbox !== undefined && this.mailbox.length >= this.behaviour.capacity) {
      const overflow = this.behaviour.overflow
      const dropped = overflow === "dropOldest" && this.evictOldest()
      if (!dropped && (overflow === "dropOldest" || overflow === "dropNewest") && !(word instanceof Ask)) {
        this.undeliverable(word, payload)
        return
      }
    }
    this.deliver(word, payload)
  }

  // For a full mailbox: TAKEN means that the caller looks again (something was evicted, or the message counts as sent).
  private overflow(): Outcome {
    const { overflow } = this.behaviour
    if (overflow === "suspend") return NO_ROOM
    if (overflow === "fail") return REFUSED
    if (overflow === "dropNewest" || !this.evictOldest()) this.host.dropped(this, 1)
    return TAKEN
  }

  private evictOldest(): boolean {
    const evicted = this.mailbox!.evict(isTell)
    if (evicted === undefined) return false
    this.undeliverable(evicted, undefined)
    return true
  }

  refusal(index: number, payload: unknown): ActorError.TellError {
    const message = this.behaviour.protocol.messages[index]!
    const undelivered = { tag: message.tag, payload }
    if (checked(message, payload) === BROKEN) {
      return new ActorError.InvalidPayload({ actor: this.name, issue: message.payload.explain(payload), undelivered })
    }
    if (this.phase >= STOPPING) {
      return new ActorError.ActorStopped({ actor: this.name, reason: this.more().reason, undelivered })
    }
    return new ActorError.MailboxFull({ actor: this.name, capacity: this.behaviour.capacity, undelivered })
  }

  waitForRoom(waiter: Waiter): void {
    this.more().waiters.push(waiter)
  }

  stopWaiting(waiter: Waiter): void {
    this.rare?.waiters.abandon(waiter)
  }

  ask(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown> {
    const valid = checked(this.behaviour.protocol.messages[index]!, payload)
    if (valid === BROKEN) return Exit.fail(this.refusal(index, payload))
    const asked = this.askNow(index, valid, span)
    if (asked !== undefined && !(asked instanceof LocalAsk)) return asked
    // An asker that ends before it comes to wait for the handler it has started leaves no handler behind.
    const arrived = asked === undefined ? undefined : fiber.addObserver(() => asked.withdraw())
    return Effect.callback<unknown, unknown>((resume) => {
      arrived?.()
      const ask = this.goOn(asked, index, valid, span, timeoutMillis(fiber, timeout), resume)
      return ask === undefined ? undefined : Effect.sync(() => ask.withdraw())
    })
  }

  askUnsafe(index: number, payload: unknown, timeoutMillis: number, resume: Resume): Withdrawable | undefined {
    const valid = checked(this.behaviour.protocol.messages[index]!, payload)
    const asked = valid === BROKEN
      ? Exit.fail(this.refusal(index, payload))
      : this.askNow(index, valid, undefined)
    if (asked === undefined || asked instanceof LocalAsk) {
      return this.goOn(asked, index, valid, undefined, timeoutMillis, resume)
    }
    resume(asked)
    return undefined
  }

  // An idle actor would handle this message next in any case, so it is handled now, without a round through the mailbox
  // and the scheduler. Answers the outcome, or the ask that has started, or nothing when it has to be queued.
  private askNow(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined
  ): Exit.Exit<unknown, unknown> | LocalAsk | undefined {
    const { host } = this
    if (this.phase !== IDLE || span !== undefined || host.inlineDepth >= MAX_INLINE) return undefined
    this.phase = RUNNING
    host.inlineDepth++
    const result = call(this.handlers!, this.behaviour.protocol.tags, index, payload)
    const asked = isExit(result) ? result : LocalAsk.started(this, index, result)
    host.inlineDepth--
    if (isExit(result)) this.finishInline(result)
    return asked
  }

  private goOn(
    asked: LocalAsk | undefined,
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    timeoutMillis: number,
    resume: Resume
  ): LocalAsk | undefined {
    if (asked === undefined) return LocalAsk.enqueue(this, index, payload, span, timeoutMillis, resume)
    asked.await(timeoutMillis, resume)
    return asked
  }

  /** Puts an ask into the mailbox; what a `"suspend"` mailbox cannot take has to wait, and nothing is dropped. */
  enqueueAsk(ask: Ask, payload: unknown): Outcome {
    if (this.phase >= STOPPING) return REFUSED
    if (this.phase === RESTARTING) {
      ask.restarting(payload)
      return TAKEN
    }
    if (this.mailbox !== undefined && this.mailbox.length >= this.behaviour.capacity) {
      const overflow = this.behaviour.overflow
      if (overflow === "suspend") return NO_ROOM
      if (overflow !== "dropOldest" || !this.evictOldest()) return REFUSED
    } else if (this.rare !== undefined && this.rare.waiters.length > 0) {
      return NO_ROOM
    }
    this.deliver(ask, payload)
    return TAKEN
  }

  /** Goes on after an ask that was answered without the mailbox. */
  finishInline(exit: Exit.Exit<unknown, unknown>): void {
    if (this.settled(exit, undefined, true)) this.rest()
  }

  /** Handles up to `budget` messages. */
  run(budget: number): void {
    if (this.phase !== READY) return
    this.phase = RUNNING
    const mailbox = this.mailbox!
    while (budget-- > 0) {
      const word = mailbox.take()
      if (word === undefined) break
      const payload = mailbox.payload
      mailbox.payload = undefined
      if (typeof word === "number") {
        if (word > INDEX_MASK) this.host.credit(word >>> ORIGIN_SHIFT)
        const result = call(this.handlers!, this.behaviour.protocol.tags, word & INDEX_MASK, payload)
        if (result === Exit.void || result === Effect.void) continue
        if (!isExit(result)) return this.startBatch(result, undefined, budget)
        if (!this.settled(result, undefined, false)) return
      } else {
        const ask = word instanceof Ask ? word : undefined
        const result = this.answer(word, ask, payload)
        if (result === undefined) continue
        if (!isExit(result)) return this.startBatch(result, ask, budget)
        if (!this.settled(result, ask, ask !== undefined)) return
      }
    }
    this.answersAtOnce = true
    this.rest()
  }

  /** After a message: back to the queue or to sleep, and room for those who wait. */
  rest(): void {
    // Who was on the stack may have ended the actor, or crashed it.
    if (this.phase >= RESTARTING) return
    if (this.mailbox !== undefined && this.mailbox.length > 0) {
      this.phase = READY
      this.host.dispatcher.enqueue(this)
    } else {
      this.phase = IDLE
    }
    if (this.rare !== undefined && this.rare.waiters.length > 0) admit(this, this.rare)
  }

  // Calls the handler for an ask or a traced tell; nothing when nobody waits for the answer any more.
  private answer(
    word: Ask | Traced,
    ask: Ask | undefined,
    payload: unknown
  ): Effect.Effect<unknown, unknown, unknown> | undefined {
    const number = wordOf(word)
    if (number > INDEX_MASK) this.host.credit(number >>> ORIGIN_SHIFT)
    const index = number & INDEX_MASK
    if (ask !== undefined && (ask.cancelled || ask.isOver())) return undefined
    const { span } = word
    if (span === undefined) return call(this.handlers!, this.behaviour.protocol.tags, index, payload)
    const { spanName } = this.behaviour.protocol.messages[index]!
    return Trace.handler(
      () => call(this.handlers!, this.behaviour.protocol.tags, index, payload),
      spanName,
      this.key,
      span,
      ask !== undefined
    )
  }

  // Handlers that do not answer at once run one after the other in one fiber: starting a fiber costs more than most
  // handlers do. A handler that fails or is interrupted ends the fiber, and the next batch has another one.
  private startBatch(
    first: Effect.Effect<unknown, unknown, unknown>,
    ask: Ask | undefined,
    budget: number
  ): void {
    this.answersAtOnce = false
    const rare = this.more()
    rare.effect = first
    rare.ask = ask
    rare.budget = budget
    rare.batch ??= batch(rare, () => this.advance(rare))
    const turn = ++rare.turn
    this.attend(this.host.fork(this.behaviour, rare.batch), turn)
  }

  // Takes messages up to the next one whose handler does not answer at once.
  private advance(rare: Rare): boolean {
    const { mailbox } = this
    const { turn } = rare
    while (this.isLive && rare.turn === turn) {
      if (rare.budget-- <= 0) return false
      const word = mailbox!.take()
      if (word === undefined) return false
      const payload = mailbox!.payload
      mailbox!.payload = undefined
      const ask = word instanceof Ask ? word : undefined
      let result: Effect.Effect<unknown, unknown, unknown> | undefined
      if (typeof word === "number") {
        if (word > INDEX_MASK) this.host.credit(word >>> ORIGIN_SHIFT)
        result = call(this.handlers!, this.behaviour.protocol.tags, word & INDEX_MASK, payload)
      } else result = this.answer(word, ask, payload)
      if (result === undefined || result === Exit.void && ask === undefined) continue
      if (!isExit(result)) {
        if (rare.waiters.length > 0) admitSoon(this, rare)
        rare.effect = result
        rare.ask = ask
        return true
      }
      if (!this.settled(result, ask, ask !== undefined)) return false
    }
    return false
  }

  /** Waits for the fiber of one handler, which works for `ask`. */
  suspend(fiber: Fiber.Fiber<unknown, unknown>, ask: Ask | undefined): void {
    this.answersAtOnce = false
    const rare = this.more()
    rare.ask = ask
    this.attend(fiber, ++rare.turn)
  }

  private attend(fiber: Fiber.Fiber<unknown, unknown>, turn: number): void {
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.handlersEnded(exit, turn)
    const rare = this.more()
    fiber.addObserver((exit) => {
      if (rare.fiber === fiber) rare.fiber = undefined
      this.handlersEnded(exit, turn)
    })
    // The handler has ended its own actor, or the one that asks, before it suspended.
    if (!this.isLive || rare.turn !== turn) return fiber.interruptUnsafe()
    this.phase = SUSPENDED
    rare.fiber = fiber
    if (rare.ask?.cancelled === true) fiber.interruptUnsafe()
    else if (rare.waiters.length > 0) admit(this, rare)
  }

  private handlersEnded(exit: Exit.Exit<unknown, unknown>, turn: number): void {
    const rare = this.more()
    if (rare.turn !== turn) return
    const { ask } = rare
    rare.ask = undefined
    rare.effect = undefined
    if (!this.isLive) {
      // The actor is being stopped: the asker still gets an answer, and the handler's own if that came to its end.
      if (exit._tag === "Success") ask?.settle(exit)
      else ask?.stopped(rare.reason, undefined)
      return
    }
    this.phase = RUNNING
    if (this.settled(exit, ask, ask !== undefined)) this.rest()
  }

  private get isLive(): boolean {
    return this.phase === RUNNING || this.phase === SUSPENDED
  }

  // Whether the cell can take the next message now.
  private settled(exit: Exit.Exit<unknown, unknown>, ask: Ask | undefined, wasAsked: boolean): boolean {
    // The decision comes first, so that the asker finds the actor as the decision left it.
    const goesOn = this.isLive && (exit._tag === "Success" || this.host.handled(this, exit.cause, wasAsked))
    const turn = this.rare?.turn
    if (ask !== undefined) ask.settle(exit)
    // The asker goes on at once, and may have ended the actor.
    return goesOn && this.isLive && this.rare?.turn === turn
  }

  /** Ends the actor; `undefined` when it has ended at once. */
  stop(reason: ExitReason): Effect.Effect<void> | undefined {
    return this.host.stop(this, reason)
  }

  /** Keeps the handler for `ask` from starting, or interrupts it; answers whether it was running and will still settle. */
  cancel(ask: Ask): boolean {
    ask.cancelled = true
    const fiber = this.rare?.ask === ask ? this.rare.fiber : undefined
    if (fiber === undefined) return false
    fiber.interruptUnsafe()
    return true
  }

  /** Calls back once when the actor has stopped; at once when it has. */
  whenStopped(listener: (reason: ExitReason) => void): void {
    if (this.phase === STOPPED) listener(this.more().reason)
    else this.more().onStop.push(listener)
  }

  /** Forgets a listener of {@link whenStopped}. */
  unwatch(listener: (reason: ExitReason) => void): void {
    const listeners = this.rare?.onStop
    const at = listeners === undefined ? -1 : listeners.indexOf(listener)
    if (at >= 0) listeners!.splice(at, 1)
  }

  /** Settles a message that will never be handled. */
  undeliverable(word: Word, payload: unknown): void {
    const number = wordOf(word)
    if (number > INDEX_MASK) this.host.credit(number >>> ORIGIN_SHIFT)
    if (word instanceof Ask) {
      if (!word.cancelled) word.stopped(this.more().reason, payload)
    } else {
      this.host.dropped(this, 1)
    }
  }
}
