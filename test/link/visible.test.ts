/** When what is written becomes visible to the other thread before the task is over that writes it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Actor } from "shared-nothing"
import { StreamReader } from "../../src/actor/kernel/StreamReader.ts"
import type { Node } from "../../src/link/kernel/Node.ts"
import type { Doorbell } from "../../src/memory/Doorbell.ts"
import type { SpscReader } from "../../src/memory/SpscRing.ts"
import * as System from "../fixtures/system.ts"
import { accounts, stage, ZERO } from "./stage.ts"

const WINDOW = 256
const RECORD_BYTES = 16

const Source = Actor.make("Source", [
  Rpc.make("Count", { payload: { to: Schema.Int }, success: Schema.Int, stream: true })
])

/** Bytes that the other thread has shown to a node. */
const shownTo = (node: Node, ring: "data" | "control" = "data"): number => {
  const { links } = node as unknown as {
    readonly links: ReadonlyArray<{ readonly inbound: Readonly<Record<typeof ring, SpscReader | undefined>> }>
  }
  return links[0]!.inbound[ring]?.published() ?? 0
}

/** Does what the test says, waits until it is interrupted, or notes that it was told. */
const Listener = Actor.make("Listener", [Rpc.make("Act"), Rpc.make("Hang"), Rpc.make("Note")])
const [act, hang, note] = ["Act", "Hang", "Note"].map((tag) => Listener.protocol.tags.indexOf(tag)) as [
  number,
  number,
  number
]

