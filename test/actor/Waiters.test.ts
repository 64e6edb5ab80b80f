import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Rare } from "../../src/actor/internal/rare.ts"
import type { Waiter } from "../../src/actor/kernel/Recipient.ts"
import { nobody, Waiters } from "../../src/actor/kernel/Waiters.ts"

interface Sender extends Waiter {
  readonly n: number
}

const sender = (n: number): Sender => ({ n, abandoned: false }) as unknown as Sender

/** How many places the list takes, for those who wait and for those who have gone. */
const placesOf = (waiters: Waiters): number => (waiters as unknown as { items: Array<unknown> }).items.length

const Times = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 }))
const Command = Schema.Union([
  Schema.Struct({ do: Schema.Literals(["push", "shift"]), times: Times }),
  Schema.Struct({
    do: Schema.Literals(["abandon", "abandonTwice"]),
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 }))
  }),
  Schema.Struct({ do: Schema.Literals(["keepOdd", "abandonLate"]) })
])

describe("Waiters", () => {
  it.prop(
    "is a queue in which some give up, whatever happens",
    { commands: Schema.Array(Command) },
    ({ commands }) => {
      const waiters = new Waiters()
      let model: Array<Sender> = []
      const all: Array<Sender> = []
      let next = 0
      for (const command of commands) {
        switch (command.do) {
          case "push":
            for (let i = 0; i < command.times; i++) {
              const one = sender(next++)
              model.push(one)
              all.push(one)
              waiters.push(one)
            }
            break
          case "shift":
            for (let i = 0; i < command.times && model.length > 0; i++) {
              assert.strictEqual(waiters.first(), model.shift())
              waiters.shift()
            }
            break
          case "abandon":
          case "abandonTwice": {
            const [gone] = model.splice(command.at, 1)
            if (gone === undefined) break
            waiters.abandon(gone)
            if (command.do === "abandonTwice") waiters.abandon(gone)
            break
          }
          case "abandonLate":
            // They were interrupted after they had left the list, and before they were told.
            for (const one of all) if (!model.includes(one)) waiters.abandon(one)
            break
          case "keepOdd":
            model = model.filter(({ n }) => n % 2 === 1)
            waiters.keep((waiter) => (waiter as Sender).n % 2 === 1)
            break
        }
        assert.strictEqual(waiters.length, model.length)
        assert.strictEqual(waiters.first(), model[0])
        assert.strictEqual(waiters.length, model.length)
      }
    },
    { arbitrary: { runs: 300 } }
  )

  it("are nobody until there is one, for all actors together", () => {
    const one = new Rare()
    const other = new Rare()
    assert.strictEqual(one.waiters, other.waiters)
    // An interruption that comes when its sender waits no longer.
    one.waiters.abandon(sender(0))
    one.waiters.keep(() => false)
    assert.deepStrictEqual([one.waiters.length, one.waiters.first()], [0, undefined])
    one.line.push(sender(1))
    assert.strictEqual(one.line, one.waiters)
    assert.deepStrictEqual([one.waiters.length, other.waiters.length, nobody.length], [1, 0, 0])
    other.line.close()
    assert.deepStrictEqual([other.waiters.length, new Rare().waiters.length], [1, 0])
  })

  it("keeps no room for those who were let in", () => {
    const waiters = new Waiters()
    for (let i = 0; i < 10; i++) waiters.push(sender(i))
    for (let i = 0; i < 10_000; i++) {
      waiters.push(sender(i))
      waiters.shift()
    }
    assert.strictEqual(waiters.length, 10)
    assert.isAtMost(placesOf(waiters), 128)
  })

  it("keeps no room for those who gave up", () => {
    const waiters = new Waiters()
    for (let i = 0; i < 10; i++) waiters.push(sender(i))
    for (let i = 0; i < 10_000; i++) {
      const one = sender(i)
      waiters.push(one)
      waiters.abandon(one)
    }
    assert.strictEqual(waiters.length, 10)
    assert.isAtMost(placesOf(waiters), 128)
  })
})
