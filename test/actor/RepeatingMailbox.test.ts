/** The mailbox of actors that put messages off, against a model of it, and what it costs to take back much of what is put off. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { RepeatingMailbox } from "../../src/actor/kernel/RepeatingMailbox.ts"
import { Ask, type Word } from "../../src/actor/kernel/Word.ts"

class Question extends Ask {
  settle() {}
  restarting() {}
  stopped() {}
}

const isAsk = (word: Word): boolean => word instanceof Ask

const times = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 }))

/** Much is put off, so that most of what can be done to it is done to some of it. */
const Command = Schema.Union([
  Schema.Struct({ do: Schema.Literals(["tell", "ask", "putOff", "ask", "putOff"]), times }),
  Schema.Struct({ do: Schema.Literals(["take", "unstash", "bury", "bury"]), times }),
  Schema.Struct({ do: Schema.Literals(["crash", "takeAsks"]), times })
])

describe("RepeatingMailbox", () => {
  it.prop("hands out what was put off in the order in which it came, except what was taken back", {
    commands: Schema.Array(Command)
  }, ({ commands }) => {
    const mailbox = new RepeatingMailbox(1)
    mailbox.capacity = 50
    // By their payloads, each in the order in which it is taken; what was put off keeps the place of its first time.
    let waiting: Array<number> = []
    let front: Array<number> = []
    let stash: Array<number> = []
    const asks = new Map<number, Question>()
    const orders = new Map<number, number>()
    const byOrder = (one: number, other: number) => orders.get(one)! - orders.get(other)!
    let next = 0
    const take = (): number | undefined => {
      const expected = front.shift() ?? waiting.shift()
      const word = mailbox.take()
      if (expected === undefined) {
        assert.isUndefined(word)
        return undefined
      }
      assert.strictEqual(word, asks.get(expected) ?? 7)
      assert.strictEqual(mailbox.takePayload(), expected)
      return expected
    }
    const putOff = () => {
      const hand = take()
      const isRoom = stash.length < 50
      assert.strictEqual(mailbox.putOff(), hand !== undefined && isRoom)
      if (hand === undefined || !isRoom) return
      if (!orders.has(hand)) orders.set(hand, orders.size)
      stash = [...stash, hand].sort(byOrder)
    }
    const bury = (nth: number) => {
      const waits = [...front, ...stash, ...waiting].filter((one) => asks.has(one))
      const gone = waits[nth % waits.length]
      if (gone === undefined) return
      mailbox.bury(asks.get(gone)!)
      assert.isFalse(asks.get(gone)!.isQueued)
      const isOther = (one: number) => one !== gone
      front = front.filter(isOther)
      stash = stash.filter(isOther)
      waiting = waiting.filter(isOther)
    }
    const put = (word: Word) => {
      if (word instanceof Question) asks.set(next, word)
      waiting.push(next)
      mailbox.put(word, next++)
    }
    for (const command of commands) {
      if (command.do === "unstash") {
        mailbox.unstash(command.times)
        front = [...stash.splice(0, command.times), ...front].sort(byOrder)
      } else if (command.do === "crash") {
        assert.isUndefined(mailbox.crashed(true))
        front = [...front, ...stash].sort(byOrder)
        stash = []
      } else if (command.do === "takeAsks") {
        const taken = [...front, ...waiting].filter((one) => asks.has(one))
        assert.deepStrictEqual(mailbox.takeAll(isAsk).map(([, payload]) => payload), taken)
        front = front.filter((one) => !asks.has(one))
        waiting = waiting.filter((one) => !asks.has(one))
      } else {
        for (let i = 0; i < command.times; i++) {
          if (command.do === "tell") put(7)
          else if (command.do === "ask") put(new Question(7, undefined))
          else if (command.do === "putOff") putOff()
          else if (command.do === "take") take()
          else bury(i * 7)
        }
      }
      assert.deepStrictEqual(
        [mailbox.length, mailbox.used, mailbox.stashed],
        [front.length + waiting.length, waiting.length, stash.length]
      )
    }
    while (front.length + waiting.length > 0) take()
    assert.isUndefined(mailbox.take())
  })

  for (const isUnstashed of [false, true]) {
    it(`takes back much of what ${isUnstashed ? "was put off and comes next" : "is put off"} in time that grows with its number`, () => {
      const millis = (count: number) => {
        const mailbox = new RepeatingMailbox(1)
        mailbox.capacity = Infinity
        const asks = Array.from({ length: count }, () => new Question(7, undefined))
        for (const ask of asks) mailbox.put(ask, undefined)
        for (const ask of asks) assert.isTrue(mailbox.take() === ask && mailbox.putOff())
        if (isUnstashed) mailbox.unstash(Infinity)
        const began = process.cpuUsage()
        for (const ask of asks) mailbox.bury(ask)
        const { system, user } = process.cpuUsage(began)
        assert.strictEqual(mailbox.stashed + mailbox.length, 0)
        return (system + user) / 1000
      }
      const few = Math.max(10, millis(1_000))
      // Ten times as many; a hundred times as long is what a search for each would take.
      assert.isBelow(millis(10_000), 20 * few)
    })
  }
})
