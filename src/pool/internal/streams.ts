/**
 * The streams of a worker: each is read on by the jobs that ask for its next batch, and stands still in between.
 *
 * A job that waits for elements gives its seat up, as one does that waits for other jobs: so a stream that has nothing for long keeps no worker from others. A
 * stream ends with its reader, with the thread of that, with the incarnation whose handler has made it, and with its own thread.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import { type Behaviour, CurrentActor, type Handlers } from "../../actor/kernel/Behaviour.ts"
import type { Freight } from "../../actor/kernel/Freight.ts"
import { intercepting } from "../../actor/kernel/Interceptors.ts"
import { actorName, type Message } from "../../actor/kernel/Protocol.ts"
import { RunningCell } from "../../actor/kernel/RunningCell.ts"
import { JobMeters } from "../../memory/JobMeters.ts"
import { messageOf, textOf } from "../../runtime/Text.ts"
import type { Codec } from "../../wire/Codec.ts"
import { benches, type Seat } from "./job.ts"
import { type Access, rowOf } from "./memory.ts"
import { cut, wrong } from "./outcome.ts"
import * as StreamProtocol from "./streamProtocol.ts"

type Any = Effect.Effect<any, any, any>
type Pulled = ReadonlyArray<unknown>

/** The thread that reads: who has this row, as long as it has no heir. */
interface Reader {
  readonly row: number
  readonly heirs: number
}

/** One that somebody reads. */
interface Open {
  readonly id: number
  readonly reader: Reader
  /** The message that it answers, as it is defined. */
  readonly message: Message
  readonly scope: Scope.Closeable
  /** Said once it ends for another reason than its own. */
  readonly ended: Deferred.Deferred<number>
  /** Whose handler has made it. */
  readonly by: object
  /** Below which its spans are. */
  readonly span: Tracer.AnySpan | undefined
  pull: Any
  /** What was made and not sent, from `at` on. */
  rest: Pulled
  at: number
  /** How often it was asked for more, and whether it is now. */
  asked: number
  isAsked: boolean
  /** What its handler was given: the stream's, as long as that has not failed. */
  readonly given: unknown
}

/** Bytes of a batch from which on it has enough. */
const ENOUGH_BYTES = 65_536

const NOTHING = new Uint8Array(0)

/** How they are made. */
export interface Options {
  readonly place: number
  /** The number of the incarnation of the worker among all of its place. */
  readonly incarnation: number
  readonly unreadMillis: number
  readonly run: (effect: Effect.Effect<void>) => void
}

/** See the module. */
export class Streams {
  private readonly access: Access
  private readonly options: Options
  private readonly meters: JobMeters
  private readonly open = new Map<number, Open>()
  /** How those have ended whose readers have not heard of it. */
  private readonly untold = new Map<number, { readonly how: number; readonly reader: Reader }>()
  private last: number
  /** How often rows had become another thread's when the readers were looked at; NaN when they have to be. */
  private successions = NaN
  /** What moves with the messages of the actors that make them; set once there is one. */
  freight: Pick<Freight, "dropUnused"> | undefined = undefined
  /** What makes of the handlers of an incarnation those of a pool, by its scope. */
  private readonly hosts = new WeakMap<object, (own: Handlers) => Handlers>()

  constructor(access: Access, options: Options) {
    this.access = access
    this.options = options
    this.meters = new JobMeters(access.memory.meters)
    // An incarnation gives numbers that no other one of its place gives.
    this.last = options.incarnation * 2 ** 32
  }

  /** How many there are. */
  get size(): number {
    return this.open.size
  }

  /** Whether threads have gone that may have read. */
  haveLostReaders(): boolean {
    return this.open.size + this.untold.size > 0 && this.access.table.successions() !== this.successions
  }

  /** Ends those whose readers have gone with their threads. */
  look(): void {
    if (!this.haveLostReaders()) return
    const { table } = this.access
    this.successions = table.successions()
    const isGone = ({ heirs, row }: Reader) => table.heirsOf(row) !== heirs
    for (const open of this.open.values()) if (isGone(open.reader)) this.options.run(this.close(open))
    for (const [id, { reader }] of this.untold) if (isGone(reader)) this.untold.delete(id)
  }

  // Whoever has withdrawn its job is no reader, and may have gone before.
  private readerOf(slot: number): Reader {
    const { table } = this.access
    const row = table.submitterOf(slot)
    const heirs = table.heirsOf(row)
    if (!table.isWithdrawn(slot)) return { row, heirs }
    this.successions = NaN
    return { row, heirs: heirs - 1 }
  }

  /** Builds an incarnation of a behaviour whose streams are those of a pool. */
  build({ around, build, protocol }: Behaviour): Effect.Effect<Handlers, unknown> {
    const made = Effect.gen({ self: this }, function*() {
      const { key } = yield* CurrentActor
      const by = {}
      // What is around handlers knows the messages of its protocol and no others.
      const hosted = (own: Handlers): Handlers => {
        const handlers = around.length === 0
          ? own
          : intercepting(own, protocol.tags, around, actorName(protocol, key))
        return this.handlersOf(protocol.messages, handlers, by)
      }
      // What is built may become something else before it is there.
      this.hosts.set(yield* Effect.scope, hosted)
      const own = yield* build
      yield* Effect.addFinalizer(() => this.cut(by))
      return hosted(own)
    })
    // A build has its scope, and who is built, from who has it run.
    return made as Effect.Effect<Handlers, unknown>
  }

