/**
 * Programs on the ends of channels between threads, as they are: senders, receivers and their waiting, and how they close, move, die and are
 * recovered.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as Options from "../../../src/channel/ChannelOptions.ts"
import type * as CreateRing from "../../../src/channel/internal/createRing.ts"
import type * as SharedMemoryModule from "../../../src/channel/internal/sharedMemory.ts"
import type * as ReceiverModule from "../../../src/channel/internal/sharedReceiver.ts"
import type * as SenderModule from "../../../src/channel/internal/sharedSender.ts"
import type * as TakeOffModule from "../../../src/channel/internal/takeOff.ts"
import type * as ArenaModule from "../../../src/memory/Arena.ts"
import type * as UsageModule from "../../../src/memory/ArenaUsage.ts"
import type * as RosterModule from "../../../src/memory/Roster.ts"
import type { ThreadContext } from "../../../src/runtime/ThreadContext.ts"
import type * as PollerModule from "../../../src/thread/Poller.ts"
import type * as CodecModule from "../../../src/wire/Codec.ts"
import type * as CarriageModule from "../../../src/wire/kernel/ThreadCarriage.ts"
import type * as ParcelModule from "../../../src/wire/Parcel.ts"
import { equal } from "../programs/program.ts"
import type { BrokenProgram, Ended, Load, Program, Role, World } from "./program.ts"

type Kind = Options.Kind

const modules = async (load: Load) => {
  const Parcel = await load<typeof ParcelModule>("wire/Parcel")
  const { compile } = await load<typeof CodecModule>("wire/Codec")
  const Frame = Schema.Struct({ id: Schema.Int, pixels: Parcel.Unique })
  return {
    ...await load<typeof Options>("channel/ChannelOptions"),
    ...await load<typeof CreateRing>("channel/internal/createRing"),
    ...await load<typeof SharedMemoryModule>("channel/internal/sharedMemory"),
    ...await load<typeof SenderModule>("channel/internal/sharedSender"),
    ...await load<typeof ReceiverModule>("channel/internal/sharedReceiver"),
    ...await load<typeof TakeOffModule>("channel/internal/takeOff"),
    Arena: await load<typeof ArenaModule>("memory/Arena"),
    usage: (await load<typeof UsageModule>("memory/ArenaUsage")).usage,
    Roster: await load<typeof RosterModule>("memory/Roster"),
    Poller: await load<typeof PollerModule>("thread/Poller"),
    Parcel,
    arenasOf: (await load<typeof CarriageModule>("wire/kernel/ThreadCarriage")).arenasOf,
    numbers: compile(Schema.Int),
    frames: compile(Frame)
  }
}

type Modules = Awaited<ReturnType<typeof modules>>
type Frame = { readonly id: number; readonly pixels: ParcelModule.Unique }
type Sender<A> = SenderModule.SharedSender<A>
type Receiver<A> = ReceiverModule.SharedReceiver<A>

/** Words that a program has for itself, behind the memory of its channel. */
const BOARD_WORDS = 16
const ENDS = 4
const BLOCK_BYTES = 4096

/** A channel in the memory of a program. */
class Stage {
  readonly m: Modules
  readonly board: Int32Array
  private readonly settings: Options.Settings
  private readonly memory: SharedMemoryModule.SharedMemory
  private readonly arena: SharedArrayBuffer | undefined

  constructor(m: Modules, settings: Options.Settings, buffers: ReadonlyArray<SharedArrayBuffer>) {
    const [ring, roster, items, room, board, arena] = buffers
    this.m = m
    this.settings = settings
    this.memory = { id: 1, ring: ring!, roster: roster!, items: items!, room: room! }
    this.board = new Int32Array(board!)
    this.arena = arena
  }

  private access<A>(thread: ThreadContext): SharedMemoryModule.Access<A> {
    const { Poller, frames, numbers, openMemory } = this.m
    // Looking again while nothing has changed is no step.
    Poller.of(thread).limitSpins(0)
    const codec = this.arena === undefined ? numbers : frames
    return openMemory(thread, this.settings, codec as never, this.memory) as unknown as SharedMemoryModule.Access<A>
  }

