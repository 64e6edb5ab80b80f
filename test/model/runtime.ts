/**
 * What the gated text calls: requests in place of `Atomics`, calls whose receiver may be gated, and plain accesses that
 * the race detector hears of.
 */
import { alone, now as perform } from "./memory.ts"
import * as races from "./races.ts"
import { type Body, type Cells, type Kind, Request } from "./request.ts"

export const { cuts, enter, leave } = races

/** A request of a method. */
export const request = (
  kind: Kind,
  site: string,
  cells?: Cells,
  index?: number,
  value?: number,
  other?: number
): Request => new Request(kind, site, cells, index, value, other)

/** An operation outside of a method: part of the step that it is called in. */
export const now = (
  kind: Kind,
  site: string,
  cells?: Cells,
  index?: number,
  value?: number,
  other?: number
): unknown => {
  if (kind === "wait" || kind === "waitAsync") throw new Error(`${site} waits; only a method of a class can`)
  return perform(new Request(kind, site, cells, index, value, other))
}

type Callable = (...args: ReadonlyArray<unknown>) => unknown

const generatorPrototype: unknown = Object.getPrototypeOf(function*() {})

const methodOf = (receiver: unknown, name: PropertyKey): Callable => {
  const method = (receiver as Record<PropertyKey, unknown>)[name]
  if (typeof method !== "function") throw new TypeError(`${String(name)} is not a function`)
  return method as Callable
}

const isGated = (method: Callable): boolean => Object.getPrototypeOf(method) === generatorPrototype

const ofView = new Set<PropertyKey>(["fill", "set", "copyWithin", "slice", "at"])

const looksAt = (receiver: ArrayBufferView, name: PropertyKey, args: ReadonlyArray<unknown>): void => {
  if (receiver instanceof DataView) {
    const match = /^(get|set)\D+(\d+)$/.exec(String(name))
    if (match !== null) races.access(receiver, Number(args[0]), Number(match[2]) / 8, match[1] === "set")
    return
  }
  if (!ofView.has(name)) return
  const array = receiver as Uint8Array
  const size = array.BYTES_PER_ELEMENT
  const bound = (value: unknown, otherwise: number): number => {
    const index = value === undefined ? otherwise : Math.trunc(Number(value))
    return Math.min(array.length, Math.max(0, index < 0 ? index + array.length : index))
  }
  const span = (from: number, to: number, writes: boolean): void => {
    if (to > from) races.access(array, from * size, (to - from) * size, writes)
  }
  if (name === "fill") span(bound(args[1], 0), bound(args[2], array.length), true)
  else if (name === "slice") span(bound(args[0], 0), bound(args[1], array.length), false)
  else if (name === "at") span(bound(args[0], 0), bound(args[0], 0) + 1, false)
  else if (name === "set") {
    const source = args[0] as ArrayLike<unknown>
    const from = bound(args[1], 0)
    span(from, from + source.length, true)
    if (ArrayBuffer.isView(source)) races.access(source, 0, source.byteLength, false)
  } else {
    const from = bound(args[1], 0)
    const count = Math.min(bound(args[2], array.length) - from, array.length - bound(args[0], 0))
    span(from, from + count, false)
    span(bound(args[0], 0), bound(args[0], 0) + count, true)
  }
}

/** A call of something that is no gated method. */
const plain = (receiver: unknown, name: PropertyKey, method: Callable, args: ReadonlyArray<unknown>): unknown => {
  if (ArrayBuffer.isView(receiver)) looksAt(receiver, name, args)
  return Reflect.apply(method, receiver, args)
}

/** A call of something that may be a view, and is no gated method unless the program says `yield*`. */
export const call = (receiver: unknown, name: PropertyKey, args: ReadonlyArray<unknown>): unknown =>
  plain(receiver, name, methodOf(receiver, name), args)

/** A call in a gated method: part of it when the receiver is gated too. */
export function* invoke(receiver: unknown, name: PropertyKey, args: ReadonlyArray<unknown>): Body<unknown> {
  const method = methodOf(receiver, name)
  if (isGated(method)) return yield* Reflect.apply(method, receiver, args) as Body<unknown>
  return plain(receiver, name, method, args)
}

/**
 * A call in a constructor or a free function: a gated receiver runs to its end at once, which only what happens outside
 * of all threads may do.
 */
export const direct = (
  receiver: unknown,
  name: PropertyKey,
  args: ReadonlyArray<unknown>,
  site: string
): unknown => {
  const method = methodOf(receiver, name)
  if (!isGated(method)) return plain(receiver, name, method, args)
  if (races.isRunning()) {
    throw new Error(
      `${site} calls the gated method ${String(name)} in a function that a thread runs as one step; the thread must `
        + `run \`stepped(${site})\``
    )
  }
  return alone(Reflect.apply(method, receiver, args) as Body<unknown>)
}

/** The copies of free functions that can be stepped through. */
export const stepped = new WeakMap<object, (...args: ReadonlyArray<unknown>) => Body<unknown>>()

/** A call where a gated receiver cannot be stepped through. */
export const refuse = (
  receiver: unknown,
  name: PropertyKey,
  args: ReadonlyArray<unknown>,
  site: string
): unknown => {
  const method = methodOf(receiver, name)
  if (isGated(method)) {
    throw new Error(
      `${site} calls the gated method ${String(name)} where it cannot be interrupted; call it in a method, and in no `
        + `function inside of one`
    )
  }
  return plain(receiver, name, method, args)
}

type Elements = Record<PropertyKey, unknown>

const isElement = (receiver: unknown, index: unknown): receiver is Cells =>
  typeof index === "number" && ArrayBuffer.isView(receiver)

/** `receiver[index]` */
export const read = (receiver: unknown, index: PropertyKey): unknown => {
  if (!isElement(receiver, index)) return (receiver as Elements)[index]
  const at = index as number
  races.access(receiver, at * receiver.BYTES_PER_ELEMENT, receiver.BYTES_PER_ELEMENT, false)
  return races.find(receiver, at, receiver[at]!)
}

/** `receiver[index] = value` */
export const write = (receiver: unknown, index: PropertyKey, value: unknown): unknown => {
  if (isElement(receiver, index)) {
    races.access(receiver, (index as number) * receiver.BYTES_PER_ELEMENT, receiver.BYTES_PER_ELEMENT, true)
    races.overwrite(receiver, index as number, value as number, false)
  }
  ;(receiver as Elements)[index] = value
  return value
}

/** `receiver[index] += by`, answering what is there before or after. */
export const bump = (receiver: unknown, index: PropertyKey, by: number, before: boolean): number => {
  const value = read(receiver, index) as number
  write(receiver, index, value + by)
  return before ? value : value + by
}
