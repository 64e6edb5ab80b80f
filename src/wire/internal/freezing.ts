/**
 * Freezing of immutable values, for as long as somebody asks for it.
 *
 * Arrays, plain objects and instances of schema classes are frozen as deep as they go. Maps, sets and dates keep what they hold where
 * `Object.freeze` does not reach, so what changes them is taken away. Everything else stays as it is: bytes cannot be frozen, Effect's own
 * values and what travels by itself are no plain data.
 */

const CLASS = "~effect/Schema/Class/"

// Of another realm too: nothing stands above its `Object.prototype`.
const isData = (value: object): boolean => {
  if (Array.isArray(value)) return true
  let prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return true
  for (; typeof prototype === "object" && prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    if (Object.getOwnPropertyNames(prototype).some((name) => name.startsWith(CLASS))) return true
  }
  return false
}

const valuesOf = (value: object): ReadonlyArray<unknown> =>
  Object.values(Object.getOwnPropertyDescriptors(value)).map((property) => property.value as unknown)

// Throws for what is no map, no set, or no date, of any realm.
const items = (of: (value: object) => Iterable<unknown>) => (value: object): ReadonlyArray<unknown> | undefined => {
  try {
    return [...of(value)]
  } catch {
    return undefined
  }
}

/** Values whose state lies in no property: what is in one, unless it is no such value, and the methods that change it. */
const hidden: ReadonlyArray<readonly [(value: object) => ReadonlyArray<unknown> | undefined, ReadonlyArray<string>]> = [
  [items((value) => [...Map.prototype.entries.call(value)].flat()), ["set", "delete", "clear"]],
  [items((value) => Set.prototype.values.call(value)), ["add", "delete", "clear"]],
  [
    items((value) => [Date.prototype.getTime.call(value as Date)]),
    Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith("set"))
  ]
]

const refusing = (name: string) => (): never => {
  throw new TypeError(`${name}: a Val is immutable, and frozen on this thread; change a copy of it`)
}

/** See the module. */
export class Freezing {
  /** How many ask for it. */
  holders = 0
  /** What is frozen with all that is in it, or was not to be. */
  readonly #seen = new WeakSet<object>()

  get isOn(): boolean {
    return this.holders > 0
  }

  /** Freezes a value and all that is in it. */
  freeze(whole: unknown): void {
    const rest = [whole]
    while (rest.length > 0) {
      const value = rest.pop()
      if (typeof value !== "object" || value === null || this.#seen.has(value)) continue
      this.#seen.add(value)
      // One by one: there may be more of them than a call takes arguments.
      for (const part of this.#shut(value)) rest.push(part)
    }
  }

  /** Freezes one value, and answers with what is in it. */
  #shut(value: object): ReadonlyArray<unknown> {
    for (const [partsOf, changing] of hidden) {
      const parts = partsOf(value)
      if (parts === undefined) continue
      if (!Object.isExtensible(value)) return parts
      for (const name of changing) Object.defineProperty(value, name, { value: refusing(name) })
      Object.freeze(value)
      return parts
    }
    if (!isData(value)) return []
    Object.freeze(value)
    return valuesOf(value)
  }
}
