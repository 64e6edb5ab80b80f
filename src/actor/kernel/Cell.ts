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
 * In each of the first row it can be HELD: it comes to rest there once its handler has ended.
 *
 * Lifecycle (build, restart, stop) is in `internal/lifecycle.ts`; this file is the path of a message.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import type * as ActorError from "../ActorError.ts"
import type { Why } from "../DeadLetters.ts"
import type { ExitReason } from "../ExitReason.ts"
import { admit, admitOthers, admitSoon, overflow, queue, refusalOf, ROOM, withdrawn } from "../internal/admission.ts"
import { ofHandlers } from "../internal/annotated.ts"
import { call, handle, isExit, isVoid, sound } from "../internal/answer.ts"
import { batch, hasChildren } from "../internal/batch.ts"
import { comeToRest } from "../internal/hold.ts"
import { keep } from "../internal/keeping.ts"
import { limitOf, LocalAsk } from "../internal/localAsk.ts"
import { askFor } from "../internal/localTimedAsk.ts"
import { MAX_INLINE } from "../internal/nesting.ts"
import type { Rare } from "../internal/rare.ts"
import { concludeLast, putOff } from "../internal/stashing.ts"
import { awaiting, forsaking } from "./Awaiting.ts"
import type { Behaviour, Handlers } from "./Behaviour.ts"
import type { CellHost } from "./CellHost.ts"
import type { Answered, Command } from "./Command.ts"
import { AT_ONCE, Counting, IN_HAND, MANY_TURNS, TURN } from "./Counting.ts"
import type { Runnable } from "./Dispatcher.ts"
import { answersLater } from "./Forwarded.ts"
import { conclude } from "./HandingOn.ts"
import type { Mailbox } from "./Mailbox.ts"
import { Meter } from "./Meter.ts"
import type { Guardian, Owned, Owner } from "./Owner.ts"
import { BROKEN, checkedReply, deliverable, movesBack } from "./Payload.ts"
import { HELD, IDLE, READY, RESTARTING, RUNNING, STARTING, STOPPING, SUSPENDED } from "./Phase.ts"
import {
  answerTo,
  type Asker,
  INVALID,
  NO_ROOM,
  type Outcome,
  REFUSED,
  type Resume,
  TAKEN,
  type Waiter,
  type Withdrawable
} from "./Recipient.ts"
import { mailboxOf } from "./RepeatingMailbox.ts"
import { isPutOff } from "./Stashed.ts"
import { Ask, givenBy, INDEX_MASK, ORIGIN_SHIFT, Traced, type Word, wordOf } from "./Word.ts"

/** See the module. */
export class Cell extends Counting implements Owned, Runnable {
  declare readonly host: CellHost<Cell>
  declare readonly behaviour: Behaviour
  declare readonly key: string
  declare handlers: Handlers | undefined
  declare mailbox: Mailbox | undefined
  /** That of the incarnation which is up, once there is something to hold or somebody to give it to. */
  declare scope: Scope.Closeable | undefined
  /** The list of its owner, in the order of spawning. */
  declare previous: Owned | undefined
  declare next: Owned | undefined
  declare owner: Owner | Guardian | undefined
  constructor(host: CellHost<Cell>, behaviour: Behaviour, key: string) {
    super()
    this.host = host
    this.behaviour = behaviour
    this.key = key
    this.phase = STARTING
    this.turns = behaviour.attempts === 1 ? AT_ONCE : 0
    this.handlers = undefined
    this.mailbox = undefined
    this.scope = undefined
    this.rare = undefined
    this.previous = undefined
    this.next = undefined
    this.owner = undefined
    if (behaviour.isTimed) this.more().meter = new Meter(host.deadlines)
  }

  tell(index: number, payload: unknown, span: Tracer.AnySpan | undefined): Outcome {
    const valid = deliverable(this.behaviour.protocol.messages[index]!, payload, this.host.freight)
    return valid === BROKEN ? INVALID : this.offer(index, valid, span)
  }

