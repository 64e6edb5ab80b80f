/** The jobs of a key while it goes from one worker to another, as one thread that sends has them. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { systemReleased } from "../../src/actor/ExitReason.ts"
import { HIGH, LOW } from "../../src/actor/kernel/Ageing.ts"
import { Deadlines } from "../../src/actor/kernel/Deadlines.ts"
import { MISROUTED, TAKEN } from "../../src/actor/kernel/Recipient.ts"
import { InboxWriter } from "../../src/memory/Inboxes.ts"
import { numberOf, OUTCOME } from "../../src/memory/JobTable.ts"
import { Job } from "../../src/pool/internal/job.ts"
import { KeyGate } from "../../src/pool/internal/keyGate.ts"
import { createMemory, HOST, HOST_OWNER, openMemory } from "../../src/pool/internal/memory.ts"
import { Submitter } from "../../src/pool/internal/submitter.ts"
import { aimedAt, keyOf, placeOf, ROUTED, targetOf } from "../../src/pool/internal/target.ts"
import { inject } from "../../src/pool/kernel/Injectors.ts"
import { laneOf } from "../../src/pool/kernel/Lanes.ts"
import { thread } from "../../src/thread/kernel/CurrentThread.ts"
import { Jobs } from "../fixtures/jobs.ts"

const CAPACITY = 8
const echo = Jobs.protocol.messages.find(({ tag }) => tag === "Echo")!

const made = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const clock = yield* Clock.Clock
  const memory = createMemory({
    workers: 3,
    least: 2,
    clients: 0,
    capacity: CAPACITY,
    arenaBytes: 65_536
  })
  const access = openMemory(thread, memory, HOST_OWNER)
  const { table } = access
  const numbers = [0, 1, 2].map((place) => numberOf(place, 1))
  for (const number of numbers) table.started(number)
  table.resize(3)
  const said: Array<string> = []
  const open = () =>
    new Submitter(access, {
      name: "Jobs/pool",
      row: HOST,
      capacity: CAPACITY,
      deadlines: new Deadlines(context, clock, thread, () => {}),
      messages: Jobs.protocol.messages,
      defined: Jobs.protocol.messages.length,
      attempts: Jobs.protocol.messages.map(() => 2),
      levels: undefined,
      runMillis: 0,
      sheds: false,
      put: (slot) => inject(access, slot),
      watch: () => {},
      sharesTime: true,
      whyEnded: () => systemReleased,
      whyDown: () => ({ thread: "worker-9", reason: "it has ended" }),
      graceMillis: 1000,
      overdue: () => {},
      failed: (where) => said.push(where)
    })
  const lane = new Int32Array(CAPACITY)
  const inboxes = new InboxWriter(memory.inboxes, HOST)
  /** Slots in the inbox of a worker, the oldest first. */
  const at = (place: number, level = 0) => Array.from(lane.subarray(0, inboxes.list(place, lane, level)))
  const submitter = open()
  /** Tells a job of a key to a worker, and answers its slot: there is one more that is not free. */
  const send = (place: number, key: number, level = -1, sender = submitter): number => {
    const before = new Set(
      Array.from({ length: CAPACITY }, (_, slot) => slot).filter((slot) => table.stageOf(slot) !== 0)
    )
    const aim = { ...ROUTED, target: targetOf(place, key), level }
    assert.strictEqual(sender.submit(echo, { n: 1 }, undefined, aim), TAKEN)
    return Array.from({ length: CAPACITY }, (_, slot) => slot).find((slot) =>
      table.stageOf(slot) !== 0 && !before.has(slot)
    )!
  }
  /** Its worker does a job, whose submitter hears of it; the number stays in the inbox. */
  const finish = (slot: number, sender = submitter) => {
    const place = placeOf(table.messageOf(slot))
    assert.strictEqual(table.begin(slot, numbers[place]!, place + 1), 0)
    assert.isTrue(table.write(slot))
    table.settle(slot, OUTCOME, 0)
    sender.poll()
  }
  return { access, at, finish, memory, numbers, open, said, send, submitter, table }
})

