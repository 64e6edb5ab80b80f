/** Ends of actors, as they are told to other threads. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Actor, ExitReason } from "shared-nothing"
import { type Any, refClass } from "../../src/actor/ActorRef.ts"
import { type Recipient, TAKEN } from "../../src/actor/kernel/Recipient.ts"
import * as Envelope from "../../src/link/internal/envelope.ts"
import type { Link } from "../../src/link/internal/link.ts"
import { seeded } from "../memory/seeded.ts"
import { tries } from "../support/effort.ts"
import { accounts, numbers, type Stage, stage, ZERO } from "./stage.ts"

const Log = Actor.make("Log", [
  Rpc.make("Watch"),
  Rpc.make("Unwatch"),
  Rpc.make("Link"),
  Rpc.make("Note", { payload: { n: Schema.Int } }),
  Rpc.make("Over", { payload: { reason: ExitReason.ExitReason } })
])
const Speaker = Actor.make("Speaker", [
  Rpc.make("Say", { payload: { to: Log.ref, times: Schema.Int } }),
  Rpc.make("Crash")
])
const SpeakerRef = refClass(Speaker.protocol)
const LogRef = refClass(Log.protocol)
const [WATCH, UNWATCH, LINK] = [0, 1, 2]
const [SAY, CRASH] = [0, 1]

const setUp = (threads = 2) =>
  Effect.gen(function*() {
    const log: Array<string> = []
    const whom: { ref: Any | undefined } = { ref: undefined }
    const LogLive = Log.toLayer(Effect.gen(function*() {
      const { link, unwatch, watch } = yield* Log.watcher
      return Log.of({
        Watch: () => watch.Over(whom.ref!, ({ reason }) => ({ reason })),
        Unwatch: () => unwatch(whom.ref!),
        Link: () => link(whom.ref!),
        Note: ({ n }) => Effect.sync(() => void log.push(`note ${n}`)),
        Over: ({ reason }) => Effect.sync(() => void log.push(ExitReason.render(reason)))
      })
    }))
    const SpeakerLive = Speaker.toLayer(
      Effect.succeed(Speaker.of({
        Say: ({ times, to }) =>
          Effect.sync(() => {
            for (let n = 0; n < times; n++) to.tellUnsafe.Note({ n })
          }),
        Crash: () => Effect.die(new Error("out of breath"))
      })),
      { supervision: { restart: "temporary" } }
    )
    const on = yield* stage({ threads, behaviours: Layer.merge(LogLive, SpeakerLive) })
    const speaker = yield* on.spawn(1, Speaker.protocol, "speaker")
    const far = speaker.seenFrom(0)
    whom.ref = new SpeakerRef(far)
    const { cell: logger } = yield* on.spawn(0, Log.protocol, "log")
    return { ...on, log, logger, speaker: speaker.cell, far, seenFrom: speaker.seenFrom, whom }
  })

type SetUp = Effect.Success<ReturnType<typeof setUp>>

const watching = (on: SetUp, recipient: Recipient = on.far) => {
  const ends: Array<ExitReason.ExitReason> = []
  const listener = (reason: ExitReason.ExitReason) => void ends.push(reason)
  recipient.whenStopped(listener)
  return { ends, stop: () => recipient.unwatch(listener) }
}

const atZero = ({ nodes, steps }: Stage) => {
  // Credit that nobody has waited for comes back when somebody looks.
  for (const node of nodes) accounts(node)
  steps.settle()
  for (const node of nodes) assert.deepStrictEqual(accounts(node), ZERO)
}

const quietly = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.scoped(Effect.provide(effect, Logger.layer([])))

describe("an end that is told to another thread", () => {
  it.effect("comes behind what the actor has sent there", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      assert.strictEqual(on.logger.tell(WATCH, undefined, undefined), TAKEN)
      on.steps.settle()
      assert.strictEqual(on.speaker.tell(SAY, { to: new LogRef(on.logger), times: 0 }, undefined), TAKEN)
      const seen = new LogRef(on.nodes[1]!.recipientAt(on.nodes[0]!.addressOf(on.logger), Log.protocol))
      on.speaker.tell(SAY, { to: seen, times: 150 }, undefined)
      on.speaker.tell(CRASH, undefined, undefined)
      on.steps.settle()
      assert.deepStrictEqual(on.log, [
        ...Array.from({ length: 150 }, (_, n) => `note ${n}`),
        "crashed: Error: out of breath"
      ])
      atZero(on)
    })))

  it.effect("is told once for each who waits for it, by one watch on the link", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const many = Array.from({ length: 10_000 }, () => watching(on))
      on.steps.settle()
      assert.strictEqual(accounts(on.nodes[0]!).watched, 1)
      assert.strictEqual(accounts(on.nodes[1]!).watching, 1)
      many[0]!.stop()
      on.speaker.stop(ExitReason.normal)
      on.steps.settle()
      assert.deepStrictEqual(many.map(({ ends }) => ends.length), [0, ...Array.from({ length: 9_999 }, () => 1)])
      assert.deepStrictEqual(many[1]!.ends, [ExitReason.normal])
      atZero(on)
    })))

  it.effect("is told of one that has ended, that nobody knows, or that was an actor of this thread", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const mine = on.nodes[0]!.addressOf(on.logger)
      on.speaker.stop(ExitReason.normal)
      on.logger.stop(ExitReason.normal)
      on.steps.settle()
      const unknown = on.nodes[0]!.remote({ ...on.far.address, actor: 999 }, Speaker.protocol)
      const gone = on.nodes[0]!.recipientAt(mine, Log.protocol)
      const noThread = on.nodes[0]!.remote({ ...on.far.address, thread: 9 }, Speaker.protocol)
      const ends = [on.far, unknown, gone, noThread].map((recipient) => watching(on, recipient).ends)
      on.steps.settle()
      assert.deepStrictEqual(ends.map(([reason]) => reason?._tag), ["Normal", "Forgotten", "Normal", "ThreadLost"])
      assert.strictEqual(gone, on.logger, "whoever hears of it twice hears of one actor")
      atZero(on)
    })))

  it.effect("waits for a thread that comes back, and for the actor that comes back with it", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const { ends } = watching(on)
      on.steps.settle()
      on.part(0, 1)
      on.steps.settle()
      assert.deepStrictEqual(ends, [])
      const late = watching(on)
      on.join(0, 1)
      on.steps.settle()
      assert.deepStrictEqual([...ends, ...late.ends], [])
      on.speaker.stop(ExitReason.normal)
      on.steps.settle()
      assert.deepStrictEqual([...ends, ...late.ends], [ExitReason.normal, ExitReason.normal])
      atZero(on)
    })))

  it.effect("names the thread of an actor that does not come back with it", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const { ends } = watching(on)
      on.steps.settle()
      on.part(0, 1)
      on.nodes[1]!.home.cells.clear()
      on.join(0, 1)
      on.steps.settle()
      assert.deepStrictEqual(ends, [ExitReason.threadLost("thread-1", "the test says so")])
      atZero(on)
    })))

  it.effect("comes at once when the thread is given up, or the actor belonged to the incarnation that died", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const [node, other] = on.nodes
      const exported = yield* other!.home.host.spawn(Speaker.protocol, "exported", undefined)
      const { ends } = watching(on, node!.remote(other!.addressOf(exported), Speaker.protocol))
      const kept = watching(on)
      on.steps.settle()
      on.part(0, 1)
      assert.deepStrictEqual(ends, [ExitReason.threadLost("thread-1", "the test says so")])
      assert.deepStrictEqual(kept.ends, [])
      node!.peerDown(1, "it was given up", true)
      assert.deepStrictEqual(kept.ends, [ExitReason.threadLost("thread-1", "it was given up")])
      assert.deepStrictEqual(watching(on).ends, kept.ends)
    })))

  it.effect("is what the thread had said before it died", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const { ends } = watching(on)
      on.steps.settle()
      on.speaker.stop(ExitReason.normal)
      // Visible, and not read.
      on.nodes[1]!.flush()
      on.part(0, 1)
      assert.deepStrictEqual(ends, [ExitReason.normal])
    })))

  it.effect("is kept back as long as what the actor holds is not released, whatever else is known of it", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const { ends } = watching(on)
      on.steps.settle()
      // As the main thread does when it has an actor stopped.
      on.far.closed(ExitReason.scopeClosed, undefined)
      const other = yield* on.spawn(1, Speaker.protocol, "other")
      other.seenFrom(0).closed(ExitReason.scopeClosed, undefined)
      const late = watching(on, other.seenFrom(0))
      on.steps.settle()
      assert.deepStrictEqual([...ends, ...late.ends], [])
      on.speaker.stop(ExitReason.scopeClosed)
      other.cell.stop(ExitReason.scopeClosed)
      on.steps.settle()
      assert.deepStrictEqual([...ends, ...late.ends], [ExitReason.scopeClosed, ExitReason.scopeClosed])
    })))

  it.effect("is not told any more once nobody waits, wherever it is", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const early = watching(on)
      early.stop()
      on.steps.settle()
      atZero(on)
      const late = watching(on)
      on.logger.tell(WATCH, undefined, undefined)
      on.steps.settle()
      on.speaker.stop(ExitReason.normal)
      on.nodes[1]!.flush()
      late.stop()
      on.logger.tell(UNWATCH, undefined, undefined)
      on.steps.settle()
      assert.deepStrictEqual([...early.ends, ...late.ends, ...on.log], [])
      atZero(on)
    })))

  it.effect("is told where nobody can read why it came, and the record is reported", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const { ends } = watching(on)
      on.steps.settle()
      const { links } = on.nodes[1] as unknown as { readonly links: ReadonlyArray<Pick<Link, "outbound">> }
      const damaged = new Uint8Array(8)
      new Uint32Array(damaged.buffer)[0] = 1
      links[0]!.outbound.data.record(Envelope.typeOf(Envelope.DOWN, 0, 0), damaged, true)
      on.steps.settle()
      assert.deepStrictEqual(ends, [ExitReason.forgotten])
      assert.lengthOf(on.errors, 1)
      on.speaker.stop(ExitReason.normal)
      on.steps.settle()
      assert.lengthOf(ends, 1)
    })))

  it.effect("ends who is linked to an actor on a thread that is given up", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const ends: Array<ExitReason.ExitReason> = []
      on.logger.whenStopped((reason) => void ends.push(reason))
      on.logger.tell(LINK, undefined, undefined)
      on.steps.settle()
      on.part(0, 1)
      on.steps.settle()
      assert.deepStrictEqual(ends, [])
      on.nodes[0]!.peerDown(1, "it was given up", true)
      yield* Effect.yieldNow
      on.steps.settle()
      assert.deepStrictEqual(ends, [
        ExitReason.linked("Speaker/speaker", ExitReason.threadLost("thread-1", "it was given up"))
      ])
    })))

  it.effect("ends who was linked to by an actor that fails, or whose thread is given up", () =>
    quietly(Effect.gen(function*() {
      for (const isLost of [false, true]) {
        const on = yield* setUp()
        const ends: Array<ExitReason.ExitReason> = []
        on.speaker.whenStopped((reason) => void ends.push(reason))
        on.logger.tell(LINK, undefined, undefined)
        on.steps.settle()
        if (isLost) on.nodes[1]!.peerDown(0, "it was given up", true)
        else on.logger.host.stop(on.logger, ExitReason.killed, 0)
        yield* Effect.yieldNow
        on.steps.settle()
        const why = isLost ? ExitReason.threadLost("thread-0", "it was given up") : ExitReason.killed
        assert.deepStrictEqual(ends, [ExitReason.linked("Log/log", why)])
        if (!isLost) atZero(on)
      }
    })))

  it.effect("links who is on a thread that is down once that is up again", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      on.part(0, 1)
      on.steps.settle()
      on.logger.tell(LINK, undefined, undefined)
      on.steps.settle()
      on.join(0, 1)
      on.steps.settle()
      on.logger.host.stop(on.logger, ExitReason.killed, 0)
      yield* Effect.yieldNow
      on.steps.settle()
      assert.deepStrictEqual(on.speaker.reason, ExitReason.linked("Log/log", ExitReason.killed))
      atZero(on)
    })))

  it.effect("links who is on a thread that is down, also when the one that has linked itself to it has failed by the time that is up", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      on.part(0, 1)
      on.logger.tell(LINK, undefined, undefined)
      on.steps.settle()
      on.logger.host.stop(on.logger, ExitReason.killed, 0)
      yield* Effect.yieldNow
      on.join(0, 1)
      on.steps.settle()
      assert.deepStrictEqual(on.speaker.reason, ExitReason.linked("Log/log", ExitReason.killed))
      atZero(on)
    })))

  it.effect("spares who is linked to by very many that end as they were told, before that is heard of", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const many = yield* Effect.forEach(
        Array.from({ length: 300 }, (_, i) => `${i}`),
        (key) => on.spawn(0, Log.protocol, key)
      )
      for (const { cell } of many) cell.askUnsafe(LINK, undefined, Infinity, () => {})
      for (const { cell } of many) cell.stop(ExitReason.scopeClosed)
      yield* Effect.yieldNow
      on.steps.settle()
      assert.isFalse(on.speaker.hasStopped, ExitReason.render(on.speaker.reason))
      atZero(on)
    })))

  it.effect("links who has a name as long as anybody likes", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const { cell } = yield* on.spawn(0, Log.protocol, "\u4e16".repeat(10_000))
      cell.tell(LINK, undefined, undefined)
      on.steps.settle()
      cell.host.stop(cell, ExitReason.killed, 0)
      yield* Effect.yieldNow
      on.steps.settle()
      assert.strictEqual(on.speaker.reason._tag, "Linked")
      atZero(on)
    })))

  it.effect("leaves nothing behind on a thread that is watched from one that has died", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      watching(on)
      on.steps.settle()
      assert.strictEqual(on.speaker.rare!.onStop?.size, 2)
      on.part(0, 1)
      assert.strictEqual(on.speaker.rare!.onStop?.size, 1)
    })))

  it.effect("may come from anybody's code that throws, and is told to all others", () =>
    quietly(Effect.gen(function*() {
      const on = yield* setUp()
      const before = watching(on)
      on.far.whenStopped(() => {
        throw new Error("not me")
      })
      const after = watching(on)
      on.steps.settle()
      on.speaker.stop(ExitReason.normal)
      on.steps.settle()
      assert.deepStrictEqual([...before.ends, ...after.ends], [ExitReason.normal, ExitReason.normal])
      assert.deepStrictEqual(on.errors, [])
      atZero(on)
    })))
})

interface Entry {
  readonly stop: () => void
  ends: number
  isStopped: boolean
}

const storm = (seed: number) =>
  Effect.gen(function*() {
    const random = seeded(seed)
    const threads = 3
    const on = yield* setUp(threads)
    const actors = [
      { thread: 1, cell: on.speaker, seenFrom: on.seenFrom },
      ...(yield* Effect.forEach(
        [0, 1, 2, 2],
        (thread, i) => Effect.map(on.spawn(thread, Speaker.protocol, `s${i}`), (made) => ({ thread, ...made }))
      ))
    ]
    const entries: Array<Entry> = []
    const watch = () => {
      const actor = actors[random(actors.length)]!
      const far = actor.seenFrom((actor.thread + 1 + random(threads - 1)) % threads)
      const entry: Entry = { stop: () => far.unwatch(told), ends: 0, isStopped: false }
      const told = () => {
        if (entry.isStopped) throw new Error("it was told after it had stopped waiting")
        entry.ends++
        // Who is told may watch others.
        if (random(4) === 0) watch()
      }
      entries.push(entry)
      far.whenStopped(told)
    }
    const giveUp = () => {
      const entry = entries[random(entries.length)]
      if (entry === undefined || entry.ends > 0) return
      entry.isStopped = true
      entry.stop()
    }
    for (let i = 0; i < 150; i++) {
      const [a, b] = [random(threads), random(threads)]
      switch (random(8)) {
        case 0:
        case 1:
          watch()
          break
        case 2:
          giveUp()
          break
        case 3:
          if (random(8) === 0) actors[random(actors.length)]!.cell.stop(ExitReason.normal)
          break
        case 4:
          if (a === b || random(3) > 0) break
          on.part(a, b)
          for (let steps = random(20); steps > 0; steps--) on.steps.step(random(threads))
          on.join(a, b)
          break
        default:
          for (let steps = random(20); steps > 0; steps--) on.steps.step(random(threads))
      }
    }
    for (const { cell } of actors) cell.stop(ExitReason.normal)
    on.steps.settle()
    const open = entries.filter(({ ends, isStopped }) => ends !== (isStopped ? 0 : 1))
    assert.deepStrictEqual(open, [], `seed ${seed}: some were not told exactly once`)
    for (const node of on.nodes) assert.deepStrictEqual(accounts(node), ZERO, `seed ${seed}`)
    for (const node of on.nodes) assert.strictEqual(numbers(node).used, 0, `seed ${seed}`)
    assert.deepStrictEqual(on.errors, [], `seed ${seed}`)
  })

describe("a storm of watches", () => {
  it.effect("tells everybody exactly once, whoever ends, parts and gives up meanwhile", () =>
    Effect.forEach(
      Array.from({ length: tries(300) }, (_, seed) => seed),
      // Threads that go step by step are set up in one go.
      (seed) => Effect.andThen(Effect.yieldNow, quietly(storm(seed))),
      { discard: true }
    ), 60_000)
})
