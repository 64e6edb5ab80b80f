/**
 * A tell within one thread to a handler that is an `Effect.sync`.
 */
import * as Tells from "./tells.ts"

/** See the module. */
export const tellLocalSync = Tells.local("actor/tell-local-sync", "its handler is an Effect.sync", "sync")
