import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Mailbox } from "../../src/actor/kernel/Mailbox.ts"
import { Ask } from "../../src/actor/kernel/Word.ts"

const isOdd = (word: unknown): boolean => typeof word === "number" && word % 2 === 1

/** Puts come up more often than takes, so that mailboxes grow; "drain" takes everything, so that they shrink again. */
const Command = Schema.Union([
  Schema.Struct({ do: Schema.Literal("put"), times: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 })) }),
  Schema.Struct({ do: Schema.Literal("take"), times: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 })) }),
  Schema.Struct({ do: Schema.Literals(["evict", "evictNone", "drain"]) })
])

const slotsOf = (mailbox: Mailbox): ReadonlyArray<unknown> => (mailbox as unknown as { slots: Array<unknown> }).slots

class Question extends Ask {
  settle() {}
  restarting() {}
  stopped() {}
}

describe("Mailbox", () => {
  it("holds no room for asks that nobody waits for, and passes them over", () => {
    const mailbox = new Mailbox()
    const asks = Array.from({ length: 4 }, (_, i) => new Question(i, undefined))
    for (const ask of asks) {
      mailbox.put(ask, "question")
      mailbox.put(9, "tell")
    }
    for (const ask of [asks[0]!, asks[2]!]) mailbox.bury(ask)
    assert.strictEqual(mailbox.length, 6)
    const taken: Array<unknown> = []
    for (let word = mailbox.take(); word !== undefined; word = mailbox.take()) {
      taken.push(word instanceof Ask ? asks.indexOf(word as Question) : "tell", mailbox.takePayload())
    }
    assert.deepStrictEqual(taken, [
      "tell",
      "tell",
      1,
      "question",
      "tell",
      "tell",
      "tell",
      "tell",
      3,
      "question",
      "tell",
      "tell"
    ])
    assert.strictEqual(mailbox.length, 0)
    assert.isUndefined(mailbox.payload)
  })

  it("does not collect them while nothing is taken", () => {
    const mailbox = new Mailbox()
    mailbox.put(1, "first")
    for (let i = 0; i < 100_000; i++) {
      const ask = new Question(i, undefined)
      mailbox.put(ask, i)
      mailbox.bury(ask)
    }
    mailbox.put(2, "last")
    assert.strictEqual(mailbox.length, 2)
    assert.isBelow((mailbox as unknown as { slots: Array<unknown> }).slots.length, 512)
    assert.deepStrictEqual([mailbox.take(), mailbox.takePayload(), mailbox.take(), mailbox.takePayload()], [
      1,
      "first",
      2,
      "last"
    ])
    assert.isUndefined(mailbox.take())
  })

  it("keeps an ask queued that stands in front of a word that is evicted", () => {
    const mailbox = new Mailbox()
    const ask = new Question(0, undefined)
    mailbox.put(ask, "question")
    mailbox.put(1, "evicted")
    assert.strictEqual(mailbox.evict(isOdd), 1)
    assert.isTrue(ask.isQueued)
    assert.strictEqual(mailbox.length, 1)
    assert.strictEqual(mailbox.take(), ask)
    assert.strictEqual(mailbox.takePayload(), "question")
  })

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
