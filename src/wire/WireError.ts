/**
 * What can go wrong between a value and its bytes.
 *
 * {@link SchemaUnsupported} is thrown while a protocol is defined, never while it runs. {@link ScratchFull} is thrown by writers, for a value
 * that is too large for any record. {@link MalformedRecord} is thrown by readers: it
 * means that the memory does not hold what the schema says, because the two ends compiled different schemas, a writer died in the middle
 * of a record, or somebody else wrote there.
 */
import * as Schema from "effect/Schema"

/**
 * A schema, or a part of it, describes values that cannot cross from one thread to another.
 *
 * **When to use**
 *
 * Thrown by `Codec.compile` when an actor or a message is defined; fix the schema at `path`.
 */
export class SchemaUnsupported extends Schema.TaggedError<SchemaUnsupported>("shared-nothing/SchemaUnsupported")(
  "SchemaUnsupported",
  {
    /** Where in the schema, such as `value.items[].price`. */
    path: Schema.String,
    /** Why it cannot cross. */
    reason: Schema.String
  }
) {
  override get message(): string {
    return `${this.path} cannot cross between threads: ${this.reason}. `
      + `Give it a schema with a plain encoded form (a struct, a tagged union, a class, or a transformation to one of these).`
  }
}

/**
 * Bytes do not hold a value of the schema they were read with.
 *
 * **Details**
 *
 * The reader stops at the first length, count, tag or index that does not fit, before it allocates for it. Nothing outside of the record
 * was read. The record is lost; the ones after it are readable when its frame is known.
 */
export class MalformedRecord extends Schema.TaggedError<MalformedRecord>("shared-nothing/MalformedRecord")(
  "MalformedRecord",
  {
    /** Where in the schema, such as `value.items`. */
    where: Schema.String,
    /** What was read, with its kind: `count 4096`, `tag 7`. */
    found: Schema.String,
    /** What would have been right: `at most 12`. */
    limit: Schema.String
  }
) {
  override get message(): string {
    return `malformed record at ${this.where}: read ${this.found}, expected ${this.limit}. `
      + `Both ends must run the same build of the schema; otherwise the memory was damaged.`
  }
}

/** A value takes more than any record can have. */
export class ScratchFull extends Schema.TaggedError<ScratchFull>("shared-nothing/ScratchFull")("ScratchFull", {
  /** Bytes that it takes at least. */
  bytes: Schema.Number,
  /** Bytes that a record can have. */
  limitBytes: Schema.Number
}) {
  override get message(): string {
    return `a value takes at least ${this.bytes} bytes, and a record can have ${this.limitBytes}: send less at once, or move large payloads `
      + `through an arena`
  }
}