  /** Those that an incarnation becomes. */
  readonly hosting = (own: Handlers, scope: object | undefined): Handlers =>
    (scope === undefined ? undefined : this.hosts.get(scope))?.(own) ?? own

  private handlersOf(messages: ReadonlyArray<Message>, own: Handlers, by: object): Handlers {
    const handlers: Handlers = {}
    for (const message of messages) {
      const { isStream, tag } = message
      handlers[tag] = isStream
        ? (payload) => this.begin(message, payload, () => own[tag]!(payload), by)
        : (payload) => own[tag]!(payload)
      if (isStream) handlers[StreamProtocol.nextOf(tag)] = (payload) => this.next(payload as StreamProtocol.Next)
    }
    handlers[StreamProtocol.CLOSE] = (payload) => this.closeOf((payload as StreamProtocol.Next).id)
    return handlers
  }

  private begin(message: Message, given: unknown, handle: () => unknown, by: object): Any {
    return this.beside(Effect.suspend(() => {
      const answer = handle()
      const made = Stream.isStream(answer) ? Effect.succeed(answer) : answer as Any
      return Effect.flatMap(Effect.exit(made), (exit) => {
        if (exit._tag === "Success") return this.start(message, exit.value, by, given)
        const error = declared(exit.cause)
        if (error === undefined) return Effect.failCause(exit.cause)
        // For its job that is a success.
        this.freight?.dropUnused(given)
        return Effect.succeed(this.ending(0, StreamProtocol.FAILED, message.error, error.error))
      })
    }))
  }

  private start(message: Message, stream: unknown, by: object, given: unknown): Any {
    if (!Stream.isStream(stream)) {
      const text = `the handler of ${message.tag} answered ${textOf(stream)}, which is no Stream`
      return Effect.die(new TypeError(text))
    }
    return Effect.withFiber((fiber) => {
      const seat = this.seatOf(fiber)!
      const open: Open = {
        id: ++this.last,
        reader: this.readerOf(seat.slot()),
        message,
        scope: Scope.makeUnsafe(),
        ended: Deferred.makeUnsafe(),
        by,
        span: fiber.cache.span,
        pull: Effect.never,
        rest: [],
        at: 0,
        asked: 0,
        isAsked: false,
        given
      }
      this.open.set(open.id, open)
      this.meters.setOpenStreams(this.options.place, this.open.size)
      // Its reader does not know it yet: who interrupts it behind its first element, before that has left, leaves it to nobody.
      seat.orElse(() => this.options.run(this.close(open)))
      const pull = Effect.tap(Scope.provide(Stream.toPull(stream), open.scope), (pull) =>
        Effect.sync(() => {
          open.pull = pull
        }))
      return Effect.andThen(
        this.watch(open),
        this.whileRead(open, Effect.andThen(pull, this.batch(open, 1)))
      )
    })
  }

  // One that is not read any more is told to nobody.
  private whileRead(open: Open, batch: Any): Any {
    open.asked++
    open.isAsked = true
    return Effect.onExit(batch, (exit) => {
      open.isAsked = false
      return exit._tag === "Success" ? Effect.void : this.close(open)
    })
  }

  private next({ id, most }: StreamProtocol.Next): Any {
    return Effect.suspend(() => {
      const open = this.open.get(id)
      if (open !== undefined) return this.beside(this.whileRead(open, this.batch(open, most)))
      const how = this.untold.get(id)?.how ?? StreamProtocol.UNKNOWN
      this.untold.delete(id)
      return Effect.succeed(this.ending(id, how))
    })
  }

  private batch(open: Open, most: number): Any {
    return Effect.suspend(() => {
      if (open.at < open.rest.length) return this.send(open, most)
      const { pull, span } = open
      const pulling = Effect.exit(span === undefined ? pull : Effect.withParentSpan(pull, span))
      return Effect.flatMap(Effect.raceFirst(pulling, Deferred.await(open.ended)), (pulled) => {
        if (typeof pulled === "number") {
          this.untold.delete(open.id)
          return Effect.succeed(this.ending(open.id, pulled))
        }
        if (pulled._tag === "Failure") {
          const error = declared(pulled.cause)
          const isDone = error !== undefined && Cause.isDone(error.error)
          return Effect.as(this.close(open, isDone), this.endOf(open, pulled.cause))
        }
        open.rest = pulled.value as Pulled
        open.at = 0
        return this.send(open, most)
      })
    })
  }

  private send(open: Open, most: number): Any {
    const { id, message: { success }, rest } = open
    const parts: Array<Uint8Array> = []
    let bytes = 0
    while (open.at < rest.length && parts.length < most && bytes < ENOUGH_BYTES) {
      const part = this.encoded(success, rest[open.at])
      if (typeof part === "string") {
        // It comes behind those that can be sent.
        if (parts.length > 0) break
        return Effect.as(this.close(open), this.ending(id, StreamProtocol.SPOILT, wrong, cut(part)))
      }
      parts.push(part)
      bytes += part.length
      open.at++
    }
    const { place } = this.options
    return Effect.succeed({ id, place, elements: StreamProtocol.pack(parts), how: StreamProtocol.MORE, end: NOTHING })
  }

