/**
 * A tell to an actor on another thread whose handler answers at once.
 */
import * as Tells from "./tells.ts"

/** See the module. */
export const tellRemote = Tells.remote("actor/tell-remote", "its handler answers at once", "answers")
