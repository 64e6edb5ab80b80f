/**
 * What a ring throws at programmers' mistakes. Nothing here is thrown because of what the other thread does.
 */
import { MAX_CAPACITY_BYTES, MIN_CAPACITY_BYTES } from "./Layout.ts"

/** A ring was asked for with a capacity that is not a power of two within the bounds. */
export class InvalidRingCapacity extends Error {
  readonly _tag = "InvalidRingCapacity"
  /** The capacity asked for. */
  readonly capacityBytes: number
  constructor(capacityBytes: number) {
    super(
      `SpscRing.create: capacityBytes ${capacityBytes} is not a power of two between ${MIN_CAPACITY_BYTES} and `
        + `${MAX_CAPACITY_BYTES}; choose one, at least four times the largest payload`
    )
    this.name = "InvalidRingCapacity"
    this.capacityBytes = capacityBytes
  }
}

/** A buffer that is no ring of this version was given to a writer, a reader or a count. */
export class InvalidRing extends Error {
  readonly _tag = "InvalidRing"
  /** What is wrong with it. */
  readonly reason: string
  constructor(reason: string) {
    super(
      `SpscRing: the buffer is not a ring: ${reason}; `
        + `make it with SpscRing.create and pass that very buffer to both threads`
    )
    this.name = "InvalidRing"
    this.reason = reason
  }
}

/** A commit without a claim, of more bytes than were claimed, or with a type that is no Int32 of 0 or more. */
export class InvalidCommit extends Error {
  readonly _tag = "InvalidCommit"
  /** The number of payload bytes given to `commit`. */
  readonly payloadBytes: number
  /** The number of payload bytes claimed, -1 when there was no claim. */
  readonly claimedBytes: number
  /** The record type given to `commit`. */
  readonly type: number
  constructor(payloadBytes: number, claimedBytes: number, type: number) {
    super(
      claimedBytes === -1
        ? `SpscWriter.commit: nothing is claimed; each commit needs a claim of its own that was not aborted`
        : `SpscWriter.commit: ${payloadBytes} payload bytes of type ${type} for a claim of ${claimedBytes} bytes; `
          + `commit between 0 and the claimed number of bytes, with a type from 0 to 2147483647`
    )
    this.name = "InvalidCommit"
    this.payloadBytes = payloadBytes
    this.claimedBytes = claimedBytes
    this.type = type
  }
}
