/** How far a table of jobs is: the phases only go up. */

/** Phase: jobs are taken, and begun later: an end of a worker would still be the failure of the start. */
export const STARTING = -1
/** Phase: jobs are taken. */
export const OPEN = 0
/** Phase: no more are. */
export const CLOSING = 1
/** Phase: the workers are being stopped, and what they have left is settled by the end. */
export const STOPPING = 2
/** Phase: nothing runs any more. */
export const ENDED = 3
