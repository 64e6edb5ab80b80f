import type { Mutant } from "../support/mutant.ts"

const names = { file: "src/system/internal/names.ts", tests: ["test/system/names.test.ts"] }

const stops = { file: "src/system/internal/stops.ts", tests: ["test/system/stops.test.ts"] }
const culprit = { file: "src/system/internal/workers.ts", tests: ["test/simulate/culprit.test.ts"] }

/** Faults in what the system keeps about its threads and their actors. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    ...culprit,
    file: "src/thread/internal/lifecycle.ts",
    why: "nobody is to blame for a thread that somebody else has terminated",
    before: "    ? Protocol.hasExited(words)\n",
    after: "    ? words.length > 0\n"
  },
  {
    file: "src/system/internal/accounts.ts",
    tests: ["test/system/accounts.test.ts"],
    why: "an error crosses with the fields that its message declares",
    before: "if (message !== undefined && Cause.hasFails(cause)) {",
    after: "if (message === undefined && Cause.hasFails(cause)) {"
  },
  {
    ...names,
    why: "a name is taken once",
    before: "if (this.claims.has(name)) return false",
    after: ""
  },
  {
    ...names,
    why: "a name is given back by its own claim only",
    before: "if (this.isOf(name, { thread, number })) this.claims.delete(name)",
    after: "this.claims.delete(name)"
  },
  {
    ...names,
    why: "a name is handed over by its own claim only",
    before: "if (!this.isOf(name, from)) return",
    after: ""
  },
  {
    file: "src/system/internal/worker.ts",
    tests: ["test/system/keptNames.test.ts"],
    why: "a name that is kept is the worker's until it is free",
    before: "if (!host.holdsName(cell)) return",
    after: "return"
  },
  {
    file: "src/system/internal/worker.ts",
    tests: ["test/system/keptNames.test.ts"],
    why: "a name that is kept is given back",
    before: "host.whenFreed(cell, () => post({ _tag: \"Released\", claim: -actor, name, key }))",
    after: ""
  },
  {
    ...names,
    why: "a claim is of one thread",
    before: "claim?.thread === thread && claim.number === number",
    after: "claim?.number === number"
  },
  {
    ...names,
    why: "the names of a thread that has gone are free",
    before: "if (claim.thread === thread) this.claims.delete(name)",
    after: "if (claim.thread < 0) this.claims.delete(name)"
  },
  {
    ...stops,
    why: "what was told before a stop comes before it",
    before: "    this.node.flush()\n    workplace.post",
    after: "    workplace.post"
  },
  {
    ...stops,
    why: "stops end with their thread",
    before: "this.end(Array.from(this.told.values()).filter((told) => told.workplace === workplace))",
    after: ""
  },
  {
    ...culprit,
    why: "a death that an actor is to blame for costs its thread no restart",
    before: "worker.isExcused = isThere",
    after: "worker.isExcused = false"
  },
  {
    ...culprit,
    why: "an actor that has used up its restarts is struck off",
    before: "if (blamed?.reason !== undefined) self.account.end(blamed.placed, blamed.reason)",
    after: ""
  },
  {
    ...culprit,
    file: "src/actor/internal/owning.ts",
    why: "a handler that goes on is known by its actor",
    before: "this.turn.handOver(ownerOf(fiber)?.number ?? 0)",
    after: ""
  }
]
