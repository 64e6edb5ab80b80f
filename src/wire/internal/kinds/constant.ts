/**
 * One value, in no bytes.
 */
import { inFixedPart, type Kind } from "../kind.ts"
import type { ConstantPlan } from "../plan.ts"
import { literal } from "../source.ts"
import { constantText } from "../text.ts"

export const constant: Kind<ConstantPlan> = {
  ...inFixedPart,
  need: () => ({ bytes: 0, bits: 0, variable: false }),
  text: ({ value }) => constantText(value),
  takesUndefined: ({ lax, value }) => lax || value === undefined,
  write: ({ lax, value }, { refuse }, x) => lax ? "" : `if(${x}!==${literal(value)})${refuse};`,
  read: ({ value }, _, x) => `${x}=${literal(value)};`,
  writer: ({ lax, value: only }) => lax ? () => 0 : (value) => value === only ? 0 : -1,
  reader: ({ value }) => () => value
}
