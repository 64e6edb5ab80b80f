import { assert, describe, it } from "@effect/vitest"
import { Origins } from "../../src/actor/kernel/Origins.ts"

const origin = () => {
  const sender = { messages: 0, handled: () => void sender.messages++ }
  return sender
}

describe("Origins", () => {
  it("numbers senders from 1 on, and tells each of its own messages", () => {
    const origins = new Origins()
    const [a, b] = [origin(), origin()]
    assert.deepStrictEqual([origins.add(a), origins.add(b)], [1, 2])
    origins.handled(2)
    origins.handled(2)
    origins.handled(1)
    // Nobody, and a number that was never given.
    origins.handled(0)
    origins.handled(99)
    assert.deepStrictEqual([a.messages, b.messages, origins.size], [1, 2, 2])
  })

  it("gives a number that came back to the next sender, who hears nothing for the one before", () => {
    const origins = new Origins()
    const [a, b, c] = [origin(), origin(), origin()]
    origins.add(a)
    origins.add(b)
    origins.remove(1)
    origins.handled(1)
    assert.deepStrictEqual([a.messages, origins.size], [0, 1])
    assert.strictEqual(origins.add(c), 1)
    origins.handled(1)
    assert.deepStrictEqual([a.messages, c.messages, origins.size], [0, 1, 2])
  })

  it("takes a number back once, however often it is given back", () => {
    const origins = new Origins()
    origins.add(origin())
    origins.remove(1)
    origins.remove(1)
    origins.remove(0)
    origins.remove(99)
    assert.strictEqual(origins.size, 0)
    assert.deepStrictEqual([origins.add(origin()), origins.add(origin()), origins.size], [1, 2, 2])
  })
})
