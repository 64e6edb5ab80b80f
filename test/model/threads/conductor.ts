/**
 * Runs a program of real threads under every schedule up to so many preemptions: one thread at a time, which is stopped in front of an
 * atomic operation, or dies there.
 *
 * A schedule is a list of turns: who plays, and for how many operations before another one does. Without a number a thread plays until it
 * has to wait or is done. A schedule is run from the start; then each place behind its last turn where something else could have happened
 * is a schedule of its own: another thread goes on (a preemption, or a choice where the one before had stopped), or the thread dies.
 *
 * Source: Musuvathi and Qadeer, "Iterative context bounding" (PLDI 2007), and their CHESS.
 */
import { Worker } from "node:worker_threads"
import { Violation } from "../violation.ts"
import {
  BLOCKED,
  Control,
  DEAD,
  DIE,
  FAILED,
  GO,
  LEAVE,
  operations,
  PAUSED,
  PLAYERS,
  READY,
  SPINNING
} from "./control.ts"
import type { Assignment } from "./player.ts"
import type { Ended, Load, Mutation, Play, Program } from "./program.ts"

/** What an exploration found. */
export interface Outcome {
  readonly schedules: number
  /** Operations of the longest schedule. */
  readonly depth: number
  readonly failure: string | undefined
}

/** Operations in one turn that nobody needs. */
const ENDLESS = 20_000

/** Turns in a row of threads that look again and again. */
const MOST_VAIN = 20

interface Turn {
  readonly player: number
  /** `ENDLESS`: until it stops by itself. */
  readonly steps: number
  readonly dies: boolean
}

interface Schedule {
  readonly turns: ReadonlyArray<Turn>
  /** Who plays then; -1 for whoever can. */
  readonly next: number
  readonly preemptions: number
  readonly deaths: number
}

/** A turn behind those that the schedule names. */
interface Played {
  readonly player: number
  readonly steps: number
  readonly hasBegun: boolean
  readonly stopped: number
  /** Who else could have played at its start. */
  readonly others: ReadonlyArray<number>
  /** Who else could play before its operation with this number, and after the last one. */
  readonly at: (step: number) => ReadonlyArray<number>
}

const load: Load = async <M>(module: string) =>
  await import(new URL(`../../../src/${module}.ts`, import.meta.url).href) as M

/** The players of one program after the other. */
export class Conductor {
  private readonly control = new Control()
  private readonly workers: Array<Worker> = []
  private copies = 0

  /** Starts a player for each role that there can be. */
  static async open(): Promise<Conductor> {
    const conductor = new Conductor()
    for (let player = 0; player < PLAYERS; player++) {
      const worker = new Worker(new URL("./player.ts", import.meta.url), {
        workerData: { control: conductor.control.cells.buffer, player }
      })
      conductor.workers.push(worker)
      await new Promise((resolve, reject) => worker.once("online", resolve).once("error", reject))
    }
    return conductor
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()))
  }

  /** Goes through the schedules of a program until one fails. */
  async explore(
    program: Program,
    index: number,
    preemptions: number,
    mutations: ReadonlyArray<Mutation> = []
  ): Promise<Outcome> {
    const memory = await program.create(load)
    const play = await program.play(load, memory)
    const copy = mutations.length === 0 ? 0 : ++this.copies
    const { length } = play.roles
    const cast = this.workers.slice(0, length)
    await Promise.all(cast.map((worker, role) =>
      new Promise<void>((resolve, reject) => {
        worker.once("message", (message) => message === "ready" ? resolve() : reject(new Error(String(message))))
        worker.postMessage({ copy, memory, mutations, program: index, role } satisfies Assignment)
      })
    ))
    try {
      return this.search(play, memory, { ...program, preemptions })
    } finally {
      for (let player = 0; player < length; player++) this.control.play(player, LEAVE, 0)
    }
  }

  private search(play: Play, memory: ReadonlyArray<SharedArrayBuffer>, program: Program): Outcome {
    const pristine = memory.map((buffer) => new Uint8Array(buffer).slice())
    const stack: Array<Schedule> = [{ turns: [], next: -1, preemptions: 0, deaths: 0 }]
    let schedules = 0
    let depth = 0
    for (let schedule = stack.pop(); schedule !== undefined; schedule = stack.pop()) {
      memory.forEach((buffer, i) => new Uint8Array(buffer).set(pristine[i]!))
      schedules++
      const run = new Run(this.control, play, program, schedule)
      const failure = run.finish()
      depth = Math.max(depth, run.depth)
      if (failure !== undefined) return { schedules, depth, failure: failure + run.trace() }
      stack.push(...run.branches())
    }
    return { schedules, depth, failure: undefined }
  }
}

/** One schedule as it runs. */
class Run {
  depth = 0
  private lastPlayed = -1
  private vain = 0
  private readonly control: Control
  private readonly play: Play
  private readonly program: Program
  private readonly schedule: Schedule
  private readonly played: Array<Played> = []
  private readonly told: Array<string> = []

  constructor(control: Control, play: Play, program: Program, schedule: Schedule) {
    this.control = control
    this.play = play
    this.program = program
    this.schedule = schedule
  }

  /** Runs it to its end. The reason when it fails. */
  finish(): string | undefined {
    this.control.reset()
    try {
      for (const turn of this.schedule.turns) this.playNamed(turn)
      this.goOn()
      this.play.check(this.ended)
      return undefined
    } catch (error) {
      if (error instanceof Violation) return error.message
      throw error
    }
  }

