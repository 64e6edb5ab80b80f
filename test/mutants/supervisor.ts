import type { Mutant } from "../support/mutant.ts"

const intensity = {
  file: "src/supervisor/Intensity.ts",
  tests: ["test/supervisor/Intensity.test.ts"]
}
const backoff = { file: "src/supervisor/Backoff.ts", tests: ["test/supervisor/Backoff.test.ts"] }
const restart = { file: "src/supervisor/Restart.ts", tests: ["test/supervisor/Restart.test.ts"] }
const life = {
  file: "src/supervisor/internal/life.ts",
  tests: [
    "test/supervisor/Supervisor.test.ts",
    "test/supervisor/SupervisorModel.test.ts",
    "test/ported/erlangSupervisor.test.ts"
  ]
}

const alone = { file: "src/supervisor/internal/life.ts", tests: ["test/supervisor/leftAlone.test.ts"] }

const groups = [
  "test/ported/erlangStrategies.test.ts",
  "test/supervisor/SupervisorGroup.test.ts",
  "test/supervisor/SupervisorModel.test.ts"
]
const round = { file: "src/supervisor/internal/round.ts", tests: groups }
const strategy = { file: "src/supervisor/Strategy.ts", tests: groups }
const verdict = { ...life, file: "src/supervisor/internal/verdict.ts" }

