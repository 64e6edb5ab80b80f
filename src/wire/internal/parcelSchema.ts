/**
 * The schemas of parcels: what is written is the handle that a parcel has on its way, and what has arrived is made of that.
 */
import * as Schema from "effect/Schema"
import * as Arena from "../../memory/Arena.ts"
import { Open } from "../Arenas.ts"
import * as Carry from "../Carry.ts"
import * as Codec from "../Codec.ts"
import { Held } from "./parcel.ts"

const fields = { arena: Schema.Number.pipe(Codec.width("u32")), handle: Schema.Number }

/** How a parcel lies in a message: 16 bytes. */
export const Wire = Schema.Struct(fields)

/** The same with what its bytes are, which takes no room, and which both sides must agree about. */
export const wireAs = <Of extends string>(of: Of) => Schema.Struct({ ...fields, of: Schema.Literal(of) })

/** One kind of parcels. */
interface Kind<T, Extra> {
  readonly expected: string
  readonly isReference: boolean
  readonly is: (value: unknown) => value is T
  readonly make: (end: Arena.ArenaEnd, handle: number) => T
  /** What stands in a message beside the handle. */
  readonly beside: Extra
}

interface Handle {
  readonly arena: number
  readonly handle: number
}

/** Makes the schema of a kind. */
export const parcelSchema = <T extends Held, Extra extends object>(
  wire: Schema.Codec<Handle & Extra>,
  { beside, expected, is, isReference, make }: Kind<T, Extra>
): Carry.Of<T, Handle & Extra> => {
  const schema: Schema.Top = Carry.schema<T, typeof wire>(wire, expected, {
    is: (value): value is T => Held.is(value) && is(value),
    canLeave: ({ isHeld }) => isHeld,
    encode: (parcel, way) => {
      if (!parcel.isHeld) return new Carry.Unfit(parcel.gone().message)
      way?.carried.push(parcel)
      return { arena: parcel.end.id, handle: Arena.handleInTransit(parcel.handle), ...beside }
    },
    decode: ({ arena, handle }, { carriage, carried }) => {
      const end = carriage.get(Open)?.at(arena)
      if (end === undefined) return new Carry.Unfit(`arena ${arena} is not open on this thread: ThreadArenas.open`)
      if (!end.isHandle(handle) || Arena.isReference(handle) !== isReference) {
        return new Carry.Unfit(`${handle} is not a handle of ${isReference ? "a reference" : "a parcel"}`)
      }
      const parcel = make(end, handle)
      carried.push(parcel)
      return parcel
    }
  })
  return schema as Carry.Of<T, Handle & Extra>
}
