/**
 * Several threads in one: nodes with rings between them, over a runtime that goes on only when the test says so.
 *
 * Each step is one callback of one thread, chosen by the test; time stands still until it is moved. So every order in which
 * threads can run is within reach, and a failing one is found again by its seed.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scheduler from "effect/Scheduler"
import * as TestClock from "effect/testing/TestClock"
import { ActorSystem } from "shared-nothing"
import type { Cell } from "../../src/actor/kernel/Cell.ts"
import type { Protocol } from "../../src/actor/kernel/Protocol.ts"
import { Node, type Rings } from "../../src/link/kernel/Node.ts"
import type { RemoteRecipient } from "../../src/link/kernel/RemoteRecipient.ts"
import * as Doorbell from "../../src/memory/Doorbell.ts"
import * as ReadySet from "../../src/memory/ReadySet.ts"
import type { Runtime } from "../../src/runtime/Runtime.ts"
import { ThreadContext } from "../../src/runtime/ThreadContext.ts"
import { makeHost, systemOf } from "../../src/system/internal/host.ts"
import { CurrentThread } from "../../src/thread/kernel/CurrentThread.ts"
import * as System from "../fixtures/system.ts"

type Callback = () => void

interface Wait {
  readonly words: Int32Array
  readonly cell: number
  readonly expected: number
  readonly rung: Callback
}

/** What the threads of a stage have to do, one callback at a time. */
export class Steps {
  now = 0
  /** Whose async context code runs in: that of nobody, unless a test says that it is somebody. */
  context = "nobody"
  private isReleased = false
  private readonly threads: Array<{ readonly ready: Array<Callback>; wait: Wait | undefined }> = []
  private readonly micro: Array<Callback> = []

  /** The runtime of another thread. */
  runtime(): Runtime {
    const thread = { ready: [] as Array<Callback>, wait: undefined as Wait | undefined }
    this.threads.push(thread)
    return {
      nowMillis: () => this.now,
      immediate: (run) => void (this.isReleased ? setImmediate(run) : thread.ready.push(run)),
      after: (_millis, run) => void (this.isReleased ? setImmediate(run) : thread.ready.push(run)),
      microtask: (run) => void (this.isReleased ? queueMicrotask(run) : this.micro.push(run)),
      detached: (run) => this.as("nobody", run),
      holder: () => () => {},
      mayBlock: false,
      waitAsync: (words, cell, expected, rung) => {
        if (Atomics.load(words, cell) !== expected) return false
        thread.wait = { words, cell, expected, rung }
        return true
      }
    }
  }

  private rung(): void {
    for (const thread of this.threads) {
      const { wait } = thread
      if (wait === undefined || Atomics.load(wait.words, wait.cell) === wait.expected) continue
      thread.wait = undefined
      thread.ready.push(wait.rung)
    }
  }

  /** The threads that have something to do. */
  awake(): ReadonlyArray<number> {
    this.rung()
    return this.threads.flatMap(({ ready }, index) => ready.length > 0 ? [index] : [])
  }

  /** Runs the next callback of a thread, if it has one. */
  step(thread: number): void {
    this.flush()
    this.rung()
    this.threads[thread]!.ready.shift()?.()
    this.flush()
  }

  /** Runs all that a thread has to do by now, as one turn of its event loop does; answers how long that has taken. */
  round(thread: number): number {
    this.rung()
    const before = this.now
    for (let left = this.threads[thread]!.ready.length; left > 0; left--) this.step(thread)
    return this.now - before
  }

  /** Runs `run` in the async context of somebody. */
  as(context: string, run: Callback): void {
    const before = this.context
    this.context = context
    run()
    this.context = before
  }

  private flush(): void {
    while (this.micro.length > 0) this.micro.shift()!()
  }

  /** Lets everything go on by itself, so that a test that has failed comes to its end. */
  release(): void {
    this.isReleased = true
    this.flush()
    for (const { ready } of this.threads) for (const run of ready.splice(0)) setImmediate(run)
  }

  /** Runs all threads in turn until none has anything to do. */
  settle(): void {
    this.flush()
    for (let rounds = 0; rounds < 10_000; rounds++) {
      const awake = this.awake()
      if (awake.length === 0) return
      for (const thread of awake) this.step(thread)
      // A loop that looks on without traffic parks when time goes by.
      this.now += 0.05
    }
    throw new Error("the threads do not come to rest")
  }
}

/** How a stage is set. */
export interface StageOptions {
  readonly threads?: number
  readonly ringBytes?: number
  readonly maxSlots?: number
  readonly system?: number
  /** Whether threads look only at the rings of those that have said something, as in a system of many. */
  readonly areMany?: boolean
  readonly behaviours?: Layer.Layer<never, never, ActorSystem.ActorSystem>
}

