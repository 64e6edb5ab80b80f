/**
 * Who waits for whom, found out when the time of an ask is over: from the actor that has not answered to those that it waits for, and on to those that they wait for.
 *
 * Each is asked beside its messages, on whatever thread it lives; on this one it answers at once. Nobody is interrupted before that is known, so of actors that wait for
 * each other the first whose time is over finds the others waiting. A thread that does not answer within {@link patienceMillis} ends the inquiry, and so does who is not interested any more.
 */
import { type Awaited, nameInLink, WAITS } from "./Command.ts"
import { Deadline, type Deadlines } from "./Deadlines.ts"

/** So long an ask whose time is over waits at most for other threads to say whom they wait for. */
export const PATIENCE_MILLIS = 100

/** The same for an ask of so much time: one that is to end soon ends soon. */
export const patienceMillis = (timeoutMillis: number): number => Math.min(PATIENCE_MILLIS, timeoutMillis / 2)

/** So many inquiries of one thread may wait for others: a thread that answers nobody is not asked by everybody. */
const MOST_OPEN = 64

/** So many actors are asked by one. */
const MOST_ASKED = 64

/** Who waits for whom, as far as it is known. */
export interface Found {
  /** From who has asked, if that is an actor, to one that waits for nobody, or to one that stands in it before: a cycle. Absent where who was asked waits for nobody. */
  readonly chain?: ReadonlyArray<string>
  /** The last of them has not said whom it waits for. */
  readonly isChainCut?: true
}

/** What all inquiries of a thread share. */
export class Inquiries {
  declare readonly deadlines: Deadlines
  /** How many wait for other threads. */
  declare open: number
  constructor(deadlines: Deadlines) {
    this.deadlines = deadlines
    this.open = 0
  }

  /**
   * Finds out whom that one waits for who has not answered an ask of `asker`, whose time of `timeoutMillis` is over. Tells it once, possibly before this returns; what it returns gives up, and has
   * nothing told.
   */
  begin(
    asker: string | undefined,
    awaited: Awaited,
    timeoutMillis: number,
    told: (found: Found) => void,
    system?: unknown
  ): (() => void) | undefined {
    const inquiry = new Inquiry(this, asker, told, system ?? awaited.system)
    inquiry.begin(awaited, patienceMillis(timeoutMillis))
    return inquiry.isOver ? undefined : () => inquiry.giveUp()
  }
}

class Inquiry extends Deadline {
  declare private readonly all: Inquiries
  declare private readonly asker: string | undefined
  declare private readonly told: (found: Found) => void
  declare private first: string
  /** Whose actors were met: that of who asks first. */
  declare private readonly systems: Array<unknown>
  /** Whom somebody waits for, by name; `undefined` of one that has not said it. */
  declare private readonly known: Map<string, ReadonlyArray<string> | undefined>
  declare private readonly forgets: Array<() => void>
  declare private open: number
  declare private isWaiting: boolean
  declare isOver: boolean
  constructor(all: Inquiries, asker: string | undefined, told: (found: Found) => void, system: unknown) {
    super()
    this.systems = [system]
    this.all = all
    this.asker = asker === undefined ? undefined : nameInLink(asker)
    this.told = told
    this.first = ""
    this.known = new Map()
    this.forgets = []
    this.open = 0
    this.isWaiting = false
    this.isOver = false
  }

  begin(awaited: Awaited, patience: number): void {
    this.first = this.nameOf(awaited)
    if (this.first === this.asker) return this.end()
    this.ask(awaited)
    if (this.isOver) return
    if (this.all.open >= MOST_OPEN) return this.end()
    this.isWaiting = true
    this.all.open++
    this.all.deadlines.add(this, patience)
  }

  // Two systems of one process may have an actor of one name each.
  private nameOf({ name, system = this.systems[0] }: Awaited): string {
    const { systems } = this
    if (!systems.includes(system)) systems.push(system)
    const at = systems.indexOf(system)
    return nameInLink(at === 0 ? name : `${name} of another system${at === 1 ? "" : ` (${at})`}`)
  }

  private ask(awaited: Awaited): void {
    const { whom } = awaited
    const asked = this.nameOf(awaited)
    if (this.known.has(asked)) return
    this.known.set(asked, undefined)
    if (whom === undefined || this.known.size > MOST_ASKED) return
    this.open++
    this.forgets.push(whom.command({ kind: WAITS, withinMillis: undefined }, (answer) => {
      if (answer._tag === "Waits") this.heard(asked, answer.waits)
      else if (answer._tag === "Ended") this.known.set(asked, [])
      this.open--
      if (this.open === 0) this.end()
    }))
  }

  private heard(by: string, waits: ReadonlyArray<Awaited>): void {
    const names = waits.map((awaited) => this.nameOf(awaited))
    this.known.set(by, names)
    if (names.some((name) => name === this.asker)) return this.end()
    for (const awaited of waits) {
      if (this.isOver) return
      this.ask(awaited)
    }
  }

  expire(): void {
    this.end()
  }

  giveUp(): void {
    this.close()
  }

  private close(): void {
    this.isOver = true
    if (this.isWaiting) this.all.open--
    this.isWaiting = false
    this.all.deadlines.remove(this)
    for (const forget of this.forgets.splice(0)) forget()
  }

  private end(): void {
    if (this.isOver) return
    this.close()
    this.told(this.found)
  }

  private get found(): Found {
    const { asker, first, known } = this
    const chain = pathTo(asker, first, known) ?? walk(first, known)
    const last = chain[chain.length - 1]!
    if (chain.length === 1 && last !== asker) return {}
    const isCut = last !== asker && known.get(last) === undefined
    return {
      chain: asker === undefined ? chain : [asker, ...chain],
      ...isCut ? { isChainCut: true } : undefined
    }
  }
}

type Known = ReadonlyMap<string, ReadonlyArray<string> | undefined>

// The way back to who asks, the shortest of those that are known.
const pathTo = (asker: string | undefined, first: string, known: Known): ReadonlyArray<string> | undefined => {
  const paths: Array<ReadonlyArray<string>> = [[first]]
  const seen = new Set([first])
  for (const path of asker === undefined ? [] : paths) {
    const at = path[path.length - 1]!
    if (at === asker) return path
    for (const next of known.get(at) ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      paths.push([...path, next])
    }
  }
  return undefined
}

// Whom each waits for first, up to one that waits for nobody, or was there before.
const walk = (first: string, known: Known): ReadonlyArray<string> => {
  const chain = [first]
  let next = known.get(first)?.[0]
  while (next !== undefined) {
    const isThere = chain.includes(next)
    chain.push(next)
    if (isThere) return chain
    next = known.get(next)?.[0]
  }
  return chain
}
