/**
 * Programs on `LaneWords`: a lane whose reader dies anywhere and whose successor goes on, asleep and awake, and a writer that
 * waits until what it has sent is handled. They do with ring and words what `link/internal/lane.ts` does.
 */
import type * as LaneWordsModule from "../../../src/memory/kernel/LaneWords.ts"
import * as Layouts from "../../../src/memory/Layouts.ts"
import type * as SpscRecoveryModule from "../../../src/memory/SpscRecovery.ts"
import { type Racing, Violation } from "../explore.ts"
import type { Gated, Load } from "../gate.ts"
import { add, alone, load as loadWord, notify, wait } from "../gatedAtomics.ts"
import { type Body, type Broken, equal, type Model, thread } from "./program.ts"
import { type Reader, type Rings, rings } from "./spscRing.ts"

type Words = Gated<LaneWordsModule.LaneWords>

interface Modules {
  readonly rings: Rings
  readonly newWords: () => SharedArrayBuffer
  readonly words: (sab: SharedArrayBuffer) => Words
  readonly published: (ring: SharedArrayBuffer) => Body<number>
}

const modules = async (load: Load): Promise<Modules> => {
  const words = await load<typeof LaneWordsModule>("kernel/LaneWords")
  const recovery = await load<typeof SpscRecoveryModule>("SpscRecovery")
  return {
    rings: await rings(load),
    newWords: words.create,
    words: (sab) => new words.LaneWords(sab),
    published: (ring) => new recovery.SpscRecovery(ring).published()
  }
}

/** Ways to use the words wrongly. */
interface Misuse {
  readonly looksBeforeArming?: boolean
  readonly nudgesBeforePublishing?: boolean
  readonly releasesBeforeHandling?: boolean
  readonly believesWhatWasShown?: boolean
  readonly asksForRoomAfterLooking?: boolean
  readonly comparesCounts?: boolean
  readonly sleepsOnAfterVainNudge?: boolean
}

const MESSAGES = 2

/** A lane, and what wakes the two: what a link brings, to whoever reads now. */
interface Lane {
  readonly ring: SharedArrayBuffer
  readonly words: SharedArrayBuffer
  readonly nudges: Int32Array
  readonly bells: Int32Array
  readonly effects: Int32Array
}

const accounts = Layouts.spscRing.cells.position0

/** Words of a lane's ring that race by design. */
const racingIn = ({ ring }: Lane): Racing => ({
  why: "who counts again looks at the tail around it, and the writer changes no account of a tail that is there",
  words: (word, buffer) => buffer === ring && word >= accounts && word < accounts + 4
})

const newLane = (m: Modules): Lane => ({
  ring: m.rings.newRing(0),
  words: m.newWords(),
  nudges: new Int32Array(new SharedArrayBuffer(4)),
  bells: new Int32Array(new SharedArrayBuffer(4)),
  effects: new Int32Array(new SharedArrayBuffer(4))
})

function* wake(words: Int32Array): Body {
  yield* add(words, 0, 1)
  yield* notify(words, 0)
}

/** What came of the messages, as nobody who dies can forget it. */
interface Book {
  /** How often each was about to be begun. */
  readonly tried: Array<number>
  /** The attempts that handlers were told of, in order. */
  readonly begun: Array<readonly [message: number, attempt: number]>
  deaths: number
}

const newBook = (): Book => ({ tried: new Array<number>(MESSAGES).fill(0), begun: [], deaths: 0 })

/** Sends all messages, at most so many of which are not handled. */
function* send(m: Modules, lane: Lane, window: number, misuse: Misuse): Body {
  const writer = m.rings.writer(lane.ring)
  const words = m.words(lane.words)
  const isFull = function*(written: number): Body<boolean> {
    return ((written - (yield* words.handled())) | 0) >= window
  }
  for (let written = 0; written < MESSAGES; written++) {
    while (yield* isFull(written)) {
      const seen = yield* loadWord(lane.bells, 0)
      if (misuse.asksForRoomAfterLooking !== true) yield* writer.requestRoom()
      const stillFull = yield* isFull(written)
      if (misuse.asksForRoomAfterLooking === true) yield* writer.requestRoom()
      if (stillFull) yield* wait(lane.bells, 0, seen)
    }
    if ((yield* writer.claim(8)) < 0) throw new Error("the model sends more than the ring holds")
    yield* writer.commit(8, written)
    if (misuse.nudgesBeforePublishing === true && (yield* words.takeNudge())) yield* wake(lane.nudges)
    yield* writer.publish()
    if (misuse.nudgesBeforePublishing !== true && (yield* words.takeNudge())) yield* wake(lane.nudges)
  }
}