  /** Puts a tell whose payload is checked into the mailbox, if there is room. */
  offer(index: number, valid: unknown, span: Tracer.AnySpan | undefined, replays = 0): Outcome {
    const free = this.room(false)
    const room = free === ROOM && this.mailbox?.isLasting === true ? keep(this, this.mailbox, index, valid, span) : free
    const { carries } = this.behaviour.protocol.messages[index]!
    if (carries && !this.host.freight.enter(valid, room === ROOM, room === TAKEN)) return INVALID
    if (room !== ROOM && room !== TAKEN) return room
    const word = span === undefined && replays === 0 ? index : new Traced(index, span, replays)
    if (room === ROOM) this.deliver(word, valid)
    else this.host.lost(this, word, valid, { _tag: "Overflow", policy: this.behaviour.overflow })
    return TAKEN
  }

  // Whether a message of this thread may come in: the one place that knows. TAKEN means that it was dropped.
  private room(isAsk: boolean): Outcome | typeof ROOM {
    if (this.phase >= STOPPING) return REFUSED
    const { mailbox, rare } = this
    if (mailbox !== undefined && mailbox.used >= this.behaviour.capacity) return overflow(this, mailbox, isAsk)
    return rare !== undefined && rare.waiters.length > 0 ? NO_ROOM : ROOM
  }

  /** Puts a message into the mailbox without asking for room: for senders that have been granted credit. */
  deliver(word: Word, payload: unknown): void {
    const mailbox = this.mailbox ??= mailboxOf(this.behaviour.attempts, this.behaviour.protocol.levels)
    const { rare } = this
    mailbox.put(rare === undefined || rare.meter === undefined ? word : rare.meter.accept(word), payload)
    if (this.phase === IDLE) {
      this.phase = READY
      this.host.dispatcher.enqueue(this)
    }
  }

  /** Something has come into a mailbox that others fill. */
  arrived(): void {
    if (this.phase === IDLE) this.rest()
  }

  /** Its mailbox keeps messages from now on: who has waited for that comes in. */
  opened(): void {
    if (this.rare !== undefined && this.rare.waiters.length > 0) admitOthers(this, this.rare)
  }

  /** Whether the next message is best handled at once by {@link receive}, which is what the next turn would do. */
  get isAtHand(): boolean {
    // Handlers that run in a fiber are better off in a batch, which the mailbox collects.
    return this.phase === IDLE && this.answersAtOnce
  }

  /** Handles a tell from a remote sender without a round through the mailbox; only while {@link isAtHand}. */
  receive(index: number, payload: unknown): void {
    this.phase = RUNNING
    this.begin(undefined)
    this.host.turn.handOver(this.number)
    const result = call(this.handlers!, this.behaviour.protocol.tags, index, payload)
    if (isVoid(result)) this.rest()
    else if (!isExit(result)) this.startBatch(result, index, undefined, payload, 0)
    else if (this.settled(result, undefined, index, false, payload)) this.rest()
  }

  /** Takes a message from a remote sender, who is bound by credit; applies the dropping policies here, where the queue is. */
  deliverRemote(word: Word, payload: unknown): void {
    if (this.phase >= STOPPING) return this.undeliverable(word, payload)
    const isAsk = word instanceof Ask
    if (isAsk && this.phase === RESTARTING) {
      this.credit(word)
      return word.restarting(payload)
    }
    const { behaviour, mailbox } = this
    // Who has credit has room, unless the policy says that something is dropped.
    if (mailbox !== undefined && mailbox.used >= behaviour.capacity && overflow(this, mailbox, isAsk) === TAKEN) {
      return this.undeliverable(word, payload, { _tag: "Overflow", policy: behaviour.overflow })
    }
    this.deliver(word, payload)
  }

  refusal(index: number, payload: unknown, outcome: Outcome): ActorError.TellError {
    return refusalOf(this, index, payload, outcome)
  }

  waitForRoom(waiter: Waiter): void {
    queue(this, this.more(), waiter)
  }