describe("a key that goes to another worker", () => {
  it.effect("has what is sent wait for what was sent before, and other keys do not", () =>
    Effect.gen(function*() {
      const { at, finish, send, table } = yield* made
      const first = send(0, 7)
      table.resize(2)
      const second = send(1, 7)
      const third = send(1, 7)
      // Again another one: what waits is asked too.
      const fourth = send(0, 7)
      const fifth = send(1, 7)
      const other = send(1, 8)
      assert.deepStrictEqual([at(0), at(1)], [[first], [other]])
      finish(first)
      assert.deepStrictEqual([at(0), at(1)], [[first], [other, second, third]])
      finish(second)
      assert.deepStrictEqual([at(0), at(1)], [[first], [other, second, third]])
      finish(third)
      assert.deepStrictEqual([at(0), at(1)], [[first, fourth], [other, second, third]])
      finish(fourth)
      assert.deepStrictEqual(at(1), [other, second, third, fifth])
      finish(fifth)
      // Nothing is under way: it is as if nothing had been.
      assert.deepStrictEqual(
        [send(0, 7), send(1, 7)].map((slot) => at(placeOf(table.messageOf(slot))).at(-1) === slot),
        [
          true,
          true
        ]
      )
    }))

  it.effect("goes on where it is, if that is its worker", () =>
    Effect.gen(function*() {
      const { at, send, table } = yield* made
      const first = send(0, 7)
      table.resize(2)
      const second = send(0, 7)
      assert.deepStrictEqual(at(0), [first, second])
      const third = send(1, 7)
      assert.deepStrictEqual([at(0), at(1)], [[first, second], []])
      // Two keys that are taken for the same lie with two workers: what comes waits for both.
      assert.strictEqual(keyOf(table.messageOf(third)), keyOf(table.messageOf(first)))
    }))

  it.effect("keeps its order when the thread dies that has sent", () =>
    Effect.gen(function*() {
      const { at, finish, open, send, table } = yield* made
      // So that what is sent next lies in slots whose numbers go down.
      const [one, first, two] = [send(0, 9), send(0, 7), send(0, 9)]
      finish(one)
      finish(two)
      table.resize(2)
      const second = send(1, 7)
      const third = send(1, 7)
      assert.isBelow(third, second)
      assert.deepStrictEqual(at(1), [])
      const heir = open()
      assert.deepStrictEqual(at(1), [])
      for (const slot of [first]) {
        table.begin(slot, numberOf(0, 1), 1)
        table.write(slot)
        table.settle(slot, OUTCOME, 0)
      }
      heir.poll()
      assert.deepStrictEqual(at(1), [second, third])
    }))
})

describe("a key", () => {
  it.effect("is reserved when its job is found, and free when that is not begun, or has ended", () =>
    Effect.gen(function*() {
      const { access, send, table } = yield* made
      const gates = [0, 1].map((place) => new KeyGate(access, place, [], undefined))
      const seat = { held: -1, lane: -1 }
      const [one, other] = [send(0, 7), send(1, 7)]
      assert.deepStrictEqual([gates[0]!.isHeld(one), gates[1]!.isHeld(other)], [false, true])
      assert.deepStrictEqual([gates[1]!.hasLifted(), gates[0]!.hasLifted()], [false, false])
      gates[0]!.passed()
      assert.deepStrictEqual([gates[1]!.hasLifted(), gates[1]!.hasLifted()], [true, false])
      assert.deepStrictEqual([gates[1]!.isHeld(other), gates[0]!.isHeld(one)], [false, true])
      gates[1]!.begun(seat)
      gates[1]!.passed()
      assert.isTrue(gates[0]!.isHeld(one))
      gates[1]!.ended(seat, other)
      assert.isFalse(gates[0]!.isHeld(one))
      // What nobody waits for any more goes back whoever has its key.
      table.withdraw(other)
      assert.isFalse(gates[1]!.isHeld(other))
    }))
})

