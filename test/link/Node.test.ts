/** Two ends of a link in one thread: what damaged records do, and what is left behind when actors and threads go. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import { ActorSystem } from "shared-nothing"
import { asked } from "../../src/actor/ExitReason.ts"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import * as Envelope from "../../src/link/internal/envelope.ts"
import { Node } from "../../src/link/kernel/Node.ts"
import * as Doorbell from "../../src/memory/Doorbell.ts"
import * as SpscRing from "../../src/memory/SpscRing.ts"
import { makeHost, systemOf } from "../../src/system/internal/host.ts"
import { runtime } from "../../src/thread/ThreadRuntime.ts"
import { Scratch } from "../../src/wire/Scratch.ts"
import * as System from "../fixtures/system.ts"
import { collector } from "../support/collector.ts"
import { until } from "../support/until.ts"

const { Probe } = System

/** What the tests look at inside of a node. */
interface Inside {
  readonly slots: ReadonlyArray<unknown>
  readonly pending: ReadonlyArray<unknown>
}
const outboundOf = (node: Node, thread: number): Inside => node.home.outboundTo(thread)!

/** Two hosts with their nodes, linked by rings of their own, on this one thread. */
const pair = Effect.gen(function*() {
  const doorbells = Doorbell.create(2)
  const errors: Array<unknown> = []
  const names = ["left", "right"]
  const hosts = [yield* makeHost, yield* makeHost] as const
  const nodes: Array<Node> = []
  /** Whether rings are handed over, and the incarnation that both threads say they are. */
  const wire = { isCut: false, epoch: 1 }
  for (const index of [0, 1]) {
    const node: Node = new Node(hosts[index]!, {
      index,
      epoch: 1,
      names,
      doorbells,
      ringBytes: 4096,
      maxSpins: 0,
      system: 7,
      runtime,
      connect: (to, _epoch, rings) => {
        if (!wire.isCut) nodes[to]!.accept(index, wire.epoch, rings)
      },
      malformed: (_thread, error) => errors.push(error),
      failed: (error) => errors.push(error),
      afterEnd: (then) => then()
    })
    nodes.push(node)
    yield* Effect.addFinalizer(() => Effect.sync(() => node.close()))
  }
  const [left, right] = nodes as [Node, Node]
  left.peerUp(1, 1)
  right.peerUp(0, 1)
  const scope = yield* Effect.scope
  yield* Layer.buildWithScope(System.Behaviours, scope).pipe(
    Effect.provideService(ActorSystem.ActorSystem, systemOf(hosts[1]))
  )
  let placed = 0
  /** Spawns on the right and answers with what the left sees. */
  const spawn = (key: string) =>
    Effect.gen(function*() {
      const cell: Cell = yield* hosts[1].spawn(Probe.protocol, key, undefined)
      const actor = ++placed
      right.place(cell, actor, 0)
      const address = left.address(1, 0, actor, cell.behaviour, Probe.protocol.layoutHash, key)
      const recipient = left.remote(address, Probe.protocol)
      return { cell, recipient }
    })
  return { left, right, hosts, errors, spawn, wire }
})

const note = 0
const count = 2
const hang = 10

/** Asks without a reference. */
const ask = (recipient: Effect.Success<ReturnType<Effect.Success<typeof pair>["spawn"]>>["recipient"]) =>
  Effect.withFiber((fiber) => recipient.ask(count, undefined, undefined, fiber, "3 seconds"))

const staged = <A, E>(program: (stage: Effect.Success<typeof pair>) => Effect.Effect<A, E, Scope.Scope>) =>
  Effect.scoped(Effect.flatMap(pair, program)).pipe(Effect.provide(Logger.layer([])))

const scratch = new Scratch()

