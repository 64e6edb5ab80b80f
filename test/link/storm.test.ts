/** Random storms over simulated threads: whatever happens in whatever order, every account is at zero afterwards. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import type { Protocol } from "../../src/actor/kernel/Protocol.ts"
import { NO_ROOM, type Waiter, type Withdrawable } from "../../src/actor/kernel/Recipient.ts"
import type { RemoteRecipient } from "../../src/link/kernel/RemoteRecipient.ts"
import * as System from "../fixtures/system.ts"
import { seeded } from "../memory/seeded.ts"
import { accounts, numbers, stage, ZERO } from "./stage.ts"

const tag = (name: string): number => System.Probe.protocol.tags.indexOf(name)
const note = tag("Note")
const count = tag("Count")
const hang = tag("Hang")
const boom = tag("Boom")
const echo = tag("Echo")
const badReply = tag("BadReply")

interface Actor {
  readonly thread: number
  readonly protocol: Protocol
  cell: Cell
  readonly seenFrom: (thread: number) => RemoteRecipient
}

interface Question {
  settled: number
  withdrawn: boolean
  handle: Withdrawable | undefined
}

/** What has been started and has to come to an end. */
class Book {
  readonly questions: Array<Question> = []
  readonly waiters: Array<{ readonly waiter: Waiter; readonly far: RemoteRecipient; ends: number; gaveUp: boolean }> =
    []

  ask(far: RemoteRecipient, index: number, payload: unknown, timeoutMillis: number): void {
    const question: Question = { settled: 0, withdrawn: false, handle: undefined }
    this.questions.push(question)
    question.handle = far.askUnsafe(index, payload, timeoutMillis, () => void question.settled++)
  }

  tell(far: RemoteRecipient, index: number, payload: unknown): void {
    if (far.tell(index, payload, undefined) !== NO_ROOM) return
    const entry = {
      far,
      ends: 0,
      gaveUp: false,
      waiter: {
        index,
        payload,
        span: undefined,
        ask: undefined,
        done: () => void entry.ends++,
        died: () => void entry.ends++,
        abandoned: false
      } as Waiter
    }
    this.waiters.push(entry)
    far.waitForRoom(entry.waiter)
  }

  withdraw(at: number): void {
    const question = this.questions[at]
    if (question === undefined || question.settled > 0 || question.withdrawn) return
    question.withdrawn = true
    question.handle?.withdraw()
  }

  abandon(at: number): void {
    const entry = this.waiters[at]
    if (entry === undefined || entry.ends > 0) return
    entry.gaveUp = true
    entry.far.stopWaiting(entry.waiter)
  }

  /** What has not come to exactly one end. */
  get open(): ReadonlyArray<unknown> {
    return [
      ...this.questions.filter(({ settled, withdrawn }) => withdrawn ? settled > 0 : settled !== 1),
      ...this.waiters.filter(({ ends, gaveUp }) => gaveUp ? ends > 0 : ends !== 1)
    ]
  }
}

const poison = {
  get n(): number {
    throw new Error("a payload that throws")
  }
}

const storm = (seed: number, threads: number, areMany: boolean) =>
  Effect.gen(function*() {
    const random = seeded(seed)
    const on = yield* stage({ threads, ringBytes: 4096, areMany })
    const book = new Book()
    const actors: Array<Actor> = []
    const protocols = [System.Probe, System.Narrow, System.Strict, System.Newest, System.Oldest, System.Endless]
    for (let i = 0; i < 9; i++) {
      const { protocol } = protocols[i % protocols.length]!
      const thread = i % threads
      actors.push({ thread, protocol, ...(yield* on.spawn(thread, protocol, `k${i}`)) })
    }
    for (let i = 0; i < 400; i++) {
      const actor = actors[random(actors.length)]!
      const from = (actor.thread + 1 + random(threads - 1)) % threads
      const far = actor.seenFrom(from)
      switch (random(16)) {
        case 0:
        case 1:
        case 2:
          book.tell(far, note, { n: i })
          break
        case 3:
          for (let n = random(300); n > 0; n--) book.tell(far, note, { n })
          break
        case 4:
          book.ask(far, count, undefined, 5 + random(50))
          break
        case 5:
          book.ask(far, hang, undefined, 1 + random(40))
          break
        case 6:
          book.ask(far, echo, { text: "x".repeat(random(600)) }, 0.1 + random(20))
          break
        case 7:
          book.ask(far, boom, { why: "the storm" }, 50)
          break
        case 8:
          book.ask(far, badReply, undefined, 50)
          break
        case 9:
          book.withdraw(random(book.questions.length + 1))
          break
        case 10:
          book.abandon(random(book.waiters.length + 1))
          break
        case 11:
          try {
            book.tell(far, note, poison)
          } catch {
            // The defect of this sender.
          }
          break
        case 12:
          yield* on.pass(random(20))
          break
        case 13:
          if (random(4) === 0) {
            on.part(actor.thread, from)
            for (let steps = random(20); steps > 0; steps--) on.steps.step(random(threads))
            on.join(actor.thread, from)
          }
          break
        case 14:
          if (random(6) === 0) {
            const stopping = actor.cell.stop({ _tag: "Normal" })
            if (stopping !== undefined) yield* Effect.forkChild(stopping)
          }
          break
        default:
          for (let steps = random(30); steps > 0; steps--) on.steps.step(random(threads))
      }
    }
    // Everything that waits has a deadline, and those who wait for room have somebody who hangs.
    for (let round = 0; round < 20; round++) {
      on.steps.settle()
      yield* on.pass(100)
      yield* Effect.yieldNow
    }
    on.steps.settle()
    for (const node of on.nodes) accounts(node)
    on.steps.settle()
    assert.deepStrictEqual(book.open, [], `seed ${seed}: something has not come to exactly one end`)
    for (const node of on.nodes) assert.deepStrictEqual(accounts(node), ZERO, `seed ${seed}`)
    for (const actor of actors) yield* Effect.forkChild(actor.cell.stop({ _tag: "Normal" }) ?? Effect.void)
    for (let round = 0; round < 5; round++) {
      on.steps.settle()
      yield* Effect.yieldNow
    }
    for (const node of on.nodes) {
      assert.strictEqual(numbers(node).used, 0, `seed ${seed}: slots`)
      assert.strictEqual(node.home.cells.size, 0, `seed ${seed}: cells`)
    }
  })

describe("a storm", () => {
  for (const [threads, areMany] of [[2, false], [3, false], [3, true]] as const) {
    it.effect(
      `over ${threads} threads${
        areMany ? " that look for bits" : ""
      } leaves every account at zero, and every ask and sender with one outcome`,
      () =>
        Effect.gen(function*() {
          for (let seed = 1; seed <= 25; seed++) yield* Effect.scoped(storm(seed * 31 + threads, threads, areMany))
        }).pipe(Effect.provide(Logger.layer([]))),
      60_000
    )
  }
})
