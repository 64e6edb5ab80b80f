/** The side of a pool that submits, by itself, and a worker where it is needed: what each does whatever the others have done. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import type * as Tracer from "effect/Tracer"
import { systemReleased } from "../../src/actor/ExitReason.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import { Deadlines } from "../../src/actor/kernel/Deadlines.ts"
import { RUNNING } from "../../src/actor/kernel/Phase.ts"
import { NO_ROOM, REFUSED, TAKEN } from "../../src/actor/kernel/Recipient.ts"
import { InboxReader, InboxWriter, NOTHING } from "../../src/memory/Inboxes.ts"
import { CLOSING, ENDED } from "../../src/memory/JobPhase.ts"
import { BEGUN, DISCARDED, FREE, numberOf, OUTCOME, QUEUED, UNAWAITED, WITHDRAWN } from "../../src/memory/JobTable.ts"
import { StealOwner, StealThief } from "../../src/memory/StealDeque.ts"
import { DeskWait } from "../../src/pool/internal/desk.ts"
import { Job, type Seat } from "../../src/pool/internal/job.ts"
import { createMemory, HOST_OWNER, openMemory, ownerOf, rowOf } from "../../src/pool/internal/memory.ts"
import { type Keep, settle, store } from "../../src/pool/internal/outcome.ts"
import { Pace } from "../../src/pool/internal/pace.ts"
import { PoolRecipient } from "../../src/pool/internal/poolRecipient.ts"
import { hosted } from "../../src/pool/internal/streamProtocol.ts"
import { Submitter } from "../../src/pool/internal/submitter.ts"
import { ROUTED, targetOf } from "../../src/pool/internal/target.ts"
import { Worker as PoolWorker } from "../../src/pool/internal/worker.ts"
import { inject, InjectorReader } from "../../src/pool/kernel/Injectors.ts"
import { ThreadContext } from "../../src/runtime/ThreadContext.ts"
import { thread } from "../../src/thread/kernel/CurrentThread.ts"
import { Jobs } from "../fixtures/jobs.ts"

// There is room for all replies here.
const nobody: Keep = { keep: () => assert.fail("kept") }

const made = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const clock = yield* Clock.Clock
  const memory = createMemory({ workers: 1, least: 1, clients: 0, capacity: 2, arenaBytes: 65_536 })
  const host = openMemory(thread, memory, HOST_OWNER)
  const overdue: Array<readonly [number, string]> = []
  /** The submitter of an incarnation of the worker. */
  const open = (incarnation: number) => {
    const access = openMemory(thread, memory, ownerOf(0, incarnation))
    return new Submitter(access, {
      name: "Jobs/pool",
      row: rowOf(0),
      capacity: 2,
      deadlines: new Deadlines(context, clock, thread, () => {}),
      messages: Jobs.protocol.messages,
      defined: Jobs.protocol.messages.length,
      attempts: Jobs.protocol.messages.map(({ tag }) => tag === "WaitAgain" ? 2 : 1),
      levels: undefined,
      sheds: false,
      put: (slot) => inject(access, slot),
      watch: () => {},
      sharesTime: true,
      whyEnded: () => systemReleased,
      whyDown: () => ({ thread: "worker-9", reason: "it has ended" }),
      graceMillis: 1000,
      overdue: (number, tag) => overdue.push([number, tag]),
      failed: () => {}
    })
  }
  const injector = new InjectorReader(memory, HOST_OWNER)
  /** Takes the number of a slot out, as a worker does. */
  const takeNumber = (): number | undefined => {
    const slot = injector.next()
    return slot < 0 ? undefined : slot
  }
  const submitter = open(1)
  const recipient = new PoolRecipient(host, submitter, {
    protocol: Jobs.protocol,
    hosted: hosted(Jobs.protocol),
    key: "pool",
    capacity: 2,
    overflow: "suspend",
    parallelism: 1,
    seatOf: () => undefined
  })
  return { host, memory, open, overdue, recipient, submitter, takeNumber }
})

