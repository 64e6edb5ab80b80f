/**
 * A twin of this library without its tracing: the same sources, loaded a second time under URLs that end with `?untraced`, with
 * {@link file://./untraced-trace.ts} in the place of `observe/Trace.ts`.
 *
 * Importing this module is what makes such URLs work in a thread.
 */
import { registerHooks } from "node:module"

/** What the URLs of the twin end with. */
export const marker = "?untraced"

const sources = new URL("../../src/", import.meta.url).href
const ours = new URL("./", import.meta.url).href
const trace = new URL("../../src/observe/Trace.ts", import.meta.url).href
const replacement = new URL("./untraced-trace.ts", import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context)
    const { url } = resolved
    // What a module of the twin imports from here belongs to the twin.
    if (context.parentURL?.endsWith(marker) !== true) return resolved
    if (url === trace) return { ...resolved, url: replacement }
    return url.startsWith(sources) || url.startsWith(ours) ? { ...resolved, url: url + marker } : resolved
  }
})
