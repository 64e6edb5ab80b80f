/**
 * Programs on `Arena`: allocations that race for a run, parcels that move, references that are shared, and with any of
 * the threads dying anywhere.
 *
 * Whoever owns a parcel writes to it or reads from it with plain accesses. So two owners at once, or bytes freed while
 * somebody holds them, are data races or wrong marks; what leaks is seen at the end of each schedule.
 */
import type * as ArenaModule from "../../../src/memory/Arena.ts"
import { Violation } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { alone, exchange, load, spin, store } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"

type End = Gated<ArenaModule.ArenaEnd>

const BLOCK = 4096

/** An arena, the ends of its threads, and words by which the threads send handles to each other. */
interface World {
  /** The end of an owner. */
  readonly end: (owner: number) => End
  /** Cells 0 to 7: messages; a handle, or 0 when there is none. Cells 8 to 15: 1 when a thread has come to an end. */
  readonly words: Int32Array
  /** What was said wrongly, were it to end well. */
  readonly checkFree: () => void
}

const world = async (make: Load, blocks: number, references: number): Promise<() => World> => {
  const arena = await make<typeof ArenaModule>("Arena")
  return () => {
    const sab = arena.create({ capacityBytes: blocks * BLOCK, blockBytes: BLOCK, references, id: 1 })
    const states = new Int32Array(sab, 256, blocks)
    // The last generation but one: schedules cross the wrap-around.
    states.fill(-2048)
    return {
      end: (owner) => new arena.ArenaEnd(sab, owner),
      words: new Int32Array(new SharedArrayBuffer(64)),
      checkFree: () => states.forEach((word, block) => equal(word & 1023, 0, `mode of block ${block} in the end`))
    }
  }
}

/** Writes a mark to the first and the last byte. */
const write = function*(end: End, handle: number, mark: number): Body {
  const view = yield* end.view(handle)
  view[0] = mark
  view[view.length - 4] = mark
}

/** Reads the mark. */
const read = function*(end: End, handle: number, mark: number): Body {
  const view = yield* end.view(handle)
  equal(view[0], mark, "first byte")
  equal(view[view.length - 4], mark, "last byte")
}

const must = (answer: number | boolean, what: string): number => {
  if (answer === false || Number(answer) < 0) throw new Violation(`${what} was refused with ${String(answer)}`)
  return Number(answer)
}

/** Handles of the first generations after the wrap fit an Int32 once they are turned by one generation. */
const GENERATION = 2 ** 28
const TURN = 2 ** 22

const pack = (handle: number): number => {
  const generation = (Math.floor(handle / GENERATION) + 8) % TURN
  return generation << 16 | (handle % GENERATION)
}

const unpack = (word: number): number => ((word >> 16) + TURN - 8) % TURN * GENERATION + (word & 0xffff)

/** Sends a parcel or a reference: it is detached before the message can be seen. */
const send = function*(w: World, end: End, handle: number, message: number): Body {
  const sent = must(yield* end.detach(handle), "detach")
  yield* store(w.words, message, pack(sent))
}

/** Takes a message, once; undefined when there is none. */
const receive = function*(w: World, message: number): Body<number | undefined> {
  const word = yield* exchange(w.words, message, 0)
  return word === 0 ? undefined : unpack(word)
}

const ended = (w: World, number: number): Body<number> => store(w.words, 8 + number, 1)

const waitFor = function*(w: World, number: number): Body {
  while ((yield* load(w.words, 8 + number)) === 0) yield* spin()
}

