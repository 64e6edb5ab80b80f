/**
 * Who has linked itself to an actor on another thread: as a command says it, and as that is heard of there.
 */
import * as Schema from "effect/Schema"
import { Address } from "../../actor/kernel/Address.ts"
import { Cell } from "../../actor/kernel/Cell.ts"
import { type Command, type Linker, nameInLink } from "../../actor/kernel/Command.ts"
import { References } from "../../actor/kernel/RefTransport.ts"
import type { Region } from "../../memory/Region.ts"
import * as Codec from "../../wire/Codec.ts"
import { toBytes } from "../../wire/kernel/Bytes.ts"
import { type Home, idOf } from "./home.ts"
import { RemoteEnd } from "./remoteEnd.ts"

const codec = Codec.compile(Schema.Struct({ name: Schema.String, address: Address }))

/** What stands behind a command about a link: who gives it. A link has a way to write references. */
export const bytesOf = ({ carriage }: Home, { by }: Command): Uint8Array => {
  if (!(by instanceof Cell)) throw new Error("a link is made by an actor of this thread")
  // Its end is asked for by number.
  const address = { ...carriage.get(References)!.addressOf(by), key: "" }
  return toBytes(codec, { name: nameInLink(by.name), address })!
}

/** Reads who gives a command about a link; its end is heard of by one watch on the link, however many wait for it here. */
export const read = (home: Home, region: Region, offset: number, end: number): Linker => {
  const { address, name } = codec.read(region, offset, end)
  const known = home.remotes.get(idOf(address))
  if (known !== undefined) {
    return { name, whenStopped: (told) => known.whenStopped(told), unwatch: (told) => known.unwatch(told) }
  }
  const ending = new RemoteEnd(home, { address, ended: undefined, isOver: false })
  return { name, whenStopped: (told) => ending.add(told), unwatch: (told) => ending.remove(told) }
}
