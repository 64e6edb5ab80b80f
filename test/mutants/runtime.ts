import type { Mutant } from "../support/mutant.ts"

const turn = { file: "src/runtime/Turn.ts", tests: ["test/runtime/Turn.test.ts"] }

/** Faults in the time of a turn. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    ...turn,
    why: "a turn ends with its time",
    before: "this.isSpent = this.isOpen && now >= this.endsAt",
    after: "this.isSpent = false"
  },
  {
    ...turn,
    why: "outside of a turn time is never up",
    before: "this.isSpent = this.isOpen && now >= this.endsAt",
    after: "this.isSpent = now >= this.endsAt"
  },
  {
    ...turn,
    why: "what was seen in a turn ends with it",
    before: "    this.isOpen = false\n    this.isSpent = false\n    if",
    after: "    this.isOpen = false\n    if"
  },
  {
    ...turn,
    why: "slow messages are looked at one by one",
    before: "perMessage < QUICK_MILLIS ? Math.min(this.stride * 2, MAX_STRIDE) : 1",
    after: "Math.min(this.stride * 2, MAX_STRIDE)"
  },
  {
    ...turn,
    why: "a turn within a turn is the same turn",
    before: "    if (this.isOpen) return\n    this.begin()",
    after: "    this.begin()"
  },
  {
    ...turn,
    why: "the event loop ends the turn of a stack that is not ours",
    before: "    this.runtime.immediate(this.leave)",
    after: ""
  }
]
