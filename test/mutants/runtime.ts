import type { Mutant } from "../support/mutant.ts"

const turn = { file: "src/runtime/Turn.ts", tests: ["test/runtime/Turn.test.ts"] }

const options = {
  file: "src/runtime/Options.ts",
  tests: ["test/runtime/Options.test.ts", "test/system/optionNames.test.ts"]
}

/** Faults in the time of a turn, and in what is said about options. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    ...options,
    why: "a name that nobody knows is refused",
    before: "!Object.hasOwn(names, name)",
    after: "!(name in names) && name === \"\""
  },
  {
    ...options,
    why: "a name of every object is no option",
    before: "!Object.hasOwn(names, name)",
    after: "!(name in names)"
  },
  {
    ...options,
    why: "two letters that change places are one mistake",
    before: "wrong = Math.min(wrong, before[j - 2]! + 1)",
    after: "wrong = Math.max(wrong, before[j - 2]! + 1)"
  },
  {
    ...options,
    why: "a text is no number",
    before: "? JSON.stringify(value) : textOf(value)",
    after: "? value : textOf(value)"
  },
  {
    ...turn,
    why: "a turn ends with its time",
    before: "this.isSpent = this.isOpen && now >= this.limitAt",
    after: "this.isSpent = false"
  },
  {
    ...turn,
    why: "outside of a turn time is never up",
    before: "this.isSpent = this.isOpen && now >= this.limitAt",
    after: "this.isSpent = now >= this.limitAt"
  },
  {
    ...turn,
    why: "what was seen in a turn ends with it",
    before: "    this.isOpen = false\n    this.isSpent = false\n    if",
    after: "    this.isOpen = false\n    if"
  },
  {
    ...turn,
    why: "a part of a turn ends with its time",
    before: "Math.min(this.endsAt, this.readAt + PART_MILLIS)",
    after: "this.endsAt"
  },
  {
    ...turn,
    why: "no part lasts longer than its turn",
    before: "Math.min(this.endsAt, this.readAt + PART_MILLIS)",
    after: "this.readAt + PART_MILLIS"
  },
  {
    ...turn,
    why: "the time of a part is not that of the turn",
    before: "    this.limitAt = this.endsAt\n    this.isSpent",
    after: "    this.isSpent"
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
