/**
 * Whose answers the handler of an actor waits for, as it is said to another thread: their names, and where they are.
 */
import * as Schema from "effect/Schema"
import { Address } from "../../actor/kernel/Address.ts"
import { type Awaited, type Commandable, nameInLink } from "../../actor/kernel/Command.ts"
import { Recipient } from "../../actor/kernel/Recipient.ts"
import { References } from "../../actor/kernel/RefTransport.ts"
import * as Codec from "../../wire/Codec.ts"
import type { Home } from "./home.ts"
import type { Outbound } from "./outbound.ts"

/** One of them; without an address where nobody else can reach it. */
const One = Schema.Struct({ name: Schema.String, address: Schema.UndefinedOr(Address) })

/** So many are said: a handler that asks more at once is known by those. */
const MOST = 16

export const codec = Codec.compile(Schema.Array(One))

const written = (home: Home, { name, system = home.host, whom }: Awaited): typeof One.Type => ({
  name: nameInLink(system === home.host ? name : `${name} of another system`),
  address: addressOf(home, whom)
})

const addressOf = ({ carriage }: Home, whom: Commandable | undefined): Address | undefined => {
  if (!(whom instanceof Recipient)) return undefined
  try {
    const address = carriage.get(References)!.addressOf(whom)
    return address.isKeyed ? address : { ...address, key: "" }
  } catch {
    // An actor of another system.
    return undefined
  }
}

/** Says it beside the messages, as many as fit there. */
export const send = (
  home: Home,
  outbound: Outbound,
  type: number,
  number: number,
  waits: ReadonlyArray<Awaited>
): void => {
  if (outbound.isDown) return
  const said = waits.slice(0, MOST).map((awaited) => written(home, awaited))
  while (!outbound.coded(outbound.control, type, number, 0, codec, said) && said.length > 0) said.pop()
}

/** Who is meant, as this thread reaches it. */
export const awaited = (
  { address, name }: typeof One.Type,
  home: Home,
  elsewhere: (home: Home, address: Address) => Commandable
): Awaited => {
  const system = home.host
  if (address === undefined) return { name, whom: undefined, system }
  if (address.thread !== home.index) return { name, whom: elsewhere(home, address), system }
  const resident = home.cellAt(address.actor, address.epoch)
  if (resident === undefined || !("commandAt" in resident)) return { name, whom: resident, system }
  return {
    name,
    whom: { command: (command, answered) => resident.commandAt(address.key, command, answered) },
    system
  }
}
