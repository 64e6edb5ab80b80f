/**
 * What a simulation has to say when it did not pass.
 */
import * as Schema from "effect/Schema"

/**
 * A run did not pass. The message is a report: what failed, the command that runs it again, the options, what was left when it
 * was made simpler, and what happened, in fixed columns.
 *
 * **When to use**: `kind` says what it was (`"Invariant: …"`, `"Deadlock"`, `"Endless"`, `"Program: …"`, `"Uncaught"`,
 * `"Outside: Date.now"`, `"Leak: …"`, `"Never: …"`), and `recording` replays it with {@link Simulation.run}.
 */
export class SimulationFailed extends Schema.TaggedError<SimulationFailed>("shared-nothing/SimulationFailed")(
  "SimulationFailed",
  {
    kind: Schema.String,
    seed: Schema.Number,
    /** How many tasks had run. */
    steps: Schema.Number,
    /** How many choices of the run are not the plain ones: what a reader has to follow. */
    decisions: Schema.Number,
    report: Schema.String,
    /** The run as text: see `Recording.parse`. */
    recording: Schema.String,
    /** What the program failed with, where it did. */
    cause: Schema.Defect()
  }
) {
  override get message(): string {
    return this.report
  }
}

/** A recording is not one, or one of another version of this library. */
export class InvalidRecording extends Schema.TaggedError<InvalidRecording>("shared-nothing/InvalidRecording")(
  "InvalidRecording",
  {
    problem: Schema.String
  }
) {
  override get message(): string {
    return `this is no recording of a run: ${this.problem}`
  }
}

/** Something was asked of a simulation that it has not, or outside of one. */
export class SimulationMisused extends Schema.TaggedError<SimulationMisused>("shared-nothing/SimulationMisused")(
  "SimulationMisused",
  {
    problem: Schema.String
  }
) {
  override get message(): string {
    return this.problem
  }
}