describe("a worker that has left", () => {
  it.effect("leaves what waits for it to one of the others, in order, and nothing behind", () =>
    Effect.gen(function*() {
      const { at, numbers, send, submitter, table } = yield* made
      const slots = [send(2, 7), send(2, 7), send(2, 7)]
      table.resize(2)
      // It is still there, and comes to the end of what it has.
      submitter.poll()
      assert.deepStrictEqual(at(2), slots)
      table.begin(slots[0]!, numbers[2]!, 3)
      table.ended(numbers[2]!)
      const later = send(1 - (7 % 2), 7)
      submitter.poll()
      const place = placeOf(table.messageOf(slots[1]!))
      assert.isBelow(place, 2)
      assert.deepStrictEqual([at(2), at(place)], [[], slots])
      assert.deepStrictEqual(slots.map((slot) => placeOf(table.messageOf(slot))), [place, place, place])
      // It is for the worker that it is said to be for, and for no other.
      assert.notStrictEqual(table.begin(slots[0]!, numbers[2]!, 3), 0)
      assert.strictEqual(table.begin(slots[0]!, numbers[place]!, place + 1), 0)
      assert.isFalse(at(0).concat(at(1)).includes(later))
    }))

  it.effect("fails what is for it and no other", () =>
    Effect.gen(function*() {
      const { numbers, said, submitter, table } = yield* made
      const told: Array<string> = []
      const job = new Job(submitter, echo, { n: 1 }, undefined, Infinity, (exit) => {
        told.push(exit._tag === "Success" ? "" : (Cause.squash(exit.cause) as Error).message)
      }, undefined)
      assert.strictEqual(submitter.submit(echo, { n: 1 }, job, aimedAt(2)), TAKEN)
      assert.strictEqual(submitter.submit(echo, { n: 2 }, undefined, aimedAt(2)), TAKEN)
      table.resize(2)
      table.ended(numbers[2]!)
      submitter.poll()
      assert.strictEqual(told.length, 1)
      assert.include(told[0], "worker-2 has left the pool")
      assert.strictEqual(said.length, 1)
      assert.include(said[0], "a Echo that was told is lost")
      assert.deepStrictEqual([submitter.depth, submitter.outstanding], [0, 0])
      assert.strictEqual(submitter.submit(echo, { n: 1 }, undefined, aimedAt(2)), MISROUTED)
      assert.include(submitter.placing.misrouted, "worker-2 is not there: the pool has 2 workers now")
    }))
})

describe("a key whose jobs have different priorities", () => {
  it.effect("has what is sent wait for what was sent before at another level, and other keys do not", () =>
    Effect.gen(function*() {
      const { at, finish, send } = yield* made
      const first = send(0, 7)
      const second = send(0, 7)
      const urgent = send(0, 7, HIGH)
      const behind = send(0, 7)
      const other = send(0, 8, HIGH)
      assert.deepStrictEqual([at(0), at(0, laneOf(HIGH))], [[first, second], [other]])
      finish(first)
      assert.deepStrictEqual([at(0), at(0, laneOf(HIGH))], [[first, second], [other]])
      finish(second)
      assert.deepStrictEqual([at(0), at(0, laneOf(HIGH))], [[first, second], [other, urgent]])
      finish(urgent)
      assert.deepStrictEqual(at(0), [first, second, behind])
      finish(behind)
      // A level of its own has what has nothing before it.
      const low = send(0, 7, LOW)
      assert.deepStrictEqual(at(0, laneOf(LOW)), [low])
    }))

  it.effect("keeps its order when the thread dies that has sent", () =>
    Effect.gen(function*() {
      const { at, finish, open, send } = yield* made
      const first = send(0, 7, LOW)
      const second = send(0, 7, HIGH)
      const third = send(0, 7, LOW)
      // It has died.
      const heir = open()
      const fourth = send(0, 7, undefined, heir)
      assert.deepStrictEqual([at(0), at(0, laneOf(HIGH)), at(0, laneOf(LOW))], [[], [], [first]])
      finish(first, heir)
      assert.deepStrictEqual([at(0), at(0, laneOf(HIGH)), at(0, laneOf(LOW))], [[], [second], [first]])
      finish(second, heir)
      assert.deepStrictEqual([at(0), at(0, laneOf(LOW))], [[], [first, third]])
      finish(third, heir)
      assert.deepStrictEqual(at(0), [fourth])
    }))
})
