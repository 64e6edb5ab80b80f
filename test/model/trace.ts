/**
 * Words for what a simulated thread does: where in the text, the operation, the cell and the values.
 */
import { type Cells, type Request, Ticket } from "./request.ts"

let buffers = new Map<unknown, string>()

/** A letter for a buffer, in the order they are first spoken of. */
export const nameOf = (buffer: ArrayBufferLike): string => {
  let name = buffers.get(buffer)
  if (name === undefined) {
    name = String.fromCharCode(65 + buffers.size)
    buffers.set(buffer, name)
  }
  return name
}

const peek = (request: Request): string =>
  request.cells === undefined ? "" : String(Atomics.load(request.cells, request.index))

const placeOf = (cells: Cells, index: number): string =>
  `${nameOf(cells.buffer)}[${cells.byteOffset / cells.BYTES_PER_ELEMENT + index}]`

const answerOf = (answer: unknown): string => {
  if (answer instanceof Ticket) return "waits"
  if (typeof answer !== "object" || answer === null) return String(answer)
  const { async, value } = answer as { readonly async: boolean; readonly value: unknown }
  return async ? "waits" : String(value)
}

const words = (request: Request, before: string, answer: unknown): string => {
  const { cells, index, kind, other, value } = request
  if (cells === undefined) {
    if (kind !== "settle") return kind
    const ticket = request.ticket!
    return `wakes up (${answerOf(answer)}) from ${placeOf(ticket.cells, ticket.index)}`
  }
  const place = placeOf(cells, index)
  const after = peek(request)
  switch (kind) {
    case "load":
      return `load ${place} is ${before}`
    case "store":
      return `store ${place} = ${after} (was ${before})`
    case "notify":
      return `notify ${place} wakes ${answerOf(answer)}`
    case "compareExchange":
      return String(answer) === String(value)
        ? `compareExchange ${place} ${value} to ${other}`
        : `compareExchange ${place} fails: is ${before}, not ${value}`
    case "wait":
    case "waitAsync":
      return `${kind} ${place} while ${value}: ${answerOf(answer)}`
    default:
      return `${kind} ${place} = ${after} (was ${before})`
  }
}

/** Tells a request by what was in its cell before and what it answered. */
export const describe = {
  /** Names buffers anew, in the order they appear. */
  begin: (): void => {
    buffers = new Map()
  },
  before: peek,
  after: (request: Request, before: string, answer: unknown): string =>
    `${request.site.padEnd(24)} ${words(request, before, answer)}`
}