  /** The sending end that was handed over under this number. */
  sender<A = number>(thread: ThreadContext, number: number): Sender<A> {
    const access = this.access<A>(thread)
    const end = this.board[number]!
    equal(access.roster.open(end, this.m.Roster.SENDER), true, "an end that can be opened")
    return new this.m.SharedSender(access, end)
  }

  /** The same of a receiving end. */
  receiver<A = number>(thread: ThreadContext, number: number): Receiver<A> {
    const access = this.access<A>(thread)
    const end = this.board[number]!
    equal(access.roster.open(end, this.m.Roster.RECEIVER), true, "an end that can be opened")
    return new this.m.SharedReceiver(access, end)
  }

  /** Takes the end of this number off: its thread has died. */
  takeOff(thread: ThreadContext, side: "receiver" | "sender", number: number): number {
    return this.m.takeOff(this.access(thread), side, this.board[number]!)
  }

  /** The arena, as the owner of this number has it. */
  open(thread: ThreadContext, owner: number): ArenaModule.ArenaEnd {
    return this.m.arenasOf(thread).open(this.arena!, owner)
  }

  /** What was sent under this number, and nobody can receive any more. */
  forget(owner: number): void {
    new this.m.Arena.ArenaEnd(this.arena!, 1).forget(owner)
  }

  /** Blocks of the arena that somebody has. */
  get usedBlocks(): number {
    return this.m.usage(this.arena!).usedBytes / BLOCK_BYTES
  }

  /** The accounts of the channel. */
  get accounts() {
    const { Roster, receivedIn, sentIn } = this.m
    const roster = new Roster.Roster(this.memory.roster)
    return {
      sent: sentIn({ roster }),
      received: receivedIn({ roster }),
      lost: roster.lost(),
      waiting: (sentIn({ roster }) - receivedIn({ roster }) - roster.lostSent()) | 0,
      ends: roster.count(Roster.SENDER) + roster.count(Roster.RECEIVER)
    }
  }
}

interface Scene {
  readonly kind: Kind
  readonly senders?: number
  readonly receivers?: number
  readonly hasParcels?: boolean
  readonly roles: (stage: Stage) => ReadonlyArray<Role>
  readonly check: (ended: Ended, stage: Stage) => void
}

/** A program on a channel of the smallest capacity, whose ends have numbers: the senders first. */
const program = (
  about: Pick<Program, "deaths" | "preemptions" | "scenario">,
  { check, hasParcels = false, kind, receivers = 1, roles, senders = 1 }: Scene
): Program => {
  const settingsOf = (m: Modules) => m.settingsOf({ kind, capacity: kind === "mpmc" ? 2 : 1 })
  return {
    ...about,
    structure: `Channel/${kind}`,
    create: async (load) => {
      const m = await modules(load)
      const codec = hasParcels ? m.frames : m.numbers
      const ringBuffer = m.createRing(settingsOf(m), { ends: ENDS }, codec.fixedBytes, ENDS)
      const { items, ring, room, roster } = m.createMemory(ringBuffer, ENDS, 1)
      const board = new SharedArrayBuffer(BOARD_WORDS * 4)
      const table = new m.Roster.Roster(roster)
      for (let number = 0; number < senders + receivers; number++) {
        const end = table.join(number < senders ? m.Roster.SENDER : m.Roster.RECEIVER, -1)
        table.handOver(end)
        new Int32Array(board)[number] = end
      }
      const arena = { capacityBytes: 8 * BLOCK_BYTES, blockBytes: BLOCK_BYTES, references: 4 }
      return [ring, roster, items, room, board, ...(hasParcels ? [m.Arena.create(arena)] : [])]
    },
    play: async (load, memory) => {
      const m = await modules(load)
      const stage = new Stage(m, settingsOf(m), memory)
      return { roles: roles(stage), check: (ended) => check(ended, stage) }
    }
  }
}

const REFUSED = -1