/** Faults in the rules of restarts, and in the life of a child. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    file: "src/supervisor/internal/verdict.ts",
    tests: ["test/supervisor/log.test.ts"],
    why: "what is known of an end stands in its line",
    before: "why === undefined ? \"ended\" : `ended (${why})`",
    after: "why === undefined ? \"ended\" : \"ended\""
  },
  {
    file: "src/supervisor/internal/life.ts",
    tests: ["test/supervisor/log.test.ts"],
    why: "a start that fails was not planned, whatever the end before it was",
    before: "  word.isPlanned = false\n",
    after: ""
  },
  {
    file: "src/supervisor/Child.ts",
    why: "what gives up anywhere in the layer of a child ends that child",
    before: "ends === false ? false : fiber",
    after: "ends",
    tests: ["test/testing/poolGaveUp.test.ts"]
  },
  {
    ...intensity,
    why: "the window never runs backwards",
    before: "const now = nowMillis < last ? last : nowMillis",
    after: "const now = nowMillis"
  },
  {
    ...intensity,
    why: "the window includes its left end",
    before: "while (expired < times.length && times[expired]! < oldest) expired++",
    after: "while (expired < times.length && times[expired]! <= oldest) expired++"
  },
  {
    ...intensity,
    why: "as many restarts as allowed are allowed",
    before: "if (times.length <= this.restarts) return true",
    after: "if (times.length < this.restarts) return true"
  },
  {
    ...intensity,
    why: "the window keeps one restart more than it allows",
    before: "if (times.length > this.restarts + 1) times.shift()",
    after: "if (times.length > this.restarts) times.shift()"
  },
  {
    ...intensity,
    why: "an endless window is refused",
    before: "if (!(withinMillis > 0 && withinMillis < Infinity)) {",
    after: "if (!(withinMillis > 0)) {"
  },
  {
    ...intensity,
    why: "restarts are a whole number",
    before: "if (!Number.isSafeInteger(restarts) || restarts < 0) {",
    after: "if (restarts < 0) {"
  },
  {
    ...backoff,
    why: "quiet time runs from the end of the last delay",
    before: "this.resumedAtMillis = nowMillis + durationMillis(delay)",
    after: "this.resumedAtMillis = nowMillis"
  },
  {
    ...backoff,
    why: "the schedule starts over after exactly the quiet time",
    before: "nowMillis - this.resumedAtMillis >= this.policy.resetAfterMillis",
    after: "nowMillis - this.resumedAtMillis > this.policy.resetAfterMillis"
  },
  {
    ...backoff,
    why: "a schedule goes on where it was",
    before: "    this.step = step\n",
    after: ""
  },
  {
    ...backoff,
    why: "the quiet time is above zero",
    before: "if (!(resetAfterMillis > 0)) throw",
    after: "if (!(resetAfterMillis >= 0)) throw"
  },
  {
    ...restart,
    why: "a transient child that was merely interrupted is not restarted",
    before: "Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)",
    after: "Exit.isFailure(exit)"
  },
  {
    ...restart,
    why: "a decider cannot restart a temporary child",
    before: "? (shouldRestart(type, exit) ? directive : \"stop\")",
    after: "? directive"
  },
  {
    ...restart,
    why: "a permanent child is restarted after a success",
    before: "type === \"permanent\" || (type === \"transient\" && isAbnormal(exit))",
    after: "(type === \"permanent\" || type === \"transient\") && isAbnormal(exit)"
  },
  {
    ...life,
    why: "a delay may last",
    before: "Duration.isZero(delay) ? Effect.yieldNow : Effect.sleep(delay)",
    after: "Effect.yieldNow"
  },
  {
    ...life,
    why: "a child that was told to stop during its backoff is not started again",
    before: "Effect.sleep(delay)))\n    if (toldToStop(self, child)) return undefined\n",
    after: "Effect.sleep(delay)))\n"
  },
  {
    ...life,
    why: "restarts are counted",
    before: "    child.restarts++\n",
    after: ""
  },
  {
    ...life,
    why: "the resources of an incarnation are released before it is judged",
    before: "  return yield* release(child, exit)\n",
    after: "  return exit\n"
  },
  {
    ...alone,
    why: "a child that ends while it is left alone is led on",
    before: "if (!endsWithOthers(child, exit)) go(self, child, exit)",
    after: "endsWithOthers(child, exit)"
  },
  {
    ...alone,
    why: "who was told to stop as soon as it was up is not left alone",
    before: "if (unattended === undefined || toldToStop(self, child) || child.isInRound) return false",
    after: "if (unattended === undefined) return false"
  },
  {
    ...alone,
    file: "src/supervisor/internal/together.ts",
    why: "each of those that are stopped together has its own time",
    before: "if (millis !== Infinity) group.timer",
    after: "if (millis === 5_000) group.timer"
  },
  {
    ...alone,
    file: "src/supervisor/internal/together.ts",
    why: "the turns in which children are told to end are short",
    before: "const SLICE = 64",
    after: "const SLICE = 64_000"
  },
  {
    ...verdict,
    why: "a decider that throws escalates",
    before: "if (Exit.isFailure(verdict)) return yield* escalate(self, child, Cause.combine(cause, verdict.cause))",
    after: "if (Exit.isFailure(verdict)) return undefined"
  },
  {
    ...verdict,
    why: "a resumed child is not counted",
    before: "if (counts && !windowOf",
    after: "if (!windowOf"
  },
  {
    ...verdict,
    why: "a child has a backoff of its own before that of its supervisor",
    before: "child.spec.backoff ?? self.policy.backoff",
    after: "self.policy.backoff"
  },
  {
    ...verdict,
    why: "a schedule that ends means to give up",
    before: "if (Option.isNone(stepped.value)) return yield* giveUp(self, child, \"backoff\", cause)",
    after: "if (Option.isNone(stepped.value)) return undefined"
  },
  {
    ...verdict,
    why: "the cause of the last end is kept",
    before: "  if (Exit.isFailure(exit)) child.lastCause = cause\n",
    after: ""
  },
  {
    ...round,
    why: "who was told to stay down stays down when its group comes up",
    before: " && !child.isTerminated",
    after: ""
  },
  {
    ...round,
    why: "one that does not come up begins the round again",
    before: "if (hasEnded(self) || round.ended.length > 0) return",
    after: "if (hasEnded(self)) return"
  },
  {
    ...strategy,
    why: "rest for one leaves alone who was started before",
    before: "return children.slice(Math.max(0, children.indexOf(ended)))",
    after: "return children"
  },
  {
    ...strategy,
    why: "the last significant child ends the supervisor, and not the first",
    before: "left === 0",
    after: "left >= 0"
  }
]
