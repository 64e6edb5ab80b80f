/**
 * The schemas of the codec shapes, as a program would write them; a width says that a number is an integer of 32 bits.
 */
import * as Schema from "effect/Schema"
import type { Shape } from "./shapes.ts"

/** Makes the schemas, with what stands for a 32-bit unsigned integer. */
export const schemasWith = <S extends Schema.Codec<number, number>>(u32: S) => ({
  numbers: Schema.Struct({ id: u32, a: u32, b: Schema.Number }),
  strings: Schema.Struct({ id: u32, type: Schema.String, user: Schema.String, quantity: u32, price: Schema.Number }),
  nested: Schema.Struct({
    id: u32,
    items: Schema.Array(Schema.Struct({ sku: Schema.String, quantity: u32, price: Schema.Number }))
  }),
  text: Schema.Struct({ id: u32, text: Schema.String })
} satisfies { readonly [shape in Shape]: Schema.Top })
