/**
 * What code under test may not use in a run, because it comes from outside of it: real time, real chance, real timers, waiting
 * that blocks the thread. While tasks of a run are under way these names answer from the run, and say who called them.
 *
 * They are put back before anything else of the process runs.
 */
import { Lane } from "./lane.ts"
import type { Stage } from "./stage.ts"

/** A use of something from outside. */
export interface Escape {
  readonly what: string
  readonly thread: string
  readonly stack: string
}

type Saved = Array<readonly [owner: object, key: string, descriptor: PropertyDescriptor | undefined]>

const realNotify = Atomics.notify
const realWaitAsync = Atomics.waitAsync
const RealDate = Date

// What Effect's own modules ask is asked on behalf of who called them; its default services are not in use here.
const isOurs = (stack: string): boolean =>
  !/[\\/]node_modules[\\/](effect|vitest|@vitest)[\\/]/.test(stack.split("\n", 1)[0]!)

/** See the module. */
export class Guards {
  declare private readonly stage: Stage
  declare readonly escapes: Array<Escape>
  declare private saved: Saved
  declare private timers: Map<number, ReturnType<Stage["world"]["at"]>>
  declare private handles: number
  constructor(stage: Stage) {
    this.stage = stage
    this.escapes = []
    this.saved = []
    this.timers = new Map()
    this.handles = 0
  }

  /** From here on the run answers. */
  enter(): void {
    const { stage } = this
    const { world } = stage
    const clock = () => this.thread.clock
    this.replace(Atomics, "notify", (words: Int32Array, cell: number, count = Infinity) => {
      stage.notified(words, cell, count)
      return realNotify(words, cell, count)
    })
    this.replace(
      Atomics,
      "waitAsync",
      (words: Int32Array, cell: number, expected: number, millis = Infinity) =>
        this.waitAsync(words, cell, expected, millis)
    )
    this.replace(Atomics, "wait", () => {
      this.note("Atomics.wait")
      throw new Error("Atomics.wait would block every thread of the simulation; wait with the event loop running")
    })
    const now = () => this.note("Date.now", clock().currentTimeMillisUnsafe())
    this.replace(
      globalThis,
      "Date",
      new Proxy(RealDate, {
        get: (target, key, receiver) => key === "now" ? now : Reflect.get(target, key, receiver),
        apply: () => new RealDate(this.note("Date", clock().currentTimeMillisUnsafe())).toString(),
        construct: (target, given, made) =>
          Reflect.construct(
            target,
            given.length > 0 ? given : [this.note("new Date", clock().currentTimeMillisUnsafe())],
            made
          ) as object
      })
    )
    this.replace(Math, "random", () => this.note("Math.random", world.oracle.stream("random").random.unit()))
    this.replace(crypto, "randomUUID", () => this.note("crypto.randomUUID", this.uuid()))
    this.replace(performance, "now", () => this.note("performance.now", world.now))
    this.replace(
      globalThis,
      "setTimeout",
      (run: () => void, millis = 0) => this.timer("setTimeout", run, millis, false)
    )
    this.replace(
      globalThis,
      "setInterval",
      (run: () => void, millis = 1) => this.timer("setInterval", run, millis, true)
    )
    this.replace(globalThis, "setImmediate", (run: () => void) => this.timer("setImmediate", run, 0, false))
    for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) {
      this.replace(globalThis, name, (handle: number) => this.clear(handle))
    }
    this.replace(process, "exit", (code = 0) => {
      const { currentWorker } = stage
      if (currentWorker === undefined) this.note("process.exit")
      else currentWorker.die(code)
      throw new Error("process.exit was called")
    })
    this.replace(globalThis, "fetch", () => {
      this.note("fetch")
      return Promise.reject(new Error("a simulation has no network"))
    })
  }

  /** Everything is as it was. */
  leave(): void {
    for (const [owner, key, descriptor] of this.saved.splice(0).reverse()) {
      if (descriptor === undefined) Reflect.deleteProperty(owner, key)
      else Object.defineProperty(owner, key, descriptor)
    }
  }

  private replace(owner: object, key: string, value: unknown): void {
    this.saved.push([owner, key, Object.getOwnPropertyDescriptor(owner, key)])
    Object.defineProperty(owner, key, { configurable: true, enumerable: false, writable: true, value })
  }

  private get thread() {
    return this.stage.current
  }

  private note<A>(what: string, answer?: A): A {
    const stack = (new Error(what).stack ?? "").split("\n").slice(1).filter((line) => !line.includes("guards.ts")).join(
      "\n"
    )
    if (isOurs(stack) && !this.escapes.some((escape) => escape.stack === stack)) {
      this.escapes.push({ what, thread: this.stage.world.current?.name ?? "-", stack })
      this.stage.world.log(`uses ${what}`)
    }
    return answer as A
  }

  private uuid(): string {
    const { random } = this.stage.oracle.stream("random")
    const digits = Array.from({ length: 4 }, () => random.next().toString(16).padStart(8, "0")).join("")
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${
      digits.slice(20)
    }`
  }

  private timer(what: string, run: () => void, millis: number, again: boolean): number {
    this.note(what)
    const { thread } = this
    const { world } = this.stage
    const handle = ++this.handles
    const lane = new Lane(thread, what)
    const start = () =>
      this.timers.set(
        handle,
        world.at(world.now + Math.max(again ? 1 : 0, millis), what, thread, () => {
          this.timers.delete(handle)
          world.add(lane, run)
          if (again) start()
        })
      )
    start()
    return handle
  }

  private clear(handle: number): void {
    const timer = this.timers.get(handle)
    if (timer === undefined) return
    this.timers.delete(handle)
    this.stage.world.timers.remove(timer)
  }

  // What the poller of a thread waits with: its promise is one of the run.
  private waitAsync(words: Int32Array, cell: number, expected: number, millis: number) {
    const { world } = this.stage
    const { current } = world
    if (current === undefined) return realWaitAsync(words, cell, expected, millis)
    let heard: ((value: "ok" | "timed-out") => void) | undefined
    let value: "ok" | "timed-out" = "ok"
    const lane = new Lane(current, "wake-up")
    const waiter = world.wait(current, words, cell, expected, () => heard?.(value))
    if (waiter === undefined) return { async: false, value: "not-equal" }
    if (Number.isFinite(millis)) {
      world.at(world.now + millis, "wait", current, () => {
        if (!world.waits.remove(waiter)) return
        value = "timed-out"
        world.add(lane, () => heard?.(value))
      })
    }
    return {
      async: true,
      value: {
        // oxlint-disable-next-line unicorn/no-thenable -- it stands for a promise of the engine
        then: (resolve: (value: "ok" | "timed-out") => void) => {
          heard = resolve
        }
      }
    }
  }
}
