/**
 * Programs on `Roster`: ends that leave while the other side looks for messages, threads that die with ends, and ends that
 * are made while their thread is taken off.
 */
import type * as RosterModule from "../../../src/memory/Roster.ts"
import type * as SpscRecoveryModule from "../../../src/memory/SpscRecovery.ts"
import type * as WaitListModule from "../../../src/memory/WaitList.ts"
import { Violation } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { alone, load as loadWord, settle, store } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"
import { type Rings, rings } from "./spscRing.ts"

type Roster = Gated<RosterModule.Roster>
type WaitList = Gated<WaitListModule.WaitList>

interface Channel {
  readonly ring: SharedArrayBuffer
  readonly roster: SharedArrayBuffer
  readonly items: SharedArrayBuffer
  readonly sender: number
  readonly receiver: number
}

interface Modules {
  readonly rings: Rings
  readonly roster: (sab: SharedArrayBuffer, thread?: number) => Roster
  readonly sentAs: (end: number) => number
  readonly waitList: (sab: SharedArrayBuffer) => WaitList
  readonly lost: (ring: SharedArrayBuffer) => Body<number>
  readonly newChannel: () => Channel
  readonly SENDER: typeof RosterModule.SENDER
  readonly RECEIVER: typeof RosterModule.RECEIVER
  readonly SENDERS_GONE: number
}

const modules = async (load: Load): Promise<Modules> => {
  const roster = await load<typeof RosterModule>("Roster")
  const waitList = await load<typeof WaitListModule>("WaitList")
  const recovery = await load<typeof SpscRecoveryModule>("SpscRecovery")
  const ringModules = await rings(load)
  const open = (sab: SharedArrayBuffer, thread?: number): Roster => new roster.Roster(sab, thread)
  return {
    rings: ringModules,
    roster: open,
    sentAs: roster.sentAs,
    waitList: (sab) => new waitList.WaitList(sab),
    lost: (ring) => new recovery.SpscRecovery(ring).recover(),
    newChannel: () => {
      const sab = roster.create(4)
      const receiver = alone(open(sab).join(roster.RECEIVER, -1))
      const sender = alone(open(sab).join(roster.SENDER, -1))
      return { ring: ringModules.newRing(0), roster: sab, items: waitList.create(4), receiver, sender }
    },
    SENDER: roster.SENDER,
    RECEIVER: roster.RECEIVER,
    SENDERS_GONE: roster.SENDERS_GONE
  }
}

/** Ways to use the roster wrongly. */
interface Misuse {
  readonly leavesBeforePublishing?: boolean
  readonly looksOnceMoreForNothing?: boolean
  readonly nobodyIsWoken?: boolean
  readonly deadAreForgotten?: boolean
}

const MESSAGES = 2

/** Sends all messages, and leaves. */
function* send(m: Modules, channel: Channel, progress: { sent: number }, misuse: Misuse): Body {
  const writer = m.rings.writer(channel.ring)
  const items = m.waitList(channel.items)
  for (let i = 0; i < MESSAGES; i++) {
    yield* writer.claim(8)
    yield* writer.commit(8, i)
    if (misuse.leavesBeforePublishing === true && i === MESSAGES - 1) break
    yield* writer.publish()
    progress.sent = i + 1
    yield* items.wake()
  }
  const isLast = yield* m.roster(channel.roster).leave(channel.sender, m.SENDER)
  if (isLast && misuse.nobodyIsWoken !== true) yield* items.wakeForDead()
  if (misuse.leavesBeforePublishing === true) {
    yield* writer.publish()
    progress.sent = MESSAGES
    yield* items.wake()
  }
}

/** Receives until no sender is left; what the flag says is taken for true only after one more look. */
function* receive(m: Modules, channel: Channel, progress: { received: number }, misuse: Misuse): Body {
  const reader = m.rings.reader(channel.ring)
  const items = m.waitList(channel.items)
  const roster = m.roster(channel.roster)
  const look = function*(): Body {
    if (!(yield* reader.poll())) return
    while ((yield* reader.next()) >= 0) progress.received++
    yield* reader.release()
  }
  for (;;) {
    yield* look()
    if (((yield* roster.flags()) & m.SENDERS_GONE) !== 0) {
      if (misuse.looksOnceMoreForNothing !== true) yield* look()
      return
    }
    yield* items.announce(0)
    if ((yield* reader.isEmpty()) && ((yield* roster.flags()) & m.SENDERS_GONE) === 0) {
      const wait = yield* items.wait(0)
      if (wait.async) yield* settle(wait.value)
    }
    yield* items.cancel(0)
  }
}

