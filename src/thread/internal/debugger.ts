/**
 * Whether a debugger may hold the threads of this process.
 *
 * What can be known is that the inspector listens (`--inspect`, or `inspector.open()`), not whether somebody is at a breakpoint in
 * one thread. So while it listens no thread is taken for dead: a breakpoint in a worker would look the same.
 */
import type * as Inspector from "node:inspector"

// A Node that was built without the inspector has no such module.
const inspector = process.getBuiltinModule("node:inspector") as typeof Inspector | undefined

/** See the module. */
export const mayBePaused = (): boolean => inspector?.url() !== undefined