/** Two threads allocate from places that overlap. */
const race = (): Model => ({
  structure: "Arena",
  scenario: "two allocate the same run",
  preemptions: 4,
  prepare: async (load) => {
    const make = await world(load, 3, 1)
    return () => {
      const w = make()
      let got = 0
      const allocator = function*(owner: number, skip: number): Body {
        const end = w.end(owner)
        // Moves the place where the search begins, so that the runs overlap by one block.
        if (skip > 0) alone(end.release(alone(end.allocate(skip * BLOCK))))
        const handle = yield* end.allocate(2 * BLOCK)
        if (handle === -1) return
        got++
        yield* write(end, must(handle, "allocate"), owner)
        yield* read(end, handle, owner)
        must(yield* end.release(handle), "release")
      }
      const bodies = [allocator(1, 0), allocator(2, 1)]
      return {
        threads: bodies.map((body, i) => thread(`allocator${i + 1}`, body)),
        check: () => {
          if (got === 0) throw new Violation("both were refused")
          w.checkFree()
        }
      }
    }
  }
})

/** The sender dies anywhere: while it allocates, fills, sends or frees. Its receiver and an allocator go on. */
const deadSender = (): Model => ({
  structure: "Arena",
  scenario: "the sender dies",
  protocol: "recover, then forget",
  preemptions: 2,
  prepare: async (load) => {
    const make = await world(load, 4, 1)
    return () => {
      const w = make()
      const sender = function*(): Body {
        const end = w.end(1)
        const kept = must(yield* end.allocate(BLOCK + 1), "allocate")
        const parcel = must(yield* end.allocate(BLOCK + 1), "allocate")
        yield* write(end, parcel, 7)
        yield* send(w, end, parcel, 0)
        must(yield* end.release(kept), "release")
        yield* ended(w, 1)
      }
      const receiver = function*(): Body {
        const end = w.end(2)
        for (let tries = 0; tries < 2; tries++) {
          const sent = yield* receive(w, 0)
          if (sent === undefined) continue
          must(yield* end.adopt(sent), "adopt")
          yield* read(end, sent, 7)
          yield* write(end, sent, 8)
          must(yield* end.release(sent), "release")
        }
        yield* ended(w, 2)
      }
      const last = function*(): Body {
        const end = w.end(3)
        yield* waitFor(w, 2)
        const sent = yield* receive(w, 0)
        if (sent !== undefined) {
          must(yield* end.adopt(sent), "adopt")
          yield* read(end, sent, 7)
          must(yield* end.release(sent), "release")
        }
      }
      const heir = function*(): Body {
        const end = w.end(3)
        yield* end.recover(1)
        yield* last()
        yield* end.forget(1)
        const all = must(yield* end.allocate(4 * BLOCK), "allocation of everything")
        yield* write(end, all, 9)
        must(yield* end.release(all), "release")
      }
      return {
        threads: [thread("sender", sender(), true), thread("receiver", receiver())],
        onDeath: () => [thread("heir", heir())],
        check: () => {
          alone(last())
          w.checkFree()
        }
      }
    }
  }
})

/** A thread dies while another allocates, and two threads hear of it. */
const twoHeirs = (): Model => ({
  structure: "Arena",
  scenario: "two recover the same dead thread",
  protocol: "recover",
  preemptions: 1,
  prepare: async (load) => {
    const make = await world(load, 3, 1)
    return () => {
      const w = make()
      let freed = 0
      let owned = 0
      const mortal = function*(): Body {
        const end = w.end(1)
        const parcel = yield* end.allocate(2 * BLOCK)
        if (parcel === -1) return
        owned = 1
        yield* write(end, parcel, 1)
        owned = 2
        yield* end.release(parcel)
        owned = 3
      }
      const allocator = function*(): Body {
        const end = w.end(2)
        const parcel = yield* end.allocate(2 * BLOCK)
        if (parcel === -1) return
        yield* write(end, parcel, 2)
        yield* read(end, parcel, 2)
        must(yield* end.release(parcel), "release")
      }
      const heir = function*(owner: number): Body {
        const end = w.end(owner)
        const found = yield* end.recover(1)
        freed += found.freed
      }
      return {
        threads: [thread("mortal", mortal(), true), thread("allocator", allocator())],
        onDeath: () => [thread("heir3", heir(3)), thread("heir4", heir(4))],
        check: () => {
          if (owned === 1) equal(freed, 1, "parcels freed by both")
          if (freed > 1) throw new Violation(`${freed} parcels freed`)
          w.checkFree()
        }
      }
    }
  }
})

