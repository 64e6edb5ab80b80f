/**
 * The thread that code runs on, as the record that it is handed: what is here once for each thread hangs on it.
 *
 * {@link thread} is the one place in this library where something of a thread lives in a module. Everything else asks a
 * {@link ThreadContext}: the one of its constructor, or the {@link CurrentThread} of its fiber, which a simulation replaces.
 */
import * as Context from "effect/Context"
import { ThreadContext } from "../../runtime/ThreadContext.ts"
import { runtime } from "../ThreadRuntime.ts"

/** The context of the real thread. */
export const thread: ThreadContext = new ThreadContext(runtime)

/** The context of the thread that a fiber runs on; the real one unless another is provided. */
export const CurrentThread: Context.Reference<ThreadContext> = Context.Reference<ThreadContext>(
  "shared-nothing/thread/CurrentThread",
  { defaultValue: () => thread }
)