  // The bytes of an element, or why it cannot be sent.
  private encoded<A>(codec: Codec<A>, element: A): Uint8Array | string {
    const { arena: { capacityBytes }, scratch } = this.access
    try {
      const bytes = codec.encode(element, scratch)
      if (bytes < 0) return `breaks its schema: ${codec.explain(element)}`
      return 2 * bytes > capacityBytes
        ? `takes ${bytes} bytes; a pool with ${capacityBytes} bytes for payloads and replies takes half of that`
        : scratch.take()
    } catch (thrown) {
      return `cannot be encoded: ${messageOf(thrown)}`
    }
  }

  private endOf({ id, message: { cause: causes, error: errors } }: Open, cause: Cause.Cause<unknown>) {
    const error = declared(cause)
    if (error === undefined) {
      return this.ending(id, StreamProtocol.CAUSE, causes, cause)
    }
    return Cause.isDone(error.error)
      ? this.ending(id, StreamProtocol.DONE)
      : this.ending(id, StreamProtocol.FAILED, errors, error.error)
  }

  private ending<A>(id: number, how: number, codec?: Codec<A>, value?: A): StreamProtocol.Batch {
    const { place } = this.options
    if (codec === undefined) return { id, place, elements: NOTHING, how, end: NOTHING }
    const end = this.encoded(codec, value as A)
    if (typeof end !== "string") return { id, place, elements: NOTHING, how, end }
    return this.ending(id, StreamProtocol.SPOILT, wrong, cut(`is an error that ${end}`))
  }

  // Its job leaves its place to others while it waits: nobody knows for how long.
  private beside(batch: Any): Any {
    return Effect.withFiber((fiber) => {
      const seat = this.seatOf(fiber)
      if (seat === undefined) return batch
      seat.waits()
      return Effect.ensuring(
        batch,
        Effect.sync(() => {
          seat.goesOn()
        })
      )
    })
  }

  private seatOf(fiber: Fiber.Fiber<unknown, unknown>): Seat | undefined {
    return this.access.thread.get(benches).lend(fiber.getRef(RunningCell))
  }

  private closeOf(id: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.untold.delete(id)
      const open = this.open.get(id)
      return open === undefined ? Effect.void : this.close(open)
    })
  }

  // What its handler was given and has not used is free again, unless the stream has come to its end.
  private close(open: Open, isDone = false): Effect.Effect<void> {
    return Effect.uninterruptible(Effect.suspend(() => {
      if (!this.open.delete(open.id)) return Effect.void
      this.meters.setOpenStreams(this.options.place, this.open.size)
      // Its worker may have stayed for that alone.
      if (this.open.size === 0) this.access.bells[rowOf(this.options.place)]!.ring()
      Deferred.doneUnsafe(open.ended, Effect.succeed(StreamProtocol.UNKNOWN))
      const released = Effect.sync(() => isDone ? undefined : this.freight?.dropUnused(open.given))
      return Effect.ensuring(Scope.close(open.scope, Exit.void), released)
    }))
  }

  // Whoever hears of it may have this interrupted: it is closed all the same.
  private end(open: Open, how: number): Effect.Effect<void> {
    return Effect.uninterruptible(Effect.suspend(() => {
      if (!this.open.has(open.id)) return Effect.void
      this.untold.set(open.id, { how, reader: open.reader })
      Deferred.doneUnsafe(open.ended, Effect.succeed(how))
      return this.close(open)
    }))
  }

  /** An incarnation ends, and its streams with it. */
  private cut(by: object): Effect.Effect<void> {
    return Effect.suspend(() =>
      Effect.forEach(
        Array.from(this.open.values()).filter((open) => open.by === by),
        (open) => this.end(open, StreamProtocol.RESTARTED),
        { discard: true }
      )
    )
  }

  // One whose reader has gone without a word, or reads no further, does not stay for ever.
  private watch(open: Open): Effect.Effect<unknown> {
    const { unreadMillis } = this.options
    if (unreadMillis === Infinity) return Effect.void
    const look: Effect.Effect<void> = Effect.suspend(() => {
      const { asked } = open
      return Effect.andThen(
        Effect.sleep(unreadMillis),
        Effect.suspend(() => {
          if (!this.open.has(open.id)) return Effect.void
          return open.isAsked || open.asked !== asked ? look : this.end(open, StreamProtocol.UNREAD)
        })
      )
    })
    return Effect.forkDetach(Effect.raceFirst(look, Deferred.await(open.ended)))
  }
}

// The one error with which it has failed, where it has with nothing else.
const declared = (cause: Cause.Cause<unknown>): { readonly error: unknown } | undefined => {
  const [reason] = cause.reasons
  return cause.reasons.length === 1 && reason!._tag === "Fail" ? reason : undefined
}