  ask(
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>,
    timeout: Duration.Input | undefined
  ): Effect.Effect<unknown, unknown> {
    const valid = deliverable(this.behaviour.protocol.messages[index]!, payload, this.host.freight)
    if (valid === BROKEN) return Exit.fail(this.refusal(index, payload, INVALID))
    const asked = this.askNow(index, valid, span)
    if (asked !== undefined && !(asked instanceof LocalAsk)) return asked
    // An asker that ends before it comes to wait for the handler it has started leaves no handler behind.
    const arrived = asked === undefined ? undefined : fiber.addObserver(() => asked.withdraw())
    return awaiting(fiber, span, this.behaviour.protocol.messages[index]!, (resume) => {
      arrived?.()
      return forsaking(this.goOn(asked, index, valid, span, limitOf(asked, fiber, timeout), resume)?.waitedForBy(fiber))
    })
  }

  askUnsafe(index: number, payload: unknown, timeoutMillis: number, asker: Asker): Withdrawable | undefined {
    const valid = deliverable(this.behaviour.protocol.messages[index]!, payload, this.host.freight)
    if (valid === BROKEN) return answerTo(asker, Exit.fail(this.refusal(index, payload, INVALID)))
    if (typeof asker !== "function") return askFor(this, index, valid, asker, timeoutMillis)
    const asked = this.askNow(index, valid, undefined)
    const goesOn = asked === undefined || asked instanceof LocalAsk
    return goesOn ? this.goOn(asked, index, valid, undefined, timeoutMillis, asker) : answerTo(asker, asked)
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
    const { messages, tags } = this.behaviour.protocol
    if (messages[index]!.carries && !host.freight.ship(payload)) return Exit.fail(this.refusal(index, payload, INVALID))
    this.phase = RUNNING
    this.begin(undefined)
    const before = host.turn.handOver(this.number)
    host.inlineDepth++
    const result = call(this.handlers!, tags, index, payload)
    const asked = isExit(result) && !answersLater(result) ? result : LocalAsk.started(this, index, payload, result)
    host.inlineDepth--
    host.turn.handOver(before)
    if (asked instanceof LocalAsk) return asked
    if (asked === result) this.finishInline(asked, index)
    const reply = checkedReply(messages[index]!, this, asked)
    // What its error gives back has left it by now.
    if (asked._tag === "Failure") host.freight.dropUnused(payload)
    // The handler may have interrupted who asks: then nobody goes on with it.
    return movesBack(messages[index]!) ? LocalAsk.answered(this, index, reply) : reply
  }

  private goOn(
    asked: LocalAsk | undefined,
    index: number,
    payload: unknown,
    span: Tracer.AnySpan | undefined,
    timeoutMillis: number,
    resume: Resume
  ): LocalAsk | undefined {
    if (asked === undefined) return new LocalAsk(this, index, span, resume).enqueue(payload, timeoutMillis)
    asked.await(timeoutMillis, resume)
    return asked
  }

  /** Puts an ask into the mailbox; what a `"suspend"` mailbox cannot take has to wait, and nothing is dropped. */
  enqueueAsk(ask: Ask, payload: unknown): Outcome {
    if (this.phase === RESTARTING && this.mailbox?.isLasting !== true) {
      ask.restarting(payload)
      return TAKEN
    }
    const room = this.room(true)
    if (room !== ROOM) return room
    if (this.behaviour.protocol.messages[ask.word & INDEX_MASK]!.carries) {
      if (!this.host.freight.ship(payload)) return INVALID
      ask.freight = payload
    }
    this.deliver(ask, payload)
    return TAKEN
  }

  /** Goes on after an ask that was answered, or put off, without the mailbox. */
  finishInline(exit: Exit.Exit<unknown, unknown>, word: number, ask?: Ask, payload?: unknown): void {
    if (this.settled(exit, ask, ask ?? word, true, payload)) this.rest()
  }

  // The next message to handle: the one place where words leave the mailbox for a handler. Its payload is `takePayload`.
  private takeNext(mailbox: Mailbox): Word | undefined {
    while (true) {
      const word = mailbox.take()
      if (typeof word === "number") {
        if (word > INDEX_MASK) this.host.credit(word >>> ORIGIN_SHIFT)
        return word
      }
      if (word === undefined) return undefined
      this.credit(word)
      if (!(word instanceof Ask)) return word
      const { freight } = word
      word.freight = undefined
      word.given = freight
      if (!word.isOver()) return word
      if (freight !== undefined) this.host.freight.drop(freight)
    }
  }

