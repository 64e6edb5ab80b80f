/**
 * The schemas of the codec shapes, as a program would write them; a width says that a number is an integer of 32 bits.
 */
import * as Schema from "effect/Schema"
import { type Shape, wideFields } from "./shapes.ts"

interface Tree {
  readonly label: string
  readonly children: ReadonlyArray<Tree>
}

const Tree: Schema.Codec<Tree> = Schema.Struct({
  label: Schema.String,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
})

/** Makes the schemas, with what stands for a 32-bit unsigned integer. */
export const schemasWith = <S extends Schema.Codec<number, number>>(u32: S) => ({
  numbers: Schema.Struct({ id: u32, a: u32, b: Schema.Number }),
  strings: Schema.Struct({ id: u32, type: Schema.String, user: Schema.String, quantity: u32, price: Schema.Number }),
  nested: Schema.Struct({
    id: u32,
    items: Schema.Array(Schema.Struct({ sku: Schema.String, quantity: u32, price: Schema.Number }))
  }),
  wide: Schema.Struct({
    id: u32,
    ...Object.fromEntries(wideFields.map((name, i) => [name, i % 3 === 0 ? Schema.String : Schema.Number]))
  }),
  array: Schema.Struct({ id: u32, values: Schema.Array(Schema.Number) }),
  record: Schema.Struct({ id: u32, entries: Schema.Record(Schema.String, Schema.Number) }),
  union: Schema.Struct({
    id: u32,
    event: Schema.Union(
      Array.from({ length: 20 }, (_, i) => Schema.TaggedStruct(`Event${i}`, { at: Schema.Number, note: Schema.String }))
    )
  }),
  tree: Schema.Struct({ id: u32, root: Tree }),
  text: Schema.Struct({ id: u32, text: Schema.String })
} satisfies { readonly [shape in Shape]: Schema.Top })
