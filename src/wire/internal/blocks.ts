/**
 * What the two back ends have in common about blocks: how the keys of a value are looked at.
 */
import type { BlockPlan, Field } from "./plan.ts"

/** Names that every object inherits count only when they are its own. */
export const isInherited = (field: Field): boolean => typeof field.key === "string" && field.key in Object.prototype

/** Whether a value has the key of a field. */
export const hasKey = (value: object, field: Field): boolean =>
  isInherited(field) ? Object.hasOwn(value, String(field.key)) : String(field.key) in value

/** The value of a field. */
export const getKey = (value: unknown, field: Field): unknown => {
  if (field.key === undefined) return value
  // The shape of the value has been looked at: it is an object.
  return isInherited(field) && !hasKey(value as object, field)
    ? undefined
    : (value as Readonly<Record<string | number, unknown>>)[field.key]
}

/** Whether a value has the shape of a block. */
export const opens = (block: BlockPlan, value: unknown): boolean => {
  switch (block.shape) {
    case "object":
      return typeof value === "object" && value !== null && !(block.refuseArrays && Array.isArray(value))
    case "tuple":
      return Array.isArray(value) && value.length === block.fields.length
    case "self":
      return true
  }
}
