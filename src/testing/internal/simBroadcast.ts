/**
 * What a simulated thread says to all threads of its run that listen: in its order, and as late as the run says, unless they look.
 */
import { type Broadcast, Listeners, numberOf } from "../../thread/kernel/Broadcast.ts"
import { Lane, type Strand } from "./lane.ts"
import type { World } from "./world.ts"

interface Said {
  readonly topic: string
  readonly message: unknown
}

/** Numbers of real threads are below. */
const FIRST = 2 ** 24

/** The id that Node would have given to the thread of a number. */
export const threadIdOf = (strand: Strand): number => FIRST + strand.number

/** See the module. */
export class SimBroadcast implements Broadcast {
  declare readonly number: number
  declare private readonly world: World
  declare private readonly strand: Strand
  /** All of the run that listen. */
  declare private readonly all: Set<SimBroadcast>
  declare private readonly listeners: Listeners
  declare private readonly said: Array<Said>
  declare private readonly lane: Lane
  constructor(world: World, strand: Strand, all: Set<SimBroadcast>) {
    this.number = numberOf(threadIdOf(strand))
    this.world = world
    this.strand = strand
    this.all = all
    this.listeners = new Listeners()
    this.said = []
    this.lane = new Lane(strand, "broadcast")
  }

  unique(): number {
    return 1 + this.world.oracle.stream("random").random.below(2 ** 31)
  }

  say(topic: string, message: unknown): void {
    for (const other of this.all) if (other !== this) other.receive({ topic, message: structuredClone(message) })
    this.listeners.hear(topic, message)
  }

  private receive(said: Said): void {
    this.said.push(said)
    this.world.add(this.lane, () => this.hear())
  }

  // What was looked at before its turn came is heard once.
  private hear(): void {
    const said = this.said.shift()
    if (said !== undefined) this.listeners.hear(said.topic, said.message)
  }

  listen(topic: string, listener: (message: unknown) => void): () => void {
    this.all.add(this)
    return this.listeners.add(topic, listener)
  }

  poll(): void {
    while (this.said.length > 0) this.hear()
  }

  after(millis: number, run: () => void): void {
    const { strand, world } = this
    world.at(world.now + millis, "patience", strand, () => world.add(new Lane(strand, "patience"), run))
  }
}
