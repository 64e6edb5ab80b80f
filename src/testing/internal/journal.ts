/**
 * What happened in a run, one line an event, in fixed columns.
 */

/** One event. */
export interface Entry {
  readonly atMillis: number
  readonly step: number
  readonly thread: string
  readonly text: string
}

/** As many as are kept. */
const KEPT = 4096

/** See the module. */
export class Journal {
  declare private readonly entries: Array<Entry>
  declare private dropped: number
  constructor() {
    this.entries = []
    this.dropped = 0
  }

  get all(): ReadonlyArray<Entry> {
    return this.entries
  }

  add(entry: Entry): void {
    if (this.entries.length < KEPT) this.entries.push(entry)
    else this.dropped++
  }

  /** The last lines, with their heading. */
  render(most: number): ReadonlyArray<string> {
    const { dropped, entries } = this
    const shown = entries.slice(-most)
    const left = dropped + entries.length - shown.length
    return [
      "  t          step  thread       event",
      ...(left > 0 ? [`  … ${left} earlier events`] : []),
      ...shown.map(({ atMillis, step, text, thread }) =>
        `  ${(atMillis / 1000).toFixed(3).padEnd(9)}${String(step).padStart(6)}  ${thread.padEnd(11)}  ${text}`
      )
    ]
  }
}
