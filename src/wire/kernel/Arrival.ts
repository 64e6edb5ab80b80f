/**
 * What has moved with a value that a thread reads: with the value it becomes this thread's, or it is released.
 */
import * as Carriage from "../Carriage.ts"

/** What moved with it is not there any more. */
export const GONE = "what moves with it was taken before, or recovered with its thread"

/**
 * A value that `read` reads with a codec that carries: what has moved with it is this thread's.
 *
 * **Errors** What `read` throws, and an error when something is not there any more; then all that came with it has been released.
 */
export const receive = <A>(carriage: Carriage.Carriage, read: () => A): A => {
  carriage.arrived = Carriage.empty
  let isRead = false
  try {
    const value = read()
    isRead = true
    if (!Carriage.take(carriage.arrived)) throw new Error(GONE)
    return value
  } finally {
    if (!isRead) Carriage.drop(carriage.arrived)
  }
}