/** Sends numbers until one is refused; notes each, and a refusal. */
const sendAll = ({ note, run }: World, sender: Sender<number>, values: ReadonlyArray<number>): void => {
  for (const value of values) {
    const exit = run(sender.send(value))
    note(Exit.isSuccess(exit) ? value : REFUSED)
    if (Exit.isFailure(exit)) return
  }
}

/** Receives until the channel has ended, or so many; notes each. */
const receiveAll = ({ note, run }: World, receiver: Receiver<number>, most = Infinity): void => {
  for (let count = 0; count < most; count++) {
    const exit = run(receiver.receive)
    note(Exit.isSuccess(exit) ? exit.value : REFUSED)
    if (Exit.isFailure(exit)) return
  }
}

const sending = (stage: Stage, name: string, number: number, values: ReadonlyArray<number>, mortal = false): Role => ({
  name,
  mortal,
  body: (world) => {
    const sender = stage.sender(world.thread, number)
    sendAll(world, sender, values)
    world.run(sender.close)
  }
})

const receiving = (stage: Stage, name: string, number: number, most?: number, mortal = false): Role => ({
  name,
  mortal,
  body: (world) => {
    const receiver = stage.receiver(world.thread, number)
    receiveAll(world, receiver, most)
    world.run(receiver.close)
  }
})

/** Hears of a death, and hears of it again. */
const watching = (
  stage: Stage,
  name: string,
  after: string,
  side: "receiver" | "sender",
  number: number,
  last: (world: World) => void = () => {}
): Role => ({
  name,
  after,
  body: (world) => {
    world.note(stage.takeOff(world.thread, side, number))
    stage.takeOff(world.thread, side, number)
    last(world)
  }
})

const text = (values: ReadonlyArray<number>): string => values.join(" ")

const inOrder = (values: ReadonlyArray<number>): string => text(values.toSorted((left, right) => left - right))

/** Nobody is left, and each message that was sent was received or is lost. */
const settled = (stage: Stage): void => {
  const { ends, waiting } = stage.accounts
  equal(ends, 0, "the count of ends in the end")
  equal(waiting, 0, "the count of messages that wait in the end")
}

const single: ReadonlyArray<Kind> = ["spsc", "mpsc", "mpmc"]
const several: ReadonlyArray<Kind> = ["mpsc", "mpmc"]

const passing = (kind: Kind): Program =>
  program({ scenario: "more is sent than there is room for", preemptions: kind === "spsc" ? 2 : 1 }, {
    kind,
    roles: (stage) => [sending(stage, "sender", 0, [1, 2, 3]), receiving(stage, "receiver", 1)],
    check: ({ notes }, stage) => {
      equal(text(notes("sender")), "1 2 3", "sent")
      equal(text(notes("receiver")), "1 2 3 -1", "received")
      equal(stage.accounts.sent, 3, "the count of messages sent")
      settled(stage)
    }
  })

const together = (kind: Kind): Program =>
  program({ scenario: "two senders send, and close at the same time", preemptions: 1 }, {
    kind,
    senders: 2,
    roles: (stage) => [
      sending(stage, "one", 0, [1, 2]),
      sending(stage, "two", 1, [3, 4]),
      receiving(stage, "receiver", 2)
    ],
    check: ({ notes }, stage) => {
      const got = notes("receiver")
      equal(inOrder(got.slice(0, -1)), "1 2 3 4", "received")
      equal(got.at(-1), REFUSED, "the last receive")
      if (got.indexOf(1) > got.indexOf(2) || got.indexOf(3) > got.indexOf(4)) equal(text(got), "in order", "received")
      settled(stage)
    }
  })

const leaving = (kind: Kind): Program =>
  program({ scenario: "the receiver closes while the sender waits", preemptions: kind === "spsc" ? 2 : 1 }, {
    kind,
    roles: (stage) => [sending(stage, "sender", 0, [1, 2, 3, 4, 5, 6]), receiving(stage, "receiver", 1, 1)],
    check: ({ notes }, stage) => {
      equal(notes("sender").at(-1), REFUSED, "the last send")
      equal(text(notes("receiver")), "1", "received")
      equal(stage.accounts.sent, notes("sender").length - 1, "the count of messages sent")
      settled(stage)
    }
  })

