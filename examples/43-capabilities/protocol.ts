/** What the threads say to each other, and what each value may do: move, be read, or name something. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Actor, Iso, Tag, Val } from "shared-nothing"

/** Moves: in one hand at each moment, and no byte is copied. */
export const Samples = Iso.of(Float64Array)

/** Is read by all, and changed by nobody. */
export const Gains = Val.of(Schema.ReadonlyMap(Schema.String, Schema.Number))

/** What a worker has learnt; it never leaves its thread, only a tag of it does. */
export class Profile {
  loudest = 0
}
export const ProfileTag = Tag.of<Profile>("Profile")

export const Studio = Actor.make("Studio", [
  Rpc.make("Open", { success: ProfileTag }),
  Rpc.make("Mix", {
    payload: { samples: Samples, gains: Gains, profile: ProfileTag },
    success: Samples,
    error: Tag.TagElsewhere
  }),
  Rpc.make("Loudest", { payload: { profile: ProfileTag }, success: Schema.Number, error: Tag.TagElsewhere })
])
