/**
 * What a thread says to all threads of the process that listen.
 *
 * Shared memory cannot be put into shared memory: what a thread has to be given besides the bytes of a message it is given here. What was
 * said before a word of shared memory was written is found by {@link Broadcast.poll} on every thread that has listened by then and sees the
 * word; others hear nothing of it and have to ask.
 *
 * It keeps no thread alive, and nothing is opened before somebody speaks or listens.
 */
import { randomInt } from "node:crypto"
import { BroadcastChannel, type MessagePort, receiveMessageOnPort, threadId } from "node:worker_threads"
import { type Piece, piece, type ThreadContext } from "../../runtime/ThreadContext.ts"
import { thread } from "./CurrentThread.ts"

// Timers that somebody fakes for a moment decide nothing here.
const { setTimeout } = globalThis

interface Said {
  readonly topic: string
  readonly message: unknown
}

/** The topic under which the number of a thread is told that has exited. */
export const EXIT = "exit"

const CHANNEL = "shared-nothing"

// Numbers of real threads are small.
const SIMULATED = 2 ** 24

/** The number of a real thread. */
export const numberOf = (threadId: number): number => threadId + 1

// What Node's types do not say: a broadcast channel is a port here.
const heard = (port: BroadcastChannel): { readonly message: unknown } | undefined =>
  receiveMessageOnPort(port as unknown as MessagePort)

/** See the module. */
export interface Broadcast {
  /** Tells this thread from all others of the process; above 0. */
  readonly number: number
  /** A number that nothing else in this process has. */
  unique(): number
  /** Says something to all threads, this one included. */
  say(topic: string, message: unknown): void
  /** Hears what is said from now on, until what it answers is called. */
  listen(topic: string, listener: (message: unknown) => void): () => void
  /** Hears now what has been said. */
  poll(): void
  /** Runs `run` after a time, unless the thread has ended by then. */
  after(millis: number, run: () => void): void
}

/** Who hears what on a thread. */
export class Listeners {
  readonly #all = new Map<string, ReadonlyArray<(message: unknown) => void>>()

  add(topic: string, listener: (message: unknown) => void): () => void {
    this.#all.set(topic, [...this.#all.get(topic) ?? [], listener])
    return () => void this.#all.set(topic, (this.#all.get(topic) ?? []).filter((other) => other !== listener))
  }

  hear(topic: string, message: unknown): void {
    for (const listener of this.#all.get(topic) ?? []) listener(message)
  }
}

/** That of a real thread. */
class PortBroadcast implements Broadcast {
  readonly number: number
  readonly #listeners = new Listeners()
  #port: BroadcastChannel | undefined = undefined

  constructor(number: number) {
    this.number = number
  }

  #open(): BroadcastChannel {
    if (this.#port !== undefined) return this.#port
    const port = new BroadcastChannel(CHANNEL)
    // Node's types know the event by its name only.
    port.addEventListener("message", (event) => this.#hear((event as unknown as { readonly data: Said }).data))
    port.unref()
    this.#port = port
    return port
  }

  #hear({ message, topic }: Said): void {
    this.#listeners.hear(topic, message)
  }

  unique(): number {
    return randomInt(1, 2 ** 47)
  }

  say(topic: string, message: unknown): void {
    this.#open().postMessage({ topic, message })
    this.#hear({ topic, message })
  }

  listen(topic: string, listener: (message: unknown) => void): () => void {
    this.#open()
    return this.#listeners.add(topic, listener)
  }

  poll(): void {
    const port = this.#open()
    for (let said = heard(port); said !== undefined; said = heard(port)) {
      this.#hear(said.message as Said)
    }
  }

  after(millis: number, run: () => void): void {
    setTimeout(run, millis).unref()
  }
}

/** The voice of each thread; a simulated one is given its own. */
export const broadcasts: Piece<Broadcast> = piece((context): Broadcast =>
  new PortBroadcast(context === thread ? numberOf(threadId) : randomInt(SIMULATED, 2 ** 31 - 1))
)

/** The voice of a thread. */
export const broadcastOf = (context: ThreadContext): Broadcast => context.get(broadcasts)
