/**
 * What a cell is doing; drawn in `Cell.ts`. From {@link HELD} on no handler runs, from {@link STOPPING} on nothing is
 * accepted.
 */

/** The behaviour is being built for the first time. */
export const STARTING = 0
/** Nothing to do. */
export const IDLE = 1
/** Has messages and waits for its turn. */
export const READY = 2
/** Its handler is on the stack. */
export const RUNNING = 3
/** Its handler runs in a fiber. */
export const SUSPENDED = 4
/** At rest: messages are accepted, and none is handled until it goes on. */
export const HELD = 5
/** Between two incarnations. */
export const RESTARTING = 6
/** Ending: nothing is accepted any more. */
export const STOPPING = 7
/** Ended; resources are released. */
export const STOPPED = 8