/** As `SpscRecovery.countUnread` does it. */
function* countUnread(reader: Reader): Body<number> {
  let count = 0
  if (yield* reader.poll()) { while ((yield* reader.next()) >= 0) count++ }
  return count
}

/** What was handled before this reader was made. */
function* recount(m: Modules, lane: Lane, words: Words, misuse: Misuse): Body<number> {
  if (misuse.believesWhatWasShown === true) return yield* words.handled()
  const reader = m.rings.reader(lane.ring)
  for (;;) {
    const tail = yield* reader.published()
    const published = yield* m.published(lane.ring)
    const unread = yield* countUnread(m.rings.reader(lane.ring))
    if (misuse.comparesCounts === true) {
      if ((yield* m.published(lane.ring)) === published) return (published - unread) | 0
    } else if ((yield* reader.published()) === tail) return (published - unread) | 0
  }
}

/** Handles all messages, one at a time, from where the last reader has ended. */
function* handle(m: Modules, lane: Lane, book: Book, misuse: Misuse): Body {
  const reader = m.rings.reader(lane.ring)
  const words = m.words(lane.words)
  let handled = yield* recount(m, lane, words, misuse)
  yield* words.takeOver(handled)
  // The last reader may have taken a request for room, and died.
  yield* wake(lane.bells)
  while (handled < MESSAGES) {
    if (yield* reader.poll()) {
      yield* reader.next()
      const message = reader.type
      if (misuse.releasesBeforeHandling === true) yield* reader.release()
      book.tried[message]!++
      const attempt = yield* words.begin(handled)
      book.begun.push([message, attempt])
      // What a handler does can be seen, and its thread may die behind it.
      yield* add(lane.effects, 0, 1)
      if (misuse.releasesBeforeHandling !== true) yield* reader.release()
      handled++
      yield* words.show(handled)
      if (yield* reader.takeRoomRequest()) yield* wake(lane.bells)
      continue
    }
    let seen = yield* loadWord(lane.nudges, 0)
    if (misuse.looksBeforeArming !== true) yield* words.arm()
    const isEmpty = yield* reader.isEmpty()
    if (misuse.looksBeforeArming === true) yield* words.arm()
    if (!isEmpty) continue
    yield* wait(lane.nudges, 0, seen)
    while (misuse.sleepsOnAfterVainNudge === true && (yield* reader.isEmpty())) {
      seen = yield* loadWord(lane.nudges, 0)
      yield* wait(lane.nudges, 0, seen)
    }
  }
}

/** In order, each at least once, and its attempts are those that were made: none of another message, and none left out. */
const verify = ({ begun, deaths, tried }: Book): void => {
  const attempts = new Array<number>(MESSAGES).fill(0)
  let last = -1
  let unseen = 0
  for (const [message, attempt] of begun) {
    if (message !== last && message !== last + 1) throw new Violation(`message ${message} came behind ${last}`)
    if (attempt <= attempts[message]!) {
      throw new Violation(`message ${message} was begun for the time ${attempt} after ${attempts[message]!}`)
    }
    unseen += attempt - attempts[message]! - 1
    attempts[message] = attempt
    last = message
  }
  equal(last, MESSAGES - 1, "the last message that was handled")
  for (const [message, attempt] of attempts.entries()) {
    if (attempt > tried[message]!) {
      throw new Violation(`message ${message} counts ${attempt} attempts, and was tried ${tried[message]!} times`)
    }
  }
  if (unseen > deaths) throw new Violation(`${unseen} attempts were seen by nobody, in ${deaths} deaths`)
}