const deadSender = (kind: Kind): Program =>
  program({ scenario: "the sender dies, and that is told twice", preemptions: kind === "mpmc" ? 1 : 0, deaths: 1 }, {
    kind,
    roles: (stage) => [
      sending(stage, "sender", 0, [1, 2], true),
      receiving(stage, "receiver", 1),
      watching(stage, "watcher", "sender", "sender", 0)
    ],
    check: ({ notes }, stage) => {
      const got = notes("receiver")
      equal(text(got), text([1, 2].slice(0, got.length - 1)) + (got.length > 1 ? " -1" : "-1"), "received")
      equal(stage.accounts.sent, got.length - 1, "the count of messages sent")
      equal(stage.accounts.lost, notes("watcher")[0] ?? 0, "the count of messages lost")
      settled(stage)
    }
  })

/** Sends one number on a clone that closes with its scope. */
const cloned = (world: World, sender: Sender<number>, value: number): Effect.Effect<void, unknown> =>
  Effect.scoped(Effect.gen(function*() {
    const clone = yield* sender.clone
    yield* clone.send(value)
    world.note(value)
  }))

/** Who lives goes on, also in the row that the dead one had. */
const neighbour = (kind: Kind): Program =>
  program({ scenario: "a sender dies, and its neighbour takes its place", preemptions: 0, deaths: 1 }, {
    kind,
    senders: 2,
    roles: (stage) => [
      sending(stage, "mortal", 0, [1], true),
      {
        name: "neighbour",
        body: (world) => {
          const sender = stage.sender(world.thread, 1)
          sendAll(world, sender, [2])
          // Closed with its scope.
          const exit = world.run(cloned(world, sender, 3))
          if (Exit.isFailure(exit)) world.note(REFUSED)
          world.run(sender.close)
        }
      },
      receiving(stage, "receiver", 2),
      watching(stage, "watcher", "mortal", "sender", 0)
    ],
    check: ({ notes }, stage) => {
      const got = notes("receiver").filter((value) => value !== 1)
      equal(inOrder(got), "-1 2 3", "received of the neighbour")
      equal(text(notes("neighbour")), "2 3", "sent by the neighbour")
      equal(stage.accounts.sent, notes("receiver").length - 1, "the count of messages sent")
      settled(stage)
    }
  })

const deadReceiver = (kind: Kind): Program =>
  program({ scenario: "the receiver dies while the sender waits", preemptions: 0, deaths: 1 }, {
    kind,
    roles: (stage) => [
      sending(stage, "sender", 0, [1, 2, 3, 4, 5, 6]),
      receiving(stage, "receiver", 1, 2, true),
      watching(stage, "watcher", "receiver", "receiver", 1)
    ],
    check: ({ notes }, stage) => {
      equal(notes("sender").at(-1), REFUSED, "the last send")
      equal(stage.accounts.sent, notes("sender").length - 1, "the count of messages sent")
      settled(stage)
    }
  })

const MOVED = 8

const moving = (kind: Kind): Program =>
  program({ scenario: "a sender with messages on their way is handed to another thread", preemptions: 1 }, {
    kind,
    roles: (stage) => [
      {
        name: "first",
        body: (world) => {
          const sender = stage.sender(world.thread, 0)
          // Shown at the end of the task, or with the end.
          world.note(sender.sendUnsafe(1) ? 1 : REFUSED)
          world.run(sender.handOver(({ end }) => {
            stage.board[0] = end
            Atomics.store(stage.board, MOVED, 1)
          }))
          world.note(sender.sendUnsafe(9) ? 9 : REFUSED)
        }
      },
      {
        name: "second",
        body: (world) => {
          world.until(() => Atomics.load(stage.board, MOVED) === 1)
          const sender = stage.sender(world.thread, 0)
          sendAll(world, sender, [3, 4])
          world.run(sender.close)
        }
      },
      receiving(stage, "receiver", 1)
    ],
    check: ({ notes }, stage) => {
      equal(text(notes("first")), "1 -1", "sent before, and after it was handed over")
      equal(text(notes("second")), "3 4", "sent after")
      equal(text(notes("receiver")), "1 3 4 -1", "received")
      equal(stage.accounts.sent, 3, "the count of messages sent")
      settled(stage)
    }
  })

