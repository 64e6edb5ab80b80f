/**
 * Values made hostile: whatever is done to them, both back ends take or refuse them alike, or what they throw is thrown.
 */
import type * as Schema from "effect/Schema"
import { runInNewContext } from "node:vm"
import { INVALID } from "../../src/wire/Codec.ts"
import * as assert from "./assertions.ts"
import { bothBackEnds, comparable, OFFSET, write } from "./assertions.ts"
import { outcome } from "./survival.ts"

type Twist = (value: object, random: (below: number) => number) => unknown

const foreignObject = runInNewContext("Object") as ObjectConstructor

const junk: ReadonlyArray<unknown> = [
  undefined,
  null,
  -1,
  2 ** 40,
  "x".repeat(9000),
  [],
  {},
  () => 1,
  Symbol("s"),
  2n ** 99n
]

/** An object whose properties answer something else from their second reading on. */
const fickle: Twist = (value, random) => {
  const other = junk[random(junk.length)]
  const copy = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value) as object) as object
  for (const key of Object.keys(value)) {
    let asked = 0
    const first = (value as Record<string, unknown>)[key]
    Object.defineProperty(copy, key, {
      enumerable: true,
      configurable: true,
      get: () => asked++ === 0 ? first : other
    })
  }
  return copy
}

const twists: ReadonlyArray<Twist> = [
  fickle,
  (value) => new Proxy(value, {}),
  (value, random) =>
    new Proxy(value, { get: (target, key) => random(9) === 0 ? junk[random(junk.length)] : Reflect.get(target, key) }),
  (value) =>
    new Proxy(value, {
      get: () => {
        throw new Error("hostile")
      }
    }),
  (value) => Array.isArray(value) ? value : foreignObject.assign(new foreignObject(), value)
]

const twisted = (value: unknown, random: (below: number) => number): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (random(3) === 0) return twists[random(twists.length)]!(value, random)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value)) return value.map((item) => twisted(item, random))
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, twisted(item, random)]))
}

const randomOf = (seed: number) => {
  let state = seed >>> 0
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
}

/** Asserts that a hostile form of a value is refused, throws what it threw, or is written as something that can be read. */
export const assertContained = (schema: Schema.Top, value: unknown, seed: number): void => {
  for (const codec of bothBackEnds(schema)) {
    // Each back end gets hostile values of its own: they remember how often they were asked.
    const hostile = twisted(value, randomOf(seed))
    let written
    try {
      written = write(codec, hostile)
    } catch (error) {
      // What the value throws is its sender's; that nothing else is thrown shows in the type.
      assert.ok(error instanceof Error, String(error))
      continue
    } finally {
      const after = write(codec, value)
      assert.ok(after.end === INVALID || after.end >= OFFSET)
    }
    if (written.end === INVALID) continue
    // A proxy may encode itself as something that its schema does not decode; the reader is told.
    const { end, region } = written
    const [first, second] = bothBackEnds(schema).map((reader) => comparable(outcome(reader, region, end)))
    assert.deepStrictEqual(second, first)
  }
}
