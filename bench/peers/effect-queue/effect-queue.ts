/**
 * What an Effect program does without an actor library: an unbounded `Queue`, and a fiber that takes from it for ever.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Measured, Params } from "../../runner/Case.ts"
import * as Sampling from "../../runner/Sampling.ts"
import * as Shapes from "../../runner/Shapes.ts"

const spawn = Effect.fnUntraced(function*<Message>(handle: (message: Message) => Effect.Effect<void>) {
  const mailbox = yield* Queue.unbounded<Message>()
  yield* Effect.forkDetach(Effect.forever(Effect.flatMap(Queue.take(mailbox), handle)))
  return mailbox
})

/** How the handler of the receiver does its work. */
export type Handler = "answers" | "sync" | "suspends"

const handlers: {
  readonly [handler in Handler]: (
    take: (message: Sampling.Message) => void
  ) => (message: Sampling.Message) => Effect.Effect<void>
} = {
  answers: (take) => (message) => {
    take(message)
    return Effect.void
  },
  sync: (take) => (message) => Effect.sync(() => take(message)),
  suspends: (take) => (message) => Effect.andThen(Effect.yieldNow, Effect.sync(() => take(message)))
}

/** One sender, one receiver, in groups. */
export const tell = async (params: Params, handler: Handler): Promise<Measured> => {
  const counter = new Sampling.TallyCounter()
  let target = 0
  let done = Deferred.makeUnsafe<void>()
  const receiver = await Effect.runPromise(spawn(handlers[handler]((message) => {
    counter.add(message)
    if (counter.count === target) Deferred.doneUnsafe(done, Effect.void)
  })))
  const once = Effect.gen(function*() {
    target += params.count
    done = Deferred.makeUnsafe()
    const start = performance.now()
    for (let id = 0; id < params.count; id++) {
      yield* Queue.offer(receiver, Sampling.message(id))
      if (id % Sampling.groupSize === Sampling.groupSize - 1) yield* Effect.yieldNow
    }
    yield* Deferred.await(done)
    return Sampling.nanosEach(performance.now() - start, params.count)
  })
  const samples = await Sampling.sample(params, () => Effect.runPromise(once))
  return {
    samples,
    received: counter.tally,
    expected: Sampling.expectedTally(params.count, params.samples + params.warmups)
  }
}

interface Ask {
  readonly value: number
  readonly reply: Deferred.Deferred<number>
}

/** One ask at a time, each with its `Deferred`. */
export const ask = async (params: Params): Promise<Measured> => {
  const adder = await Effect.runPromise(spawn<Ask>(({ reply, value }) => Deferred.succeed(reply, value + 1)))
  return Sampling.measureAsks(params, (count, replies) =>
    Effect.runPromise(Effect.gen(function*() {
      for (let value = 0; value < count; value++) {
        const reply = Deferred.makeUnsafe<number>()
        yield* Queue.offer(adder, { value, reply })
        replies.addReply(yield* Deferred.await(reply))
      }
    })))
}

/** A shape of message flow: a fiber for each actor, and every offer an effect. */
export const shape = (params: Params, name: Shapes.ShapeName): Promise<Measured> =>
  Shapes.measure<Queue.Queue<Sampling.Message>, Effect.Effect<void>>(params, name, {
    start: (count, handlers) =>
      Effect.runPromise(
        Effect.forEach(Array.from({ length: count }, (_, index) => handlers(index)), (handle) => spawn(handle))
      ),
    tell: (queue, message) => Effect.asVoid(Queue.offer(queue, message)),
    nothing: Effect.void,
    inTurn: (count, each) =>
      Effect.gen(function*() {
        for (let index = 0; index < count; index++) yield* each(index)
      }),
    poke: (queue, message) => void Queue.offerUnsafe(queue, message)
  })

/** Idle fibers, each parked on its own queue. */
export const idle = (params: Params, figure: "rate" | "memory"): Promise<Measured> =>
  Effect.runPromise(Effect.gen(function*() {
    const counter = new Sampling.TallyCounter()
    const done = Deferred.makeUnsafe<void>()
    const answer = (id: number): void => {
      counter.addReply(id)
      if (counter.count === params.count) Deferred.doneUnsafe(done, Effect.void)
    }
    const mailboxes = new Array<Queue.Queue<Sampling.Message>>(params.count)
    const gauge = Sampling.gaugeSpawn(params.count)
    for (let id = 0; id < params.count; id++) {
      mailboxes[id] = yield* spawn<Sampling.Message>(() => Effect.sync(() => answer(id)))
    }
    yield* Effect.promise(Sampling.turn)
    const samples = [gauge(figure)]
    for (let id = 0; id < params.count; id++) yield* Queue.offer(mailboxes[id]!, Sampling.message(id))
    yield* Deferred.await(done)
    return { samples, received: counter.tally, expected: Sampling.expectedIds(params.count) }
  }))

/** One way between two fibers through a bounded queue, message by message. */
export const oneWay = (params: Params): Promise<Measured> =>
  Sampling.measureMessages(params, (count, counter) =>
    Effect.runPromise(Effect.gen(function*() {
      const queue = yield* Queue.bounded<Sampling.Message>(Sampling.channelCapacity)
      yield* Effect.forkChild(Effect.gen(function*() {
        for (let id = 0; id < count; id++) yield* Queue.offer(queue, Sampling.message(id))
      }))
      for (let id = 0; id < count; id++) counter.add(yield* Queue.take(queue))
    })))

/** The same in batches. */
export const oneWayBatched = (params: Params): Promise<Measured> =>
  Sampling.measureMessages(params, (count, counter) =>
    Effect.runPromise(Effect.gen(function*() {
      const queue = yield* Queue.bounded<Sampling.Message>(Sampling.channelCapacity)
      yield* Effect.forkChild(Effect.gen(function*() {
        for (let from = 0; from < count; from += Sampling.batchSize) {
          yield* Queue.offerAll(queue, Sampling.messages(from, Math.min(count, from + Sampling.batchSize)))
        }
      }))
      for (let got = 0; got < count;) {
        const batch = yield* Queue.takeAll(queue)
        for (const message of batch) counter.add(message)
        got += batch.length
      }
    })))
