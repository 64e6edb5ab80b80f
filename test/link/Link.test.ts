/** Links between threads that are simulated in one: every step of every thread is the test's. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import { NO_ROOM, REFUSED, TAKEN } from "../../src/actor/kernel/Recipient.ts"
import * as Envelope from "../../src/link/internal/envelope.ts"
import * as System from "../fixtures/system.ts"
import { accounts, numbers, type Stage, stage, type StageOptions, ZERO } from "./stage.ts"

const { Narrow, Probe, Strict } = System
const indexOf = (tag: string): number => Probe.protocol.tags.indexOf(tag)
const note = indexOf("Note")
const count = indexOf("Count")
const echo = indexOf("Echo")
const hang = indexOf("Hang")
const interrupted = indexOf("Interrupted")

const staged = <A, E>(options: StageOptions, program: (on: Stage) => Effect.Effect<A, E, Scope.Scope>) =>
  Effect.scoped(Effect.flatMap(stage(options), program)).pipe(Effect.provide(Logger.layer([])))

const assertSettled = (on: Stage): void => {
  on.steps.settle()
  // Credit that nobody waits for wakes nobody; who asks for the depth looks for it.
  for (const node of on.nodes) accounts(node)
  on.steps.settle()
  for (const node of on.nodes) assert.deepStrictEqual(accounts(node), ZERO)
}

/** Asks and keeps what comes. */
const asked = () => {
  const exits: Array<Exit.Exit<unknown, unknown>> = []
  return { exits, resume: (exit: Exit.Exit<unknown, unknown>) => void exits.push(exit) }
}

/** An actor on thread 1 whose notes take so long each. */
const spawnSlow = (on: Stage, key: string, millis: number) =>
  Effect.gen(function*() {
    const spawned = yield* on.spawn(1, System.Endless.protocol, key)
    const { cell } = spawned
    const slowness = { millis }
    const { Note } = cell.handlers as { Note: (payload: unknown) => Exit.Exit<void> }
    cell.handlers = Object.assign(Object.create(null), cell.handlers, {
      Note: (payload: unknown) => {
        on.steps.now += slowness.millis
        return Note(payload)
      }
    })
    return { ...spawned, slowness }
  })

