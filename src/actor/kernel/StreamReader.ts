/**
 * A stream that answers an ask, on the side of who reads it: the elements that have come and were not read yet, and the credit for more.
 *
 * ```text
 *  actor's side                                reader's side
 *  Streaming ── element, at most `window` ──▶ elements ── one pull takes all that are there ──▶ whoever reads
 *      ▲                                          │
 *      └── grant: half a window was taken ────────┘
 * ```
 *
 * So a reader that is slow holds `window` elements, and neither the link nor the actor. Elements that came before the end are read before it.
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type { StreamStalled } from "../ActorError.ts"
import { Deadline, type Deadlines } from "./Deadlines.ts"
import type { Dispatcher, Runnable } from "./Dispatcher.ts"

/** What a pull answers: elements, or that there will be no more. */
export type Pulled = Effect.Effect<Arr.NonEmptyReadonlyArray<unknown>, unknown>

/** The ask that the stream answers. */
export interface StreamSource {
  readonly grounds: {
    readonly deadlines: Deadlines
    readonly dispatcher: Pick<Dispatcher, "enqueue">
    fault(where: string, defect: unknown): void
  }
  /** So many elements more may come. */
  grant(elements: number): void
  /** Nobody reads any more. */
  withdraw(): void
  /** No element has come in time. */
  stalled(timeoutMillis: number): StreamStalled
}

/** See the module. */
export class StreamReader extends Deadline implements Runnable {
  /** How many elements may be on their way here, or wait here. */
  declare readonly window: number
  /** The span of the asker, when it is sampled. */
  declare readonly span: Tracer.AnySpan | undefined
  /** Who reads. */
  declare readonly fiber: Fiber.Fiber<unknown, unknown>
  declare private readonly elementMillis: number
  declare private source: StreamSource | undefined
  declare private elements: Array<unknown>
  declare private exit: Exit.Exit<unknown, unknown> | undefined
  declare private resume: ((pulled: Pulled) => void) | undefined
  /** Elements that were taken, and not reported so far. */
  declare private taken: number
  declare private hasBegun: boolean
  declare private isReady: boolean
  /** Takes the next elements. */
  declare readonly pull: Pulled
  constructor(
    window: number,
    elementMillis: number,
    span: Tracer.AnySpan | undefined,
    fiber: Fiber.Fiber<unknown, unknown>
  ) {
    super()
    this.window = window
    this.span = span
    this.fiber = fiber
    this.elementMillis = elementMillis
    this.source = undefined
    this.elements = []
    this.exit = undefined
    this.resume = undefined
    this.taken = 0
    this.hasBegun = false
    this.isReady = false
    this.pull = Effect.suspend(() => this.take() ?? this.waits)
  }

  /** The ask has begun. */
  attach(source: StreamSource): void {
    this.source = source
  }

  /** An element has come; answers whether it is the first one. */
  push(element: unknown): boolean {
    const isFirst = !this.hasBegun
    this.hasBegun = true
    this.elements.push(element)
    if (this.resume !== undefined) this.wake()
    return isFirst
  }

  /** The stream has come to its end, one way or another. */
  end(exit: Exit.Exit<unknown, unknown>): void {
    this.exit ??= exit
    if (this.resume !== undefined) this.wake()
  }

  /** Nobody reads any more. */
  close(): void {
    this.elements = []
    this.source?.withdraw()
  }

  private take(): Pulled | undefined {
    const { elements, exit } = this
    const { length } = elements
    if (length === 0) return exit === undefined ? undefined : exit._tag === "Success" ? Cause.done() : exit as Pulled
    this.elements = []
    this.taken += length
    if (exit === undefined && this.taken * 2 >= this.window) {
      const { taken } = this
      this.taken = 0
      this.source!.grant(taken)
    }
    // There is at least one: without any it has returned above.
    return Exit.succeed(elements as unknown as Arr.NonEmptyReadonlyArray<unknown>)
  }

  private get waits(): Pulled {
    return Effect.callback((resume) => {
      // The fiber may have yielded in between.
      const pulled = this.take()
      if (pulled !== undefined) return resume(pulled)
      const { deadlines } = this.source!.grounds
      this.resume = resume
      if (this.hasBegun) deadlines.add(this, this.elementMillis)
      return Effect.sync(() => {
        this.resume = undefined
        deadlines.remove(this)
      })
    })
  }

  // In a turn of its own: what comes in one batch is read in one.
  private wake(): void {
    if (this.isReady) return
    this.isReady = true
    this.source!.grounds.dispatcher.enqueue(this)
  }

  run(): void {
    const { resume } = this
    this.isReady = false
    // Who waited may have gone, and who waits now have taken what had come.
    const pulled = resume === undefined ? undefined : this.take()
    if (pulled === undefined) return
    this.resume = undefined
    this.source!.grounds.deadlines.remove(this)
    resume!(pulled)
  }

  failed(defect: unknown): void {
    this.source!.grounds.fault("who reads a stream", defect)
  }

  expire(): void {
    const { elementMillis, source } = this
    if (this.elements.length > 0 || this.exit !== undefined) return
    this.end(Exit.fail(source!.stalled(elementMillis)))
    source!.withdraw()
  }
}