// ---- parcels

const framing = (stage: Stage, count: number, mortal = false): Role => ({
  name: "sender",
  mortal,
  body: (world) => {
    const arena = stage.open(world.thread, 2)
    const sender = stage.sender<Frame>(world.thread, 0)
    for (let id = 1; id <= count; id++) {
      const frame = { id, pixels: stage.m.Parcel.allocateUnsafe(arena, 1) }
      const exit = world.run(sender.send(frame))
      world.note(Exit.isSuccess(exit) ? id : REFUSED)
      if (Exit.isSuccess(exit)) continue
      equal(frame.pixels.isHeld, true, "whether a parcel that was not sent is held")
      frame.pixels.release()
      break
    }
    world.run(sender.close)
  }
})

const unframing = (stage: Stage, name: string, number: number, most = Infinity, mortal = false): Role => ({
  name,
  mortal,
  body: (world) => {
    stage.open(world.thread, number + 2)
    const receiver = stage.receiver<Frame>(world.thread, number)
    for (let count = 0; count < most; count++) {
      const exit = world.run(receiver.receive)
      world.note(Exit.isSuccess(exit) ? exit.value.id : REFUSED)
      if (Exit.isFailure(exit)) break
      exit.value.pixels.release()
    }
    world.run(receiver.close)
  }
})

/** Hears of the death of a thread that had parcels. */
const burying = (stage: Stage, after: string, side: "receiver" | "sender", number: number, owner: number): Role => ({
  name: "watcher",
  after,
  body: (world) => {
    const arena = stage.open(world.thread, 1)
    world.note(stage.takeOff(world.thread, side, number))
    stage.takeOff(world.thread, side, number)
    arena.recover(owner)
  }
})

const framesSettled = (stage: Stage): void => {
  equal(stage.usedBlocks, 0, "the count of blocks that somebody has in the end")
  settled(stage)
}

const framesLeft = (kind: Kind): Program =>
  program({ scenario: "the last receiver closes while parcels are sent", preemptions: 1 }, {
    kind,
    hasParcels: true,
    roles: (stage) => [framing(stage, 4), unframing(stage, "receiver", 1, 1)],
    check: (_, stage) => framesSettled(stage)
  })

const framesLeftByTwo = (): Program =>
  program({ scenario: "two last receivers close at once, with parcels in front of them", preemptions: 1 }, {
    kind: "mpmc",
    receivers: 2,
    hasParcels: true,
    roles: (stage) => [framing(stage, 2), unframing(stage, "one", 1, 0), unframing(stage, "two", 2, 0)],
    check: (_, stage) => framesSettled(stage)
  })

const framesOfDead = (kind: Kind): Program =>
  program({ scenario: "the sender of parcels dies", preemptions: 0, deaths: 1 }, {
    kind,
    hasParcels: true,
    roles: (
      stage
    ) => [framing(stage, 2, true), unframing(stage, "receiver", 1), burying(stage, "sender", "sender", 0, 2)],
    check: ({ hasDied }, stage) => {
      // It had left the dead, and was in no message yet.
      if (hasDied("sender")) stage.forget(2)
      framesSettled(stage)
    }
  })

const framesBeforeDead = (kind: Kind): Program =>
  program({ scenario: "the receiver of parcels dies", preemptions: 0, deaths: 1 }, {
    kind,
    hasParcels: true,
    roles: (stage) => [
      framing(stage, 3),
      unframing(stage, "receiver", 1, Infinity, true),
      burying(stage, "receiver", "receiver", 1, 3)
    ],
    check: (_, stage) => framesSettled(stage)
  })

/** All programs. */
export const programs: ReadonlyArray<Program> = [
  ...single.map(passing),
  ...several.map(together),
  ...single.map(leaving),
  ...single.map(deadSender),
  ...several.map(neighbour),
  ...single.map(deadReceiver),
  ...single.map(moving),
  ...single.map(framesLeft),
  framesLeftByTwo(),
  ...single.map(framesOfDead),
  ...single.map(framesBeforeDead)
]

