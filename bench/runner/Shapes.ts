/**
 * Shapes of message flow within one thread, after the Savina suite of Imam and Sarkar (AGERE! 2014): a ring, a fan in, a fan out, and "big", where
 * many actors ask each other at random.
 *
 * A shape is written once, over what its handlers do: a function call in some libraries, an Effect in others. Every message is counted and added up.
 */
import type { Measured, Params, Tally } from "./Case.ts"
import * as Sampling from "./Sampling.ts"

/** What a shape needs of an actor library; `Out` is what a handler answers with. */
export interface ShapeActors<Ref, Out> {
  /** Starts so many actors; what each does with a message is said by its index. */
  readonly start: (
    count: number,
    handlers: (index: number) => (message: Sampling.Message) => Out
  ) => Promise<ReadonlyArray<Ref>>
  /** Sends, as a handler does. */
  readonly tell: (ref: Ref, message: Sampling.Message) => Out
  /** What a handler answers that sends nothing. */
  readonly nothing: Out
  /** What a handler answers that does so many things in turn. */
  readonly inTurn: (count: number, each: (index: number) => Out) => Out
  /** Sends, from outside of all actors. */
  readonly poke: (ref: Ref, message: Sampling.Message) => void
}

/** The `inTurn` of libraries whose handlers call functions. */
export const inTurn = (count: number, each: (index: number) => void): void => {
  for (let index = 0; index < count; index++) each(index)
}

/** A shape for `count` messages: its actors, and how it is set in motion. */
interface Shape {
  readonly run: <Ref, Out>(
    actors: ShapeActors<Ref, Out>,
    count: number,
    take: (message: Sampling.Message) => void
  ) => Promise<() => void>
  readonly expected: (count: number) => Tally
}

/** Actors of a ring, senders of a fan in, receivers of a fan out, and members of "big". */
const MEMBERS = 100

/** A message that is not counted: it tells an actor to begin. */
const GO: Sampling.Message = { id: 0, a: 0, b: 0 }

/** One message goes round until it has been sent so often. */
const ring: Shape = {
  run: async (actors, count, take) => {
    const members = await actors.start(MEMBERS, (index) => (message) => {
      take(message)
      return message.id === 0
        ? actors.nothing
        : actors.tell(members[(index + 1) % MEMBERS]!, Sampling.message(message.id - 1))
    })
    return () => actors.poke(members[0]!, Sampling.message(count - 1))
  },
  expected: (count) => Sampling.expectedTally(count)
}

/** A hundred actors send to one. */
const fanIn: Shape = {
  run: async (actors, count, take) => {
    const [receiver] = await actors.start(1, () => (message) => {
      take(message)
      return actors.nothing
    })
    const share = count / MEMBERS
    const senders = await actors.start(
      MEMBERS,
      (index) => () => actors.inTurn(share, (sent) => actors.tell(receiver!, Sampling.message(index * share + sent)))
    )
    return () => {
      for (const sender of senders) actors.poke(sender, GO)
    }
  },
  expected: (count) => Sampling.expectedTally(count)
}

/** One actor sends to a hundred in turn. */
const fanOut: Shape = {
  run: async (actors, count, take) => {
    const receivers = await actors.start(MEMBERS, () => (message) => {
      take(message)
      return actors.nothing
    })
    const [sender] = await actors.start(
      1,
      () => () => actors.inTurn(count, (sent) => actors.tell(receivers[sent % MEMBERS]!, Sampling.message(sent)))
    )
    return () => actors.poke(sender!, GO)
  },
  expected: (count) => Sampling.expectedTally(count)
}

const PING = 7
const PONG = 8

/** A linear congruential generator of 31 bits, the same in `bench.erl`. */
export const nextRandom = (seed: number): number => (seed * 48271) % 2147483647

/** A hundred actors, each sends to another one at random, waits for its answer, and sends again. */
const big: Shape = {
  run: async (actors, count, take) => {
    const pings = count / MEMBERS / 2
    const members = await actors.start(MEMBERS, (index) => {
      let seed = index + 1
      let sent = 0
      const ping = () => {
        if (sent === pings) return actors.nothing
        sent++
        seed = nextRandom(seed)
        return actors.tell(members[seed % MEMBERS]!, { id: index, a: PING, b: 1.5 })
      }
      return (message) => {
        if (message.a === GO.a) return ping()
        take(message)
        return message.a === PING ? actors.tell(members[message.id]!, { id: index, a: PONG, b: 1.5 }) : ping()
      }
    })
    return () => {
      for (const member of members) actors.poke(member, GO)
    }
  },
  expected: (count) => ({ count, checksum: bigChecksum(count) })
}

const bigChecksum = (count: number): number => {
  const pings = count / MEMBERS / 2
  let sum = count / 2 * (PING + PONG) + count * 1.5
  for (let index = 0; index < MEMBERS; index++) {
    sum += index * pings
    let seed = index + 1
    for (let sent = 0; sent < pings; sent++) {
      seed = nextRandom(seed)
      sum += seed % MEMBERS
    }
  }
  return sum
}

/** The shapes by name. */
export const shapes = { ring, "fan-in": fanIn, "fan-out": fanOut, big }

/** The name of a shape. */
export type ShapeName = keyof typeof shapes

/** Measures a shape: nanoseconds for each of `params.count` messages. */
export const measure = async <Ref, Out>(
  params: Params,
  name: ShapeName,
  actors: ShapeActors<Ref, Out>
): Promise<Measured> => {
  const { expected, run } = shapes[name]
  const received = { count: 0, checksum: 0 }
  const samples = await Sampling.sample(params, async () => {
    const counter = new Sampling.TallyCounter()
    let done = (): void => {}
    const finished = new Promise<void>((resolve) => {
      done = resolve
    })
    const begin = await run(actors, params.count, (message) => {
      counter.add(message)
      if (counter.count === params.count) done()
    })
    const start = performance.now()
    begin()
    await finished
    const figure = Sampling.nanosEach(performance.now() - start, params.count)
    received.count += counter.count
    received.checksum += counter.checksum
    return figure
  })
  const one = expected(params.count)
  const rounds = params.samples + params.warmups
  return { samples, received, expected: { count: one.count * rounds, checksum: one.checksum * rounds } }
}
