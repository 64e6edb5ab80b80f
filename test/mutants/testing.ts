import type { Mutant } from "../support/mutant.ts"

const simulation = ["test/testing/Simulation.test.ts"]
const threads = ["test/testing/threads.test.ts", "test/testing/Fault.test.ts"]

/** Faults in the test kit. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    file: "src/pool/kernel/InWorker.ts",
    tests: ["test/testing/standInPool.test.ts"],
    why: "a pool without threads goes on however often a job breaks",
    before: "restarts: 1_000_000",
    after: "restarts: 3"
  },
  {
    file: "src/testing/internal/timers.ts",
    tests: simulation,
    why: "what is due together is released together",
    before: "while (this.list.length > 0 && this.list.at(-1)!.at <= now) due.push",
    after: "if (this.list.length > 0 && this.list.at(-1)!.at <= now) due.push"
  },
  {
    file: "src/testing/internal/world.ts",
    tests: simulation,
    why: "what must always hold is looked at after each step",
    before: "    this.check()\n    if (this.steps",
    after: "    if (this.steps"
  },
  {
    file: "src/testing/internal/world.ts",
    tests: simulation,
    why: "a run that does not end is ended",
    before: "    if (this.steps >= this.maxSteps) this.spent()\n",
    after: "    if (this.steps >= 1_000_000) this.spent()\n"
  },
  {
    file: "src/testing/internal/world.ts",
    tests: ["test/testing/Fault.test.ts"],
    why: "what a late fiber does waits for it",
    before: "if (lane.isReady || lane.isHeld || lane.strand.isDead) return",
    after: "if (lane.isReady || lane.strand.isDead) return"
  },
  {
    file: "src/testing/internal/simClock.ts",
    tests: ["test/testing/Fault.test.ts"],
    why: "a late timer fires late",
    before: "if (millis > 0) world.hold(lane",
    after: "if (millis > 0 && isIdle) world.hold(lane"
  },
  {
    file: "src/testing/internal/stage.ts",
    tests: ["test/testing/Fault.test.ts"],
    why: "where the program asks for calm no fiber is late",
    before: "every === undefined || calm > 0 ||",
    after: "every === undefined ||"
  },
  {
    file: "src/testing/internal/oracle.ts",
    tests: [...simulation, "test/testing/plantedFaults.test.ts"],
    why: "a recording replays",
    before: "chance(this.random) : (given[made.length] ?? 0) % n",
    after: "chance(this.random) : 0"
  },
  {
    file: "src/testing/internal/runner.ts",
    tests: simulation,
    why: "what comes from outside fails a run",
    before: "if (escape !== undefined && this.options.refusesEscapes) {",
    after: "if (false as boolean && escape !== undefined) {"
  },
  {
    file: "src/testing/internal/simWorker.ts",
    tests: threads,
    why: "a thread that has ended does nothing more",
    before: "    thread.isDead = true\n",
    after: ""
  },
  {
    file: "src/testing/internal/simWorker.ts",
    tests: threads,
    why: "the parent hears of the end",
    before: "      this.outside.emit(\"exit\", code)\n",
    after: ""
  },
  {
    file: "src/testing/internal/search.ts",
    tests: ["test/testing/History.test.ts"],
    why: "no schedule is left out",
    before: "if (made[i] !== 0) before--",
    after: "if (made[i] !== 0) before++"
  },
  {
    file: "src/testing/Simulation.ts",
    tests: simulation,
    why: "two runs of a seed are compared",
    before: "  if (at === length && one.failure?.kind === other.failure?.kind) return Effect.void\n",
    after: "  if (at >= 0) return Effect.void\n"
  },
  {
    file: "src/testing/Probe.ts",
    tests: ["test/testing/Probe.test.ts"],
    why: "a payload is compared field by field",
    before: "if (expected === undefined || Equal.equals(payload, expected)) return true",
    after: "if (payload !== undefined) return true"
  }
]