/** Hears of the death of the sending thread. */
function* takeOff(m: Modules, channel: Channel, progress: { lost: number }, misuse: Misuse): Body {
  if (misuse.deadAreForgotten === true) return
  progress.lost += yield* m.lost(channel.ring)
  yield* m.roster(channel.roster).recover(channel.sender)
  yield* m.waitList(channel.items).wakeForDead()
}

/** The receiver gets everything that was sent before the last sender left or died, and then learns that it is alone. */
const drains = (misuse: Misuse = {}): Model => ({
  structure: "Roster",
  scenario: "the last sender leaves or dies",
  protocol: "close",
  preemptions: 2,
  prepare: async (load) => {
    const m = await modules(load)
    return () => {
      const channel = m.newChannel()
      alone(m.roster(channel.roster).handOver(channel.sender))
      alone(m.roster(channel.roster).open(channel.sender, m.SENDER))
      const progress = { sent: 0, received: 0, lost: 0 }
      return {
        threads: [
          thread("receiver", receive(m, channel, progress, misuse)),
          thread("sender", send(m, channel, progress, misuse), true)
        ],
        onDeath: () => [thread("watcher", takeOff(m, channel, progress, misuse))],
        check: () => {
          const reader = m.rings.reader(channel.ring)
          equal(alone(reader.isEmpty()), true, "the ring in the end is empty")
          // A sender that dies right after its publication has sent what it had not counted yet.
          const uncounted = progress.received - progress.sent
          if (uncounted < 0 || uncounted > 1) throw new Violation(`${progress.received} of ${progress.sent} received`)
          if (progress.lost > 1) throw new Violation(`${progress.lost} lost, and at most one was being written`)
        }
      }
    }
  }
})

/** Of the ends of a side that leave at the same time exactly one is told that it was the last. */
const bothLeave = (): Model => ({
  structure: "Roster",
  scenario: "two senders leave",
  preemptions: 3,
  prepare: async (load) => {
    const m = await modules(load)
    return () => {
      const channel = m.newChannel()
      const roster = m.roster(channel.roster)
      const second = alone(roster.join(m.SENDER, channel.sender))
      let last = 0
      const leave = function*(end: number): Body {
        if (yield* m.roster(channel.roster).leave(end, m.SENDER)) last++
      }
      return {
        threads: [thread("first", leave(channel.sender)), thread("second", leave(second))],
        check: () => {
          equal(last, 1, "ends that were the last")
          equal(alone(roster.flags()), m.SENDERS_GONE, "flags")
        }
      }
    }
  }
})

/**
 * A thread dies while it makes a second end from the one it was given; a stranger makes and leaves ends meanwhile. Nothing
 * of the dead is left, and nothing of the stranger's was touched.
 */
const madeWhileDying = (misuse: { readonly forgetsChildren?: boolean } = {}): Model => ({
  structure: "Roster",
  scenario: "a thread dies making an end",
  preemptions: 2,
  prepare: async (load) => {
    const m = await modules(load)
    return () => {
      const channel = m.newChannel()
      const roster = m.roster(channel.roster)
      alone(roster.handOver(channel.sender))
      let hasDied = false
      const worker = function*(): Body {
        const own = m.roster(channel.roster)
        yield* own.open(channel.sender, m.SENDER)
        yield* own.join(m.SENDER, channel.sender)
        yield* own.leave(channel.sender, m.SENDER)
      }
      const stranger = function*(): Body {
        const own = m.roster(channel.roster)
        const end = yield* own.join(m.RECEIVER, channel.receiver)
        if (end < 0) throw new Violation("no room for the stranger")
        if (!(yield* own.handOver(end))) throw new Violation("the stranger's end was taken off")
      }
      const watcher = function*(): Body {
        const own = m.roster(channel.roster)
        if (misuse.forgetsChildren !== true) return yield* takeOffAll(own, channel.sender)
        yield* own.recover(yield* own.seize(channel.sender))
      }
      return {
        threads: [thread("worker", worker(), true), thread("stranger", stranger())],
        onDeath: () => {
          hasDied = true
          return [thread("watcher", watcher())]
        },
        check: () => {
          equal(alone(roster.count(m.RECEIVER)), 2, "receivers in the end")
          equal(alone(roster.count(m.SENDER)), hasDied ? 0 : 1, "senders in the end")
          equal((alone(roster.flags()) & m.SENDERS_GONE) !== 0, hasDied, "the flag of the senders")
        }
      }
    }
  }
})

