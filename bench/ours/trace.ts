/**
 * What tracing adds to a tell and an ask: the library and its twin without tracing run the same loop in turn, in one process.
 */
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import type { Measured, Params, Tally } from "../runner/Case.ts"
import * as Sampling from "../runner/Sampling.ts"
import type { Operation, start } from "./trace-side.ts"
import { marker } from "./untraced.ts"

/** The span that the sender is in: none, one that is sampled out, or one whose children Effect's own tracer records. */
export type Tracing = "off" | "sampled-out" | "recorded"

const parent = (sampled: boolean): Tracer.AnySpan =>
  Tracer.externalSpan({ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", sampled })

const within: { readonly [tracing in Tracing]: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E> } = {
  off: (effect) => effect,
  "sampled-out": Effect.withParentSpan(parent(false)),
  recorded: Effect.withParentSpan(parent(true))
}

const load = (suffix: string): Promise<{ readonly start: typeof start }> => import(`./trace-side.ts${suffix}`)

/** Percent that tracing adds to an operation: a sample compares two loops that ran one after the other. */
export const price = async (params: Params, operation: Operation, tracing: Tracing): Promise<Measured> => {
  const [traced, twin] = await Promise.all(
    ["", marker].map(async (suffix) => within[tracing](await (await load(suffix)).start(operation, params.count)))
  ) as [Effect.Effect<Tally, unknown>, Effect.Effect<Tally, unknown>]
  const tallies = new Map<Effect.Effect<Tally, unknown>, Tally>()
  const time = async (side: Effect.Effect<Tally, unknown>): Promise<number> => {
    const before = performance.now()
    tallies.set(side, await Effect.runPromise(side))
    return performance.now() - before
  }
  let round = 0
  const samples = await Sampling.sample(params, async () => {
    // Each goes first in every other sample.
    const order = round++ % 2 === 0 ? [traced, twin] : [twin, traced]
    const times = new Map<Effect.Effect<Tally, unknown>, number>()
    for (const side of order) times.set(side, await time(side))
    return (times.get(traced)! / times.get(twin)! - 1) * 100
  })
  const [first, second] = [tallies.get(traced)!, tallies.get(twin)!]
  const expected = operation.startsWith("tell")
    ? Sampling.expectedTally(params.count, round)
    : Sampling.expectedReplies({ count: params.count, samples: 1, warmups: 0 })
  return {
    samples,
    received: { count: first.count + second.count, checksum: first.checksum + second.checksum },
    expected: { count: 2 * expected.count, checksum: 2 * expected.checksum }
  }
}
