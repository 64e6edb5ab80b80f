/**
 * The first look at a value of a union, for closures. `looksLike` in `source.ts` is the same in source.
 */
import type { Constant, Shape, UnionPlan } from "./plan.ts"

/** Whether a value looks like a shape. Arrays are told apart from objects where some alternative takes arrays. */
export const matches = (shape: Shape, value: any, amongArrays: boolean): boolean => {
  switch (shape.type) {
    case "any":
      return true
    case "array":
      return Array.isArray(value)
    case "date":
      return value instanceof Date
    case "bytes":
      return value instanceof Uint8Array
    case "object":
      return typeof value === "object" && value !== null && !(amongArrays && Array.isArray(value))
        && shape.sentinels.every(([key, constant]) => value[key] === constant)
    default:
      return typeof value === shape.type
  }
}

/** The place of a constant in a list, -1 when it is not in it. */
export const indexOfConstant = (constants: ReadonlyArray<Constant>, value: unknown): number =>
  constants.indexOf(value as Constant)

/** Whether some alternative of a union takes arrays. */
export const takesArrays = (plan: UnionPlan): boolean =>
  plan.alternatives.some((alternative) => alternative.kind === "plan" && alternative.shape.type === "array")
