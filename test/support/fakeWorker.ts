/**
 * A worker without a thread: it speaks the control protocol from a script, in microtasks, and beats when told to.
 *
 * With it `Thread.make` runs under `TestClock`: nothing here needs real time, and no event comes before the caller
 * of `postMessage` or `terminate` has returned, as with a real worker.
 */
import { EventEmitter } from "node:events"
import * as Protocol from "../../src/thread/internal/protocol.ts"
import type { SpawnedWorker } from "../../src/thread/SpawnedWorker.ts"

/** What the fake does by itself; the defaults are those of a healthy worker. */
export interface FakeScript {
  /** What it does with the bootstrap: become ready, run a setup that hangs, or never call the entry. */
  readonly start?: "ready" | "setupHangs" | "neverCalled" | undefined
  /** Whether it says that it is loaded, when it is kept in reserve. */
  readonly load?: "loads" | "hangs" | undefined
  /** The payload of its ready message. */
  readonly ready?: unknown
  /** Whether a stop request makes it leave. */
  readonly stop?: "leaves" | "ignores" | undefined
  /** Whether `terminate()` leads to an exit event. */
  readonly terminate?: "exits" | "hangs" | undefined
  /** How long its event loop has had nothing to do, where that is seen. */
  readonly rested?: (() => number) | undefined
  /** Receives the messages of the layer above. */
  readonly onMessage?: ((message: unknown, worker: FakeWorker) => void) | undefined
}

/** The stand-in; `log` holds what its parent did to it, in order. */
export class FakeWorker implements SpawnedWorker {
  threadId: number
  readonly script: FakeScript
  readonly performance: SpawnedWorker["performance"]
  readonly log: Array<string> = []
  readonly received: Array<unknown> = []
  bootstrap: Protocol.Bootstrap | undefined = undefined
  gone = false
  readonly #events = new EventEmitter()
  static #nextId = 1000

  constructor(script: FakeScript = {}) {
    this.script = script
    const { rested } = script
    this.performance = rested === undefined ? undefined : { eventLoopUtilization: () => ({ idle: rested() }) }
    this.threadId = FakeWorker.#nextId++
  }

  on(event: string, listener: (value: any) => void): this {
    this.log.push(`on ${event}`)
    this.#events.on(event, listener)
    return this
  }

  postMessage(raw: unknown): void {
    // As a real port does: what cannot be cloned throws in the caller. Shared memory stays shared.
    const message = Protocol.toWorker(structuredClone(raw))
    if (message === undefined || this.gone) return
    this.log.push(`post ${message.type}`)
    queueMicrotask(() => this.#receive(message))
  }

  terminate(): Promise<number> {
    this.log.push("terminate")
    if (this.script.terminate !== "hangs") queueMicrotask(() => this.exit(1))
    return new Promise((resolve) => this.#events.once("exit", resolve))
  }

  /** One beat of its event loop. */
  beat(): void {
    if (this.bootstrap !== undefined) Protocol.beat(new Int32Array(this.bootstrap.heartbeat))
  }

  /** The turn that its loop shows. */
  turn(word: number): void {
    if (this.bootstrap !== undefined) Atomics.store(new Int32Array(this.bootstrap.heartbeat), Protocol.turnCell, word)
  }

  /** Sends a raw message to the parent. */
  send(message: unknown): void {
    if (!this.gone) this.#events.emit("message", message)
  }

  /** Sends a message of the layer above. */
  say(message: unknown): void {
    this.send(Protocol.user(message))
  }

  /** An uncaught error: the error event, then the exit. */
  crash(error: unknown): void {
    this.error(error)
    this.exit(1)
  }

  /** The error event alone. */
  error(error: unknown): void {
    if (!this.gone) this.#events.emit("error", error)
  }

  /** A message that could not be deserialised. */
  messageError(error: unknown): void {
    this.#events.emit("messageerror", error)
  }

  /** The exit event. */
  exit(code: number): void {
    if (this.gone) return
    this.gone = true
    this.threadId = -1
    this.#events.emit("exit", code)
  }

  #receive(message: Protocol.ToWorker): void {
    if (this.gone) return
    switch (message.type) {
      case "prepare":
        if (this.script.load !== "hangs") this.send(Protocol.loaded)
        return
      case "bootstrap":
        return this.#start(message)
      case "stop":
        if (this.script.stop === "ignores") return
        this.send(Protocol.stopped)
        return this.exit(0)
      case "probe":
        // It beats when the test says so.
        return
      case "user":
        this.received.push(message.message)
        this.script.onMessage?.(message.message, this)
    }
  }

  #start(message: Protocol.Bootstrap): void {
    if (this.script.start === "neverCalled") return
    this.bootstrap = message
    this.beat()
    this.send(Protocol.begun)
    if (this.script.start !== "setupHangs") this.send(Protocol.ready(this.script.ready))
  }
}
