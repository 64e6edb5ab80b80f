/**
 * The loops of the cases within one thread, for actor libraries with callbacks. Their Effect counterparts do the same in generators.
 */
import type { Measured, Params } from "../runner/Case.ts"
import * as Sampling from "../runner/Sampling.ts"
import * as Shapes from "../runner/Shapes.ts"

/** What these loops need of an actor library. */
export interface LocalActors<Ref> {
  /** Starts an actor that hands every message to a handler; a handler that suspends answers a promise. */
  readonly receiver: (handle: (message: Sampling.Message) => void | Promise<void>) => Ref
  /** Starts an actor that answers its argument plus one. */
  readonly adder: () => Ref
  /** Starts an idle actor with one number of state; when a message comes it hands that number to `answer`. */
  readonly idle: (id: number, answer: (id: number) => void) => Ref
  readonly tell: (ref: Ref, message: Sampling.Message) => void
  readonly ask: (ref: Ref, value: number) => Promise<number>
}

/** One sender, one receiver, in groups: the receiver gets a turn after each. */
export const tell = async <Ref>(
  params: Params,
  actors: LocalActors<Ref>,
  handler: "answers" | "suspends"
): Promise<Measured> => {
  const counter = new Sampling.TallyCounter()
  let target = 0
  let done = (): void => {}
  const take = (message: Sampling.Message): void => {
    counter.add(message)
    if (counter.count === target) done()
  }
  const receiver = actors.receiver(
    handler === "answers" ? take : async (message) => {
      await Promise.resolve()
      take(message)
    }
  )
  const samples = await Sampling.sample(params, async () => {
    target += params.count
    const received = new Promise<void>((resolve) => {
      done = resolve
    })
    const start = performance.now()
    for (let id = 0; id < params.count; id++) {
      actors.tell(receiver, Sampling.message(id))
      if (id % Sampling.groupSize === Sampling.groupSize - 1) await Sampling.turn()
    }
    await received
    return Sampling.nanosEach(performance.now() - start, params.count)
  })
  return {
    samples,
    received: counter.tally,
    expected: Sampling.expectedTally(params.count, params.samples + params.warmups)
  }
}

/** One ask at a time. */
export const ask = <Ref>(params: Params, actors: LocalActors<Ref>): Promise<Measured> => {
  const adder = actors.adder()
  return Sampling.measureAsks(params, async (count, replies) => {
    for (let value = 0; value < count; value++) replies.addReply(await actors.ask(adder, value))
  })
}

/** Starts idle actors, at `figure`'s choice for their rate or their memory; afterwards each proves that it is there. */
export const spawn = async <Ref>(
  params: Params,
  actors: LocalActors<Ref>,
  figure: "rate" | "memory"
): Promise<Measured> => {
  const counter = new Sampling.TallyCounter()
  let done = (): void => {}
  const answer = (id: number): void => {
    counter.addReply(id)
    if (counter.count === params.count) done()
  }
  const answered = new Promise<void>((resolve) => {
    done = resolve
  })
  const refs = new Array<Ref>(params.count)
  const gauge = Sampling.gaugeSpawn(params.count)
  for (let id = 0; id < params.count; id++) refs[id] = actors.idle(id, answer)
  await Sampling.turn()
  const samples = [gauge(figure)]
  for (let id = 0; id < params.count; id++) {
    actors.tell(refs[id]!, Sampling.message(id))
    if (id % Sampling.groupSize === 0) await Sampling.turn()
  }
  await answered
  return { samples, received: counter.tally, expected: Sampling.expectedIds(params.count) }
}

/** A shape of message flow. */
export const shape = <Ref>(params: Params, actors: LocalActors<Ref>, name: Shapes.ShapeName): Promise<Measured> =>
  Shapes.measure<Ref, void>(params, name, {
    start: async (count, handlers) => Array.from({ length: count }, (_, index) => actors.receiver(handlers(index))),
    tell: actors.tell,
    nothing: undefined,
    inTurn: Shapes.inTurn,
    poke: actors.tell
  })