/** Nodes of one system, all links up. */
export const stage = (options: StageOptions = {}) =>
  Effect.gen(function*() {
    const { areMany = false, behaviours = System.Behaviours, maxSlots, ringBytes = 4096, system = 7, threads = 2 } =
      options
    const steps = new Steps()
    const scope = yield* Effect.scope
    const doorbells = Doorbell.create(threads)
    const ready = areMany ? ReadySet.create(threads, threads) : undefined
    const errors: Array<unknown> = []
    const names = Array.from({ length: threads }, (_, index) => `thread-${index}`)
    const nodes: Array<Node> = []
    /** The incarnation in which two threads know each other. */
    let epochs: Record<string, number> = {}
    const epochOf = (a: number, b: number): number => epochs[`${Math.min(a, b)}-${Math.max(a, b)}`] ?? 1
    for (let index = 0; index < threads; index++) {
      const runtime = steps.runtime()
      const scheduler = new Scheduler.MixedScheduler("async", (run) => {
        let isCancelled = false
        runtime.immediate(() => isCancelled ? undefined : run())
        return () => {
          isCancelled = true
        }
      })
      const host = yield* makeHost.pipe(
        Effect.provideService(Scheduler.Scheduler, scheduler),
        Effect.provideService(CurrentThread, new ThreadContext(runtime))
      )
      const node: Node = new Node(host, {
        system,
        index,
        epoch: 1,
        names,
        doorbells,
        ready,
        ringBytes,
        maxSpins: 0,
        maxSlots,
        runtime,
        connect: (to, _epoch, rings: Rings) => {
          nodes[to]!.accept(index, epochOf(index, to), rings)
        },
        malformed: (_thread, error) => errors.push(error),
        failed: (error) => errors.push(error),
        afterEnd: (then) => then()
      })
      nodes.push(node)
      yield* Effect.addFinalizer(() => Effect.sync(() => node.close()))
      yield* Layer.buildWithScope(behaviours, scope).pipe(
        Effect.provideService(ActorSystem.ActorSystem, systemOf(host)),
        Effect.provideService(Scheduler.Scheduler, scheduler)
      )
    }
    for (const [here, node] of nodes.entries()) {
      for (const there of nodes.keys()) if (there !== here) node.peerUp(there, 1)
    }
    yield* Effect.addFinalizer(() => Effect.sync(() => steps.release()))
    let numbers = 0
    /** Spawns on a thread and gives it an address. */
    const spawn = (thread: number, protocol: Protocol, key: string) =>
      Effect.gen(function*() {
        const node = nodes[thread]!
        const cell: Cell = yield* node.home.host.spawn(protocol, key, undefined)
        const actor = ++numbers
        node.place(cell, actor, 0)
        const address = node.address(thread, 0, actor, cell.behaviour, protocol.layoutHash, key)
        /** The actor as another thread sees it. */
        const seenFrom = (other: number): RemoteRecipient => nodes[other]!.remote(address, protocol)
        return { cell, seenFrom }
      })
    /** Lets time go by, for deadlines and for the threads. */
    const pass = (millis: number) =>
      Effect.suspend(() => {
        steps.now += millis
        return TestClock.adjust(millis)
      })
    /** Two threads lose each other: for each the other has died. */
    const part = (a: number, b: number): void => {
      nodes[a]!.peerDown(b, "the test says so", false)
      nodes[b]!.peerDown(a, "the test says so", false)
    }
    /** Two threads find each other again, each in another incarnation. */
    const join = (a: number, b: number): void => {
      epochs = { ...epochs, [`${Math.min(a, b)}-${Math.max(a, b)}`]: epochOf(a, b) + 1 }
      nodes[a]!.peerUp(b, epochOf(a, b))
      nodes[b]!.peerUp(a, epochOf(a, b))
    }
    return { nodes, steps, ready, errors, spawn, pass, part, join }
  })

export type Stage = Effect.Success<ReturnType<typeof stage>>

/** Nothing is open. */
export const ZERO = {
  asks: 0,
  answering: 0,
  interrupted: 0,
  queued: 0,
  owed: 0,
  starved: 0,
  underway: 0,
  watched: 0,
  watching: 0,
  depth: 0
}

/** What is open on the links of a node: everything is 0 once all is settled. */
export const accounts = (node: Node) => {
  const inside = node as unknown as {
    readonly links: ReadonlyArray<{
      readonly outbound: {
        readonly pendingAsks: number
        readonly slots: ReadonlyArray<unknown>
        readonly starved: Set<unknown>
        readonly underway: { readonly size: number }
        readonly watched: { readonly size: number }
      }
      readonly inbound: {
        readonly asks: ReadonlyArray<unknown>
        readonly interrupted: Set<number>
        readonly owing: ReadonlyArray<unknown>
        readonly watching: { readonly size: number }
        readonly bindings: ReadonlyArray<{ readonly queued: number; readonly owed: number } | undefined>
      }
    }>
  }
  const sum = (of: (link: typeof inside.links[number]) => number) => inside.links.reduce((n, link) => n + of(link), 0)
  const recipients = node.home.remotes.all
  return {
    asks: sum(({ outbound }) => outbound.pendingAsks),
    answering: sum(({ inbound }) => inbound.asks.filter((ask) => ask !== undefined).length),
    interrupted: sum(({ inbound }) => inbound.interrupted.size),
    queued: sum(({ inbound }) => inbound.bindings.reduce((n, binding) => n + (binding?.queued ?? 0), 0)),
    owed: sum(({ inbound }) => inbound.bindings.reduce((n, binding) => n + (binding?.owed ?? 0), 0)),
    starved: sum(({ outbound }) => outbound.starved.size),
    underway: sum(({ outbound }) => outbound.underway.size),
    watched: sum(({ outbound }) => outbound.watched.size),
    watching: sum(({ inbound }) => inbound.watching.size),
    depth: recipients.reduce((n, recipient) => n + Math.abs(recipient.depth()), 0)
  }
}

/** Numbers that stand for somebody on a node. */
export const numbers = (node: Node) => {
  const inside = node as unknown as {
    readonly links: ReadonlyArray<{
      readonly outbound: { readonly slots: ReadonlyArray<unknown>; readonly pending: ReadonlyArray<unknown> }
      readonly inbound: { readonly bindings: ReadonlyArray<unknown> }
    }>
  }
  return {
    slots: inside.links.reduce((n, { outbound }) => n + outbound.slots.length, 0),
    used: inside.links.reduce((n, { outbound }) => n + outbound.slots.filter((slot) => slot !== undefined).length, 0),
    asks: inside.links.reduce((n, { outbound }) => n + outbound.pending.length, 0),
    origins: node.home.host.origins.size
  }
}
