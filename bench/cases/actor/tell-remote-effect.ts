/**
 * A tell to an actor on another thread whose handler is an `Effect.sync`.
 */
import * as Tells from "./tells.ts"

/** See the module. */
export const tellRemoteEffect = Tells.remote("actor/tell-remote-effect", "its handler is an Effect.sync", "sync")
