/**
 * What the structures of shared memory throw at programmers' mistakes. Nothing here is thrown because of what another
 * thread does.
 */
import { textOf } from "../runtime/Text.ts"

/** A structure was asked for with a size that it cannot have. */
export class InvalidCapacity extends Error {
  readonly _tag = "InvalidCapacity"
  /** The structure: `SpscRing`, `StealDeque`, … */
  readonly structure: string
  /** The option: `capacityBytes`, `slots`, … */
  readonly option: string
  /** The value asked for. */
  readonly value: number
  constructor(structure: string, option: string, value: number, expected: string) {
    super(`${structure}.create: ${option} ${textOf(value)} is not ${expected}`)
    this.name = "InvalidCapacity"
    this.structure = structure
    this.option = option
    this.value = value
  }
}

/** A buffer that is not the structure it is taken for, or not of this version, was given to one of its ends. */
export class InvalidMemory extends Error {
  readonly _tag = "InvalidMemory"
  /** The structure it was taken for. */
  readonly structure: string
  /** What is wrong with it. */
  readonly reason: string
  constructor(structure: string, reason: string) {
    super(
      `the buffer is not a ${structure}: ${reason}; `
        + `make it with ${structure}.create and pass that very buffer to every thread`
    )
    this.name = "InvalidMemory"
    this.structure = structure
    this.reason = reason
  }
}

/** A commit without a claim, of more bytes than were claimed, or with a type that is no Int32 of 0 or more. */
export class InvalidCommit extends Error {
  readonly _tag = "InvalidCommit"
  /** The structure written to. */
  readonly structure: string
  /** The number of payload bytes given to `commit`. */
  readonly payloadBytes: number
  /** The number of payload bytes claimed, -1 when there was no claim. */
  readonly claimedBytes: number
  /** The record type given to `commit`. */
  readonly type: number
  constructor(structure: string, payloadBytes: number, claimedBytes: number, type: number) {
    super(
      claimedBytes === -1
        ? `${structure}: commit without a claim; each commit needs a claim of its own that was not aborted`
        : `${structure}: commit of ${textOf(payloadBytes)} payload bytes of type ${
          textOf(type)
        } for a claim of ${claimedBytes} bytes; `
          + `commit between 0 and the claimed number of bytes, with a type from 0 to 2147483647`
    )
    this.name = "InvalidCommit"
    this.structure = structure
    this.payloadBytes = payloadBytes
    this.claimedBytes = claimedBytes
    this.type = type
  }
}

/** An end was made with an owner that is no number of a thread. */
export class InvalidOwner extends Error {
  readonly _tag = "InvalidOwner"
  /** The structure. */
  readonly structure: string
  /** The owner given. */
  readonly owner: number
  constructor(structure: string, owner: number, most: number) {
    super(
      `${structure}: owner ${
        textOf(owner)
      } is not a whole number from 1 to ${most}; give each thread a number of its own`
    )
    this.name = "InvalidOwner"
    this.structure = structure
    this.owner = owner
  }
}

/** Memory was asked for in a size that is no whole number of bytes, 1 or more. */
export class InvalidSize extends Error {
  readonly _tag = "InvalidSize"
  /** The structure: `Arena`. */
  readonly structure: string
  /** The number of bytes asked for. */
  readonly bytes: number
  constructor(structure: string, bytes: number) {
    super(`${structure}: ${textOf(bytes)} bytes cannot be allocated; ask for a whole number of bytes, 1 or more`)
    this.name = "InvalidSize"
    this.structure = structure
    this.bytes = bytes
  }
}

/** The bytes of something were asked for through a handle that is not, or no longer, this end's. */
export class StaleHandle extends Error {
  readonly _tag = "StaleHandle"
  /** The structure: `Arena`. */
  readonly structure: string
  /** The handle given. */
  readonly handle: number
  constructor(structure: string, handle: number) {
    super(
      `${structure}: handle ${
        textOf(handle)
      } names nothing that this end owns; what it named was moved, shared or released, `
        + `or another thread owns it: keep the handle that the last call answered`
    )
    this.name = "StaleHandle"
    this.structure = structure
    this.handle = handle
  }
}

/** A handle was put into a structure that is no Int32 of 0 or more. */
export class InvalidHandle extends Error {
  readonly _tag = "InvalidHandle"
  /** The structure. */
  readonly structure: string
  /** The handle given. */
  readonly handle: number
  constructor(structure: string, handle: number) {
    super(
      `${structure}: handle ${
        textOf(handle)
      } is not a whole number from 0 to 2147483647; negative answers mean "no handle"`
    )
    this.name = "InvalidHandle"
    this.structure = structure
    this.handle = handle
  }
}
