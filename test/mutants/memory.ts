import type { Mutant } from "../support/mutant.ts"

const layout = { file: "src/memory/Layout.ts", tests: ["test/memory/Ring.test.ts", "test/memory/SpscRing.test.ts"] }
const spsc = {
  file: "src/memory/SpscRing.ts",
  tests: ["test/memory/Ring.test.ts", "test/memory/SpscRing.test.ts", "test/memory/SpscRecovery.test.ts"]
}
const account = {
  file: "src/memory/internal/spscMemory.ts",
  tests: ["test/memory/SpscRecovery.test.ts", "test/memory/SpscRing.test.ts"]
}
const mpsc = { file: "src/memory/MpscRing.ts", tests: ["test/memory/Ring.test.ts", "test/memory/MpscRing.test.ts"] }
const mpmc = { file: "src/memory/MpmcRing.ts", tests: ["test/memory/Ring.test.ts", "test/memory/MpmcRing.test.ts"] }
const recovery = { file: "src/memory/MpmcRecovery.ts", tests: ["test/memory/MpmcRing.test.ts"] }
const claims = { file: "src/memory/internal/mpmcMemory.ts", tests: ["test/memory/MpmcRing.test.ts"] }
const roster = {
  file: "src/memory/Roster.ts",
  tests: ["test/memory/Roster.test.ts", "test/channel/SharedChannel.test.ts"]
}

const numbers = { file: "src/memory/ArenaNumbers.ts", tests: ["test/memory/ArenaNumbers.test.ts"] }