/** Two threads adopt the same parcel. */
const twoReceivers = (): Model => ({
  structure: "Arena",
  scenario: "two adopt one parcel",
  preemptions: 4,
  prepare: async (load) => {
    const make = await world(load, 1, 1)
    return () => {
      const w = make()
      let adopted = 0
      const sender = w.end(1)
      const parcel = alone(sender.allocate(1000))
      alone(write(sender, parcel, 1))
      const sent = alone(sender.detach(parcel))
      const receiver = function*(owner: number): Body {
        const end = w.end(owner)
        if ((yield* end.adopt(sent)) < 0) return
        adopted++
        yield* read(end, sent, 1)
        yield* write(end, sent, 1)
        must(yield* end.release(sent), "release")
      }
      return {
        threads: [thread("receiver2", receiver(2)), thread("receiver3", receiver(3)), thread("sender", receiver(1))],
        check: () => {
          equal(adopted, 1, "adoptions")
          w.checkFree()
        }
      }
    }
  }
})

/** A receiver dies before it could strike the message out, and the message is read again: nothing is taken twice. */
const readAgain = (): Model => ({
  structure: "Arena",
  scenario: "a message is read again after its reader died",
  protocol: "recover, then forget",
  preemptions: 2,
  prepare: async (load) => {
    const make = await world(load, 1, 1)
    return () => {
      const w = make()
      const sender = w.end(1)
      const parcel = alone(sender.allocate(1000))
      alone(write(sender, parcel, 1))
      const sent = alone(sender.detach(parcel))
      const reader = function*(): Body {
        const end = w.end(2)
        must(yield* end.adopt(sent), "adopt")
        yield* write(end, sent, 2)
        yield* send(w, end, sent, 0)
        yield* ended(w, 2)
      }
      const next = function*(): Body {
        const end = w.end(3)
        const got = yield* receive(w, 0)
        if (got === undefined) return
        must(yield* end.adopt(got), "adopt of what was passed on")
        yield* read(end, got, 2)
        must(yield* end.release(got), "release")
      }
      const successor = function*(): Body {
        const end = w.end(4)
        if ((yield* end.adopt(sent)) >= 0) {
          yield* read(end, sent, 1)
          must(yield* end.release(sent), "release")
        }
        yield* end.recover(2)
      }
      return {
        threads: [thread("reader", reader(), true), thread("next", next())],
        onDeath: () => [thread("successor", successor())],
        check: () => {
          alone(next())
          alone(w.end(3).forget(2))
          w.checkFree()
        }
      }
    }
  }
})

/**
 * One holder makes a reference, sends it and gives its own up, while another gives up what may look like the last one; an
 * allocator writes over what is freed.
 */
const sharing = (): Model => ({
  structure: "Arena",
  scenario: "two give references up",
  preemptions: 3,
  prepare: async (load) => {
    const make = await world(load, 1, 3)
    return () => {
      const w = make()
      const a = w.end(1)
      const b = w.end(2)
      const parcel = alone(a.allocate(1000))
      alone(write(a, parcel, 5))
      const first = alone(a.share(parcel))
      const second = alone(a.refer(first))
      const third = alone(b.adopt(alone(a.detach(alone(a.refer(first))))))
      // A free place in front of those that are taken: the new reference comes where somebody may have looked already.
      alone(a.release(first))
      const giver = function*(): Body {
        const another = must(yield* a.refer(second), "refer")
        yield* read(a, another, 5)
        yield* send(w, a, another, 0)
        must(yield* a.release(second), "release")
      }
      const holder = function*(): Body {
        yield* read(b, third, 5)
        must(yield* b.release(third), "release")
      }
      const allocator = function*(): Body {
        const end = w.end(3)
        const mine = yield* end.allocate(1000)
        if (mine < 0) return
        yield* write(end, mine, 6)
        must(yield* end.release(mine), "release")
      }
      return {
        threads: [thread("giver", giver()), thread("holder", holder()), thread("allocator", allocator())],
        check: () => {
          const end = w.end(4)
          const got = must(alone(end.adopt(alone(receive(w, 0))!)), "adopt")
          alone(read(end, got, 5))
          must(alone(end.release(got)), "release")
          w.checkFree()
        }
      }
    }
  }
})

