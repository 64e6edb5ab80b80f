/**
 * What has happened in a channel so far, as numbers.
 */

/** A look at a channel; between threads the numbers are read one after the other. */
export interface ChannelStats {
  /** Messages that the channel took, those dropped later included. */
  readonly sent: number
  /** Messages that were received, or given up in a damaged place; for a broadcast, by all receivers together. */
  readonly received: number
  /** Messages that the overflow policy dropped. */
  readonly dropped: number
  /** Messages that slow receivers of a broadcast missed, over all of them. */
  readonly missed: number
  /**
   * Messages that nobody will receive: the thread that was sending or receiving them died, they lay in a damaged place, or the
   * last receiver is gone.
   */
  readonly lost: number
  /** Messages that wait; for a broadcast, for its slowest receiver, between threads for the slowest of this thread. */
  readonly depth: number
  /** Fibers of this thread that wait for room. */
  readonly waitingSenders: number
  /** Fibers of this thread that wait for a message. */
  readonly waitingReceivers: number
  /** Open sending ends, on all threads. */
  readonly senders: number
  /** Open receiving ends, on all threads. */
  readonly receivers: number
}
