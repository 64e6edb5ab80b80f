/**
 * What two threads say of one protocol that they have defined in different ways: where they part.
 *
 * Who finds that the hashes differ knows one side of it. It says how it has the messages, and who has asked compares.
 */
import { LayoutMismatch } from "../ActorError.ts"
import type { Protocol } from "./Protocol.ts"

/** A message as it is laid out: its tag, and its parts. */
type Laid = readonly [tag: string, payload: string, success: string, error: string]

type Messages = ReadonlyArray<Laid>

const laid = ({ messages }: Protocol): Messages =>
  messages.map(({ error, isStream, payload, success, tag }): Laid => [
    tag,
    payload.layout,
    isStream ? `stream of ${success.layout}` : success.layout,
    error.layout
  ])

/** The layout of a protocol, for another thread to compare: as a hash, and in words. */
export interface Layout {
  readonly layoutHash: number
  readonly layouts: string
}

/** That of a protocol. */
export const of = (protocol: Protocol): Layout => ({
  layoutHash: protocol.layoutHash,
  layouts: JSON.stringify(laid(protocol))
})

/** That who asks has another layout than there is, and where they part. */
export const mismatch = (actor: string, here: Layout, there: Layout): LayoutMismatch => {
  const differs = difference(JSON.parse(here.layouts) as Messages, JSON.parse(there.layouts) as Messages)
  return new LayoutMismatch({
    actor,
    here: here.layoutHash,
    there: there.layoutHash,
    ...(differs === undefined ? {} : { differs })
  })
}

/** The same where only the hash is known of who asks: he is told how the messages lie here, and {@link compared} finds the difference. */
export const unlike = (actor: string, here: number, protocol: Protocol): LayoutMismatch => {
  const { layoutHash: there, layouts } = of(protocol)
  return new LayoutMismatch({ actor, here, there, layouts })
}

/** The error as who has asked sees it. */
export const compared = <E>(error: E, protocol: Protocol): E | LayoutMismatch =>
  error instanceof LayoutMismatch && error.layouts !== undefined
    ? mismatch(error.actor, of(protocol), { layoutHash: error.there, layouts: error.layouts })
    : error

const parts = ["payload", "success", "error"] as const

const difference = (ours: Messages, theirs: Messages): LayoutMismatch["differs"] => {
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    const [here, there] = [ours[i], theirs[i]]
    if (here?.[0] !== there?.[0]) {
      const [first, second] = [here?.[0] ?? "nothing", there?.[0] ?? "nothing"]
      return { message: `message ${i + 1}`, part: "place", here: first, there: second }
    }
    const part = parts.findIndex((_, n) => here![n + 1] !== there![n + 1])
    if (part < 0) continue
    return { message: here![0], part: parts[part]!, ...parting(here![part + 1]!, there![part + 1]!) }
  }
  return undefined
}

/** The names in front of what differs, and what differs: all of it where nothing has a name. */
const parting = (here: string, there: string): { readonly here: string; readonly there: string } => {
  const [ours, theirs] = [here, there].map((text) => text.replace(/\d+:/, "")) as [string, string]
  let at = 0
  while (at < ours.length && ours[at] === theirs[at]) at++
  const isLonger = ours[at] === "," || theirs[at] === ","
  const start = isLonger ? at + 1 : Math.max(ours.lastIndexOf("{", at - 1), ours.lastIndexOf(",", at - 1)) + 1
  return { here: until(ours, start), there: until(theirs, start) }
}

const until = (text: string, start: number): string => /^[^,}]{0,80}/.exec(text.slice(start))![0] || "nothing"