describe("what is written for another thread", () => {
  it.effect("shows asks sixteen at a time, and tells when the task is over", () =>
    Effect.scoped(Effect.gen(function*() {
      const { errors, nodes, spawn, steps } = yield* stage({ ringBytes: 65_536 })
      const { seenFrom } = yield* spawn(0, System.Probe.protocol, "p")
      const remote = seenFrom(1)
      const { tags } = System.Probe.protocol
      const [count, note] = [tags.indexOf("Count"), tags.indexOf("Note")]
      // The first record opens the link and the slot of the actor.
      remote.askUnsafe(count, undefined, Infinity, () => {})
      steps.settle()
      const before = shownTo(nodes[0]!)
      const shown: Array<number> = []
      const look = () => void shown.push(shownTo(nodes[0]!) - before)
      for (let n = 0; n < 20; n++) remote.tell(note, { n }, undefined)
      look()
      let answered = 0
      for (let n = 1; n <= 32; n++) {
        remote.askUnsafe(count, undefined, Infinity, () => answered++)
        if (n === 15 || n === 16 || n === 31) look()
      }
      look()
      const [tells, fifteen, sixteen, more, all] = shown as [number, number, number, number, number]
      // One that sleeps has the first record at once.
      assert.deepStrictEqual([fifteen, more], [tells, sixteen])
      assert.isAbove(sixteen, fifteen)
      assert.isAbove(all, sixteen)
      steps.settle()
      assert.strictEqual(answered, 32)
      assert.deepStrictEqual(errors, [])
      for (const node of nodes) assert.deepStrictEqual(accounts(node), ZERO)
    })))

  it.effect("shows control that was said before it, also to one who has fallen asleep in between", () =>
    Effect.scoped(Effect.gen(function*() {
      const { errors, nodes, spawn, steps } = yield* stage({ ringBytes: 65_536 })
      const { seenFrom } = yield* spawn(0, System.Probe.protocol, "p")
      const remote = seenFrom(1)
      const { tags } = System.Probe.protocol
      const hanging = remote.askUnsafe(tags.indexOf("Hang"), undefined, Infinity, () => {})
      steps.settle()
      const { bells } = nodes[1] as unknown as { readonly bells: ReadonlyArray<Doorbell> }
      const before = [shownTo(nodes[0]!, "control"), shownTo(nodes[0]!)] as const
      // It is awake when the ask is taken back, and then not.
      bells[0]!.retract()
      hanging?.withdraw()
      assert.strictEqual(shownTo(nodes[0]!, "control"), before[0])
      bells[0]!.prepare()
      remote.tell(tags.indexOf("Note"), { n: 1 }, undefined)
      assert.isAbove(shownTo(nodes[0]!), before[1])
      assert.isAbove(shownTo(nodes[0]!, "control"), before[0])
      steps.settle()
      assert.deepStrictEqual(errors, [])
      for (const node of nodes) assert.deepStrictEqual(accounts(node), ZERO)
    })))

  it.effect("is read in the order in which it was said, also what becomes visible between two looks at its rings", () =>
    Effect.scoped(Effect.gen(function*() {
      const heard: Array<string> = []
      let action = () => {}
      const behaviours = Listener.toLayer(Effect.succeed(Listener.of({
        Act: () => Effect.sync(() => action()),
        Hang: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => heard.push("interrupted"))),
        Note: () => Effect.sync(() => heard.push("note"))
      })))
      const { errors, nodes, spawn, steps } = yield* stage({ behaviours, threads: 3 })
      const [waits, notes, acts] = [
        yield* spawn(0, Listener.protocol, "waits"),
        yield* spawn(0, Listener.protocol, "notes"),
        yield* spawn(0, Listener.protocol, "acts")
      ]
      const meet = () => {
        for (const thread of [1, 2]) notes.seenFrom(thread).tell(note, undefined, undefined)
        steps.settle()
      }
      meet()
      heard.splice(0)
      // Control of both was read when this runs, and data of one of them not: which one is read first is theirs to take in turn.
      for (const [actor, other] of [[1, 2], [2, 1]] as const) {
        for (let round = 0; round < 2; round++) {
          const hanging = waits.seenFrom(other).askUnsafe(hang, undefined, Infinity, () => {})
          steps.settle()
          action = () => {
            hanging?.withdraw()
            notes.seenFrom(other).tell(note, undefined, undefined)
            nodes[other]!.flush()
          }
          acts.seenFrom(actor).tell(act, undefined, undefined)
          steps.settle()
          assert.deepStrictEqual(heard.splice(0), ["interrupted", "note"])
        }
      }
      assert.deepStrictEqual(errors, [])
      // Credit wakes nobody: who sleeps finds it when it looks.
      for (const node of nodes) node.expectReply()
      steps.settle()
      for (const node of nodes) assert.deepStrictEqual(accounts(node), ZERO)
    })))

  it.effect("shows of a stream half of what its reader has room for while it writes the other half", () =>
    Effect.scoped(Effect.gen(function*() {
      // What lies in the ring for the reader when an element is made.
      const visible: Array<number> = []
      let look = () => 0
      const made = (n: number) => {
        visible[n] = look()
        return n
      }
      const behaviours = Source.toLayer(Effect.succeed(Source.of({
        Count: ({ to }) => Stream.mapEffect(Stream.range(1, to), (n) => Effect.sync(() => made(n)))
      })))
      const { errors, nodes, spawn, steps } = yield* stage({
        behaviours,
        ringBytes: 65_536
      })
      const { seenFrom } = yield* spawn(0, Source.protocol, "s")
      const reader = yield* Effect.withFiber((fiber) =>
        Effect.succeed(new StreamReader(WINDOW, Infinity, undefined, fiber))
      )
      look = () => shownTo(nodes[1]!)
      seenFrom(1).askUnsafe(0, { to: WINDOW }, Infinity, reader)
      steps.settle()
      const read = yield* reader.pull
      assert.deepStrictEqual([...read], Array.from({ length: WINDOW }, (_, i) => i + 1))
      // No batch is full, and no task over, before these are made.
      const shown = [WINDOW / 2, WINDOW / 2 + 1, WINDOW - 56].map((n) => Math.floor(visible[n]! / RECORD_BYTES))
      assert.deepStrictEqual(shown, [0, WINDOW / 2, WINDOW / 2])
      assert.deepStrictEqual(errors, [])
      for (const node of nodes) assert.deepStrictEqual(accounts(node), ZERO)
    })))
})
