/**
 * What the thread is called on which a system of one thread lives: log lines and events say it.
 */
import * as Context from "effect/Context"

/** `"main"`, unless who makes the system is on a thread with another name. */
export const ThreadName: Context.Reference<string> = Context.Reference<string>("shared-nothing/system/ThreadName", {
  defaultValue: () => "main"
})
