import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Directory } from "../../src/actor/kernel/Directory.ts"

interface Entry {
  readonly key: string
  readonly n: number
}

const Place = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 }))
const Command = Schema.Union([
  Schema.Struct({ do: Schema.Literals(["set", "delete"]), at: Place }),
  Schema.Struct({ do: Schema.Literals(["setAll", "deleteAll"]), from: Place, to: Place })
])

const placesOf = (command: typeof Command.Type): ReadonlyArray<number> =>
  "at" in command
    ? [command.at]
    : Array.from({ length: Math.max(0, command.to - command.from) }, (_, i) => command.from + i)

/** How many entries it has room for. */
const roomOf = (directory: Directory<Entry>): number =>
  (directory as unknown as { readonly hashes: Int32Array }).hashes.length

const filled = (count: number): Directory<Entry> => {
  const directory = new Directory<Entry>()
  for (let n = 0; n < count; n++) directory.set({ key: `actor ${n}`, n })
  return directory
}

describe("Directory", () => {
  it.prop(
    "has who a Map would have, in the same order, whoever comes and goes",
    { commands: Schema.Array(Command) },
    ({ commands }) => {
      const directory = new Directory<Entry>()
      const map = new Map<string, Entry>()
      let next = 0
      for (const command of commands) {
        for (const place of placesOf(command)) {
          const key = `k${place}`
          if (command.do === "set" || command.do === "setAll") {
            const value = { key, n: next++ }
            directory.set(value)
            map.set(key, value)
          } else {
            directory.delete(key)
            map.delete(key)
          }
        }
        assert.strictEqual(directory.size, map.size)
        assert.deepStrictEqual(directory.values(), Array.from(map.values()))
        for (let place = 0; place <= 40; place++) assert.strictEqual(directory.get(`k${place}`), map.get(`k${place}`))
      }
    },
    { arbitrary: { runs: 300 } }
  )

  it("tells keys apart that differ in one place, in their length, or in characters of any script", () => {
    const keys = [
      "",
      "a",
      "b",
      "aa",
      "ab",
      "ba",
      "\u0000",
      "\u0000\u0000",
      "\u0100",
      "ä",
      "\ud83d\ude00",
      "x".repeat(1024)
    ]
    const directory = new Directory<Entry>()
    keys.forEach((key, n) => directory.set({ key, n }))
    assert.deepStrictEqual(keys.map((key) => directory.get(key)?.n), keys.map((_, n) => n))
    // The same text, put together otherwise.
    assert.strictEqual(directory.get(["a", "b"].join(""))?.n, keys.indexOf("ab"))
    assert.isUndefined(directory.get("c"))
  })

  it("gives its room back when most have gone, and keeps it while few come and go", () => {
    const directory = filled(10_000)
    const most = roomOf(directory)
    for (let n = 0; n < 9_990; n++) directory.delete(`actor ${n}`)
    assert.isBelow(roomOf(directory), most / 100)
    assert.deepStrictEqual(directory.values().map(({ n }) => n), Array.from({ length: 10 }, (_, i) => 9_990 + i))

    for (let n = 0; n < 100_000; n++) {
      directory.set({ key: `guest ${n}`, n })
      directory.delete(`guest ${n}`)
    }
    assert.isBelow(roomOf(directory), most / 100)
    assert.strictEqual(directory.size, 10)
  })
})
