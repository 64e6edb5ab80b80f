/**
 * A thread that plays: it runs the real modules, but each atomic operation on the memory of the program may be the last one of its turn.
 *
 * Every operation of `Atomics` is counted. When the turn is used up the thread stands still in front of the next one, with everything on its
 * stack, until it gets another turn, or dies there. What it waits for asynchronously is waited for in the words of the conductor.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Scheduler from "effect/Scheduler"
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { parentPort, workerData } from "node:worker_threads"
import type { Runtime } from "../../../src/runtime/Runtime.ts"
import { ThreadContext } from "../../../src/runtime/ThreadContext.ts"
import { BLOCKED, Control, DEAD, DIE, DONE, FAILED, LEAVE, operations, PAUSED, SPINNING } from "./control.ts"
import type { Load, Mutation, Play } from "./program.ts"

interface Start {
  readonly control: SharedArrayBuffer
  readonly player: number
}

/** What the conductor tells a player about the program that comes next. */
export interface Assignment {
  readonly program: number
  readonly role: number
  readonly memory: ReadonlyArray<SharedArrayBuffer>
  readonly mutations: ReadonlyArray<Mutation>
  readonly copy: number
}

const { control: controlSab, player } = workerData as Start
const control = new Control(controlSab)

// ---- the modules of a broken copy

const query = "?copy="
const root = new URL("../../../src/", import.meta.url).href
const copies = new Map<number, ReadonlyArray<Mutation>>()

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context)
    const at = context.parentURL?.indexOf(query) ?? -1
    if (at < 0 || resolved.url.includes(query) || !resolved.url.startsWith(root)) return resolved
    return { ...resolved, url: resolved.url + context.parentURL!.slice(at) }
  },
  load: (url, context, next) => {
    const at = url.indexOf(query)
    if (at < 0) return next(url, context)
    const file = new URL(url.slice(0, at))
    const name = file.href.slice(root.length).replace(/\.ts$/, "")
    const own = copies.get(Number(url.slice(at + query.length)))!.filter(({ module }) => module === name)
    if (own.length === 0) return next(url, context)
    let text = readFileSync(file, "utf8")
    for (const { find, replace } of own) {
      if (text.split(find).length !== 2) throw new Error(`${name}.ts has not one place to mutate: ${find}`)
      text = text.replace(find, () => replace)
    }
    return { format: "module-typescript", shortCircuit: true, source: text }
  }
})

// ---- operations

/** What a thread that dies throws, and whatever of it goes on. */
class Died extends Error {}

const real = Object.fromEntries(operations.map((name) => [name, Atomics[name]])) as unknown as Pick<
  typeof Atomics,
  typeof operations[number]
>

let buffers: ReadonlyArray<SharedArrayBuffer> = []
let budget = 0
let steps = 0
/** Tasks in one turn after which a thread is taken to look for something again and again, and those that it has done. */
const MANY_TASKS = 40
let done = 0
let isPlaying = false
let isDead = false
/** The program is over, in the middle of a schedule that has failed. */
let hasLeft = false
/** The memory at the moment of the death: what unwinding the stack does to it is undone. */
let legacy: ReadonlyArray<Uint8Array> = []

const awaitTurn = (): void => {
  control.awaitTurn(player, turns)
  budget = control.budget(player)
  steps = 0
  done = 0
  if (control.command(player) === DIE) die()
  if (control.command(player) === LEAVE) {
    isDead = true
    hasLeft = true
    throw new Died()
  }
}

const die = (): never => {
  legacy = buffers.map((buffer) => new Uint8Array(buffer).slice())
  isDead = true
  throw new Died()
}

/** The turns that this player has had, when it last gave one back. */
let turns = 0

const giveBack = (state: number): void => {
  // Looked up before: the conductor may be quick.
  turns = control.turns(player)
  control.yield(player, state, steps)
}

const handOver = (state: number): void => {
  giveBack(state)
  awaitTurn()
}

/** Who died inside of something that catches everything has died all the same. */
const ifAlive = (): void => {
  if (isDead) throw new Died()
}

/** The buffer of the program that an operation is on; -1 for memory of the thread's own. */
const stepOn = (cells: Int32Array): number => {
  if (!isPlaying) return -1
  ifAlive()
  const buffer = buffers.indexOf(cells.buffer as SharedArrayBuffer)
  if (buffer >= 0) {
    if (steps >= budget) handOver(PAUSED)
    steps++
  }
  return buffer
}

const wakeUps = new Map<number, () => void>()

type Operation = (cells: Int32Array, index: number, ...rest: ReadonlyArray<number>) => number