  /** Handles up to `budget` messages, as long as there is time. */
  run(budget: number): void {
    if (this.phase !== READY) return
    this.phase = RUNNING
    const mailbox = this.mailbox!
    const { turn } = this.host
    turn.handOver(this.number)
    const meter = this.rare?.meter
    do {
      const word = this.takeNext(mailbox)
      if (word === undefined) break
      const payload = mailbox.takePayload()
      // What `begin` does, written out: the call was seen in the time of a tell.
      this.turns = (this.turns | IN_HAND) + TURN
      if (meter !== undefined) meter.begin(word)
      const ask = word instanceof Ask ? word : undefined
      const result = handle(this, word, payload)
      // Who was on the stack may have ended the incarnation: what waits is for the next one.
      if (this.phase !== RUNNING && ask === undefined && isVoid(result)) return
      if (ask === undefined && isVoid(result)) continue
      if (!isExit(result)) return this.startBatch(result, word, ask, payload, budget)
      if (!this.settled(result, ask, word, ask !== undefined, payload)) return
    } while (--budget > 0 && !turn.isOver())
    // A message that may be handed out again comes from the mailbox.
    this.answersAtOnce = !mailbox.isTracking
    this.rest()
  }

  /** Something that is not a handler has thrown in a turn of this actor: it is a crash of this actor alone. */
  failed(defect: unknown): void {
    this.host.fault(this.name, defect)
    if (this.phase !== RUNNING) return
    if (this.settled(Exit.die(defect), undefined, undefined)) this.rest()
  }

  /** After a message: back to the queue or to sleep, and room for those who wait. */
  rest(): void {
    // Who was on the stack may have ended the actor, or crashed it.
    if (this.phase >= HELD) return
    if (this.turns >= MANY_TURNS) this.carryOver()
    const { mailbox, rare } = this
    if (mailbox !== undefined && mailbox.isTracking) mailbox.rest()
    if (rare !== undefined && rare.meter !== undefined) rare.meter.end()
    if (rare !== undefined && rare.isHeld) return comeToRest(this, rare)
    if (mailbox !== undefined && mailbox.length > 0) {
      const { phase } = this
      this.phase = READY
      // One that had nothing to do has not had the thread.
      if (phase === IDLE) this.host.dispatcher.enqueue(this)
      else this.host.dispatcher.enqueueAgain(this)
    } else {
      this.phase = IDLE
    }
    if (rare !== undefined && rare.waiters.length > 0) admit(this, rare)
  }

  /** Starts a handler that has not answered at once. */
  fork(handler: Effect.Effect<unknown, unknown, unknown>): Fiber.Fiber<unknown, unknown> {
    const context = this.more().context ??= ofHandlers(this)
    return this.host.forkWith(context, handler)
  }

  /** Goes on with a handler that has not answered at once, and with those behind it, in a fiber. */
  startBatch(
    first: Effect.Effect<unknown, unknown, unknown>,
    word: Word,
    ask: Ask | undefined,
    payload: unknown,
    budget: number
  ): void {
    this.answersAtOnce = false
    const rare = this.more()
    rare.effect = first
    rare.inHand(word, ask, payload)
    // One that was told to rest in this turn takes no message after this one.
    rare.budget = rare.isHeld ? 0 : budget
    rare.batchFiber = undefined
    rare.batch ??= batch(this, rare)
    const turn = ++rare.turn
    this.attend(this.fork(rare.batch), turn)
  }