/** The thread of the reader dies anywhere, asleep too, and the next one goes on. */
const survives = (misuse: Misuse = {}): Model => ({
  structure: "LaneWords",
  scenario: "the reader dies, and the next one goes on",
  protocol: "nudge",
  preemptions: 2,
  prepare: async (load) => {
    const m = await modules(load)
    return () => {
      const lane = newLane(m)
      const book = newBook()
      return {
        racing: racingIn(lane),
        threads: [
          thread("writer", send(m, lane, MESSAGES, misuse)),
          thread("reader", handle(m, lane, book, misuse), true)
        ],
        onDeath: () => {
          book.deaths++
          return [thread("next reader", handle(m, lane, book, misuse))]
        },
        check: () => verify(book)
      }
    }
  }
})

/** The next reader counts again, while the writer writes on. */
const counts = (misuse: Misuse = {}): Model => ({
  structure: "LaneWords",
  scenario: "what is handled is counted while the writer writes",
  preemptions: 3,
  prepare: async (load) => {
    const m = await modules(load)
    return () => {
      const lane = newLane(m)
      let counted = 0
      const writing = function*(): Body {
        const writer = m.rings.writer(lane.ring)
        for (let i = 0; i < 3; i++) {
          yield* writer.claim(8)
          yield* writer.commit(8, i)
          yield* writer.publish()
        }
      }
      const counting = function*(): Body {
        counted = yield* recount(m, lane, m.words(lane.words), misuse)
      }
      return {
        racing: racingIn(lane),
        threads: [thread("writer", writing()), thread("reader", counting())],
        check: () => equal(counted, 0, "messages handled")
      }
    }
  }
})

/** Every second message waits until the one before is handled, whoever handles it. */
const waits = (misuse: Misuse = {}): Model => ({
  structure: "LaneWords",
  scenario: "the writer waits until what it has sent is handled, by whoever lives",
  protocol: "room by what is shown",
  preemptions: 1,
  prepare: async (load) => {
    const m = await modules(load)
    return () => {
      const lane = newLane(m)
      const book = newBook()
      return {
        racing: racingIn(lane),
        threads: [
          thread("writer", send(m, lane, 1, misuse)),
          thread("reader", handle(m, lane, book, misuse), true)
        ],
        onDeath: () => {
          book.deaths++
          return [thread("next reader", handle(m, lane, book, misuse))]
        },
        check: () => {
          verify(book)
          equal(alone(m.words(lane.words).handled()), MESSAGES, "messages handled, as shown")
        }
      }
    }
  }
})

export const models: ReadonlyArray<Model> = [survives(), counts(), waits()]

export const broken: ReadonlyArray<Broken> = [
  { name: "looks for messages before it arms", model: survives({ looksBeforeArming: true }) },
  {
    name: "sleeps on without arming again when it was nudged for what it has handled",
    model: survives({ sleepsOnAfterVainNudge: true })
  },
  { name: "nudges before it publishes", model: survives({ nudgesBeforePublishing: true }) },
  { name: "is done with a message before it is handled", model: survives({ releasesBeforeHandling: true }) },
  { name: "believes what was shown, and counts nothing again", model: survives({ believesWhatWasShown: true }) },
  {
    name: "takes it that what is counted was there when it is as much again",
    model: counts({ comparesCounts: true })
  },
  { name: "asks for room after it has looked", model: waits({ asksForRoomAfterLooking: true }) },
  {
    name: "counts on for the next message",
    model: survives(),
    mutations: [{ module: "kernel/LaneWords", find: "last >>> TRIES_BITS === key", replace: "last !== 0" }]
  },
  {
    name: "begins to count again in each thread",
    model: survives(),
    mutations: [{ module: "kernel/LaneWords", find: "last >>> TRIES_BITS === key", replace: "last === -1" }]
  },
  {
    name: "disarms what nobody has told it to",
    model: survives(),
    mutations: [{
      module: "kernel/LaneWords",
      find: "return Atomics.load(this.cells, ARMED) === 1 && Atomics.exchange(this.cells, ARMED, 0) === 1",
      replace: "return Atomics.exchange(this.cells, ARMED, 0) === 2"
    }]
  }
]