/** Faults in the rings, their recovery, the roster, and the numbers of arenas. What only some schedule shows is in `test/model`. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    ...numbers,
    why: "who lends numbers gives nobody its own",
    before: "    this.enter()\n    for",
    after: "    for"
  },
  {
    ...numbers,
    why: "what a thread had lent on is recovered with it",
    before: "if (word === (IN_USE | number) && other !== number) this.recover(other)",
    after: "if (word === -1) this.recover(other)"
  },
  {
    ...numbers,
    file: "src/wire/Arenas.ts",
    why: "a number that was given by hand is given to nobody else",
    before: "      new ArenaNumbers(end).enter()\n",
    after: ""
  },
  {
    ...layout,
    why: "shared memory is told by what it is, not by its realm",
    before: "sharedLengthOf!.call(value)\n    return true",
    after: "return value instanceof SharedArrayBuffer"
  },
  {
    ...layout,
    why: "a buffer of another version is refused",
    before: "if (cells[VERSION_CELL] !== layout.version) {",
    after: "if (cells[VERSION_CELL] === 0) {"
  },
  {
    ...spsc,
    why: "a record is as long as its header says, which is checked",
    before: "if (type < 0 || length < headerBytes || length > available) return this.nextUnusual(length, type)",
    after: "if (type < 0 || length < headerBytes) return this.nextUnusual(length, type)"
  },
  {
    ...spsc,
    why: "a claim that needs padding needs room for both",
    before: "paddingBytes + recordBytes > free) return ringFull",
    after: "recordBytes > free) return ringFull"
  },
  {
    ...spsc,
    why: "an aborted claim counts for nobody",
    before: "this.claimedBytes = NO_CLAIM\n    this.cells[claimedCell] = this.committedRecords\n",
    after: "this.claimedBytes = NO_CLAIM\n"
  },
  {
    ...spsc,
    why: "the position that was read is given back, and not the tail",
    before: "Atomics.store(this.cells, headCell, (this.base + place) | 0)",
    after: "Atomics.store(this.cells, headCell, (this.base + this.tail) | 0)"
  },
  {
    ...spsc,
    why: "what is not released is not written over",
    before: "if (free === capacityBytes) this.beginAnew()",
    after: "if (free > 0) this.beginAnew()"
  },
  {
    ...spsc,
    why: "while the reader keeps up a window is all that is used",
    before: "place >= 0 && place < WINDOW_BYTES ? WINDOW_BYTES - place : capacityBytes",
    after: "capacityBytes"
  },
  {
    ...spsc,
    why: "a batch behind the window looks whether it can begin anew",
    before: "if (((place - this.lookFrom) | 0) >= 0) this.limit = place\n",
    after: ""
  },
  {
    ...spsc,
    why: "a base that the reader did not know is where it stands",
    before: "if (base !== ((this.base + this.place) | 0) || this.place !== this.released) return false\n",
    after: ""
  },
  {
    ...spsc,
    why: "where only the base is damaged the end is known, and is skipped to",
    before: "!this.follow(base)) return this.stop(DAMAGED_RECORD)",
    after: "!this.follow(base)) return this.stop(DAMAGED_TAIL)"
  },
  {
    ...account,
    why: "of two accounts the one that fits the tail counts",
    before: "const account = cells[accountCell] === tail ? accountCell : accountCell + ACCOUNT_CELLS",
    after: "const account = accountCell"
  },
  {
    ...account,
    why: "a position is a multiple of 8",
    before: "if ((position & 7) !== 0) {",
    after: "if ((position & 3) !== 0) {"
  },
  {
    ...mpsc,
    why: "the reader hears of writers that come later",
    before: "if (used > this.used && used <= this.readers.length) this.used = used",
    after: "if (used > this.used + 62) this.used = used"
  },
  {
    ...mpsc,
    why: "what was read of a ring is free when the reader goes on",
    before: "this.current.release()\n    this.index",
    after: "this.index"
  },
  {
    ...mpsc,
    why: "after one look at a ring comes the next",
    before: "} else if (offset === none) this.turn()",
    after: "}"
  },
  {
    ...mpsc,
    why: "a damaged ring is left for the others",
    before: "const bytes = this.current.resync()\n    this.turn()",
    after: "const bytes = this.current.resync()"
  },
  {
    ...mpsc,
    why: "all rings are looked at before the reader says that it is empty",
    before: "for (let index = 0; index < used; index++) if",
    after: "for (let index = 0; index < 1; index++) if"
  },
  {
    ...mpmc,
    why: "a cell is free for the next lap",
    before: "Atomics.store(this.cells, this.cell, (this.position + this.mask + 1) | 0)",
    after: "Atomics.store(this.cells, this.cell, (this.position + this.mask) | 0)"
  },
  {
    ...mpmc,
    why: "what was given up is passed at once by who gives it up",
    before: "this.unpublished = true\n    this.pass()",
    after: "this.unpublished = true"
  },
  {
    ...mpmc,
    why: "a new claim takes the place of the one before",
    before: "if (this.cell !== NO_CELL) this.abort()",
    after: ""
  },
  {
    ...mpmc,
    why: "the next record frees the one before",
    before: "if (this.cell !== NO_CELL) this.release()",
    after: ""
  },
  {
    ...mpmc,
    why: "a length that makes no sense is damage",
    before: "if (!(length >= 0 && length <= this.maxRecordBytes)) return corrupt",
    after: ""
  },
  {
    ...mpmc,
    why: "who is finished with a record has one more",
    before: "this.cell = NO_CELL\n    this.done = (this.done + 1) | 0\n  }",
    after: "this.cell = NO_CELL\n  }"
  },
  {
    ...mpmc,
    why: "damaged sequences send nobody round for ever",
    before:
      "for (let steps = 0; steps <= 2 * mask + ENOUGH_STEPS; steps++) {\n      const cell = first + (position & mask) * stride\n      const lead = (Atomics.load(cells, cell) - position) | 0",
    after:
      "for (;;) {\n      const cell = first + (position & mask) * stride\n      const lead = (Atomics.load(cells, cell) - position) | 0"
  },
  {
    ...claims,
    why: "who comes after an owner goes on counting",
    before: "? (done + 1) | 0 : done",
    after: "? done : done"
  },
  {
    ...claims,
    why: "an owner has a number of its own",
    before: "owner >= 1 && owner <= owners)",
    after: "owner >= 1 && owner <= owners + 1)"
  },
  {
    ...recovery,
    why: "what the dead was writing is reported",
    before: "return isGivenBack && stage !== GIVES_UP ? 1 : 0",
    after: "return isGivenBack && stage === GIVES_UP ? 1 : 0"
  },
  {
    ...recovery,
    why: "what the dead was reading is free again",
    before: "const reading = this.settle(row + READING, layout.cells.head, 1, leave)",
    after: "const reading = 0"
  },
  {
    ...recovery,
    why: "the last record of the dead counts",
    before: "if (!isOpen) ",
    after: "if (stage === DEAD && !isOpen) "
  },
  {
    ...claims,
    why: "a record is not counted twice when its owner dies between what it says",
    before: "=== (HAS | roundOf(done))",
    after: "% 8 === HAS"
  },
  {
    ...roster,
    why: "an end is seized only by the name that it has",
    before: "if ((state & STATUS) === FREE || this.endOf(row, state) !== end) return -1",
    after: "if ((state & STATUS) === FREE) return -1"
  },
  {
    ...roster,
    why: "a row that was given to a thread stays out of use until it has exited",
    before: "((state & GIVEN) === 0 ? FREE : LEFT)",
    after: "FREE"
  },
  {
    ...roster,
    why: "what is made from an end that was given belongs to it",
    before: "return (state & GIVEN) !== 0 ? (row + 1) << PARENT_SHIFT : state & PARENT_MASK",
    after: "return state & PARENT_MASK"
  },
  {
    file: "src/memory/AdaptiveWait.ts",
    tests: ["test/memory/AdaptiveWait.test.ts"],
    why: "what came soon after a yield would have been caught by spinning",
    before: "Math.max(PROBE_SPINS, this.spinBudget * 4))\n      }\n      this.learnYielding",
    after: "Math.max(PROBE_SPINS, this.spinBudget * 2))\n      }\n      this.learnYielding"
  },
  {
    file: "src/memory/AdaptiveWait.ts",
    tests: ["test/memory/AdaptiveWait.test.ts"],
    why: "what came late after a yield would not have been caught by spinning",
    before: "!this.hasParked && waited < SOON_NANOS",
    after: "!this.hasParked"
  },
  {
    file: "src/memory/AdaptiveWait.ts",
    tests: ["test/memory/AdaptiveWait.test.ts"],
    why: "parks that were too short make up for what the phase has taken",
    before: "(this.hasParked ? 4 : 2)",
    after: "2"
  }
]
