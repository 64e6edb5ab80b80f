import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Mailbox } from "../../src/actor/kernel/Mailbox.ts"

const isOdd = (word: unknown): boolean => typeof word === "number" && word % 2 === 1

/** Puts come up more often than takes, so that mailboxes grow; "drain" takes everything, so that they shrink again. */
const Command = Schema.Union([
  Schema.Struct({ do: Schema.Literal("put"), times: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 })) }),
  Schema.Struct({ do: Schema.Literal("take"), times: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 })) }),
  Schema.Struct({ do: Schema.Literals(["evict", "evictNone", "drain"]) })
])

const slotsOf = (mailbox: Mailbox): ReadonlyArray<unknown> => (mailbox as unknown as { slots: Array<unknown> }).slots

describe("Mailbox", () => {
  it("is empty at first", () => {
    const mailbox = new Mailbox()
    assert.strictEqual(mailbox.length, 0)
    assert.isUndefined(mailbox.take())
    assert.isUndefined(mailbox.evict(() => true))
  })

  it.prop("is a queue whose elements can be evicted", { commands: Schema.Array(Command) }, ({ commands }) => {
    const mailbox = new Mailbox()
    const model: Array<number> = []
    let next = 0
    const take = () => {
      const expected = model.shift()
      assert.strictEqual(mailbox.take(), expected)
      if (expected !== undefined) assert.deepStrictEqual(mailbox.payload, { of: expected })
    }
    for (const command of commands) {
      switch (command.do) {
        case "put":
          for (let i = 0; i < command.times; i++) {
            model.push(next)
            mailbox.put(next, { of: next++ })
          }
          break
        case "take":
          for (let i = 0; i < command.times; i++) take()
          break
        case "drain":
          while (model.length > 0) take()
          break
        case "evict": {
          const at = model.findIndex(isOdd)
          assert.strictEqual(mailbox.evict(isOdd), at < 0 ? undefined : model.splice(at, 1)[0])
          break
        }
        case "evictNone":
          assert.isUndefined(mailbox.evict(() => false))
          break
      }
      assert.strictEqual(mailbox.length, model.length)
    }
    while (model.length > 0) take()
    assert.isUndefined(mailbox.take())
  })

  it("keeps the order when it grows while its contents wrap around", () => {
    for (let offset = 0; offset < 8; offset++) {
      const mailbox = new Mailbox()
      for (let i = 0; i < offset; i++) {
        mailbox.put(1000, undefined)
        mailbox.put(1001, undefined)
        mailbox.take()
      }
      for (let i = 0; i < offset; i++) assert.strictEqual(mailbox.take() === undefined, false)
      for (let i = 0; i < 100; i++) mailbox.put(i, i)
      for (let i = 0; i < 100; i++) {
        assert.strictEqual(mailbox.take(), i)
        assert.strictEqual(mailbox.payload, i)
      }
    }
  })

  it("keeps its memory while bursts come again, and gives it back when it has run empty often without much use", () => {
    const mailbox = new Mailbox()
    const burst = (messages: number): number => {
      for (let i = 0; i < messages; i++) mailbox.put(i, i)
      for (let i = 0; i < messages; i++) mailbox.take()
      return slotsOf(mailbox).length
    }
    assert.isAtLeast(burst(10_000), 20_000)
    for (let i = 0; i < 100; i++) assert.isAtLeast(burst(i % 20 === 0 ? 10_000 : 1), 20_000)
    for (let i = 0; i < 32; i++) burst(1)
    assert.isAtMost(slotsOf(mailbox).length, 1024)
    assert.isAtMost(burst(1), 1024)
  })

  it("holds on to nothing that was taken or evicted", () => {
    const mailbox = new Mailbox()
    for (let i = 0; i < 20; i++) mailbox.put(i, { i })
    for (let i = 0; i < 5; i++) mailbox.take()
    mailbox.evict((word) => word === 10)
    mailbox.evict((word) => word === 19)
    assert.strictEqual(slotsOf(mailbox).filter((slot) => slot !== undefined).length, 2 * mailbox.length)
  })
})