/** Takes an end off and what was made from it, as the channel does. */
function* takeOffAll(own: Roster, given: number, misuse: { readonly parentFirst?: boolean } = {}): Body {
  const end = misuse.parentFirst === true ? given : yield* own.seize(given)
  if (end === -1) return
  if (misuse.parentFirst === true) yield* own.recover(end)
  for (let child = yield* own.childOf(end); child !== -1; child = yield* own.childOf(end)) {
    yield* takeOffAll(own, child, misuse)
  }
  if (misuse.parentFirst !== true) yield* own.recover(end)
}

/** Two threads take the ends of a dead one off, while others take the rows that become free and make ends from them. */
const takenAgain = (misuse: { readonly parentFirst?: boolean } = {}): Model => ({
  structure: "Roster",
  scenario: "the ends of the dead are taken off twice, and their rows taken again",
  preemptions: 2,
  prepare: async (load) => {
    const m = await modules(load)
    return () => {
      const channel = m.newChannel()
      const roster = m.roster(channel.roster)
      // The thread that was given this one has made another from it, and died.
      const given = alone(roster.join(m.RECEIVER, channel.receiver))
      alone(roster.handOver(given))
      alone(roster.open(given, m.RECEIVER))
      alone(roster.leave(channel.sender, m.SENDER))
      alone(roster.join(m.RECEIVER, given))
      const watcher = function*(): Body {
        yield* takeOffAll(m.roster(channel.roster), given, misuse)
      }
      let made = 0
      const others = function*(): Body {
        const own = m.roster(channel.roster)
        const end = yield* own.join(m.SENDER, channel.receiver)
        if (end < 0) return
        yield* own.handOver(end)
        yield* own.open(end, m.SENDER)
        made++
        if ((yield* own.join(m.SENDER, end)) >= 0) made++
      }
      return {
        threads: [thread("watcher", watcher()), thread("other", watcher()), thread("others", others())],
        check: () => {
          equal(alone(roster.count(m.RECEIVER)), 1, "receivers in the end")
          equal(alone(roster.count(m.SENDER)), made, "senders in the end")
        }
      }
    }
  }
})

/** In place of a message that was read. */
const RELEASED = -1

/** What the channel does about the ends of a dead thread, wherever they are from. */
function* takeOffOf(own: Roster, dead: number, looks: boolean): Body {
  for (let row = 0; row < own.rows; row++) {
    const held = yield* own.heldAt(row, dead)
    if (held === undefined) continue
    const end = yield* own.seize(held.end)
    if (end !== -1) yield* own.recover(end)
  }
  if (looks) yield* own.lookFor(dead)
}

/**
 * An end travels in a message to a thread that makes another from it, and dies anywhere; a stranger takes rows meanwhile. Who hears of the
 * death takes off what that thread had, and reads a message that it has not released.
 */
