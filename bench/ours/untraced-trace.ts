/**
 * `observe/Trace.ts` of a library that knows no tracing: the twin of the tracing cases.
 */
import * as Effect from "effect/Effect"
import type * as Trace from "../../src/observe/Trace.ts"

/** No message belongs to a span. */
export const sampledSpan: typeof Trace.sampledSpan = () => undefined

/** An ask, as it is. */
export const ask: typeof Trace.ask = (_name, _key, run) => Effect.withFiber((fiber) => run(fiber, undefined))

/** A handler, as it is. */
export const handler: typeof Trace.handler = (run) => run()