/** Counts the jobs that its handler waits for. */
class Nested implements Seat {
  nested = 0
  waits(): void {
    this.nested++
  }
  goesOn(): void {
    this.nested--
  }
  orElse(): void {}
  slot(): number {
    return -1
  }
}

const messageOf = (tag: string) => Jobs.protocol.messages.find((message) => message.tag === tag)!
const echo = messageOf("Echo")

/** An asker whose job is nowhere yet, and what it has been told. */
const asker = (
  submitter: Submitter,
  payload: unknown,
  then: () => void,
  seat?: Seat,
  message = echo,
  span?: Tracer.Span
) => {
  const told: Array<string> = []
  const job = new Job(
    submitter,
    message,
    payload,
    span,
    Infinity,
    (exit) => {
      told.push(exit._tag === "Success" ? "answered" : (Cause.squash(exit.cause) as { readonly _tag: string })._tag)
      then()
    },
    seat
  )
  return { job, told }
}

/** The same, with its job in a slot. */
const asking = (submitter: Submitter, n: number, then: () => void = () => {}) => {
  const asked = asker(submitter, { n }, then)
  assert.strictEqual(submitter.submit(echo, { n }, asked.job), 0)
  return asked
}

describe("Submitter", () => {
  it.effect("knows that it has woken a worker, until a job comes back", () =>
    Effect.gen(function*() {
      const { host, memory, open } = yield* made
      // As on the thread that has made the pool: the worker is another.
      const submitter = open(1)
      submitter.submit(echo, { n: 1 }, undefined)
      assert.isFalse(submitter.hasWoken)
      host.idle.announce(0)
      submitter.submit(echo, { n: 2 }, undefined)
      assert.isTrue(submitter.hasWoken)
      const slot = new InjectorReader(memory, HOST_OWNER).next()
      host.table.begin(slot, numberOf(0, 1), 0)
      assert.isTrue(settle(host, slot, OUTCOME, echo.success, 1, nobody))
      submitter.poll()
      assert.isFalse(submitter.hasWoken)
      // One for this worker alone.
      host.idle.announce(0)
      assert.strictEqual(submitter.submit(echo, { n: 3 }, undefined, { ...ROUTED, target: targetOf(0, 0) }), 0)
      assert.isTrue(submitter.hasWoken)
    }))

  it.effect("is far from its next job only when nothing has come back for long, and a worker was asleep", () =>
    Effect.gen(function*() {
      const { host, open, takeNumber } = yield* made
      const submitter = open(1)
      let now = 0
      const here = new ThreadContext({ ...thread.runtime, nowMillis: () => now })
      const desk = new DeskWait({ ...host, thread: here }, rowOf(0), new Pace(false, 1), () => submitter, () => {})
      const job = () => {
        host.idle.announce(0)
        submitter.submit(echo, { n: 1 }, undefined)
      }
      const comesBack = () => {
        const slot = takeNumber()!
        assert.strictEqual(host.table.begin(slot, numberOf(0, 1), 0), BEGUN)
        settle(host, slot, OUTCOME, echo.success, 1, nobody)
      }
      job()
      assert.isTrue(desk.isFar())
      comesBack()
      desk.poll()
      now = 1
      job()
      assert.isFalse(desk.isFar())
      now = 2
      assert.isTrue(desk.isFar())
    }))

  it.effect("hears of the end of the pool once, settles what it has and is at rest", () =>
    Effect.gen(function*() {
      const { host, submitter } = yield* made
      assert.strictEqual(submitter.submit(echo, { n: 1 }, undefined), 0)
      assert.deepStrictEqual([submitter.depth, submitter.isReady()], [1, false])
      host.table.setPhase(ENDED)
      assert.isTrue(submitter.isReady())
      assert.isTrue(submitter.poll())
      // Whoever is ready for ever never sleeps.
      assert.deepStrictEqual([submitter.isReady(), submitter.depth, submitter.isBusy], [false, 0, false])
      assert.strictEqual(submitter.ended?._tag, "Stopped")
      assert.notStrictEqual(submitter.submit(echo, { n: 2 }, undefined), 0)
    }))

  it.effect("has who holds a job replaced that nobody waits for any more, when its grace is over", () =>
    Effect.gen(function*() {
      const { host: { table }, overdue, submitter } = yield* made
      const number = numberOf(0, 1)
      table.started(number)
      const { job: held } = asking(submitter, 1)
      const { job: done } = asking(submitter, 2)
      for (const { slot } of [held, done]) table.begin(slot, number)
      held.withdraw()
      done.withdraw()
      yield* TestClock.adjust(999)
      assert.isTrue(table.write(done.slot))
      table.settle(done.slot, OUTCOME, 0)
      assert.deepStrictEqual(overdue, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(overdue, [[number, "Echo"]])
      submitter.poll()
      assert.strictEqual(submitter.outstanding, 1)
      // Its worker comes too late.
      assert.isFalse(table.write(held.slot))
      assert.strictEqual(submitter.outstanding, 1)
      table.ended(number)
      submitter.poll()
      assert.strictEqual(submitter.outstanding, 0)
    }))

  it.effect("looks again for room in the arena that others have, of which nobody tells it", () =>
    Effect.gen(function*() {
      const { host, recipient, submitter } = yield* made
      const reverse = messageOf("Reverse")
      const taken = host.arena.allocate(65_536)
      const outcomes: Array<unknown> = []
      submitter.room.wait({
        index: reverse.index,
        payload: { bytes: new Uint8Array(10_000) },
        span: undefined,
        ask: undefined,
        done: (refusal) => outcomes.push(refusal),
        abandoned: false
      })
      assert.deepStrictEqual([submitter.depth, submitter.isReady()], [1, true])
      submitter.poll()
      assert.deepStrictEqual(outcomes, [])
      // There is a slot for what fits into one, but it is not the first in the line.
      assert.deepStrictEqual([recipient.tell(echo.index, { n: 1 }, undefined), submitter.outstanding], [NO_ROOM, 0])
      host.arena.release(taken)
      submitter.poll()
      assert.deepStrictEqual([outcomes, submitter.outstanding, submitter.isReady()], [[undefined], 1, false])
    }))

  it.effect("finds what the one before it had taken back and was not done with when it died", () =>
    Effect.gen(function*() {
      const { host, open, submitter } = yield* made
      const number = numberOf(0, 1)
      host.table.started(number)
      for (const { job: { slot } } of [asking(submitter, 1), asking(submitter, 2)]) {
        host.table.begin(slot, number)
        host.table.settle(slot, OUTCOME, 0)
      }
      const into = new Int32Array(2)
      assert.strictEqual(host.table.takeFinished(rowOf(0), into), 2)
      const next = open(2)
      assert.deepStrictEqual([next.outstanding, next.isReady()], [0, false])
      asking(next, 3)
      asking(next, 4)
      assert.strictEqual(next.outstanding, 2)
    }))

  it.effect("does not take the job that a lost one has left its slot to for that one", () =>
    Effect.gen(function*() {
      const { host, submitter } = yield* made
      const number = numberOf(0, 1)
      host.table.started(number)
      const later: Array<ReturnType<typeof asking>> = []
      const first = asking(submitter, 1, () => {
        later.push(asking(submitter, 3), asking(submitter, 4))
        second.job.withdraw()
      })
      const second = asking(submitter, 2)
      for (const { job } of [first, second]) host.table.begin(job.slot, number)
      host.table.ended(number)
      submitter.poll()
      assert.deepStrictEqual([first.told, second.told], [["ThreadLost"], []])
      assert.deepStrictEqual(later.map(({ job }) => host.table.stageOf(job.slot)), [QUEUED, QUEUED])
    }))

  it.effect("forgets an ask whose payload throws, and whatever else has ended", () =>
    Effect.gen(function*() {
      const { host: { table }, recipient, submitter } = yield* made
      const told: Array<unknown> = []
      const payload = {
        get n() {
          throw new Error("no number")
        }
      }
      assert.throws(() => recipient.askUnsafe(echo.index, payload, 1000, (exit) => told.push(exit)), "no number")
      assert.strictEqual(submitter.deadlines.size, 0)
      table.started(numberOf(0, 1))
      recipient.askUnsafe(echo.index, { n: 1 }, 1000, () => told.push("answered"))
      const slot = table.jobs * rowOf(0) + 0
      assert.deepStrictEqual([table.stageOf(slot), submitter.deadlines.size], [QUEUED, 1])
      table.begin(slot, numberOf(0, 1))
      table.write(slot)
      table.settle(slot, OUTCOME, 0)
      submitter.poll()
      assert.deepStrictEqual([told, submitter.deadlines.size, submitter.depth], [["answered"], 0, 0])
      yield* TestClock.adjust(2000)
      assert.deepStrictEqual(told, ["answered"])
    }))

  it.effect("tells who waits what saying why it is refused has thrown", () =>
    Effect.gen(function*() {
      const { recipient } = yield* made
      const outcomes: Array<unknown> = []
      let reads = 0
      recipient.waitForRoom({
        index: echo.index,
        payload: {
          get n() {
            if (reads++ < 2) return "no number"
            throw new Error("read once too often")
          }
        },
        span: undefined,
        ask: undefined,
        done: (refusal) => outcomes.push(refusal),
        died: (defect) => outcomes.push(defect),
        abandoned: false
      })
      assert.deepStrictEqual(outcomes.map(String), ["Error: read once too often"])
      assert.strictEqual(recipient.depth(), 0)
    }))

  it.effect("takes back what the one before it waited for, and says of what that had condemned who has to be replaced", () =>
    Effect.gen(function*() {
      const { host: { table }, open, overdue, submitter } = yield* made
      const number = numberOf(0, 1)
      table.started(number)
      const { job: waiting } = asking(submitter, 1)
      const { job: held } = asking(submitter, 2)
      table.begin(held.slot, number)
      held.withdraw()
      assert.isTrue(table.condemn(held.slot))
      const next = open(2)
      assert.deepStrictEqual([next.outstanding, overdue], [2, [[number, "Echo"]]])
      assert.strictEqual(table.stageOf(waiting.slot), WITHDRAWN)
    }))

  it.effect("leaves to its workers what the one before it was not asked", () =>
    Effect.gen(function*() {
      const { host, open, submitter, takeNumber } = yield* made
      assert.strictEqual(submitter.submit(echo, { n: 1 }, undefined), TAKEN)
      open(2)
      assert.strictEqual(host.table.stageOf(takeNumber()!), QUEUED)
    }))

  const whileRead: ReadonlyArray<readonly [string, (submitter: Submitter, job: Job) => void, number]> = [
    ["who asks gives up", (_, job) => void job.withdraw(), TAKEN],
    ["the pool ends", (submitter) => submitter.end(systemReleased), REFUSED],
    ["others take the room", (submitter) => {
      while (submitter.submit(echo, { n: 2 }, undefined) === TAKEN);
    }, NO_ROOM]
  ]
  it.effect.each(whileRead)(
    "takes no job where %s while its payload is read",
    ([, then, outcome]) =>
      Effect.gen(function*() {
        const { host, submitter, takeNumber } = yield* made
        const payload = {
          get n() {
            then(submitter, job)
            return 1
          }
        }
        const { job } = asker(submitter, payload, () => {})
        assert.deepStrictEqual([submitter.submit(echo, payload, job), job.slot], [outcome, -1])
        for (let slot = takeNumber(); slot !== undefined; slot = takeNumber()) {
          assert.strictEqual(host.table.messageOf(slot), echo.index | UNAWAITED)
        }
      })
  )

  it.effect("frees the reply that a worker was writing when it died", () =>
    Effect.gen(function*() {
      const { host, submitter } = yield* made
      const number = numberOf(0, 1)
      host.table.started(number)
      const { job: { slot }, told } = asking(submitter, 1)
      host.table.begin(slot, number)
      assert.isTrue(host.table.write(slot))
      host.table.setReply(
        slot,
        store(host, messageOf("Reverse").success.encode(new Uint8Array(10_000), host.scratch), host.arena.capacityBytes)
      )
      assert.isBelow(host.arena.allocate(65_536), 0)
      host.table.ended(number)
      submitter.poll()
      assert.deepStrictEqual(told, ["ThreadLost"])
      assert.isAtLeast(host.arena.allocate(65_536), 0)
    }))

  it.effect("leaves to the next one nothing of what it was done with", () =>
    Effect.gen(function*() {
      const { host: { table }, open, submitter } = yield* made
      const number = numberOf(0, 1)
      table.started(number)
      for (const { job: { slot } } of [asking(submitter, 1), asking(submitter, 2)]) {
        table.begin(slot, number)
        assert.isTrue(table.write(slot))
        table.settle(slot, OUTCOME, 0)
      }
      while (submitter.isReady()) submitter.poll()
      const next = open(2)
      assert.deepStrictEqual([next.outstanding, next.isReady()], [0, false])
    }))

  it.effect("frees the payload of a job that no worker began", () =>
    Effect.gen(function*() {
      const { host, submitter } = yield* made
      const reverse = messageOf("Reverse")
      const { job } = asker(submitter, { bytes: new Uint8Array(10_000) }, () => {}, undefined, reverse)
      assert.strictEqual(submitter.submit(reverse, job.payload, job), TAKEN)
      assert.isBelow(host.arena.allocate(65_536), 0)
      const { slot } = job
      job.withdraw()
      assert.strictEqual(host.table.begin(slot, numberOf(0, 1)), DISCARDED)
      host.table.giveBack(slot)
      submitter.poll()
      assert.isAtLeast(host.arena.allocate(65_536), 0)
    }))

  it.effect("forgets one that gives up while its payload is read, and has no depth for those that wait anew", () =>
    Effect.gen(function*() {
      const { submitter } = yield* made
      const outcomes: Array<unknown> = []
      const waiter = (payload: unknown, done: (refusal: unknown) => void) => ({
        index: echo.index,
        payload,
        span: undefined,
        ask: undefined,
        done,
        abandoned: false
      })
      const leaving = waiter({
        get n() {
          submitter.stopWaiting(leaving)
          return 1.5
        }
      }, (refusal) => outcomes.push(refusal))
      submitter.room.wait(leaving)
      assert.deepStrictEqual([outcomes, submitter.depth], [[], 0])
      let left = 5_000
      const again = () => {
        if (left-- > 0) submitter.room.wait(waiter({ n: 1.5 }, again))
      }
      again()
      assert.deepStrictEqual([left, submitter.depth], [-1, 0])
    }))

  it.effect("says when all has come back", () =>
    Effect.gen(function*() {
      const { host: { table }, submitter } = yield* made
      const { job: { slot } } = asking(submitter, 1)
      const idle = yield* Effect.forkChild(submitter.idle, { startImmediately: true })
      table.begin(slot, numberOf(0, 1))
      assert.isTrue(table.write(slot))
      table.settle(slot, OUTCOME, 0)
      assert.isUndefined(idle.pollUnsafe())
      submitter.poll()
      yield* Fiber.join(idle)
    }))

  it.effect("takes nothing once the pool is about to end, and goes on with what it has", () =>
    Effect.gen(function*() {
      const { host, submitter } = yield* made
      const { told } = asking(submitter, 1)
      host.table.setPhase(CLOSING)
      assert.strictEqual(submitter.submit(echo, { n: 2 }, undefined), REFUSED)
      assert.deepStrictEqual([submitter.outstanding, submitter.isReady(), told], [1, false, []])
    }))

  it.effect("puts the number of what waits into the queue again after a death", () =>
    Effect.gen(function*() {
      const { host, submitter, takeNumber } = yield* made
      const number = numberOf(0, 1)
      host.table.started(number)
      const { job: { slot } } = asking(submitter, 1)
      // The dead one had it in hand, and had not begun the job.
      assert.deepStrictEqual([takeNumber(), takeNumber()], [slot, undefined])
      host.table.ended(number)
      submitter.poll()
      assert.deepStrictEqual([host.table.stageOf(slot), takeNumber()], [QUEUED, slot])
    }))

  it.effect("has a job begun again after a death as often as its message allows, then tells who asked", () =>
    Effect.gen(function*() {
      const { host: { table }, submitter, takeNumber } = yield* made
      const again = messageOf("WaitAgain")
      const { job, told } = asker(submitter, { millis: 1 }, () => {}, undefined, again)
      assert.strictEqual(submitter.submit(again, { millis: 1 }, job), TAKEN)
      const { slot } = job
      for (const incarnation of [1, 2]) {
        const number = numberOf(0, incarnation)
        table.started(number)
        assert.strictEqual(takeNumber(), slot)
        table.begin(slot, number)
        assert.deepStrictEqual(told, [])
        table.ended(number)
        submitter.poll()
      }
      assert.deepStrictEqual([told, table.stageOf(slot), submitter.depth], [["ThreadLost"], FREE, 0])
    }))

  it.effect("lets the next incarnation of a worker into what is for it alone, what it begins again first", () =>
    Effect.gen(function*() {
      const { host: { table }, memory, submitter } = yield* made
      const again = messageOf("WaitAgain")
      const numbers = [1, 2].map((incarnation) => numberOf(0, incarnation))
      const readers = numbers.map((number) => new InboxReader(memory.inboxes, 0, number, { isHeld: () => false }))
      table.started(numbers[0]!)
      const slots = [1, 2].map((millis) => {
        const { job } = asker(submitter, { millis }, () => {}, undefined, again)
        assert.strictEqual(submitter.submit(again, { millis }, job, { ...ROUTED, target: targetOf(0, 0) }), TAKEN)
        return job.slot
      })
      assert.strictEqual(readers[0]!.next(), slots[0])
      table.begin(slots[0]!, numbers[0]!, 1)
      readers[0]!.taken()
      table.ended(numbers[0]!)
      submitter.poll()
      assert.strictEqual(readers[1]!.next(), NOTHING)
      table.started(numbers[1]!)
      assert.isTrue(submitter.isReady())
      submitter.poll()
      const order = slots.map(() => {
        const slot = readers[1]!.next()
        readers[1]!.taken()
        return slot
      })
      assert.deepStrictEqual([order, table.stageOf(slots[0]!)], [slots, QUEUED])
    }))

  it.effect("is found by the one after it with what it had not put into an inbox, once", () =>
    Effect.gen(function*() {
      const { host: { table }, memory, open, submitter } = yield* made
      table.started(numberOf(0, 1))
      const lane = new Int32Array(2)
      const there = () => Array.from(lane.subarray(0, new InboxWriter(memory.inboxes, rowOf(0)).list(0, lane)))
      assert.strictEqual(submitter.submit(echo, { n: 1 }, undefined, { ...ROUTED, target: targetOf(0, 7) }), TAKEN)
      const [pushed] = there()
      // It dies between the two steps of the other.
      table.enqueue(pushed! ^ 1, echo.index | UNAWAITED | targetOf(0, 7), table.bytesOf(pushed!), Infinity, NaN, 1)
      open(2)
      assert.deepStrictEqual(there(), [pushed, pushed! ^ 1])
      open(3)
      assert.deepStrictEqual(there(), [pushed, pushed! ^ 1])
    }))

  it.effect("counts one that has given up among those that wait for room no more", () =>
    Effect.gen(function*() {
      const { submitter } = yield* made
      asking(submitter, 1)
      asking(submitter, 2)
      const { job } = asker(submitter, { n: 3 }, () => {})
      job.abandoned = false
      submitter.room.wait(job)
      assert.deepStrictEqual([submitter.depth, submitter.room.waiting > 0], [3, true])
      job.withdraw()
      assert.deepStrictEqual([submitter.depth, submitter.room.waiting > 0], [2, false])
    }))

  it.effect("gives the seat of a handler to its jobs for as long as it waits for them", () =>
    Effect.gen(function*() {
      const { submitter } = yield* made
      const seat = new Nested()
      const ended = [1, 2].map((n) => asker(submitter, { n }, () => {}, seat).job)
      assert.strictEqual(seat.nested, 2)
      ended[0]!.settle(Exit.succeed(1))
      assert.strictEqual(seat.nested, 1)
      ended[1]!.withdraw()
      ended[1]!.settle(Exit.succeed(2))
      assert.strictEqual(seat.nested, 0)
    }))
})

describe("a worker", () => {
  /** One that is given jobs by this submitter; what its handler is given goes into a list, and it never ends. */
  const working = ({ host, memory, submitter }: Effect.Success<typeof made>) => {
    const worker = new PoolWorker(host, submitter, {
      key: "pool",
      place: 0,
      number: numberOf(0, 1),
      concurrency: 1,
      messages: Jobs.protocol.messages,
      injector: new InjectorReader(memory, ownerOf(0, 1)),
      allowances: undefined,
      deque: new StealOwner(memory.deques[0]!),
      thieves: [new StealThief(memory.deques[0]!)],
      restMillis: 5,
      knowsTime: true,
      loopIdle: undefined,
      wear: undefined,
      now: () => 100,
      open: () => {},
      retired: () => {},
      ended: () => {},
      streams: { size: 0, haveLostReaders: () => false, look: () => {} },
      failed: () => {}
    })
    const given: Array<unknown> = []
    const busy = {
      phase: RUNNING,
      whenStopped: () => {},
      deliver: (_: unknown, payload: unknown) => given.push(payload)
    }
    worker.begin(busy as unknown as Cell)
    return { worker, given }
  }

  it.effect("X18 sleeps with its thread while it has nothing to do, and not while a handler waits for its event loop", () =>
    Effect.gen(function*() {
      const it = yield* made
      const { submitter } = it
      const { given, worker } = working(it)
      thread.turn.end()
      worker.poll()
      assert.isTrue(worker.mayRest())
      const { job } = asker(submitter, { n: 1 }, () => {})
      submitter.deadlines.add(job, Infinity)
      assert.strictEqual(submitter.submit(echo, { n: 1 }, job), TAKEN)
      thread.turn.end()
      worker.poll()
      assert.deepStrictEqual(given, [{ n: 1 }])
      assert.isFalse(worker.mayRest())
      worker.close()
      submitter.deadlines.close()
    }))

  it.effect("does not begin a job whose time is over, although its submitter has not noticed", () =>
    Effect.gen(function*() {
      const it = yield* made
      const { submitter } = it
      const span = yield* Effect.makeSpan("asker")
      const jobs = [100, 101].map((timeoutMillis) => {
        const asked = asker(submitter, { n: timeoutMillis }, () => {}, undefined, echo, span)
        submitter.deadlines.add(asked.job, timeoutMillis)
        assert.strictEqual(submitter.submit(echo, { n: timeoutMillis }, asked.job), TAKEN)
        return asked
      })
      const { given, worker } = working(it)
      // However long the test takes: a turn may end after each of them.
      for (let turn = 0; turn < 2; turn++) {
        thread.turn.end()
        worker.poll()
      }
      worker.close()
      submitter.poll()
      submitter.deadlines.close()
      assert.deepStrictEqual(given, [{ n: 101 }])
      assert.deepStrictEqual(jobs.map(({ told }) => told), [["AskTimeout"], []])
      // It was taken, and no handler has begun it.
      assert.deepStrictEqual(Array.from(span.attributes), [["pool.attempts", 0]])
    }))
})