const travels = (misuse: { readonly readsNoMessage?: boolean; readonly looksAtNoFlag?: boolean } = {}): Model => ({
  structure: "Roster",
  scenario: "an end travels to a thread that dies",
  preemptions: 2,
  prepare: async (load) => {
    const m = await modules(load)
    return () => {
      const { receiver, roster, sender } = m.newChannel()
      const end = alone(m.roster(roster, 1).join(m.SENDER, -1))
      alone(m.roster(roster).leave(sender, m.SENDER))
      const message = new Int32Array(new SharedArrayBuffer(4))
      equal(alone(m.roster(roster, 1).send(end)), true, "an open end leaves")
      message[0] = m.sentAs(end)
      const reading = function*(): Body {
        const own = m.roster(roster, 2)
        const sent = yield* loadWord(message, 0)
        if (!(yield* own.open(sent, m.SENDER))) throw new Violation("an end that has arrived does not open")
        const clone = yield* own.join(m.SENDER, sent)
        yield* store(message, 0, RELEASED)
        yield* own.leave(sent, m.SENDER)
        if (clone !== -1) yield* own.leave(clone, m.SENDER)
      }
      const stranger = function*(): Body {
        const end = yield* m.roster(roster, 3).join(m.RECEIVER, receiver)
        if (end < 0) throw new Violation("no room for the stranger")
      }
      const watcher = function*(): Body {
        const own = m.roster(roster, 4)
        yield* takeOffOf(own, 2, misuse.looksAtNoFlag !== true)
        const sent = yield* loadWord(message, 0)
        if (sent === RELEASED || misuse.readsNoMessage === true) return
        if (yield* own.open(sent, m.SENDER)) yield* own.leave(sent, m.SENDER)
      }
      return {
        threads: [thread("mortal", reading(), true), thread("stranger", stranger())],
        onDeath: () => [thread("watcher", watcher())],
        check: () => {
          const own = m.roster(roster)
          equal(alone(own.count(m.SENDER)), 0, "senders in the end")
          equal(alone(own.flags()), m.SENDERS_GONE, "flags")
          equal(alone(own.count(m.RECEIVER)), 2, "receivers in the end")
        }
      }
    }
  }
})

export const models: ReadonlyArray<Model> = [drains(), bothLeave(), madeWhileDying(), takenAgain(), travels()]

export const broken: ReadonlyArray<Broken> = [
  { name: "leaves before it publishes", model: drains({ leavesBeforePublishing: true }) },
  { name: "believes the flag without a last look", model: drains({ looksOnceMoreForNothing: true }) },
  { name: "wakes nobody when the last sender leaves", model: drains({ nobodyIsWoken: true }) },
  { name: "forgets the ends of the dead", model: drains({ deadAreForgotten: true }) },
  { name: "forgets the ends that the dead have made", model: madeWhileDying({ forgetsChildren: true }) },
  { name: "takes it that the dead has looked at the flag when it has left", model: travels({ looksAtNoFlag: true }) },
  { name: "reads no message that the dead has not released", model: travels({ readsNoMessage: true }) },
  {
    name: "names the holder of an end that is open already",
    model: travels(),
    mutations: [{
      module: "Roster",
      find: "const named = Atomics.exchange(this.cells, holder, this.thread)",
      replace: "const named = this.thread"
    }]
  },
  {
    name: "takes a row before it says whose it is",
    model: travels(),
    mutations: [{ module: "Roster", find: "state, taken | LEFT) !== state", replace: "state, taken | OPEN) !== state" }]
  },
  { name: "frees the row of the dead before its children are gone", model: takenAgain({ parentFirst: true }) },
  {
    name: "seizes an end under the name that it has",
    model: takenAgain(),
    mutations: [{ module: "Roster", find: "| status) + (1 << TURN_SHIFT) | 0", replace: "| status)" }]
  },
  {
    name: "looks for other ends before it leaves",
    model: bothLeave(),
    mutations: [{
      module: "Roster",
      find:
        "    Atomics.store(this.cells, cell, state & ~STATUS | ((state & GIVEN) === 0 ? FREE : LEFT))\n    return this.settle(side)\n",
      replace: "    const isLast = this.count(side) === 1\n"
        + "    Atomics.store(this.cells, cell, state & ~STATUS | ((state & GIVEN) === 0 ? FREE : LEFT))\n"
        + "    return isLast && this.settle(side)\n"
    }]
  },
  {
    name: "looks at the flag of the dead only when it took the end off itself",
    model: drains(),
    mutations: [{
      module: "Roster",
      find: "    this.settle(SENDER)\n    this.settle(RECEIVER)\n    return done\n",
      replace:
        "    if (isMine && (state & STATUS) !== LEFT) {\n      this.settle(SENDER)\n      this.settle(RECEIVER)\n    }\n    return done\n"
    }]
  }
]