const variant = (
  name: string,
  kind: Kind,
  scenario: string,
  module: string,
  find: string,
  replace = ""
): BrokenProgram => {
  const program = programs.find((each) => each.structure === `Channel/${kind}` && each.scenario.startsWith(scenario))!
  return { name, program, mutations: [{ module, find, replace }] }
}

const sender = "channel/internal/sharedSender"
const receiver = "channel/internal/sharedReceiver"
const takeOff = "channel/internal/takeOff"
const more = "more is sent"
const closes = "the receiver closes"

/** Programs that must fail. */
export const broken: ReadonlyArray<BrokenProgram> = [
  variant("wakes no receiver", "spsc", more, sender, "    this.access.items.wake()\n"),
  variant("wakes nobody who waits for room", "spsc", more, receiver, "    this.access.room.wake()\n"),
  variant("closes, and wakes nobody", "spsc", more, "channel/internal/endLife", "    wakeAll(this.access)\n"),
  variant("a receiver sleeps without another look", "spsc", more, receiver, "!this.ring.isEmpty() || "),
  variant("a sender sleeps without another look", "spsc", more, sender, "isReady: poll }", "isReady: () => false }"),
  variant(
    "finds the senders gone before it has looked again",
    "mpmc",
    more,
    receiver,
    "sees the other.\n    const offset = nextIn(this.ring)",
    "sees the other.\n    const offset = -1"
  ),
  variant(
    "shows nothing of what it has sent when it is handed over",
    "spsc",
    "a sender with",
    sender,
    "  retire(): void {\n    this.publish()\n",
    "  retire(): void {\n"
  ),
  variant(
    "forgets what the end before it had sent",
    "spsc",
    "a sender with",
    sender,
    "< 0 ? this.received : sent",
    "< 0 ? this.received : this.received"
  ),
  variant(
    "does not count what it sent to nobody",
    "spsc",
    closes,
    sender,
    "    if ((this.access.roster.flags() & RECEIVERS_GONE) !== 0) loseRest(this.access)\n"
  ),
  variant(
    "counts what is lost twice",
    "spsc",
    closes,
    "channel/internal/sharedMemory",
    "access.roster.tryLose(count, lostSent)",
    "(access.roster.addLost(count, count), true)"
  ),
  variant("a death wakes nobody", "spsc", "the sender dies", takeOff, "  wakeAll(access)\n  if (count", "  if (count"),
  variant(
    "does not count what the dead had sent last",
    "mpmc",
    "the sender dies",
    takeOff,
    `if (total !== undefined && side === "sender") roster.setSent(row, total)`
  ),
  variant("wakes no receiver of several senders", "mpsc", "two senders", sender, "    this.access.items.wake()\n"),
  variant(
    "keeps quiet about who died last",
    "spsc",
    "the receiver dies",
    takeOff,
    "    if ((roster.flags() & RECEIVERS_GONE) !== 0) lose(access, row)\n"
  ),
  variant(
    "keeps no eye on parcels that were sent to nobody",
    "spsc",
    "the last receiver closes",
    sender,
    "    if ((this.access.roster.flags() & RECEIVERS_GONE) === 0) return SENT\n",
    "    if (cargo.length > 0) return SENT\n"
  ),
  variant(
    "leaves parcels behind when it closes",
    "mpmc",
    "two last receivers",
    receiver,
    "    if (this.access.codec.carries) dropAll(this.access, this.ring)\n"
  ),
  variant(
    "leaves parcels behind when it dies",
    "spsc",
    "the receiver of parcels",
    takeOff,
    "if (codec.carries) dropAll(",
    "if (!codec.carries) dropAll("
  ),
  variant(
    "leaves the parcels of what the dead was reading",
    "mpmc",
    "the receiver of parcels",
    "memory/MpmcRecovery",
    "    if (isOpen && leave !== undefined) this.show(cell, leave)\n"
  )
]