  /** Takes messages up to the next one whose handler does not answer at once; answers whether there is one. */
  advance(rare: Rare): boolean {
    const { mailbox } = this
    const { turn } = rare
    const time = this.host.turn
    // A handler that was suspended goes on in a turn that nobody has begun.
    time.enter()
    if (mailbox === undefined || hasChildren(rare)) return false
    while (this.isLive && rare.turn === turn) {
      if (--rare.budget <= 0 || time.isOver()) return false
      const word = this.takeNext(mailbox)
      if (word === undefined) return false
      const payload = mailbox.takePayload()
      this.begin(word)
      const ask = word instanceof Ask ? word : undefined
      const result = handle(this, word, payload)
      if (ask === undefined && isVoid(result)) continue
      if (!isExit(result)) {
        if (rare.waiters.length > 0) admitSoon(this, rare)
        rare.effect = result
        rare.inHand(word, ask, payload)
        return true
      }
      if (!this.settled(result, ask, word, ask !== undefined, payload)) return false
    }
    return false
  }

  /** Waits for the fiber of one handler, which works for `ask`. */
  suspend(fiber: Fiber.Fiber<unknown, unknown>, ask: Ask, payload: unknown): void {
    this.answersAtOnce = false
    const rare = this.more()
    rare.inHand(ask, ask, payload)
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
    else if (rare.waiters.length > 0) admitOthers(this, rare)
  }

  private handlersEnded(exit: Exit.Exit<unknown, unknown>, turn: number): void {
    const rare = this.more()
    if (rare.turn !== turn) return this.host.freight.dropUnused(rare.outlivedBy(turn))
    const { ask, payload, word } = rare
    rare.ask = undefined
    rare.payload = undefined
    rare.effect = undefined
    rare.batchFiber = undefined
    if (!this.isLive) return concludeLast(this, rare, { word, ask, payload }, exit)
    this.phase = RUNNING
    if (this.settled(sound(exit), ask, word, ask !== undefined, payload)) this.rest()
  }

  /** A handler has ended: whether the cell can take the next message now. `word` is that of the message, where there is one. */
  settled(
    given: Exit.Exit<unknown, unknown>,
    ask: Ask | undefined,
    word: Word | undefined,
    wasAsked = ask !== undefined,
    payload?: unknown
  ): boolean {
    const exit = isPutOff(given) ? putOff(this, word, payload) : given
    // The decision comes first, so that the asker finds the actor as the decision left it.
    const goesOn = this.isLive &&
      (exit === undefined || exit._tag === "Success" || this.host.handled(this, exit.cause, word, wasAsked))
    const turn = this.rare?.turn ?? 0
    if (exit !== undefined) {
      if (ask !== undefined) this.ended()
      conclude(this, ask, exit, givenBy(word, payload))
    }
    // The asker goes on at once, and may have ended the actor.
    return goesOn && this.isLive && (this.rare?.turn ?? 0) === turn
  }

  /**
   * Ends the actor when what it has accepted is handled, or its time for that is over, of which `elapsedMillis` have gone;
   * `undefined` when it has ended at once.
   */
  stop(reason: ExitReason, elapsedMillis = 0): Effect.Effect<void> | undefined {
    return this.host.stop(this, reason, this.shutdownMillis - elapsedMillis)
  }

  command(command: Command, answered: Answered): () => void {
    return this.host.obey(this, command, answered)
  }

  /** Keeps the handler for `ask` from starting, or interrupts it; answers whether it was running and will still settle. */
  cancel(ask: Ask): boolean {
    return withdrawn(this, ask)
  }

  /** Ends the actor if it is to end and has handled everything. */
  drained(): void {
    this.host.drained(this)
  }

  /** Gives back the credit that a message took, which leaves the mailbox: once, whoever takes it out. */
  credit(word: Word): void {
    const number = wordOf(word)
    if (number <= INDEX_MASK) return
    if (typeof word === "object") word.word = number & INDEX_MASK
    this.host.credit(number >>> ORIGIN_SHIFT)
  }

  /** Settles a message that will never be handled. */
  undeliverable(word: Word, payload: unknown, why: Why = { _tag: "ActorEnded", reason: this.reason }): void {
    this.credit(word)
    if (word instanceof Ask) return word.stopped(this.more().reason, payload)
    this.host.lost(this, word, payload, why)
    this.host.freight.drop(payload)
  }
}
