/**
 * The threads that use a pool and have not made it, on the side of the one that has.
 *
 * ```text
 *  client                                pool
 *    JOIN by name, to all threads   ──►    gives a row that is free
 *    opens the memory               ◄──    ANSWER: memory, row, owner number
 *    jobs ═══════ through shared memory, past all other threads ═══════ replies
 *    LEAVE, or its thread has exited ──►   claims recovered ─► heir of the row ─► nothing is under way ─► the row is free
 * ```
 *
 * The pool alone gives rows out. One whose client has gone has an heir here, a submitter that takes what is under way: jobs that were asked are
 * withdrawn, those that were told are done, what comes back reaches nobody. The row is given to the next one when all its slots are free and nothing
 * is left in the arena that its owner number had put there; so neither a job nor a reply is ever taken for one of another client.
 *
 * A thread that has exited is forgotten after all is heard that it had said, so a client that asked with its last breath keeps no row. Two pools of
 * one name know of each other, and neither is joined: which one was meant nobody can know.
 */
import * as ExitReason from "../../actor/ExitReason.ts"
import { type Broadcast, EXIT } from "../../thread/kernel/Broadcast.ts"
import * as Control from "./control.ts"

/** The pool, as its clients concern it. */
export interface Options {
  readonly name: string
  readonly layoutHash: number
  /** The same in words: `Layouts.textOf`. */
  readonly layouts: string
  readonly clients: number
  /** The first row of a client. */
  readonly firstRow: number
  readonly isOpen: () => boolean
  /** What the client of a row is given. */
  readonly memberOf: (row: number) => Omit<Control.Membership, "thread">
  /** The client of a row has gone; `then` when nothing of it is left. */
  readonly retire: (row: number, then: () => void) => void
  readonly overdue: (overdue: Control.Overdue) => void
}

interface Client {
  readonly row: number
  readonly thread: number
}

/** See the module. */
export class Clients {
  private readonly pool: number
  private readonly voice: Broadcast
  private readonly options: Options
  /** By their requests. */
  private readonly joined = new Map<number, Client>()
  /** Rows that are free, the first one last. */
  private readonly rows: Array<number>
  /** Other pools of this name, and their threads. */
  private readonly rivals = new Map<number, number>()
  private unlisten: ReadonlyArray<() => void> = []

  constructor(voice: Broadcast, options: Options) {
    const { clients, firstRow } = options
    this.pool = voice.unique()
    this.voice = voice
    this.options = options
    this.rows = Array.from({ length: clients }, (_, i) => firstRow + clients - 1 - i)
  }

  /** Is found from now on. */
  open(): void {
    const { options, voice } = this
    this.unlisten = [
      voice.listen(Control.JOIN, (join) => this.join(join as Control.Join)),
      voice.listen(Control.LEAVE, (leave) => this.leave(leave as Control.Leave)),
      voice.listen(Control.OPENED, (opened) => this.meet(opened as Control.Opened)),
      voice.listen(Control.GONE, (gone) => this.rivals.delete((gone as Control.Gone).pool)),
      voice.listen(Control.OVERDUE, (overdue) => {
        if ((overdue as Control.ClientOverdue).pool === this.pool) options.overdue(overdue as Control.Overdue)
      }),
      voice.listen(EXIT, (thread) => this.exited(thread as number))
    ]
    this.sayOpened(false)
  }

  /** How many there are. */
  get size(): number {
    return this.joined.size
  }

  private sayOpened(isAnswer: boolean): void {
    const { options: { name }, pool, voice } = this
    voice.say(Control.OPENED, { name, pool, thread: voice.number, isAnswer } satisfies Control.Opened)
  }

  private meet({ isAnswer, name, pool, thread }: Control.Opened): void {
    if (name !== this.options.name || pool === this.pool) return
    this.rivals.set(pool, thread)
    if (!isAnswer) this.sayOpened(true)
  }

  private join({ layoutHash, name, request, thread }: Control.Join): void {
    const { options, pool, voice } = this
    if (name !== options.name || !options.isOpen() || this.joined.has(request)) return
    voice.say(
      Control.ANSWER,
      {
        request,
        pool,
        result: this.rivals.size > 0 ? { _tag: "Ambiguous" } : this.admit(layoutHash, request, thread)
      } satisfies Control.Answer
    )
  }

  private admit(layoutHash: number, request: number, thread: number): Control.Answer["result"] {
    const { joined, options, rows, voice } = this
    if (layoutHash !== options.layoutHash) {
      return { _tag: "Mismatch", layoutHash: options.layoutHash, layouts: options.layouts }
    }
    const row = rows.pop()
    if (row === undefined) return { _tag: "Crowded", clients: options.clients }
    joined.set(request, { row, thread })
    return { _tag: "Joined", ...options.memberOf(row), thread: voice.number }
  }

  private leave({ pool, request }: Control.Leave): void {
    const client = this.joined.get(request)
    if (client === undefined || pool !== undefined && pool !== this.pool) return
    this.joined.delete(request)
    this.options.retire(client.row, () => this.rows.push(client.row))
  }

  private exited(thread: number): void {
    // What it has said is here by now, and perhaps not heard.
    this.voice.poll()
    for (const [pool, of] of this.rivals) if (of === thread) this.rivals.delete(pool)
    for (const [request, client] of this.joined) {
      if (client.thread === thread) this.leave({ request, pool: undefined })
    }
  }

  /** The pool has ended. */
  end(reason: ExitReason.ExitReason): void {
    this.voice.say(Control.GONE, { pool: this.pool, reason: ExitReason.encode(reason) } satisfies Control.Gone)
    for (const stop of this.unlisten) stop()
  }
}
