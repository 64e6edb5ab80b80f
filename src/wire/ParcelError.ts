/**
 * What can go wrong with parcels.
 */
import * as Schema from "effect/Schema"

/**
 * A parcel was used through an object that does not hold it, or no longer.
 *
 * **When to use**: thrown where the mistake is. After `moved`, `shared` or `released` use what the call or the message gave you; after `arrived` the
 * layer that read the message has not called `take`; after `lost` somebody else took the parcel, or recovered this thread.
 */
export class ParcelGone extends Schema.TaggedError<ParcelGone>("shared-nothing/ParcelGone")("ParcelGone", {
  /** What happened to it. */
  happened: Schema.Literals(["moved", "shared", "released", "arrived", "lost"])
}) {
  override get message(): string {
    switch (this.happened) {
      case "moved":
        return "the parcel was moved away in a message: it belongs to its receiver now. Send it last, once, or share it and send clones"
      case "shared":
        return "the parcel was shared: use the object that share() returned"
      case "released":
        return "the parcel was released: its bytes may hold another one by now"
      case "arrived":
        return "the parcel has arrived but was not taken: whoever reads a message takes its cargo before anybody uses it"
      case "lost":
        return "this thread does not own the parcel any more: another one took it, or this thread was recovered as a dead one"
    }
  }
}

/**
 * `Iso.moved` was told of one that is still held here.
 *
 * **When to use**: thrown where the mistake is. The message was refused, or the line stands in front of the sending: look at what that has answered.
 */
export class ParcelHeld extends Schema.TaggedError<ParcelHeld>("shared-nothing/ParcelHeld")("ParcelHeld", {}) {
  override get message(): string {
    return "the Iso has not been given away: it is still this thread's. Send it first, and go on only where that has succeeded"
  }
}

/** An arena has no run of free blocks for a parcel now. */
export class ArenaFull extends Schema.TaggedError<ArenaFull>("shared-nothing/ArenaFull")("ArenaFull", {
  /** The size asked for. */
  bytes: Schema.Number,
  /** The largest parcel that would have fitted a moment later. */
  largestFreeBytes: Schema.Number,
  /** Bytes of blocks that are taken. */
  usedBytes: Schema.Number,
  /** Bytes of the whole arena. */
  capacityBytes: Schema.Number
}) {
  override get message(): string {
    return `no room for a parcel of ${this.bytes} bytes: ${this.usedBytes} of ${this.capacityBytes} bytes are taken, the largest free piece has `
      + `${this.largestFreeBytes}. Release parcels, try again later, or make the arena with a larger capacityBytes`
  }
}

/** A parcel is larger than its arena. */
export class ParcelTooLarge extends Schema.TaggedError<ParcelTooLarge>("shared-nothing/ParcelTooLarge")(
  "ParcelTooLarge",
  {
    /** The size asked for. */
    bytes: Schema.Number,
    /** Bytes of the whole arena. */
    capacityBytes: Schema.Number
  }
) {
  override get message(): string {
    return `a parcel of ${this.bytes} bytes never fits an arena of ${this.capacityBytes}. Make the arena with a larger capacityBytes`
  }
}

/** A shared parcel has as many references as its arena allows. */
export class TooManyReferences extends Schema.TaggedError<TooManyReferences>("shared-nothing/TooManyReferences")(
  "TooManyReferences",
  {}
) {
  override get message(): string {
    return "the shared parcel has as many references as it can have, those on their way included. "
      + "Release some, or make the arena with a larger `references`"
  }
}

/** A thread opened an arena under the id of another one, or twice with different owners. */
export class ArenaTaken extends Schema.TaggedError<ArenaTaken>("shared-nothing/ArenaTaken")("ArenaTaken", {
  /** The id of the arena. */
  id: Schema.Number,
  /** The owner asked for. */
  owner: Schema.Number,
  /** The owner with which this thread has opened an arena of this id. */
  openedBy: Schema.Number
}) {
  override get message(): string {
    return `this thread cannot open arena ${this.id} as owner ${this.owner}: it has opened one of this id as owner ${this.openedBy}. `
      + "A thread has one number in an arena; two arenas need two ids"
  }
}