describe("a link", () => {
  it.live("reports and skips every record that makes no sense, and handles the next one", () =>
    staged(({ errors, right, spawn, wire }) =>
      Effect.gen(function*() {
        const { cell } = yield* spawn("a")
        // Records from a third party: the right node takes them for those of the left one.
        const rings = { data: SpscRing.create(4096), control: SpscRing.create(4096) }
        const writer = new SpscRing.SpscWriter(rings.data)
        const control = new SpscRing.SpscWriter(rings.control)
        wire.isCut = true
        right.peerDown(0, "replaced by the test", false)
        right.accept(0, 2, rings)
        const put = (end: SpscRing.SpscWriter, type: number, words: ReadonlyArray<number>) => {
          const offset = end.claim(words.length * 4)
          for (const [i, word] of words.entries()) end.region.u32[(offset >> 2) + i] = word
          end.commit(words.length * 4, type)
          end.publish()
          right.expectReply()
        }
        const send = (type: number, words: ReadonlyArray<number>) => put(writer, type, words)
        const slotOfNobody = 400_000
        const garbage: ReadonlyArray<readonly [number, ReadonlyArray<number>]> = [
          [15, [1, 2]],
          [Envelope.typeOf(Envelope.TELL, 0, slotOfNobody), [1, 2]],
          [Envelope.typeOf(Envelope.ASK, 0, slotOfNobody), [1, 2, 3, 4]],
          [Envelope.typeOf(Envelope.TELL_TRACED, 7, slotOfNobody), []],
          [Envelope.typeOf(Envelope.TELL, 200, 0), [1, 2]],
          [Envelope.typeOf(Envelope.ASK, 200, 0), [1, 2, 3, 4]],
          [Envelope.typeOf(Envelope.ASK, count, 0), [0x7fffffff, 2, 3, 4]],
          [Envelope.typeOf(Envelope.CREDIT, 0, 0), [1, 0]],
          [Envelope.typeOf(Envelope.COMMAND, 0, 0), [1, 2]],
          [Envelope.typeOf(Envelope.COMMAND, 200, 0), [1, 2, 0, 0]],
          [Envelope.typeOf(Envelope.TELL, note, 0), []],
          [Envelope.typeOf(Envelope.TELL, 4, 0), [0x7fffffff, 0x7fffffff]]
        ]
        send(Envelope.typeOf(Envelope.OPEN, 0, 0), [1, 0, Probe.protocol.layoutHash, 0])
        for (const [type, words] of garbage) {
          const before = errors.length
          send(type, words)
          yield* until(() => errors.length === before + 1, () => ({ type, errors: errors.map(String) }), 1_000)
        }
        // What names nothing that exists is no error: its other side may just have gone.
        send(Envelope.typeOf(Envelope.REPLY, 1, slotOfNobody), [123_456, 0])
        send(Envelope.numbered(Envelope.ELEMENT, 123_456), [1, 2])
        put(control, Envelope.numbered(Envelope.GRANT, 123_456), [123_456, 0])
        for (const kind of [Envelope.INTERRUPT, Envelope.CREDIT]) {
          put(control, Envelope.typeOf(kind, 1, slotOfNobody), [123_456, 0])
        }
        for (const kind of [Envelope.TELL, Envelope.OPEN, Envelope.ELEMENT]) {
          const before = errors.length
          put(control, Envelope.typeOf(kind, 0, 0), [1, 2])
          yield* until(() => errors.length === before + 1, () => ({ kind, errors: errors.map(String) }), 1_000)
        }
        const offset = writer.claim(64)
        const bytes = Probe.protocol.messages[note]!.payload.encode({ n: 5 }, scratch)
        scratch.copyTo(writer.region, offset)
        writer.commit(bytes, Envelope.typeOf(Envelope.TELL, note, 0))
        writer.publish()
        right.expectReply()
        const handlers = cell.handlers as { Count: () => Exit.Success<number> }
        yield* until(() => handlers.Count().value === 1, () => errors.map(String), 1_000)
        assert.lengthOf(errors, garbage.length + 3)
      })
    ))

  it.live("reports a damaged header once and goes on behind it", () =>
    staged(({ errors, right, spawn, wire }) =>
      Effect.gen(function*() {
        const { cell } = yield* spawn("a")
        const rings = { data: SpscRing.create(4096), control: SpscRing.create(4096) }
        const writer = new SpscRing.SpscWriter(rings.data)
        wire.isCut = true
        right.peerDown(0, "replaced by the test", false)
        right.accept(0, 2, rings)
        const tell = () => {
          const offset = writer.claim(64)
          const bytes = Probe.protocol.messages[note]!.payload.encode({ n: 5 }, scratch)
          scratch.copyTo(writer.region, offset)
          writer.commit(bytes, Envelope.typeOf(Envelope.TELL, note, 0))
          return offset
        }
        const open = writer.claim(16)
        writer.region.u32.set([1, 0, Probe.protocol.layoutHash, 0], open >> 2)
        writer.commit(16, Envelope.typeOf(Envelope.OPEN, 0, 0))
        tell()
        const damaged = tell()
        writer.region.i32[(damaged - 8) >> 2] = -5
        tell()
        writer.publish()
        right.expectReply()
        yield* until(() => errors.length === 1, () => errors.map(String), 1_000)
        assert.match(String(errors[0]), /damaged record header; \d+ bytes were skipped/)
        tell()
        writer.publish()
        right.expectReply()
        const handlers = cell.handlers as { Count: () => Exit.Success<number> }
        yield* until(() => handlers.Count().value === 2, () => handlers.Count().value, 1_000)
      })
    ))

  it.live("keeps nothing of actors that have come and gone", () =>
    staged(({ hosts, left, right, spawn }) =>
      Effect.gen(function*() {
        for (let i = 0; i < 300; i++) {
          const { cell, recipient } = yield* spawn(`k${i}`)
          assert.strictEqual(yield* ask(recipient), 0)
          for (let n = 0; n < 3; n++) recipient.tell(note, { n }, undefined)
          yield* cell.stop(asked) ?? Effect.void
          const exit = yield* Effect.exit(ask(recipient))
          assert.match(String(exit), /ActorStopped/)
        }
        // Those that ended last are remembered, so that messages to them are refused.
        yield* until(() => left.home.remotes.size <= 256, () => left.home.remotes.size, 2_000)
        const slots = outboundOf(left, 1).slots.length
        assert.isBelow(slots, 20)
        assert.isBelow(hosts[1].origins.size, 25)
        assert.isBelow(outboundOf(left, 1).pending.length, 5)
        assert.strictEqual(right.home.cells.size, 0)
      })
    ))

  it.live("knows an actor that has ended by the address that it had", () =>
    staged(({ hosts, left, right }) =>
      Effect.gen(function*() {
        const cell: Cell = yield* hosts[1].spawn(Probe.protocol, "a", undefined)
        const before = right.addressOf(cell)
        const reference = left.recipientAt(before, Probe.protocol)
        yield* cell.stop(asked) ?? Effect.void
        assert.deepStrictEqual(right.addressOf(cell), before)
        assert.strictEqual(left.recipientAt(right.addressOf(cell), Probe.protocol), reference)
        // And one that ends before anybody has heard of it.
        const unknown: Cell = yield* hosts[1].spawn(Probe.protocol, "b", undefined)
        yield* unknown.stop(asked) ?? Effect.void
        assert.deepStrictEqual(right.addressOf(unknown), right.addressOf(unknown))
        assert.strictEqual(right.home.cells.size, 0)
      })
    ))

  it.live("keeps nothing of references that came and were dropped, and all of what is in use", () =>
    staged(({ hosts, left, right, spawn }) =>
      Effect.gen(function*() {
        const collect = yield* collector
        const used = yield* spawn("used")
        used.recipient.tell(note, { n: 1 }, undefined)
        const held = right.addressOf(yield* hosts[1].spawn(Probe.protocol, "held", undefined))
        const reference = left.recipientAt(held, Probe.protocol)
        for (let i = 0; i < 300; i++) {
          const cell: Cell = yield* hosts[1].spawn(Probe.protocol, `k${i}`, undefined)
          left.recipientAt(right.addressOf(cell), Probe.protocol)
          yield* cell.stop(asked) ?? Effect.void
        }
        assert.isAbove(left.home.remotes.size, 300)
        yield* until(() => {
          collect()
          return left.home.remotes.size === 2
        }, () => left.home.remotes.size)
        assert.strictEqual(left.recipientAt(held, Probe.protocol), reference)
        assert.strictEqual(yield* ask(used.recipient), 1)
      })
    ))

  it.live("keeps nothing of threads that have come and gone", () =>
    staged(({ left, right, spawn, wire }) =>
      Effect.gen(function*() {
        const { cell, recipient } = yield* spawn("a")
        for (let epoch = 2; epoch < 50; epoch++) {
          assert.strictEqual(yield* ask(recipient), 0)
          left.peerDown(1, "the test says so", false)
          right.peerDown(0, "the test says so", false)
          wire.epoch = epoch
          left.peerUp(1, epoch)
          right.peerUp(0, epoch)
        }
        assert.isAtMost(cell.rare?.onStop?.size ?? 0, 2)
        assert.strictEqual(yield* ask(recipient), 0)
        assert.strictEqual(left.home.remotes.size, 1)
      })
    ))

  it.live("counts the credit of an actor anew when its slot is taken by another", () =>
    staged(({ left, spawn }) =>
      Effect.gen(function*() {
        for (let i = 0; i < 50; i++) {
          const { cell, recipient } = yield* spawn(`k${i}`)
          for (let n = 0; n < 40; n++) recipient.tell(note, { n }, undefined)
          // Stopped with messages of it still in the ring: their credit comes back late.
          const stopping = cell.stop(asked)
          for (let n = 0; n < 40; n++) recipient.tell(note, { n }, undefined)
          if (stopping !== undefined) yield* stopping
          if (i % 3 === 0) yield* Effect.yieldNow
        }
        const { recipient } = yield* spawn("last")
        for (let n = 0; n < 40; n++) recipient.tell(note, { n }, undefined)
        assert.strictEqual(yield* ask(recipient), 40)
        yield* until(() => recipient.depth() === 0, () => recipient.depth(), 2_000)
        assert.isAtLeast(recipient.depth(), 0)
        const { slots } = outboundOf(left, 1)
        const used = () => slots.filter((slot) => slot !== undefined).length
        yield* until(() => used() === 1, used, 2_000)
      })
    ))

  it.live("tells an asker whose time is over on the other side first that it is, and not that it was interrupted", () =>
    staged(({ hosts, spawn }) =>
      Effect.gen(function*() {
        const { cell, recipient } = yield* spawn("a")
        const hanging = yield* Effect.forkChild(
          Effect.withFiber((fiber) => recipient.ask(hang, undefined, undefined, fiber, "3 seconds")),
          { startImmediately: true }
        )
        yield* until(() => cell.depth() === 1, () => cell.depth(), 1_000)
        const late = yield* Effect.forkChild(
          Effect.exit(Effect.withFiber((fiber) => recipient.ask(count, undefined, undefined, fiber, 30))),
          { startImmediately: true }
        )
        // From here on nothing expires on the side of the asker.
        hosts[0].deadlines.close()
        const over = performance.now() + 40
        yield* until(() => performance.now() > over, () => over)
        yield* Fiber.interrupt(hanging)
        yield* until(() => late.pollUnsafe() !== undefined, () => "the late ask", 2_000)
        assert.match(String(late.pollUnsafe()), /AskTimeout.*did not answer Count within 30 ms/)
      })
    ))
})
