/**
 * `observe/Trace.ts` of a library that knows no tracing: the twin of the tracing cases.
 */
import type * as Trace from "../../src/observe/Trace.ts"

/** No message belongs to a span. */
export const sampledSpan: typeof Trace.sampledSpan = () => undefined

/** An ask, as it is. */
export const ask: typeof Trace.ask = (_name, _key, _fiber, run) => run(undefined)

/** There is no span that could end. */
export const end: typeof Trace.end = () => {}

/** A handler, as it is. */
export const handler: typeof Trace.handler = (run) => run()
