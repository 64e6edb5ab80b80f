/** What becomes of the rings that a worker has made for another, and that the main thread hands on. */
import { assert, describe, it } from "@effect/vitest"
import { receive, type Threaded, WorkerThread } from "../../src/system/internal/workers.ts"

/** The main thread's view of two workers, and what the second one is sent. */
const two = (hasEnded: boolean) => {
  const [first, second] = [new WorkerThread(1), new WorkerThread(2)]
  const said: Array<unknown> = []
  first.starts = 3
  second.starts = 2
  second.thread = {
    exitUnsafe: () => hasEnded ? "ended" : undefined,
    post: (message: unknown) => void said.push(message)
  } as never
  const threaded = { workers: [first, second] } as unknown as Threaded
  const hand = (epoch: number) => receive(threaded, first, { _tag: "Rings", to: 2, epoch, rings: "rings" as never })
  return { hand, said, second }
}

describe("rings from a worker to a worker", () => {
  it("reach one that is starting: it may have asked something while its actors are built", () => {
    const { hand, said, second } = two(false)
    hand(2)
    second.isUp = true
    hand(2)
    const rings = { _tag: "Rings", from: 1, epoch: 3, rings: "rings" }
    assert.deepStrictEqual(said, [rings, rings])
  })

  it("are left alone when they are for an incarnation that has gone", () => {
    const { hand, said } = two(false)
    hand(1)
    assert.deepStrictEqual(said, [])
    const ended = two(true)
    ended.hand(2)
    assert.deepStrictEqual(ended.said, [])
  })
})
