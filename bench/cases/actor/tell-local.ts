/**
 * A tell within one thread to a handler that does its work and answers at once, without an Effect to run.
 */
import * as Tells from "./tells.ts"

/** See the module. */
export const tellLocal = Tells.local("actor/tell-local", "its handler answers at once", "answers")
