/**
 * What probes and test systems have to say when something else happened than was expected.
 */
import * as Schema from "effect/Schema"

/** Something else has arrived, or nothing; the message says what, and when. */
export class UnexpectedMessages extends Schema.TaggedError<UnexpectedMessages>("shared-nothing/UnexpectedMessages")(
  "UnexpectedMessages",
  {
    probe: Schema.String,
    expected: Schema.String,
    /** What has arrived and was not taken, oldest first, one line each. */
    arrived: Schema.Array(Schema.String)
  }
) {
  override get message(): string {
    const arrived = this.arrived.length === 0
      ? "nothing has arrived"
      : ["what has arrived:", ...this.arrived.map((line) => `  ${line}`)].join("\n")
    return `${this.probe} expected ${this.expected}; ${arrived}`
  }
}