for (const [number, name] of operations.entries()) {
  const perform = real[name] as unknown as Operation
  const gated: Operation = (cells, index, ...rest) => {
    const buffer = stepOn(cells)
    if (buffer < 0) return perform(cells, index, ...rest)
    const at = cells.byteOffset + index * 4
    const answer = name === "notify"
      ? control.notify(steps, buffer, at, rest[0] ?? Infinity)
      : perform(cells, index, ...rest)
    control.trace(player, number, buffer, at >> 2, answer)
    return answer
  }
  const waitAsync = (cells: Int32Array, index: number, expected: number): unknown => {
    const buffer = stepOn(cells)
    if (buffer < 0) throw new Error("waits in memory that is not of the program")
    const isWaiting = real.load(cells, index) === expected
    control.trace(player, number, buffer, (cells.byteOffset >> 2) + index, isWaiting ? 1 : 0)
    if (!isWaiting) return { async: false, value: "not-equal" }
    const wait = control.beginWait(player, buffer, cells.byteOffset + index * 4)
    // oxlint-disable-next-line unicorn/no-thenable -- in place of a promise, which would need the event loop
    return { async: true, value: { then: (wake: () => void) => void wakeUps.set(wait, wake) } }
  }
  Reflect.set(Atomics, name, name === "waitAsync" ? waitAsync : gated)
}

// ---- the event loop

let clock = 0
const tasks: Array<() => void> = []
const microtasks: Array<() => void> = []

const runtime: Runtime = {
  // Whoever looks at the clock again and again finds that time goes by: what yields to others comes to park.
  nowMillis: () => clock += 0.2,
  immediate: (run) => void tasks.push(run),
  after: (_millis, run) => void tasks.push(run),
  microtask: (run) => void microtasks.push(run),
  detached: (run) => run(),
  holder: () => () => {},
  mayBlock: false,
  waitAsync: () => {
    throw new Error("no end waits like this")
  }
}

const scheduler = new Scheduler.MixedScheduler("async", (run) => {
  tasks.push(run)
  return () => void tasks.splice(tasks.indexOf(run) >>> 0, 1)
})

/** Runs one thing that is due; whether there was one. */
const turn = (): boolean => {
  if (++done > MANY_TASKS) handOver(SPINNING)
  const next = microtasks.shift() ?? tasks.shift()
  if (next === undefined) {
    const wait = control.takeWoken(player)
    if (wait < 0) return false
    wakeUps.get(wait)?.()
  } else next()
  ifAlive()
  return true
}

const runUntil = (isOver: () => boolean): void => {
  while (!isOver()) if (!turn()) handOver(BLOCKED)
  // What is left of the task and its microtasks: nobody else has to be waited for.
  while (microtasks.length > 0) turn()
}

const run = <A, E>(effect: Effect.Effect<A, E>): Exit.Exit<A, E> => {
  let exit: Exit.Exit<A, E> | undefined
  const fiber = Effect.runFork(effect, { scheduler })
  fiber.addObserver((ended) => {
    exit = ended
  })
  runUntil(() => exit !== undefined)
  ifAlive()
  return exit!
}

const note = (value: number): void => {
  ifAlive()
  control.note(player, value)
}

const until = (isSo: () => boolean): void => {
  while (!isSo()) handOver(SPINNING)
}

// ---- the player

const begin = (play: Play, role: number, load: Load): void => {
  for (const queue of [tasks, microtasks]) queue.length = 0
  wakeUps.clear()
  clock = 0
  done = 0
  isDead = false
  const thread = new ThreadContext(runtime)
  try {
    isPlaying = true
    play.roles[role]!.body({ load, thread, run, until, note })
    // Polls that nobody waits for any more, and what is shown at the end of the task.
    while (tasks.length + microtasks.length > 0) turn()
    isPlaying = false
    giveBack(DONE)
  } catch (error) {
    isPlaying = false
    if (hasLeft) return
    if (isDead) {
      for (const [i, bytes] of legacy.entries()) new Uint8Array(buffers[i]!).set(bytes)
      control.bury(player)
      giveBack(DEAD)
      return
    }
    control.say(error instanceof Error ? error.stack ?? error.message : String(error))
    giveBack(FAILED)
  }
}

const loader = (copy: number): Load => async <M>(module: string): Promise<M> =>
  await import(new URL(`${module}.ts`, root).href + (copy === 0 ? "" : `${query}${copy}`)) as M

parentPort!.on("message", (assignment: Assignment) => void perform(assignment))

const perform = async ({ copy, memory, mutations, program, role }: Assignment): Promise<void> => {
  copies.set(copy, mutations)
  const { programs } = await import("./programs.ts")
  const modules = loader(copy)
  const play = await programs[program]!.play(modules, memory)
  buffers = memory
  hasLeft = false
  turns = control.turns(player)
  parentPort!.postMessage("ready")
  for (;;) {
    control.awaitTurn(player, turns)
    if (control.command(player) === LEAVE) return
    budget = control.budget(player)
    steps = 0
    begin(play, role, modules)
    if (hasLeft) return
  }
}
