/**
 * One case for each shape and direction: the codec of this library against the serializers that JavaScript programs use.
 *
 * Ours writes into and reads from shared memory; the peers make and read a buffer or a string of their own.
 */
import type { Shape, ValueCodec } from "../../peers/codecs/shapes.ts"
import type { Case, Measured, Params, Subject } from "../../runner/Case.ts"

const abouts: { readonly [shape in Shape]: string } = {
  numbers: "an object of three numbers",
  strings: "an object of two short strings and three numbers",
  nested: "an object of ten nested objects, 31 fields",
  wide: "an object of 30 fields, ten of them texts",
  array: "an object of an array of 10,000 numbers",
  record: "an object of a record of 1,000 keys",
  union: "an object of one of 20 tagged members",
  tree: "an object of a tree of 127 nodes",
  text: "an object of a number and 1 KB of text"
}

/** Operations in one sample of ours, and of the peers. */
const counts: { readonly [shape in Shape]: readonly [ours: number, peers: number] } = {
  numbers: [2_000_000, 40_000],
  strings: [500_000, 40_000],
  nested: [100_000, 10_000],
  wide: [100_000, 10_000],
  array: [2_000, 500],
  record: [2_000, 500],
  union: [500_000, 20_000],
  tree: [20_000, 1_000],
  text: [200_000, 20_000]
}

type MakeCodec = (shape: Shape) => ValueCodec<never>

const subjectOf = (
  direction: "write" | "read",
  shape: Shape,
  count: number,
  load: () => Promise<{ readonly codec: unknown }>
): Subject => ({
  count,
  run: async (params: Params): Promise<Measured> => {
    const [{ measure }, { codec }] = await Promise.all([import("../../peers/codecs/shapes.ts"), load()])
    return measure(params, shape, direction, (codec as MakeCodec)(shape))
  }
})

/** The cases of one direction. */
export const codecCases = (direction: "write" | "read"): ReadonlyArray<Case> =>
  (Object.keys(abouts) as Array<Shape>).map((shape) => {
    const [ours, peers] = counts[shape]
    return {
      name: `codec/${direction}/${shape}`,
      about: `${direction} ${abouts[shape]}`,
      unit: "ns/msg",
      betterIs: "lower",
      count: ours,
      quickCount: Math.min(10_000, peers),
      subjects: {
        "shared-nothing": subjectOf(direction, shape, ours, () => import("../../ours/codec.ts")),
        json: subjectOf(direction, shape, peers, () => import("../../peers/codecs/json.ts")),
        "json-bytes": subjectOf(direction, shape, peers, () => import("../../peers/codecs/json-bytes.ts")),
        msgpackr: subjectOf(direction, shape, peers, () => import("../../peers/codecs/msgpackr.ts")),
        "v8.serialize": subjectOf(direction, shape, peers / 4, () => import("../../peers/codecs/v8-serialize.ts")),
        "schema-binary": subjectOf(direction, shape, peers, () => import("../../peers/codecs/schema-binary.ts"))
      }
    }
  })