  private get ended(): Ended {
    const numberOf = (name: string) => this.play.roles.findIndex((role) => role.name === name)
    return {
      notes: (name) => this.control.notes(numberOf(name)),
      hasDied: (name) => this.control.state(numberOf(name)) === DEAD
    }
  }

  private nameOf(player: number): string {
    return this.play.roles[player]!.name
  }

  private give(player: number, command: number, steps: number): number {
    this.control.play(player, command, steps)
    const state = this.control.state(player)
    this.lastPlayed = player
    this.depth += this.control.steps(player)
    this.told.push(`${this.nameOf(player)} ${command === DIE ? "dies" : `does ${this.control.steps(player)}`}`)
    if (state === FAILED) throw new Violation(`${this.nameOf(player)}: ${this.control.said}`)
    if (state === PAUSED && steps === ENDLESS) throw new Violation(`${this.nameOf(player)} does not end`)
    return state
  }

  private playNamed({ dies, player, steps }: Turn): void {
    if (steps > 0) {
      if (!this.canPlay(player)) throw new Error(`${this.nameOf(player)} cannot play: ${this.told.join(", ")}`)
      this.give(player, GO, steps)
    }
    if (dies) this.give(player, DIE, 0)
  }

  private canPlay(player: number): boolean {
    const state = this.control.state(player)
    if (state === PAUSED) return true
    if (state === BLOCKED) return this.control.isWoken(player)
    if (state === SPINNING) return this.lastPlayed !== player
    const { after } = this.play.roles[player]!
    return state === READY && (after === undefined || this.ended.hasDied(after))
  }

  private able(): ReadonlyArray<number> {
    const players = this.play.roles.map((_, player) => player)
    const able = players.filter((player) => this.canPlay(player))
    // Who looks again and again, and finds that it is alone, may come to its end.
    return able.length > 0 ? able : players.filter((player) => this.control.state(player) === SPINNING)
  }

  /** Those whose turn it is without a preemption: who looks again and again comes behind those who do something. */
  private due(able: ReadonlyArray<number>): ReadonlyArray<number> {
    const busy = able.filter((player) => this.control.state(player) !== SPINNING)
    return busy.length > 0 ? busy : able
  }

  private goOn(): void {
    let wanted = this.schedule.next
    for (let able = this.able(); able.length > 0; able = this.able()) {
      const due = this.due(able)
      const player = able.includes(wanted) ? wanted : due[0]!
      wanted = -1
      const hasBegun = this.control.state(player) !== READY
      const stopped = this.give(player, GO, ENDLESS)
      this.vain = stopped === SPINNING ? this.vain + 1 : 0
      if (this.vain > MOST_VAIN) throw new Violation("looks for ever")
      const others = due.filter((other) => other !== player)
      const woken = this.play.roles.map((_, other) => this.control.wokenAt(other))
      const at = (step: number) =>
        woken.flatMap((since, other) => other !== player && (able.includes(other) || since <= step) ? [other] : [])
      this.played.push({ player, steps: this.control.steps(player), stopped, hasBegun, others, at })
    }
    const waiting = this.play.roles.filter((_, player) => [BLOCKED, SPINNING].includes(this.control.state(player)))
    if (waiting.length > 0) throw new Violation(`waits for ever: ${waiting.map(({ name }) => name).join(", ")}`)
  }

  /** The schedules that differ from this one in one place behind the turns that it names. */
  branches(): ReadonlyArray<Schedule> {
    const { deaths, next, preemptions } = this.schedule
    const found: Array<Schedule> = []
    let turns = this.schedule.turns
    for (const [index, { at, hasBegun, others, player, steps, stopped }] of this.played.entries()) {
      const role = this.play.roles[player]!
      if (index > 0 || next < 0) { for (const other of others) found.push({ turns, next: other, preemptions, deaths }) }
      const cut = (step: number, dies: boolean) => [...turns, { player, steps: step, dies }]
      if (preemptions < this.program.preemptions) {
        for (let step = 1; step < steps; step++) {
          for (const other of at(step)) {
            found.push({ turns: cut(step, false), next: other, preemptions: preemptions + 1, deaths })
          }
        }
      }
      if (role.mortal === true && deaths < (this.program.deaths ?? 0)) {
        const heirs = this.play.roles.flatMap(({ after }, heir) => after === role.name ? [heir] : [])
        const last = stopped === BLOCKED ? steps : steps - 1
        for (let step = hasBegun ? 0 : 1; step <= last; step++) {
          const nexts = [...at(step), ...heirs]
          for (const other of nexts.length === 0 ? [-1] : nexts) {
            found.push({ turns: cut(step, true), next: other, preemptions, deaths: deaths + 1 })
          }
        }
      }
      turns = [...turns, { player, steps: ENDLESS, dies: false }]
    }
    return found
  }

  /** What happened, in words. */
  trace(): string {
    const letter = (buffer: number) => String.fromCharCode(65 + buffer)
    const steps = [...this.control.traced()].map(([player, operation, buffer, index, answer]) =>
      `\n    ${this.nameOf(player!).padEnd(10)} ${operations[operation!]!.padEnd(16)} ${
        letter(buffer!)
      }[${index}] ${answer}`
    )
    return `\n    ${this.told.join(", ")}${steps.join("")}`
  }
}
