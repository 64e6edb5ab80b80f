/**
 * No value at all.
 */
import { inFixedPart, type Kind } from "../kind.ts"
import type { NeverPlan } from "../plan.ts"
import { badTag } from "../runtime.ts"
import { quote } from "../source.ts"

export const never: Kind<NeverPlan> = {
  ...inFixedPart,
  need: () => ({ bytes: 0, bits: 0, variable: false }),
  text: () => "never",
  write: (_, { refuse }) => `${refuse};`,
  read: ({ path }) => `H$badTag(${quote(path)},0,0);`,
  writer: () => () => -1,
  reader: ({ path }) => () => badTag(path, 0, 0)
}