/** A thread shares while another, which recovers a dead one, looks for what has no reference. */
const sharedMeanwhile = (): Model => ({
  structure: "Arena",
  scenario: "one shares while another recovers",
  protocol: "recover",
  preemptions: 4,
  prepare: async (load) => {
    const make = await world(load, 1, 2)
    return () => {
      const w = make()
      const sharer = function*(): Body {
        const end = w.end(1)
        const parcel = yield* end.allocate(1000)
        if (parcel === -1) return
        const first = must(yield* end.share(parcel), "share")
        const second = must(yield* end.refer(first), "refer")
        must(yield* end.release(first), "release")
        yield* write(end, second, 5)
        must(yield* end.release(second), "release")
      }
      const heir = function*(): Body {
        const end = w.end(3)
        yield* end.recover(2)
        const mine = yield* end.allocate(1000)
        if (mine < 0) return
        yield* write(end, mine, 6)
        must(yield* end.release(mine), "release")
      }
      return { threads: [thread("sharer", sharer()), thread("heir", heir())], check: w.checkFree }
    }
  }
})

/** Somebody who shares, passes on and gives up dies anywhere; two recover, a living holder gives up meanwhile. */
const deadHolder = (heirs: number, deaths: number): Model => ({
  structure: "Arena",
  scenario: deaths === 1 ? "a holder of references dies" : "a holder dies, then who recovers it",
  protocol: "recover, then forget",
  preemptions: 1,
  prepare: async (load) => {
    const make = await world(load, 2, 3)
    return () => {
      const w = make()
      const dead = new Set<number>()
      const sharer = function*(): Body {
        const end = w.end(1)
        const parcel = must(yield* end.allocate(BLOCK + 8), "allocate")
        yield* write(end, parcel, 5)
        const first = must(yield* end.share(parcel), "share")
        yield* send(w, end, must(yield* end.refer(first), "refer"), 0)
        must(yield* end.release(first), "release")
      }
      const holder = function*(): Body {
        const end = w.end(2)
        const got = yield* receive(w, 0)
        if (got !== undefined) {
          must(yield* end.adopt(got), "adopt")
          yield* read(end, got, 5)
          must(yield* end.release(got), "release")
        }
        yield* ended(w, 2)
      }
      const heir = function*(owner: number): Body {
        for (const number of dead) yield* w.end(owner).recover(number)
      }
      const owners: { readonly [name: string]: number } = { sharer: 1, heir3: 3, heir4: 4, heir5: 5 }
      return {
        threads: [thread("sharer", sharer(), true), thread("holder", holder())],
        deaths,
        onDeath: ({ name }) => {
          dead.add(owners[name]!)
          const numbers = name === "sharer" ? Array.from({ length: heirs }, (_, i) => 3 + i) : [5]
          return numbers.map((number) => thread(`heir${number}`, heir(number), deaths > 1 && number === 3))
        },
        check: () => {
          const end = w.end(6)
          const got = alone(receive(w, 0))
          if (got !== undefined) {
            must(alone(end.adopt(got)), "adopt")
            must(alone(end.release(got)), "release")
          }
          for (const number of dead) alone(end.forget(number))
          w.checkFree()
        }
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [
  race(),
  deadSender(),
  twoHeirs(),
  twoReceivers(),
  readAgain(),
  sharing(),
  sharedMeanwhile(),
  deadHolder(2, 1),
  deadHolder(1, 2)
]

const change = (find: string, replace: string) => [{ module: "Arena", find, replace }]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  {
    name: "claims a block without comparing",
    model: race(),
    mutations: change(
      "Atomics.compareExchange(cells, cell, word, claim) !== word",
      "Atomics.store(cells, cell, claim) !== claim"
    )
  },
  {
    name: "keeps the blocks of a claim that met another",
    model: race(),
    mutations: change("if (got > 0) this.freeRun(first, got)", "")
  },
  {
    name: "frees the first block of a run first",
    model: twoHeirs(),
    mutations: change(
      "for (let cell = states + first + count - 1; cell >= states + first; cell--) {",
      "for (let cell = states + first; cell < states + first + count; cell++) {"
    )
  },
  {
    name: "frees what somebody else has taken over",
    model: twoHeirs(),
    mutations: change(
      "if (Atomics.compareExchange(cells, cell, seen, inMode(seen, this.mine)) !== seen) return false",
      "Atomics.compareExchange(cells, cell, seen, inMode(seen, this.mine))"
    )
  },
  {
    name: "adopts without comparing",
    model: twoReceivers(),
    mutations: change(
      "Atomics.compareExchange(this.cells, cell, word, inMode(word, this.mine)) === word",
      "Atomics.store(this.cells, cell, inMode(word, this.mine)) !== word"
    )
  },
  {
    name: "sends under the same generation",
    model: readAgain(),
    mutations: [
      ...change(
        "const sent = advance(word, transit | this.owner)",
        "const sent = inMode(word, transit | this.owner)"
      ),
      ...change("return handleInTransit(handle)", "return handle")
    ]
  },
  {
    name: "does not say that a reference is about to go",
    model: sharing(),
    mutations: change("Atomics.add(this.cells, this.rows + block * this.rowCells + 1, 1)", "")
  },
  {
    name: "says so after the reference has gone",
    model: sharing(),
    mutations: [
      ...change("Atomics.add(this.cells, this.rows + block * this.rowCells + 1, 1)", ""),
      ...change(
        "    this.freeUnreferenced(block)\n    return gone",
        "    Atomics.add(this.cells, this.rows + block * this.rowCells + 1, 1)\n"
          + "    this.freeUnreferenced(block)\n    return gone"
      )
    ]
  },
  {
    name: "looks for other references before its own is gone",
    model: sharing(),
    mutations: [
      ...change("    const gone = Atomics", "    this.freeUnreferenced(block)\n    const gone = Atomics"),
      ...change("    this.freeUnreferenced(block)\n    return gone", "    return gone")
    ]
  },
  {
    name: "shares before there is a reference",
    model: sharedMeanwhile(),
    mutations: [
      ...change("    Atomics.store(cells, slot, reference)\n", ""),
      ...change(
        "    return handleOf(reference, block, 1)",
        "    Atomics.store(cells, slot, reference)\n    return handleOf(reference, block, 1)"
      )
    ]
  },
  {
    name: "frees only what the dead thread still held a reference to",
    model: deadHolder(1, 1),
    mutations: change("    this.freeUnreferenced(block)\n    return count", "    return count")
  },
  {
    name: "leaves what the dead thread owned",
    model: deadSender(),
    mutations: change("if (mode === (owned | owner) && this.freeParcel(block, word)) found.freed++", "")
  },
  {
    name: "frees what a dead thread had sent",
    model: deadSender(),
    mutations: change(
      "if (mode === (transit | owner)) found.inTransit++",
      "if (mode === (transit | owner)) this.freeParcel(block, word)"
    )
  },
  {
    name: "frees a dead thread's first block only",
    model: twoHeirs(),
    mutations: change("=== interior) count++", "=== interior && count < 1) count++")
  }
]
