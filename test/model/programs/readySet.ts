/**
 * Programs on `ReadySet`: writers of a ring each, and a reader that looks only where a bit says that there is something, and sleeps when none does.
 */
import type * as ReadySetModule from "../../../src/memory/ReadySet.ts"
import type { Gated } from "../gate.ts"
import { settle } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"
import { type Bell, type Reader, RECORDS, type Rings, rings, START, write, type Writer } from "./spscRing.ts"

type Set = Gated<ReadySetModule.ReadySet>
type Bit = Gated<ReadySetModule.ReadyBit>

/** Ways to use the set wrongly. */
interface Misuse {
  readonly raisesBeforePublishing?: boolean
  readonly ringsBeforeRaising?: boolean
  readonly looksBeforeTaking?: boolean
  readonly forgetsWhatItDidNotReadToTheEnd?: boolean
  readonly checksBeforeAnnouncing?: boolean
}

interface Source {
  readonly writer: Writer
  readonly bit: Bit
  readonly bell: Bell
}

function* send({ bell, bit, writer }: Source, first: number, misuse: Misuse): Body {
  for (let index = first; index < RECORDS; index++) {
    if (misuse.raisesBeforePublishing === true) yield* bit.raise()
    if (!(yield* write(writer, index, {}))) throw new Error("the model sends more than the ring holds")
    if (misuse.ringsBeforeRaising === true) yield* bell.ring()
    if (misuse.raisesBeforePublishing !== true) yield* bit.raise()
    if (misuse.ringsBeforeRaising !== true) yield* bell.ring()
  }
}

/** Takes one record of a ring, as one that has other things to do; whether there was one. */
function* takeOne(reader: Reader, expected: number): Body<boolean> {
  if (!(yield* reader.poll())) return false
  if ((yield* reader.next()) < 0) return false
  equal(reader.type, expected, "type")
  yield* reader.release()
  return true
}

/** Reads until it has all records of all rings. What is left in a ring it knows by itself: `pending`. */
function* receive(
  m: Rings,
  ready: Set,
  bell: Bell,
  buffers: ReadonlyArray<SharedArrayBuffer>,
  received: Array<number>,
  misuse: Misuse
): Body {
  const readers = buffers.map((buffer) => m.reader(buffer))
  let pending = 0
  const isDone = (): boolean => received.every((count) => count === RECORDS)
  while (!isDone()) {
    const early: Array<boolean> = []
    if (misuse.looksBeforeTaking === true) { for (const reader of readers) early.push(!(yield* reader.isEmpty())) }
    pending |= yield* ready.take(0)
    for (let source = 0; source < readers.length; source++) {
      if ((pending >> source & 1) === 0) continue
      if (early[source] !== false && (yield* takeOne(readers[source]!, received[source]!))) received[source]!++
      if (
        misuse.forgetsWhatItDidNotReadToTheEnd === true || early[source] === false ||
        (yield* readers[source]!.isEmpty())
      ) {
        pending &= ~(1 << source)
      }
    }
    if (pending !== 0 || isDone()) continue
    const wasEmpty = misuse.checksBeforeAnnouncing === true ? yield* ready.isEmpty() : true
    yield* bell.prepare()
    if (wasEmpty && (misuse.checksBeforeAnnouncing === true || (yield* ready.isEmpty()))) {
      const wait = yield* bell.wait()
      if (wait.async) yield* settle(wait.value)
    }
    yield* bell.cancel()
  }
}

/** Two threads write, one of them only its last record. */
const looked = (misuse: Misuse = {}): Model => ({
  structure: "ReadySet",
  scenario: "a reader of two rings looks where there is something",
  protocol: "take and look",
  preemptions: 3,
  prepare: async (load) => {
    const m = await rings(load)
    const module = await load<typeof ReadySetModule>("ReadySet")
    return () => {
      const buffers = [m.newRing(START), m.newRing(0)]
      const bells = m.newBells(1)
      const sab = module.create(1, buffers.length)
      const firsts = [RECORDS - 2, RECORDS - 1]
      const received = firsts.slice()
      const writers = buffers.map((buffer, source) =>
        thread(
          `writer${source}`,
          send(
            { writer: m.writer(buffer), bit: new module.ReadyBit(sab, 0, source), bell: m.bell(bells, 0) },
            firsts[source]!,
            misuse
          )
        )
      )
      const reader = receive(m, new module.ReadySet(sab, 0), m.bell(bells, 0), buffers, received, misuse)
      return {
        threads: [thread("reader", reader), ...writers],
        check: () => equal(received.join(), [RECORDS, RECORDS].join(), "records received")
      }
    }
  }
})

/** The programs that must hold. */
export const models: ReadonlyArray<Model> = [looked()]

/** The programs that must fail. */
export const broken: ReadonlyArray<Broken> = [
  { name: "raises before publishing", model: looked({ raisesBeforePublishing: true }) },
  { name: "rings before raising", model: looked({ ringsBeforeRaising: true }) },
  { name: "looks before it takes the bits", model: looked({ looksBeforeTaking: true }) },
  { name: "forgets what it did not read to the end", model: looked({ forgetsWhatItDidNotReadToTheEnd: true }) },
  { name: "checks before announcing that it parks", model: looked({ checksBeforeAnnouncing: true }) },
  {
    name: "takes a bit in two steps",
    model: looked(),
    mutations: [{
      module: "ReadySet",
      find: "return Atomics.load(this.cells, cell) === 0 ? 0 : Atomics.exchange(this.cells, cell, 0)",
      replace: "const bits = Atomics.load(this.cells, cell)\n    if (bits !== 0) Atomics.store(this.cells, cell, 0)\n"
        + "    return bits"
    }]
  },
  {
    name: "raises in two steps",
    model: looked(),
    mutations: [{
      module: "ReadySet",
      find: "if ((Atomics.load(this.cells, this.cell) & this.bit) === 0) Atomics.or(this.cells, this.cell, this.bit)",
      replace: "const bits = Atomics.load(this.cells, this.cell)\n"
        + "    if ((bits & this.bit) === 0) Atomics.store(this.cells, this.cell, bits | this.bit)"
    }]
  },
  {
    name: "believes any bit to be its own",
    model: looked(),
    mutations: [{
      module: "ReadySet",
      find: "if ((Atomics.load(this.cells, this.cell) & this.bit) === 0) Atomics",
      replace: "if (Atomics.load(this.cells, this.cell) === 0) Atomics"
    }]
  }
]