describe("a link", () => {
  it.effect("interrupts a handler while messages for others fill the ring", () =>
    staged({ ringBytes: 65_536 }, (on) =>
      Effect.gen(function*() {
        const hanging = yield* on.spawn(1, Probe.protocol, "hanging")
        const busy = yield* on.spawn(1, System.Endless.protocol, "busy")
        const { resume } = asked()
        const ask = hanging.seenFrom(0).askUnsafe(hang, undefined, 10_000, resume)
        on.steps.settle()
        const far = busy.seenFrom(0)
        for (let n = 0; n < 2_000; n++) assert.strictEqual(far.tell(note, { n }, undefined), TAKEN)
        ask!.withdraw()
        // Thread 0 makes visible what it wrote; thread 1 needs its next two turns, and not one for every 256 messages.
        on.steps.step(0)
        const handlers = hanging.cell.handlers as { Interrupted: () => Exit.Success<number> }
        for (let turn = 0; turn < 2; turn++) on.steps.step(1)
        assert.strictEqual(handlers.Interrupted().value, 1)
        assertSettled(on)
      })))

  it.effect("has its rings in both directions before anything is sent", () =>
    staged({}, (on) =>
      Effect.sync(() => {
        const isOpen = (from: number, to: number): boolean =>
          (on.nodes[from]!.home.outboundTo(to) as unknown as { readonly dataRing: unknown }).dataRing !== undefined
        assert.deepStrictEqual([isOpen(0, 1), isOpen(1, 0)], [true, true])
      })))

  it.effect("shows the first message to a thread that sleeps before its sender goes on, and the next ones together", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { cell, seenFrom } = yield* on.spawn(1, Probe.protocol, "a")
        const far = seenFrom(0)
        far.tell(note, { n: 0 }, undefined)
        on.steps.settle()
        assert.deepStrictEqual(on.steps.awake(), [])
        far.tell(note, { n: 1 }, undefined)
        assert.deepStrictEqual(on.steps.awake(), [1])
        far.tell(note, { n: 2 }, undefined)
        assert.deepStrictEqual(on.steps.awake(), [1])
        assertSettled(on)
        const handlers = cell.handlers as { Count: () => Exit.Success<number> }
        assert.strictEqual(handlers.Count().value, 3)
      })))

  it.effect("does not start a handler whose ask is interrupted before it is read", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { cell, seenFrom } = yield* on.spawn(1, Probe.protocol, "a")
        const { exits, resume } = asked()
        seenFrom(0).askUnsafe(count, undefined, 10_000, resume)
        on.steps.settle()
        const early = seenFrom(0).askUnsafe(hang, undefined, 10_000, resume)
        early!.withdraw()
        seenFrom(0).askUnsafe(interrupted, undefined, 10_000, resume)
        on.steps.settle()
        assert.deepStrictEqual(exits.map(String), ["Success(0)", "Success(0)"])
        assert.strictEqual(cell.depth(), 0)
        assertSettled(on)
      })))

  it.effect("an interruption that comes after the reply reaches no other ask of that number", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { seenFrom } = yield* on.spawn(1, Probe.protocol, "a")
        const far = seenFrom(0)
        const { exits, resume } = asked()
        far.askUnsafe(count, undefined, 10_000, resume)
        on.steps.settle()
        const late = far.askUnsafe(count, undefined, 10_000, resume)
        // Thread 1 answers, thread 0 does not look, and its asker goes.
        for (let i = 0; i < 40; i++) on.steps.step(1)
        late!.withdraw()
        // Before the interruption is read, the number is free and taken by another ask.
        const outbound = on.nodes[0]!.home.outboundTo(1)!
        for (let i = 0; i < 40 && outbound.pendingAsks > 0; i++) {
          on.steps.step(0)
        }
        assert.strictEqual(outbound.pendingAsks, 0)
        far.askUnsafe(count, undefined, 10_000, resume)
        on.steps.settle()
        assert.deepStrictEqual(exits.map(String), ["Success(0)", "Success(0)"])
        assert.strictEqual(numbers(on.nodes[0]!).asks, 1)
        assertSettled(on)
      })))

  it.effect("serves an actor beside one that is slow: its ask does not wait for the other's messages", () =>
    staged({ ringBytes: 65_536 }, (on) =>
      Effect.gen(function*() {
        const slow = yield* on.spawn(1, System.Endless.protocol, "lame")
        const idle = yield* on.spawn(1, Probe.protocol, "idle")
        const handlers = slow.cell.handlers as { Note: (payload: unknown) => Exit.Exit<void> }
        const handle = handlers.Note
        let handled = 0
        // Two milliseconds each.
        slow.cell.handlers = Object.assign(Object.create(null), slow.cell.handlers, {
          Note: (payload: unknown) => {
            handled++
            on.steps.now += 2
            return handle(payload)
          }
        })
        const far = slow.seenFrom(0)
        for (let n = 0; n < 200; n++) far.tell(note, { n }, undefined)
        const { exits, resume } = asked()
        idle.seenFrom(0).askUnsafe(count, undefined, 10_000, resume)
        on.steps.step(0)
        for (let turns = 0; turns < 6 && exits.length === 0; turns++) {
          on.steps.step(1)
          on.steps.step(0)
          on.steps.step(0)
        }
        assert.deepStrictEqual(exits.map(String), ["Success(0)"])
        assert.isBelow(handled, 40)
        // No turn lasts longer than its budget and the message that ended it.
        const before = handled
        on.steps.step(1)
        assert.isAtMost(handled - before, 4)
        assertSettled(on)
        assert.strictEqual(handled, 200)
      })))

  it.effect("serves who has nothing to do within a few turns, however much lies before its message for actors that are slow", () =>
    staged({ ringBytes: 1 << 20 }, (on) =>
      Effect.gen(function*() {
        const idle = yield* on.spawn(1, Probe.protocol, "idle")
        const told = yield* on.spawn(1, Probe.protocol, "told")
        const all = yield* Effect.forEach(
          Array.from({ length: 8 }, (_, i) => i),
          (i) => spawnSlow(on, `lame ${i}`, 0.5)
        )
        for (let n = 0; n < 8000; n++) all[n % 8]!.seenFrom(0).tell(note, { n }, undefined)
        const { exits, resume } = asked()
        told.seenFrom(0).tell(note, { n: 1 }, undefined)
        idle.seenFrom(0).askUnsafe(count, undefined, 10_000, resume)
        on.steps.step(0)
        const isRead = on.nodes[1]!.mark()
        assert.isFalse(isRead())
        // The loop of the thread, and its actors, have a turn in each.
        let rounds = 0
        while (rounds < 20 && exits.length === 0) {
          rounds++
          on.steps.step(1)
          on.steps.step(1)
          on.steps.step(0)
        }
        assert.deepStrictEqual(exits.map(String), ["Success(0)"])
        assert.isAtMost(rounds, 4)
        assert.strictEqual(told.cell.processed, 1)
        // What waits for all this to be read, as the end of an actor does, goes on.
        assert.isTrue(isRead())
        assert.isAbove(all.reduce((waiting, { cell }) => waiting + cell.depth(), 0), 7900)
        assertSettled(on)
        assert.strictEqual(all.reduce((sum, { cell }) => sum + cell.processed, 0), 8000)
      })))

  it.effect("has read within a few turns what was to be seen, also for very many actors that have nothing else to do", () =>
    staged({ ringBytes: 1 << 20 }, (on) =>
      Effect.gen(function*() {
        const keys = Array.from({ length: 1500 }, (_, i) => `lame ${i}`)
        const all = yield* Effect.forEach(keys, (key) => spawnSlow(on, key, 0.5))
        for (const { seenFrom } of all) seenFrom(0).tell(note, { n: 1 }, undefined)
        on.steps.step(0)
        const isRead = on.nodes[1]!.mark()
        for (let rounds = 0; rounds < 3; rounds++) {
          assert.isFalse(isRead())
          on.steps.step(1)
          on.steps.step(1)
          if (isRead()) break
        }
        assert.isTrue(isRead())
        assertSettled(on)
      })))

  it.effect("puts no more than so many messages into a mailbox without a bound, and the others wait in the ring", () =>
    staged({ ringBytes: 1 << 20 }, (on) =>
      Effect.gen(function*() {
        const slow = yield* spawnSlow(on, "lame", 5)
        for (let n = 0; n < 30_000; n++) slow.seenFrom(0).tell(note, { n }, undefined)
        on.steps.step(0)
        for (let turns = 0; turns < 20; turns++) on.steps.step(1)
        const depth = slow.cell.depth()
        assert.isAbove(depth, 16_000)
        assert.isBelow(depth, 22_000)
        on.steps.now += 10_000_000
        slow.slowness.millis = 0
        assertSettled(on)
        assert.strictEqual(slow.cell.processed, 30_000)
      })))

  it.effect("serves other threads while one of them floods", () =>
    staged({ threads: 3, ringBytes: 65_536 }, (on) =>
      Effect.gen(function*() {
        const flooded = yield* on.spawn(2, System.Endless.protocol, "flooded")
        const other = yield* on.spawn(2, Probe.protocol, "other")
        const handlers = flooded.cell.handlers as { Note: (payload: unknown) => Exit.Exit<void> }
        const handle = handlers.Note
        flooded.cell.handlers = Object.assign(Object.create(null), flooded.cell.handlers, {
          Note: (payload: unknown) => {
            on.steps.now += 6
            return handle(payload)
          }
        })
        for (let n = 0; n < 1_500; n++) flooded.seenFrom(0).tell(note, { n }, undefined)
        on.steps.step(0)
        const { exits, resume } = asked()
        other.seenFrom(1).askUnsafe(count, undefined, 1_000_000, resume)
        on.steps.step(1)
        for (let turns = 0; turns < 6 && exits.length === 0; turns++) {
          on.steps.step(2)
          on.steps.step(1)
          on.steps.step(1)
        }
        assert.deepStrictEqual(exits.map(String), ["Success(0)"])
        assertSettled(on)
      })))

  it.effect("keeps a message and what reading it tells apart: both arrive whole", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { cell, seenFrom } = yield* on.spawn(1, Probe.protocol, "a")
        const far = seenFrom(0)
        far.tell(note, { n: 1 }, undefined)
        // A value of fixed size, and one that is encoded aside.
        far.tell(note, {
          get n() {
            return void far.tell(note, { n: 2 }, undefined), 3
          }
        }, undefined)
        const { exits, resume } = asked()
        const telling = {
          get text() {
            return void far.tell(note, { n: 4 }, undefined), "five"
          }
        }
        far.askUnsafe(echo, telling, 1_000, resume)
        on.steps.settle()
        const handlers = cell.handlers as { Notes: () => Exit.Success<ReadonlyArray<number>> }
        assert.deepStrictEqual(new Set(handlers.Notes().value), new Set([1, 2, 3, 4]))
        assert.deepStrictEqual(exits.map(String), [`Success("five")`])
        assertSettled(on)
      })))

  it.effect("keeps the order of what is told while a full ring is emptied", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { cell, seenFrom } = yield* on.spawn(1, System.Endless.protocol, "a")
        const far = seenFrom(0)
        let n = 0
        let isNested = false
        const payload = () => ({
          get n() {
            // Each tells one more, also at the moment when there is no room.
            if (!isNested) {
              isNested = true
              far.tell(note, { n: -1 }, undefined)
              isNested = false
            }
            return n
          }
        })
        while (far.tell(note, payload(), undefined) === TAKEN) n++
        assert.isAbove(n, 50)
        on.steps.settle()
        const handlers = cell.handlers as { Notes: () => Exit.Success<ReadonlyArray<number>> }
        const notes = handlers.Notes().value.filter((note) => note >= 0)
        assert.deepStrictEqual(notes, Array.from({ length: n }, (_, i) => i))
        assertSettled(on)
      })))

  it.effect("makes a payload that throws the defect of its own sender, also of one that waits, and serves those behind it", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { cell, seenFrom } = yield* on.spawn(1, Narrow.protocol, "a")
        const far = seenFrom(0)
        const poison = {
          get n(): number {
            throw new Error("not today")
          }
        }
        assert.throws(() => far.tell(note, poison, undefined), /not today/)
        assert.strictEqual(far.tell(note, { n: 1 }, undefined), TAKEN)
        assert.strictEqual(far.tell(note, { n: 2 }, undefined), NO_ROOM)
        const ends: Array<string> = []
        for (const payload of [{ n: 2 }, poison, { n: 3 }]) {
          far.waitForRoom({
            index: note,
            payload,
            span: undefined,
            ask: undefined,
            done: (refusal) => void ends.push(String(refusal)),
            died: (defect) => void ends.push(String(defect)),
            abandoned: false
          })
        }
        const { exits, resume } = asked()
        far.askUnsafe(count, undefined, 10_000, resume)
        on.steps.settle()
        assert.deepStrictEqual(ends, ["undefined", "Error: not today", "undefined"])
        assert.deepStrictEqual(exits.map(String), ["Success(3)"])
        // The same while there is no thread, and nothing escapes into who announces the next one.
        on.part(0, 1)
        assert.strictEqual(far.tell(note, { n: 4 }, undefined), NO_ROOM)
        for (const payload of [poison, { n: 4 }]) {
          far.waitForRoom({
            index: note,
            payload,
            span: undefined,
            ask: undefined,
            done: (refusal) => void ends.push(String(refusal)),
            died: (defect) => void ends.push(String(defect)),
            abandoned: false
          })
        }
        on.join(0, 1)
        on.steps.settle()
        assert.deepStrictEqual(ends.slice(3), ["Error: not today", "undefined"])
        const handlers = cell.handlers as { Count: () => Exit.Success<number> }
        assert.strictEqual(handlers.Count().value, 4)
        assertSettled(on)
      })))

  it.effect("refuses another actor when all numbers are taken, and takes one again when a number is free", () =>
    staged({ maxSlots: 2 }, (on) =>
      Effect.gen(function*() {
        const actors = []
        for (const key of ["a", "b", "c"]) actors.push(yield* on.spawn(1, Probe.protocol, key))
        const [a, b, c] = actors.map(({ seenFrom }) => seenFrom(0)) as [
          ReturnType<typeof actors[0]["seenFrom"]>,
          any,
          any
        ]
        assert.strictEqual(a.tell(note, { n: 1 }, undefined), TAKEN)
        assert.strictEqual(b.tell(note, { n: 1 }, undefined), TAKEN)
        assert.notStrictEqual(c.tell(note, { n: 1 }, undefined), NO_ROOM)
        assert.strictEqual(c.refusal(note, { n: 1 })._tag, "LinkFull")
        const { exits, resume } = asked()
        c.askUnsafe(count, undefined, 1_000, resume)
        assert.include(String(exits[0]), "LinkFull")
        on.steps.settle()
        yield* actors[0]!.cell.stop({ _tag: "Normal" }) ?? Effect.void
        on.steps.settle()
        assert.strictEqual(c.tell(note, { n: 1 }, undefined), TAKEN)
        assertSettled(on)
      })))

  it.effect("tries an ask whose timeout is below a millisecond", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { seenFrom } = yield* on.spawn(1, Probe.protocol, "a")
        const { exits, resume } = asked()
        seenFrom(0).askUnsafe(count, undefined, 0.4, resume)
        on.steps.settle()
        assert.deepStrictEqual(exits.map(String), ["Success(0)"])
        assertSettled(on)
      })))

  it.effect("owes its credit once, however often it is paid", () =>
    staged({ ringBytes: 65_536 }, (on) =>
      Effect.gen(function*() {
        const { seenFrom } = yield* on.spawn(1, Strict.protocol, "a")
        const far = seenFrom(0)
        const inbound =
          (on.nodes[1] as unknown as { links: Array<{ inbound: { owing: Array<unknown> } }> }).links[0]!.inbound
        let most = 0
        for (let n = 0; n < 500; n++) {
          far.tell(note, { n }, undefined)
          on.steps.step(0)
          on.steps.step(1)
          most = Math.max(most, inbound.owing.length)
        }
        assert.isAtMost(most, 1)
        assertSettled(on)
      })))

  it.effect("gives the numbers of senders back when threads come and go, also while messages of theirs wait", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const actors = []
        for (let i = 0; i < 10; i++) actors.push(yield* on.spawn(1, Probe.protocol, `k${i}`))
        for (let epoch = 2; epoch < 20; epoch++) {
          for (const { seenFrom } of actors) seenFrom(0).tell(hang, undefined, undefined)
          for (const { seenFrom } of actors) seenFrom(0).tell(note, { n: epoch }, undefined)
          on.steps.settle()
          on.part(0, 1)
          on.join(0, 1)
        }
        assert.isAtMost(numbers(on.nodes[1]!).origins, 10 * 18)
        for (const { cell } of actors) yield* cell.stop({ _tag: "Normal" }) ?? Effect.void
        on.steps.settle()
        assert.strictEqual(numbers(on.nodes[1]!).origins, 0)
        assertSettled(on)
      })))

  it.effect("refuses a reference of another system at its sender, alone and inside of a message", () =>
    staged({}, (on) =>
      staged({ system: 8 }, (other) =>
        Effect.gen(function*() {
          const relay = yield* on.spawn(1, System.Relay.protocol, "r")
          const stranger = yield* other.spawn(1, Probe.protocol, "ada")
          const local = stranger.cell
          const remote = stranger.seenFrom(0)
          const far = relay.seenFrom(0)
          for (const recipient of [local, remote]) {
            assert.throws(() => on.nodes[0]!.addressOf(recipient), /Probe\/ada is an actor of .*system/)
          }
          assert.throws(() => on.nodes[0]!.recipientAt(remote.address, Probe.protocol), /system 8/)
          const pass = System.Relay.protocol.tags.indexOf("Pass")
          const { exits, resume } = asked()
          far.askUnsafe(pass, { to: System.refTo(local) }, 1_000, resume)
          far.askUnsafe(pass, { to: System.refTo(remote) }, 1_000, resume)
          assert.lengthOf(exits, 2)
          for (const exit of exits) assert.match(String(exit), /InvalidPayload.*Probe\/ada is an actor of/)
          assertSettled(on)
        }))))

  it.effect("lets those who wait go on in the async context of nobody, whoever ends what they wait for", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { seenFrom } = yield* on.spawn(1, Narrow.protocol, "a")
        const far = seenFrom(0)
        const seen: Array<string> = []
        const see = () => void seen.push(on.steps.context)
        const wait = () => {
          while (far.tell(hang, undefined, undefined) === TAKEN) { /* until it is full */ }
          const waiter = { index: note, payload: { n: 1 }, span: undefined, ask: undefined, abandoned: false }
          far.waitForRoom({ ...waiter, done: see, died: see })
        }
        wait()
        far.askUnsafe(count, undefined, 1_000, see)
        on.steps.as("a request", () => on.part(0, 1))
        on.steps.as("a request", () => on.join(0, 1))
        wait()
        on.steps.as("a request", () => far.closed({ _tag: "Normal" }, undefined))
        assert.deepStrictEqual(seen, ["nobody", "nobody", "nobody"])
      })))

  it.effect("goes on after a handler, a callback or a listener of an event has thrown in its turn", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { seenFrom } = yield* on.spawn(1, Probe.protocol, "a")
        const far = seenFrom(0)
        const { exits, resume } = asked()
        far.askUnsafe(count, undefined, 1_000, () => {
          throw new Error("a callback")
        })
        on.steps.settle()
        assert.deepStrictEqual(on.errors.map(String), ["Error: a callback"])
        const dispatcher = on.nodes[1]!.home.host.dispatcher as { drain: () => void }
        const { drain } = dispatcher
        dispatcher.drain = () => {
          dispatcher.drain = drain
          throw new Error("a turn")
        }
        far.tell(note, { n: 1 }, undefined)
        on.steps.settle()
        assert.deepStrictEqual(on.errors.slice(1).map(String), ["Error: a turn"])
        far.askUnsafe(count, undefined, 1_000, resume)
        on.steps.settle()
        assert.deepStrictEqual(exits.map(String), ["Success(1)"])
        assertSettled(on)
      })))

  it.effect("gives the credit of a message back that cannot be read", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { seenFrom } = yield* on.spawn(1, Narrow.protocol, "a")
        const far = seenFrom(0)
        const codec = Narrow.protocol.messages[note]!.payload as { read: unknown }
        const { read } = codec
        codec.read = () => {
          throw new Error("unreadable")
        }
        assert.strictEqual(far.tell(note, { n: 1 }, undefined), TAKEN)
        on.steps.settle()
        codec.read = read
        assert.deepStrictEqual(on.errors.map(String), ["Error: unreadable"])
        assertSettled(on)
        assert.strictEqual(far.tell(note, { n: 2 }, undefined), TAKEN)
        assertSettled(on)
      })))

  it.effect("tells who sends what can never fit how large it is, and how large it may be", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { seenFrom } = yield* on.spawn(1, Probe.protocol, "a")
        const far = seenFrom(0)
        const payload = { text: "x".repeat(10_000) }
        const { exits, resume } = asked()
        assert.strictEqual(far.tell(echo, payload, undefined), REFUSED)
        const refusal = far.refusal(echo, payload)
        assert.strictEqual(refusal._tag, "MessageTooLarge")
        if (refusal._tag === "MessageTooLarge") {
          assert.isAtLeast(refusal.sizeBytes, 10_000)
          assert.isBelow(refusal.limitBytes, 4096)
        }
        far.askUnsafe(echo, payload, 1_000, resume)
        assert.match(String(exits[0]), /MessageTooLarge/)
        assertSettled(on)
      })))

  it.effect("keeps nothing of an ask that has its answer, or whose asker has gone, and says nothing about it", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { seenFrom } = yield* on.spawn(1, Narrow.protocol, "a")
        const far = seenFrom(0)
        const { home } = on.nodes[0]!
        const { exits, resume } = asked()
        const answered = far.askUnsafe(count, undefined, 10_000, resume)
        on.steps.settle()
        assert.deepStrictEqual([exits.length, home.host.deadlines.size], [1, 0])
        answered!.withdraw()
        assert.isFalse(home.outboundTo(1)!.isDirty)
        // One that runs, and one that waits for room behind a message that does not.
        const running = far.askUnsafe(hang, undefined, 10_000, resume)
        on.steps.settle()
        far.tell(note, { n: 1 }, undefined)
        const waiting = far.askUnsafe(count, undefined, 10_000, resume)
        on.steps.settle()
        assert.deepStrictEqual([far.depth(), home.host.deadlines.size], [2, 2])
        waiting!.withdraw()
        assert.deepStrictEqual([far.depth(), home.host.deadlines.size], [1, 1])
        running!.withdraw()
        running!.withdraw()
        assert.strictEqual(home.host.deadlines.size, 0)
        on.part(0, 1)
        assert.deepStrictEqual([exits.length, on.errors.length], [1, 0])
      })))

  it.effect("tells all askers that a thread was lost, also when the callback of one throws", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { seenFrom } = yield* on.spawn(1, Probe.protocol, "a")
        const far = seenFrom(0)
        const { exits, resume } = asked()
        far.askUnsafe(hang, undefined, 10_000, () => {
          throw new Error("a callback")
        })
        far.askUnsafe(count, undefined, 10_000, resume)
        on.steps.settle()
        on.part(0, 1)
        assert.match(exits.map(String).join(), /^Failure.*ThreadLost/)
        assert.deepStrictEqual(on.errors.map(String), ["Error: a callback"])
      })))

  it.effect("gives the slot of an actor back that has ended with messages in its mailbox, without being asked", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { cell, seenFrom } = yield* on.spawn(1, Probe.protocol, "a")
        const far = seenFrom(0)
        far.tell(hang, undefined, undefined)
        for (let n = 0; n < 5; n++) far.tell(note, { n }, undefined)
        on.steps.settle()
        assert.strictEqual(numbers(on.nodes[0]!).used, 1)
        yield* cell.stop({ _tag: "Normal" }) ?? Effect.void
        on.steps.settle()
        assert.strictEqual(numbers(on.nodes[0]!).used, 0)
        assertSettled(on)
      })))

  it.effect("interrupts an ask by its serial, and no other that has its number", () =>
    staged({}, (on) =>
      Effect.gen(function*() {
        const { cell, seenFrom } = yield* on.spawn(1, Probe.protocol, "a")
        const { resume } = asked()
        const ask = seenFrom(0).askUnsafe(hang, undefined, 10_000, resume) as unknown as {
          readonly number: number
          readonly serial: number
          withdraw(): void
        }
        on.steps.settle()
        const { control } = on.nodes[0]!.home.outboundTo(1)!
        control.words(Envelope.typeOf(Envelope.INTERRUPT, 0, 0), ask.number, ask.serial - 1, true)
        on.steps.settle()
        const handlers = cell.handlers as { Interrupted: () => Exit.Success<number> }
        assert.strictEqual(handlers.Interrupted().value, 0)
        ask.withdraw()
        on.steps.settle()
        assert.strictEqual(handlers.Interrupted().value, 1)
        assertSettled(on)
      })))
})
